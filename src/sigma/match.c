/* Matching. A class asks each field for all that its rules want to know of it at once, and remembers the answers by the field's bytes,
 * for fields repeat; hits by the answers of all fields; and by the bytes of all of them, where records repeat. */
#include "sigma/matcher.h"

#include "base/fold.h"
#include "base/utf16.h"

enum {
    CLASSES = 4096, CLASS_BYTES = 96 << 20, RECENT_SLOTS = 1024,
    MEMO_SLOTS = 32768, EVENT_SLOTS = 16384, MEMO_TEXT = 2048, MEMO_BYTES = 48 << 20, RECORD_SLOTS = 32768, RECORD_KEY = 4096, RECORD_TRIES = 4096,
};

/* owner: class and field. answer: the same for the same predicates; 0: nothing is kept here. */
struct memo { uint64_t hash; const uint8_t *bytes; const uint32_t *preds; uint32_t owner, len, count, answer; uint8_t type; };
struct event_memo { uint64_t hash; const uint32_t *serials; const sigma_hit *hits; uint32_t owner, count; };
/* The same by all that the class looks at, as it lies in the record. */
struct record_memo { uint64_t hash; const uint8_t *key; const sigma_hit *hits; uint32_t owner, len, count; };

sigma_matcher *sigma_matcher_new(const sigma_rules *r)
{
    arena self;
    arena_init(&self, 0);
    sigma_matcher *m = arena_alloc(&self, sizeof *m);
    m->rules = r;
    map_init(&m->index);
    map_init(&m->answers);
    vec_init(&m->classes, sizeof(event_class *));
    vec_init(&m->scratch, sizeof(uint32_t));
    vec_init(&m->held, sizeof(uint32_t));
    vec_init(&m->hits, sizeof(sigma_hit));
    vec_init(&m->why, sizeof(uint32_t));
    vec_init(&m->rule_list, sizeof(uint32_t));
    vec_init(&m->candidates, sizeof(uint32_t));
    vec_init(&m->serials, sizeof(uint32_t));
    buf_init(&m->key, 1 << 20);
    buf_init(&m->text, MATCH_TEXT);
    buf_init(&m->second, MATCH_TEXT);
    arena_init(&m->memo_mem, 0);
    arena_init(&m->record_mem, 0);
    m->memos = arena_array(&self, MEMO_SLOTS, sizeof *m->memos);
    m->events = arena_array(&self, EVENT_SLOTS, sizeof *m->events);
    m->records = arena_array(&self, RECORD_SLOTS, sizeof *m->records);
    m->recent = arena_array(&self, RECENT_SLOTS, sizeof *m->recent);
    buf_init(&m->record, MATCH_TEXT);
    m->chances = arena_alloc(&self, r->rules.count + 1);
    m->missing = arena_array(&self, r->rules.count + 1, sizeof *m->missing);
    m->room = regex_room_new(&self);
    m->self = self;
    return m;
}

static void drop_classes(sigma_matcher *m)
{
    sigma_chances(m, m->chances, m->missing);
    for (size_t i = 0; i < m->classes.count; i++) {
        event_class *c = *(event_class **)vec_at(&m->classes, i);
        arena mem = c->mem;
        arena_done(&mem);
    }
    m->classes.count = 0;
    memset(m->recent, 0, RECENT_SLOTS * sizeof *m->recent);
    map_done(&m->index);
    map_init(&m->index);
}

void sigma_matcher_free(sigma_matcher *m)
{
    if (!m)
        return;
    drop_classes(m);
    map_done(&m->index);
    map_done(&m->answers);
    vec_done(&m->classes);
    vec_done(&m->scratch);
    vec_done(&m->held);
    vec_done(&m->hits);
    vec_done(&m->why);
    vec_done(&m->rule_list);
    vec_done(&m->candidates);
    vec_done(&m->serials);
    buf_done(&m->key);
    buf_done(&m->text);
    buf_done(&m->second);
    buf_done(&m->record);
    arena_done(&m->memo_mem);
    arena_done(&m->record_mem);
    arena self = m->self;
    arena_done(&self);
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0x9e3779b97f4a7c15ull;
    return x ^ x >> 29;
}

static uint64_t hash_of(span s, uint64_t seed)
{
    uint64_t h = seed ^ s.len;
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8)
        h = mix(h ^ le64(s.at + i));
    uint64_t rest = 0;
    if (i < s.len)
        memcpy(&rest, s.at + i, s.len - i);
    return mix(h ^ rest);
}

static event_class *known_class(sigma_matcher *m, const event *ev)
{
    buf_clear(&m->key);
    uint32_t head[2] = { ev->event_id, (uint32_t)ev->channel.len };
    buf_put(&m->key, head, sizeof head);
    buf_span(&m->key, ev->channel);
    buf_span(&m->key, ev->provider);
    const uint64_t *known = map_find(&m->index, buf_bytes(&m->key));
    if (known)
        return *(event_class **)vec_at(&m->classes, (size_t)*known);
    size_t bytes = 0;
    for (size_t i = 0; i < m->classes.count; i++)
        bytes += (*(event_class **)vec_at(&m->classes, i))->mem.used;
    if (m->classes.count >= CLASSES || bytes > CLASS_BYTES)
        drop_classes(m);
    event_class *c = class_make(m, ev);
    c->id = ++m->class_ids;
    *map_put(&m->index, buf_bytes(&m->key), NULL) = m->classes.count;
    *(event_class **)vec_push(&m->classes) = c;
    return c;
}

static event_class *class_of(sigma_matcher *m, const event *ev)
{
    size_t slot = mix(ev->event_id ^ (uint64_t)ev->channel.len << 32 ^ (uint64_t)ev->provider.len << 48) & (RECENT_SLOTS - 1);
    event_class *c = m->recent[slot];
    if (!c || c->event_id != ev->event_id || !span_eq(c->channel, ev->channel) || !span_eq(c->provider, ev->provider))
        c = m->recent[slot] = known_class(m, ev);
    return c;
}

/* ---- one event ---- */

static void hold(sigma_matcher *m, event_class *c, const uint32_t *preds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (c->stamp[preds[i]] == m->epoch)
            continue;
        c->stamp[preds[i]] = m->epoch;
        *(uint32_t *)vec_push(&m->held) = preds[i];
    }
}

static void scan_text(sigma_matcher *m, event_class *c, const text_index *x, span text, vec *out)
{
    scan_out to = { out, c->said, c->tried, ++m->turn, m->room };
    index_scan(x, m->rules->preds.at, text, text_folded(m, text), &to);
}

static const memo *known_memo(sigma_matcher *m, uint32_t owner, binxml_value v, memo **at, uint64_t *hash)
{
    *hash = hash_of(v.bytes, (uint64_t)owner << 8 | v.type);
    memo *e = *at = &m->memos[*hash >> 20 & (MEMO_SLOTS - 1)];
    bool is = e->answer && e->hash == *hash && e->owner == owner && e->type == v.type && e->len == v.bytes.len && memcmp(e->bytes, v.bytes.at, e->len) == 0;
    return is ? e : NULL;
}

enum { NOTHING = 1 };

/* A number for what scanning gave, which is in m->scratch: the same for the same. */
static uint32_t answer_of(sigma_matcher *m)
{
    if (!m->scratch.count)
        return NOTHING;
    bool was;
    uint64_t *number = map_put(&m->answers, span_of(m->scratch.at, m->scratch.count * sizeof(uint32_t)), &was);
    *number = was ? *number : m->answers.count + NOTHING;
    return (uint32_t)*number;
}

/* What scanning gave, which is in m->scratch. */
static const memo *remember(sigma_matcher *m, uint32_t owner, binxml_value v, memo *at, uint64_t hash)
{
    span bytes = arena_span(&m->memo_mem, v.bytes);
    uint32_t *preds = arena_array(&m->memo_mem, m->scratch.count ? m->scratch.count : 1, sizeof *preds);
    if (m->scratch.count)
        memcpy(preds, m->scratch.at, m->scratch.count * sizeof *preds);
    *at = (memo){ hash, bytes.at, preds, owner, (uint32_t)bytes.len, (uint32_t)m->scratch.count, answer_of(m), v.type };
    return at;
}

enum { KEYWORD_FIELD = 255 };

/* What is remembered of this value; NULL: it is not to be. Predicates that hold are in it. */
static const memo *remembered(sigma_matcher *m, event_class *c, size_t at_field, const event *ev, const rule_field *rf, binxml_value v)
{
    memo *at;
    uint64_t hash;
    uint32_t owner = c->id << 8 | (uint32_t)at_field;
    bool alone = rf->convert != CONVERT_ACCOUNT && rf->convert != CONVERT_REGISTRY;      /* its text depends on nothing else */
    if (v.type == BINXML_NULL || v.bytes.len > MEMO_TEXT || !alone || at_field >= KEYWORD_FIELD)
        return NULL;
    const memo *known = known_memo(m, owner, v, &at, &hash);
    if (known)
        return known;
    m->scratch.count = 0;
    scan_text(m, c, c->fields[at_field].index, field_text(m, ev, rf, v), &m->scratch);
    return remember(m, owner, v, at, hash);
}

static void scan_field(sigma_matcher *m, event_class *c, class_field *f, const event *ev, text_state state, binxml_value v)
{
    m->scratch.count = 0;
    if (state == TEXT_ONE) {
        scan_text(m, c, f->index, field_text(m, ev, f->of, v), &m->scratch);
    } else if (v.type & BINXML_ARRAY) {
        binxml_value item;
        binxml_items items = binxml_items_of(v);
        while (binxml_items_next(&items, &item))
            scan_text(m, c, f->index, value_trimmed(&m->text, item), &m->scratch);
    } else {
        size_t count = event_data_count(ev);
        for (size_t i = 0; i < count; i++)
            scan_text(m, c, f->index, value_trimmed(&m->text, event_data(ev, i)), &m->scratch);
    }
}

static bool is_text(uint8_t type)
{
    type &= (uint8_t)~BINXML_ARRAY;
    return type == BINXML_WSTRING || type == BINXML_ASTRING || type == BINXML_EVTXML;
}

/* True when one of those that are no field of the class has a keyword. */
static bool scan_keywords(sigma_matcher *m, event_class *c, const event *ev, bool memos)
{
    event_values i = { 0 };
    size_t before = m->held.count;
    while (event_values_next(ev, &i)) {
        binxml_value v = i.value, item;
        if ((i.name < c->known && c->is_field[i.name]) || (c->letters && !is_text(v.type)) || !v.bytes.len)
            continue;
        if (v.type == BINXML_WSTRING && index_is_plain(c->keywords) && !index_may(c->keywords, v.bytes))
            continue;
        m->scratch.count = 0;
        memo *at;
        uint64_t hash;
        bool can = memos && v.bytes.len <= MEMO_TEXT && !(v.type & BINXML_ARRAY);
        const memo *known = can ? known_memo(m, c->id << 8 | KEYWORD_FIELD, v, &at, &hash) : NULL;
        if (known) {
            hold(m, c, known->preds, known->count);
            continue;
        }
        binxml_items items = binxml_items_of(v);
        while (binxml_items_next(&items, &item))
            scan_text(m, c, c->keywords, value_trimmed(&m->text, item), &m->scratch);
        hold(m, c, m->scratch.at, m->scratch.count);
        if (can)
            remember(m, c->id << 8 | KEYWORD_FIELD, v, at, hash);
    }
    return m->held.count > before;
}

static bool ref_holds(sigma_matcher *m, const event *ev, const predicate *p)
{
    const rule_field *f = match_field(m, p->field), *g = match_field(m, p->other);
    binxml_value a, b;
    if (field_state(ev, f, &a) != TEXT_ONE || field_state(ev, g, &b) != TEXT_ONE)
        return false;
    span one = arena_span(&m->record_mem, field_text(m, ev, f, a));
    span two = arena_span(&m->record_mem, field_text(m, ev, g, b));
    if (!p->cased) {
        uint8_t *x = arena_alloc(&m->record_mem, FOLD_ROOM(one.len)), *y = arena_alloc(&m->record_mem, FOLD_ROOM(two.len));
        one = span_of(x, fold_utf8(one, x));
        two = span_of(y, fold_utf8(two, y));
    }
    switch (p->op) {
    case REF_STARTS: return one.len >= two.len && memcmp(one.at, two.at, two.len) == 0;
    case REF_ENDS: return one.len >= two.len && memcmp(one.at + one.len - two.len, two.at, two.len) == 0;
    case REF_CONTAINS: return two.len == 0 || memmem(one.at, one.len, two.at, two.len) != NULL;
    default: return span_eq(one, two);
    }
}

static bool run(sigma_matcher *m, const event_class *c, uint32_t at)
{
    uint32_t epoch = m->epoch;
    const code *n = &c->codes[at];
    switch (n->kind) {
    case NODE_PRED: {
        const predicate *p = match_pred(m, c->preds[n->at]);
        if (p->kind != PRED_REF)
            return c->stamp[n->at] == epoch;
        return ref_holds(m, m->now, p);
    }
    case NODE_NOT: return !run(m, c, c->kids[n->at]);
    case NODE_AND:
        for (uint32_t i = 0; i < n->count; i++)
            if (!run(m, c, c->kids[n->at + i]))
                return false;
        return true;
    case NODE_OR:
        for (uint32_t i = 0; i < n->count; i++)
            if (run(m, c, c->kids[n->at + i]))
                return true;
        return false;
    default: return n->kind == NODE_TRUE;
    }
}

static void next_epoch(sigma_matcher *m)
{
    m->held.count = 0;
    if (++m->epoch && m->turn < UINT32_MAX - (1u << 20))
        return;
    for (size_t i = 0; i < m->classes.count; i++) {
        event_class *c = *(event_class **)vec_at(&m->classes, i);
        memset(c->stamp, 0, c->pred_count * sizeof *c->stamp);
        memset(c->said, 0, c->pred_count * sizeof *c->said);
        memset(c->tried, 0, c->pred_count * sizeof *c->tried);
    }
    memset(m->way_stamp, 0, m->way_room * sizeof *m->way_stamp);
    m->epoch = m->turn = 1;
}

static void forget(sigma_matcher *m)
{
    memset(m->memos, 0, MEMO_SLOTS * sizeof *m->memos);
    memset(m->events, 0, EVENT_SLOTS * sizeof *m->events);
    memset(m->records, 0, RECORD_SLOTS * sizeof *m->records);
    map_done(&m->answers);
    map_init(&m->answers);
    arena_reset(&m->memo_mem);
}

/* Stamps every predicate that holds. False: the answer as a whole cannot be remembered. */
static bool look(sigma_matcher *m, event_class *c, const event *ev, bool memos)
{
    bool whole = memos;
    m->now = ev;
    if (c->keywords)
        whole &= !scan_keywords(m, c, ev, memos);
    m->serials.count = 0;
    for (size_t i = 0; i < c->field_count; i++) {
        class_field *f = &c->fields[i];
        const rule_field *rf = f->of;
        binxml_value v = c->values[i];
        text_state state = value_state(ev, rf, v);
        c->seen[i] |= state != TEXT_ABSENT;
        uint32_t mark = state == TEXT_ABSENT ? UINT32_MAX : 0;
        if (state != TEXT_ABSENT && f->index) {
            const memo *known = state == TEXT_ONE && memos ? remembered(m, c, i, ev, rf, v) : NULL;
            if (known) {
                hold(m, c, known->preds, known->count);
                mark = known->answer;
            } else {
                scan_field(m, c, f, ev, state, v);
                hold(m, c, m->scratch.at, m->scratch.count);
                mark = answer_of(m);
            }
        }
        uint32_t there = state == TEXT_ABSENT ? f->absent : f->present;
        if (there)
            hold(m, c, &(uint32_t){ there - 1 }, 1);
        *(uint32_t *)vec_push(&m->serials) = mark;
    }
    return whole;
}

static int by_rule(const void *a, const void *b)
{
    const sigma_hit *l = a, *r = b;
    return l->rule < r->rule ? -1 : l->rule > r->rule;
}

static void add_candidate(sigma_matcher *m, uint32_t w)
{
    if (m->way_stamp[w] == m->epoch)
        return;
    m->way_stamp[w] = m->epoch;
    *(uint32_t *)vec_push(&m->candidates) = w;
}

/* Fields of the predicates that hold, each once; what stands below a `not` is no reason. */
static void add_reasons(sigma_matcher *m, const event_class *c, uint32_t at)
{
    const code *n = &c->codes[at];
    if (n->kind == NODE_AND || n->kind == NODE_OR)
        for (uint32_t i = 0; i < n->count; i++)
            add_reasons(m, c, c->kids[n->at + i]);
    if (n->kind != NODE_PRED)
        return;
    const predicate *p = match_pred(m, c->preds[n->at]);
    bool holds = p->kind == PRED_REF ? ref_holds(m, m->now, p) : c->stamp[n->at] == m->epoch;
    if (!holds || p->field == UINT32_MAX || p->kind == PRED_ABSENT)
        return;
    for (size_t i = 0; i < m->why.count; i++)
        if (*(uint32_t *)vec_at(&m->why, i) == p->field)
            return;
    *(uint32_t *)vec_push(&m->why) = p->field;
}

static const uint32_t *listed(arena *mem, const uint32_t *from, size_t count)
{
    uint32_t *list = arena_array(mem, count + 1, sizeof *list);
    if (count)
        memcpy(list, from, count * sizeof *list);
    return list;
}

static void add_hit(sigma_matcher *m, const event_class *c, const way *w)
{
    m->why.count = 0;
    add_reasons(m, c, w->program);
    *(sigma_hit *)vec_push(&m->hits) = (sigma_hit){ w->rule, (uint32_t)m->why.count, listed(&m->record_mem, m->why.at, m->why.count) };
}

/* A rule that matches in several ways has the fields of all. */
static sigma_hit both(sigma_matcher *m, sigma_hit a, sigma_hit b)
{
    m->why.count = 0;
    for (uint32_t i = 0; i < a.field_count; i++)
        *(uint32_t *)vec_push(&m->why) = a.fields[i];
    for (uint32_t i = 0; i < b.field_count; i++) {
        bool known = false;
        for (uint32_t k = 0; k < a.field_count; k++)
            known |= a.fields[k] == b.fields[i];
        if (!known)
            *(uint32_t *)vec_push(&m->why) = b.fields[i];
    }
    return (sigma_hit){ a.rule, (uint32_t)m->why.count, listed(&m->record_mem, m->why.at, m->why.count) };
}

/* Ascending, each once. */
static void settle(sigma_matcher *m)
{
    if (m->hits.count < 2)
        return;
    vec_sort(&m->hits, by_rule);
    sigma_hit *list = m->hits.at;
    size_t n = 1;
    for (size_t i = 1; i < m->hits.count; i++) {
        if (list[i].rule == list[n - 1].rule)
            list[n - 1] = both(m, list[n - 1], list[i]);
        else
            list[n++] = list[i];
    }
    m->hits.count = n;
}

static void judge(sigma_matcher *m, event_class *c)
{
    m->candidates.count = 0;
    for (size_t h = 0; h < m->held.count; h++) {
        uint32_t p = *(uint32_t *)vec_at(&m->held, h);
        for (uint32_t i = c->witness_from[p]; i < c->witness_from[p + 1]; i++)
            add_candidate(m, c->witnesses[i]);
    }
    for (size_t i = 0; i < c->always_count; i++)
        add_candidate(m, c->always[i]);
    for (size_t i = 0; i < m->candidates.count; i++) {
        const way *w = &c->ways[*(uint32_t *)vec_at(&m->candidates, i)];
        if (run(m, c, w->program))
            add_hit(m, c, w);
    }
    settle(m);
}

static const sigma_hit *kept_hits(sigma_matcher *m)
{
    sigma_hit *hits = arena_array(&m->memo_mem, m->hits.count + 1, sizeof *hits);
    for (size_t i = 0; i < m->hits.count; i++) {
        hits[i] = *(sigma_hit *)vec_at(&m->hits, i);
        hits[i].fields = listed(&m->memo_mem, hits[i].fields, hits[i].field_count);
    }
    return hits;
}

/* The hits of an event whose fields gave the same answers before, without those that compare fields. */
static void recall(sigma_matcher *m, event_class *c)
{
    span key = span_of(m->serials.at, m->serials.count * sizeof(uint32_t));
    uint64_t hash = hash_of(key, c->id);
    event_memo *at = &m->events[hash >> 20 & (EVENT_SLOTS - 1)];
    bool is = at->serials && at->hash == hash && at->owner == c->id && memcmp(at->serials, key.at, key.len) == 0;
    if (!is) {
        judge(m, c);
        *at = (event_memo){ hash, listed(&m->memo_mem, m->serials.at, m->serials.count), kept_hits(m), c->id, (uint32_t)m->hits.count };
        return;
    }
    for (uint32_t i = 0; i < at->count; i++)
        *(sigma_hit *)vec_push(&m->hits) = at->hits[i];
}

static void compare_fields(sigma_matcher *m, event_class *c)
{
    size_t before = m->hits.count;
    for (size_t i = 0; i < c->lazy_count; i++)
        if (run(m, c, c->ways[c->lazy[i]].program))
            add_hit(m, c, &c->ways[c->lazy[i]]);
    if (m->hits.count > before)
        settle(m);
}

/* Quickly: false also when it cannot be told so. */
static bool no_keyword(const event_class *c, const event *ev)
{
    event_values i = { 0 };
    if (!index_is_plain(c->keywords) || !c->letters)
        return false;
    while (event_values_next(ev, &i)) {
        if ((i.name < c->known && c->is_field[i.name]) || !is_text(i.value.type))
            continue;
        if (i.value.type != BINXML_WSTRING || index_may(c->keywords, i.value.bytes))
            return false;
    }
    return true;
}

/* All that the class looks at, in one. False: it is too much, or several values. */
static bool gather(sigma_matcher *m, event_class *c, const event *ev)
{
    buf *key = &m->record;
    buf_clear(key);
    if (!buf_room(key, 1))                               /* a class may have no field: then the key is empty, and has a place */
        return false;
    for (size_t i = 0; i < c->field_count; i++) {
        const rule_field *f = match_field(m, c->fields[i].field);
        binxml_value v = c->values[i];
        text_state state = value_state(ev, f, v);
        c->seen[i] |= state != TEXT_ABSENT;
        if (state == TEXT_SEVERAL || v.bytes.len > RECORD_KEY || key->len > RECORD_KEY)
            return false;
        if (state == TEXT_ONE && v.type == BINXML_NULL) {
            span text = system_text(ev, f, &m->text);
            v = (binxml_value){ BINXML_ASTRING, text };
        }
        uint32_t head = (uint32_t)state << 24 | (uint32_t)v.type << 16 | (uint32_t)v.bytes.len;
        if (!buf_room(key, sizeof head + v.bytes.len + 8))
            return false;
        memcpy(key->at + key->len, &head, sizeof head);
        if (v.bytes.len)
            memcpy(key->at + key->len + sizeof head, v.bytes.at, v.bytes.len);
        key->len += sizeof head + v.bytes.len;
        if (f->second_id != FIELD_NONE) {
            v = event_get(ev, f->second_id);
            head = (uint32_t)v.type << 16 | (uint32_t)(v.bytes.len & 0xffff);
            buf_put(key, &head, sizeof head);
            buf_span(key, v.bytes);
        }
    }
    return key->len <= RECORD_KEY;
}

static void judge_anew(sigma_matcher *m, event_class *c, const event *ev, bool *alone)
{
    next_epoch(m);
    m->hits.count = 0;
    arena_reset(&m->record_mem);
    *alone = look(m, c, ev, true);
    if (*alone)
        recall(m, c);
    else
        judge(m, c);
    if (c->lazy_count)
        compare_fields(m, c);
}

size_t sigma_hits(sigma_matcher *m, const event *ev, const sigma_hit **hits)
{
    event_class *c = class_of(m, ev);
    bool alone;                                          /* no value beside the class's fields had a keyword */
    *hits = NULL;
    if (c->way_count == 0)
        return 0;
    if (m->memo_mem.used > MEMO_BYTES)
        forget(m);
    event_get_all(ev, c->names, c->field_count, c->values);
    if (++c->tries == 8 * RECORD_TRIES)
        c->tries = c->known_tries = 0;                   /* once again */
    bool repeats = c->tries < RECORD_TRIES || c->known_tries > RECORD_TRIES / 4;
    if (!repeats || !gather(m, c, ev)) {
        judge_anew(m, c, ev, &alone);
        *hits = m->hits.at;
        return m->hits.count;
    }
    span key = buf_bytes(&m->record);
    uint64_t hash = hash_of(key, c->id);
    record_memo *at = &m->records[hash >> 20 & (RECORD_SLOTS - 1)];
    bool is = at->key && at->hash == hash && at->owner == c->id && at->len == key.len && memcmp(at->key, key.at, key.len) == 0;
    c->known_tries += is && c->tries < RECORD_TRIES;
    if (is && (!c->keywords || no_keyword(c, ev))) {
        *hits = at->hits;
        return at->count;
    }
    judge_anew(m, c, ev, &alone);
    if (alone && !is) {
        uint8_t *kept = arena_alloc(&m->memo_mem, key.len + 1);
        memcpy(kept, key.at, key.len);
        *at = (record_memo){ hash, kept, kept_hits(m), c->id, (uint32_t)key.len, (uint32_t)m->hits.count };
    }
    *hits = m->hits.at;
    return m->hits.count;
}

size_t sigma_match(sigma_matcher *m, const event *ev, const uint32_t **rules)
{
    const sigma_hit *hits;
    size_t count = sigma_hits(m, ev, &hits);
    m->rule_list.count = 0;
    for (size_t i = 0; i < count; i++)
        *(uint32_t *)vec_push(&m->rule_list) = hits[i].rule;
    *rules = m->rule_list.at;
    return count;
}

/* ---- what could match ---- */

static bool is_seen(const event_class *c, uint32_t number)
{
    for (size_t i = 0; i < c->field_count; i++)
        if (c->fields[i].field == number)
            return c->seen[i];
    return true;
}

/* False: it needs a field that no event of the class had. */
static bool is_possible(const sigma_matcher *m, const event_class *c, const node *n, uint32_t *missing)
{
    if (n->kind == NODE_PRED) {
        const predicate *p = match_pred(m, n->pred);
        bool is = p->kind == PRED_ABSENT || p->field == UINT32_MAX || is_seen(c, p->field);
        if (!is)
            *missing = p->field;
        return is;
    }
    if (n->kind != NODE_AND && n->kind != NODE_OR)
        return n->kind != NODE_FALSE;
    for (uint32_t i = 0; i < n->count; i++)
        if (is_possible(m, c, n->of[i], missing) != (n->kind == NODE_AND))
            return n->kind == NODE_OR;
    return n->kind == NODE_AND;
}

void sigma_chances(sigma_matcher *m, uint8_t *chances, uint32_t *missing)
{
    for (size_t i = 0; i < m->rules->rules.count; i++)
        if (m->chances[i] > chances[i]) {
            chances[i] = m->chances[i];
            missing[i] = m->missing[i];
        }
    for (size_t i = 0; i < m->classes.count; i++) {
        const event_class *c = *(event_class **)vec_at(&m->classes, i);
        for (size_t k = 0; k < c->way_count; k++) {
            uint32_t rule = c->ways[k].rule, field = 0;
            uint8_t chance = is_possible(m, c, c->ways[k].condition, &field) ? SIGMA_COULD : SIGMA_NO_FIELD;
            if (chance > chances[rule]) {
                chances[rule] = chance;
                missing[rule] = field;
            }
        }
    }
}

void sigma_chances_end(const sigma_rules *r, uint8_t *chances)
{
    for (size_t round = 0; round <= r->correlations.count && round < 9; round++)
        for (size_t i = 0; i < r->correlations.count; i++) {
            const correlation *k = vec_at(&r->correlations, i);
            for (size_t n = 0; n < k->rule_count; n++)
                if (chances[k->rules[n]] > chances[k->rule])
                    chances[k->rule] = chances[k->rules[n]];
        }
}

bool sigma_logs(const sigma_rules *r, uint32_t rule, buf *out)
{
    size_t from = out->len;
    for (size_t i = 0; i < r->ways.count; i++) {
        const rule_way *w = vec_at(&r->ways, i);
        if (w->rule != rule)
            continue;
        buf_str(out, out->len > from ? "; " : "");
        if (!w->source || !w->source->channel_count)
            buf_str(out, "any log");
        for (size_t k = 0; w->source && k < w->source->channel_count; k++)
            buf_printf(out, "%s%s", k ? ", " : "", w->source->channels[k]);
        for (size_t k = 0; w->source && k < w->source->id_count; k++)
            buf_printf(out, "%s%u", k ? ", " : " ", w->source->ids[k]);
    }
    return out->len > from;
}

/* ---- what is shown ---- */

const char *sigma_field_name(const sigma_rules *r, uint32_t f) { return ((const rule_field *)vec_at(&r->fields, f))->sigma; }

/* Units of a text, without NULs and what does not count at its end. */
static span units_trimmed(span units)
{
    size_t len = 0, end = 0;
    for (; len + 1 < units.len; len += 2) {
        unsigned u = le16(units.at + len);
        if (u == 0)
            break;
        if (u != ' ' && u != '\t' && u != '\r' && u != '\n')
            end = len + 2;
    }
    return span_of(units.at, end);
}

void sigma_field_put(sigma_matcher *m, const event *ev, uint32_t number, buf *out)
{
    const rule_field *f = match_field(m, number);
    binxml_value v, item;
    text_state state = field_state(ev, f, &v);
    if (state == TEXT_ABSENT)
        return;
    if (state == TEXT_ONE) {
        if (v.type == BINXML_WSTRING && !f->convert)
            utf16_utf8(units_trimmed(v.bytes), out);
        else
            buf_span(out, field_text(m, ev, f, v));
        return;
    }
    size_t from = out->len;
    if (v.type & BINXML_ARRAY) {
        binxml_items items = binxml_items_of(v);
        while (binxml_items_next(&items, &item)) {
            buf_str(out, out->len > from ? "\n" : "");
            buf_span(out, value_trimmed(&m->text, item));
        }
    } else {
        size_t count = event_data_count(ev);
        for (size_t i = 0; i < count; i++) {
            buf_str(out, i ? "\n" : "");
            buf_span(out, value_trimmed(&m->text, event_data(ev, i)));
        }
    }
}

size_t sigma_needed(sigma_matcher *m, const event *ev, uint32_t rule, arena *mem, sigma_field **out)
{
    const named_rule *n = vec_at(&m->rules->rules, rule);
    *out = arena_array(mem, n->needs.count + 1, sizeof **out);
    size_t count = 0;
    for (size_t i = 0; i < n->needs.count && *out; i++) {
        const needed_field *f = vec_at(&n->needs, i);
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known |= strcmp((*out)[k].name, f->name) == 0;
        if (known || !source_takes(f->source, ev->channel, ev->provider, ev->event_id))
            continue;
        buf_clear(&m->record);
        sigma_field_put(m, ev, f->field, &m->record);
        (*out)[count++] = (sigma_field){ f->name, arena_text(mem, buf_bytes(&m->record)) };
    }
    return count;
}
