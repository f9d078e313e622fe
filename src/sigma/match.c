/* Matching. Events of one channel, provider and number are a class: the rules that may speak of them, with what is the same for all
 * of them (the number, the provider) worked into their conditions, so that most rules fall away. A class asks each field for all
 * that its rules want to know of it at once, and remembers the answers by the field's bytes, for fields repeat. Of each rule's
 * condition a few predicates are witnesses: unless one of them holds the rule cannot, and it is not looked at. */
#include "sigma/engine.h"

#include "base/fold.h"

#include <stdio.h>

enum {
    CLASSES = 4096, CLASS_BYTES = 96 << 20,
    MEMO_SLOTS = 32768, EVENT_SLOTS = 16384, MEMO_TEXT = 2048, MEMO_BYTES = 48 << 20, RECORD_SLOTS = 32768, RECORD_KEY = 4096, RECORD_TRIES = 4096,
    TEXT_BYTES = 64 << 20,
};

typedef struct { uint8_t kind; uint32_t at, count; } code;              /* of NODE_PRED: at is the predicate; else `count` children from kids[at] */
typedef struct { uint32_t rule; const node *condition; uint32_t program; } way;

/* owner: class and field. answer: the same for the same predicates; 0: nothing is kept here. */
typedef struct { uint64_t hash; const uint8_t *bytes; const uint32_t *preds; uint32_t owner, len, count, answer; uint8_t type; } memo;
typedef struct {
    uint32_t field;
    text_index *index;                   /* NULL: only whether it is there is asked */
    uint32_t absent, present;            /* predicates + 1; 0: not asked */
} class_field;

typedef struct { uint64_t hash; const uint32_t *serials, *hits; uint32_t owner, count; } event_memo;
/* The same by all that the class looks at, as it lies in the record. */
typedef struct { uint64_t hash; const uint8_t *key; const uint32_t *hits; uint32_t owner, len, count; } record_memo;

typedef struct {
    uint32_t id;
    arena mem;
    way *ways; size_t way_count;
    uint32_t *preds; size_t pred_count;  /* global number of each */
    class_field *fields; size_t field_count;
    text_index *keywords;                /* of values that are no field of the class; asked of its fields with the rest */
    bool letters;                        /* no keyword can stand in a number, an identifier or a time */
    uint8_t *is_field; size_t known;     /* by field: the class looks at it as it is */
    code *codes; uint32_t *kids; size_t code_count, kid_count;
    uint32_t *witness_from, *witnesses;  /* ways, by predicate */
    uint32_t *always; size_t always_count;
    uint32_t *lazy; size_t lazy_count;   /* ways that compare fields: run for every event, for what they say is not remembered */
    uint32_t tries, known_tries;         /* whether records of this class repeat at all */
    uint32_t *stamp, *said, *tried;      /* by predicate: epoch in which it holds; turns of scanning */
} event_class;

struct sigma_matcher {
    const sigma_rules *rules;
    arena self, memo_mem, record_mem;
    map index; vec classes;              /* by channel, provider, number; event_class * */
    memo *memos; event_memo *events; record_memo *records;               /* direct-mapped */
    buf record;
    map answers;                         /* lists of predicates: their number */
    uint32_t epoch, turn, class_ids;
    const event *now;
    const event_class *looked;           /* of sigma_look */
    uint32_t *way_stamp; size_t way_room;
    vec scratch, held, hits, candidates, serials;
    buf key, text;
    uint8_t *fold; size_t fold_room;
    regex_room *room;
};

static const predicate *pred_of(const sigma_matcher *m, uint32_t i) { return vec_at(&m->rules->preds, i); }
static const rule_field *field_of(const sigma_matcher *m, uint32_t i) { return vec_at(&m->rules->fields, i); }

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
    vec_init(&m->hits, sizeof(uint32_t));
    vec_init(&m->candidates, sizeof(uint32_t));
    vec_init(&m->serials, sizeof(uint32_t));
    buf_init(&m->key, 1 << 20);
    buf_init(&m->text, TEXT_BYTES);
    arena_init(&m->memo_mem, 0);
    arena_init(&m->record_mem, 0);
    m->memos = arena_array(&self, MEMO_SLOTS, sizeof *m->memos);
    m->events = arena_array(&self, EVENT_SLOTS, sizeof *m->events);
    m->records = arena_array(&self, RECORD_SLOTS, sizeof *m->records);
    buf_init(&m->record, 1 << 20);
    m->room = regex_room_new(&self);
    m->self = self;
    return m;
}

static void drop_classes(sigma_matcher *m)
{
    for (size_t i = 0; i < m->classes.count; i++) {
        event_class *c = *(event_class **)vec_at(&m->classes, i);
        arena mem = c->mem;
        arena_done(&mem);
    }
    m->classes.count = 0;
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
    vec_done(&m->candidates);
    vec_done(&m->serials);
    buf_done(&m->key);
    buf_done(&m->text);
    buf_done(&m->record);
    arena_done(&m->memo_mem);
    arena_done(&m->record_mem);
    arena self = m->self;
    arena_done(&self);
}

/* ---- texts of fields ---- */

static uint8_t *fold_room(sigma_matcher *m, size_t len)
{
    if (m->fold_room < FOLD_ROOM(len)) {
        m->fold_room = 2 * FOLD_ROOM(len);
        m->fold = arena_alloc(&m->self, m->fold_room);
    }
    return m->fold;
}

static span trimmed(span text)
{
    while (text.len && (text.at[text.len - 1] == ' ' || text.at[text.len - 1] == '\0' || text.at[text.len - 1] == '\t' || text.at[text.len - 1] == '\r' || text.at[text.len - 1] == '\n'))
        text.len--;
    return text;
}

static span put_value(buf *out, binxml_value v)
{
    buf_clear(out);
    if (v.type == BINXML_WSTRING && buf_room(out, UTF16_ROOM(v.bytes.len)))
        out->len = (size_t)(utf16_utf8_at(out->at, v.bytes) - out->at);
    else
        binxml_value_text(v, out);
    return trimmed(buf_bytes(out));
}

static span number_text(buf *out, uint64_t n)
{
    buf_clear(out);
    buf_u64(out, n);
    return buf_bytes(out);
}

static span from_system(const event *ev, const rule_field *f, buf *out)
{
    switch (f->origin) {
    case FROM_EVENT_ID: return number_text(out, ev->event_id);
    case FROM_PROVIDER: return put_value(out, (binxml_value){ BINXML_WSTRING, ev->provider });
    case FROM_CHANNEL: return put_value(out, (binxml_value){ BINXML_WSTRING, ev->channel });
    case FROM_COMPUTER: return put_value(out, (binxml_value){ BINXML_WSTRING, ev->computer });
    case FROM_LEVEL: return number_text(out, ev->level);
    case FROM_TASK: return number_text(out, ev->task);
    case FROM_OPCODE: return number_text(out, ev->opcode);
    case FROM_VERSION: return number_text(out, ev->version);
    case FROM_RECORD_ID: return number_text(out, ev->record_id);
    case FROM_KEYWORDS:
        buf_clear(out);
        buf_printf(out, "0x%llx", (unsigned long long)ev->keywords);
        return buf_bytes(out);
    case FROM_USER: return put_value(out, (binxml_value){ BINXML_SID, ev->user_sid });
    default: return (span){ 0 };
    }
}

/* Fields that another log writes otherwise, as the rules expect them. */
static span converted(const event *ev, const rule_field *f, span text, buf *out, buf *second)
{
    static const struct { conversion of; const char *from, *to; } words[] = {
        { CONVERT_INTEGRITY, "S-1-16-0", "Untrusted" }, { CONVERT_INTEGRITY, "S-1-16-4096", "Low" }, { CONVERT_INTEGRITY, "S-1-16-8192", "Medium" },
        { CONVERT_INTEGRITY, "S-1-16-8448", "Medium" }, { CONVERT_INTEGRITY, "S-1-16-12288", "High" }, { CONVERT_INTEGRITY, "S-1-16-16384", "System" },
        { CONVERT_OPERATION, "%%1904", "CreateKey" }, { CONVERT_OPERATION, "%%1905", "SetValue" }, { CONVERT_OPERATION, "%%1906", "DeleteValue" },
        { CONVERT_PROTOCOL, "6", "tcp" }, { CONVERT_PROTOCOL, "17", "udp" }, { CONVERT_OUTBOUND, "%%14593", "true" }, { CONVERT_OUTBOUND, "%%14592", "false" },
    };
    uint64_t n;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (words[i].of == f->convert && span_is(text, words[i].from))
            return span_str(words[i].to);
    if (f->convert == CONVERT_DECIMAL && value_u64(event_get(ev, f->id), &n))
        return number_text(out, n);
    if (f->convert == CONVERT_ACCOUNT || f->convert == CONVERT_REGISTRY) {
        buf_clear(second);
        size_t skip = 0;
        static const struct { const char *native, *hive; } roots[] = { { "\\REGISTRY\\MACHINE", "HKLM" }, { "\\REGISTRY\\USER", "HKU" } };
        for (size_t i = 0; f->convert == CONVERT_REGISTRY && i < 2 && !skip; i++)
            if (text.len >= strlen(roots[i].native) && memcmp(text.at, roots[i].native, strlen(roots[i].native)) == 0) {
                buf_str(second, roots[i].hive);
                skip = strlen(roots[i].native);
            }
        buf_span(second, span_part(text, skip, SIZE_MAX));
        span rest = put_value(out, event_get(ev, f->second_id));
        if (rest.len && !span_is(rest, "-")) {
            buf_char(second, '\\');
            buf_span(second, rest);
        }
        return buf_bytes(second);
    }
    return text;
}

typedef enum { TEXT_ABSENT, TEXT_ONE, TEXT_SEVERAL } text_state;

static text_state raw_value(const event *ev, const rule_field *f, binxml_value *out)
{
    *out = f->id == FIELD_NONE ? (binxml_value){ BINXML_NULL, { NULL, 0 } } : event_get(ev, f->id);
    if (out->type != BINXML_NULL)
        return out->type & BINXML_ARRAY ? TEXT_SEVERAL : TEXT_ONE;
    if (f->is_list && event_data_count(ev))
        return TEXT_SEVERAL;
    return f->origin != FROM_DATA && !out->bytes.at ? TEXT_ONE : TEXT_ABSENT;
}

/* The text of a field that is one; valid until the next. */
static span field_text(sigma_matcher *m, const event *ev, const rule_field *f, binxml_value v, buf *second)
{
    span text = v.type == BINXML_NULL ? from_system(ev, f, &m->text) : put_value(&m->text, v);
    return f->convert ? converted(ev, f, text, &m->text, second) : text;
}

/* ---- classes ---- */

static const node *plain_node(arena *mem, node_kind kind)
{
    node *n = arena_alloc(mem, sizeof *n);
    n->kind = kind;
    return n;
}

/* The condition with what is known of every event of the class. */
static const node *fold_node(sigma_matcher *m, arena *mem, const event *ev, const node *n)
{
    if (n->kind == NODE_PRED) {
        const predicate *p = pred_of(m, n->pred);
        const rule_field *f = p->field == UINT32_MAX ? NULL : field_of(m, p->field);
        if (!f || p->kind == PRED_REF || (f->origin != FROM_EVENT_ID && f->origin != FROM_PROVIDER) || !value_absent(event_get(ev, f->id)))
            return n;
        if (p->kind == PRED_ABSENT || p->kind == PRED_PRESENT)
            return plain_node(mem, p->kind == PRED_PRESENT ? NODE_TRUE : NODE_FALSE);
        span text = from_system(ev, f, &m->text);
        uint8_t *folded = fold_room(m, text.len);
        size_t len = fold_utf8(text, folded);
        return plain_node(mem, pred_holds(p, text, span_of(folded, len), m->room) ? NODE_TRUE : NODE_FALSE);
    }
    if (n->kind == NODE_TRUE || n->kind == NODE_FALSE)
        return n;
    node_kind absorbs = n->kind == NODE_AND ? NODE_FALSE : NODE_TRUE, neutral = n->kind == NODE_AND ? NODE_TRUE : NODE_FALSE;
    if (n->kind == NODE_NOT) {
        const node *of = fold_node(m, mem, ev, n->of[0]);
        if (of == n->of[0])
            return n;
        if (of->kind == NODE_TRUE || of->kind == NODE_FALSE)
            return plain_node(mem, of->kind == NODE_TRUE ? NODE_FALSE : NODE_TRUE);
        node *made = arena_alloc(mem, sizeof *made);
        made->kind = NODE_NOT;
        made->of = arena_array(mem, 1, sizeof *made->of);
        made->of[made->count++] = of;
        return made;
    }
    node *made = NULL;
    for (uint32_t i = 0; i < n->count; i++) {
        const node *of = fold_node(m, mem, ev, n->of[i]);
        if (of->kind == absorbs)
            return of;
        if (!made && of == n->of[i])
            continue;
        if (!made) {
            made = arena_alloc(mem, sizeof *made);
            made->kind = n->kind;
            made->of = arena_array(mem, n->count, sizeof *made->of);
            for (uint32_t k = 0; k < i; k++)
                made->of[made->count++] = n->of[k];
        }
        if (of->kind != neutral)
            made->of[made->count++] = of;
    }
    if (!made)
        return n;
    return made->count == 0 ? plain_node(mem, neutral) : made->count == 1 ? made->of[0] : made;
}

typedef struct { sigma_matcher *m; event_class *c; uint32_t *local; vec preds, codes, kids; } maker;

static uint32_t local_pred(maker *k, uint32_t pred)
{
    if (!k->local[pred]) {
        *(uint32_t *)vec_push(&k->preds) = pred;
        k->local[pred] = (uint32_t)k->preds.count;
    }
    return k->local[pred] - 1;
}

static bool compares(const sigma_matcher *m, const node *n)
{
    bool is = n->kind == NODE_PRED && pred_of(m, n->pred)->kind == PRED_REF;
    for (uint32_t i = 0; i < n->count && !is; i++)
        is = compares(m, n->of[i]);
    return is;
}

static uint32_t compile(maker *k, const node *n)
{
    code made = { .kind = (uint8_t)n->kind };
    if (n->kind == NODE_PRED) {
        made.at = local_pred(k, n->pred);
    } else if (n->count) {
        made.count = n->count;
        made.at = (uint32_t)k->kids.count;
        for (uint32_t i = 0; i < n->count; i++)
            vec_push(&k->kids);
        uint32_t to = made.at;
        for (int late = 0; late < 2; late++)             /* comparing fields costs more than anything else: last */
            for (uint32_t i = 0; i < n->count; i++)
                if (compares(k->m, n->of[i]) == late) {
                    uint32_t kid = compile(k, n->of[i]);
                    *(uint32_t *)vec_at(&k->kids, to++) = kid;
                }
    }
    *(code *)vec_push(&k->codes) = made;
    return (uint32_t)k->codes.count - 1;
}

/* How often it may hold, roughly: the longer what must stand there, the rarer. Below zero: it may hold when nothing does. */
static double commonness(const sigma_matcher *m, const node *n)
{
    double all = 0, least = -1;
    if (n->kind == NODE_PRED) {
        const predicate *p = pred_of(m, n->pred);
        if (p->kind == PRED_REF)
            return -1;
        size_t len = p->re ? p->need.len : p->kind == PRED_GLOB || p->kind == PRED_KEYWORD ? glob_longest(&p->g).len : 0;
        return p->kind == PRED_ABSENT || p->kind == PRED_PRESENT ? 1000 : len == 0 ? 300 : 1 + 100.0 / (double)len;
    }
    if (n->kind == NODE_AND) {
        for (uint32_t i = 0; i < n->count; i++) {
            double is = commonness(m, n->of[i]);
            if (is >= 0 && (least < 0 || is < least))
                least = is;
        }
        return least;
    }
    if (n->kind != NODE_OR)
        return -1;
    for (uint32_t i = 0; i < n->count; i++) {
        double is = commonness(m, n->of[i]);
        if (is < 0)
            return -1;
        all += is;
    }
    return all;
}

typedef struct { uint32_t pred, way; } witness;

static void add_witnesses(maker *k, const node *n, uint32_t w, vec *to)
{
    if (n->kind == NODE_PRED) {
        *(witness *)vec_push(to) = (witness){ local_pred(k, n->pred), w };
    } else if (n->kind == NODE_AND) {
        const node *best = NULL;
        double least = -1;
        for (uint32_t i = 0; i < n->count; i++) {
            double is = commonness(k->m, n->of[i]);
            if (is >= 0 && (least < 0 || is < least)) {
                least = is;
                best = n->of[i];
            }
        }
        add_witnesses(k, best, w, to);
    } else {
        for (uint32_t i = 0; i < n->count; i++)
            add_witnesses(k, n->of[i], w, to);
    }
}

static void make_witnesses(maker *k)
{
    event_class *c = k->c;
    vec all, always;
    vec_init(&all, sizeof(witness));
    vec_init(&always, sizeof(uint32_t));
    c->lazy = arena_array(&c->mem, c->way_count ? c->way_count : 1, sizeof *c->lazy);
    for (uint32_t i = 0; i < c->way_count; i++) {
        if (compares(k->m, c->ways[i].condition))
            c->lazy[c->lazy_count++] = i;
        else if (commonness(k->m, c->ways[i].condition) < 0)
            *(uint32_t *)vec_push(&always) = i;
        else
            add_witnesses(k, c->ways[i].condition, i, &all);
    }
    c->witness_from = arena_array(&c->mem, k->preds.count + 1, sizeof *c->witness_from);
    c->witnesses = arena_array(&c->mem, all.count ? all.count : 1, sizeof *c->witnesses);
    for (size_t i = 0; i < all.count; i++)
        c->witness_from[((witness *)vec_at(&all, i))->pred + 1]++;
    for (size_t i = 0; i < k->preds.count; i++)
        c->witness_from[i + 1] += c->witness_from[i];
    uint32_t *next = arena_array(&c->mem, k->preds.count ? k->preds.count : 1, sizeof *next);
    for (size_t i = 0; i < all.count; i++) {
        const witness *w = vec_at(&all, i);
        c->witnesses[c->witness_from[w->pred] + next[w->pred]++] = w->way;
    }
    c->always = arena_array(&c->mem, always.count ? always.count : 1, sizeof *c->always);
    c->always_count = always.count;
    if (always.count)
        memcpy(c->always, always.at, always.count * sizeof *c->always);
    vec_done(&all);
    vec_done(&always);
}

typedef struct { uint32_t field, pred, as; } asked;      /* pred UINT32_MAX: it is only compared with another field */

static int by_field(const void *a, const void *b)
{
    const asked *l = a, *r = b;
    return l->field < r->field ? -1 : l->field > r->field ? 1 : l->as < r->as ? -1 : l->as > r->as;
}

/* A letter that stands in no number, identifier or time, as these are written. */
static bool has_letter(const predicate *p)
{
    span text = p->re ? p->need : glob_longest(&p->g);
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] >= 'g' && text.at[i] != 's' && text.at[i] != 't' && text.at[i] != 'x' && text.at[i] != 'z' && text.at[i] <= 'z')
            return true;
    return false;
}

static void make_keywords(event_class *c, const predicate *preds, const vec *of, const vec *as, size_t field_ids)
{
    c->keywords = index_new(&c->mem, preds, of->at, as->at, of->count);
    c->letters = true;
    for (size_t i = 0; i < of->count; i++)
        c->letters &= has_letter(&preds[((uint32_t *)of->at)[i]]);
    c->known = field_ids;
    c->is_field = arena_alloc(&c->mem, field_ids ? field_ids : 1);
}

static void make_fields(maker *k)
{
    event_class *c = k->c;
    const sigma_rules *rules = k->m->rules;
    const predicate *preds = rules->preds.at;
    vec all, of, as, words, word_as;
    vec_init(&all, sizeof(asked));
    vec_init(&of, sizeof(uint32_t));
    vec_init(&as, sizeof(uint32_t));
    vec_init(&words, sizeof(uint32_t));
    vec_init(&word_as, sizeof(uint32_t));
    size_t field_ids = 0;
    for (uint32_t i = 0; i < k->preds.count; i++) {
        uint32_t pred = *(uint32_t *)vec_at(&k->preds, i);
        if (preds[pred].kind == PRED_KEYWORD) {
            *(uint32_t *)vec_push(&words) = pred;
            *(uint32_t *)vec_push(&word_as) = i;
        } else if (preds[pred].kind == PRED_REF) {
            *(asked *)vec_push(&all) = (asked){ preds[pred].field, UINT32_MAX, i };
            *(asked *)vec_push(&all) = (asked){ preds[pred].other, UINT32_MAX, i };
        } else {
            *(asked *)vec_push(&all) = (asked){ preds[pred].field, pred, i };
            field id = field_of(k->m, preds[pred].field)->id;
            field_ids = id != FIELD_NONE && id >= field_ids ? id + 1u : field_ids;
        }
    }
    if (words.count)
        make_keywords(c, preds, &words, &word_as, field_ids);
    vec_sort(&all, by_field);
    c->fields = arena_array(&c->mem, all.count ? all.count : 1, sizeof *c->fields);
    for (size_t i = 0; i < all.count;) {
        class_field f = { .field = ((asked *)vec_at(&all, i))->field };
        const rule_field *rf = field_of(k->m, f.field);
        of.count = as.count = 0;
        for (; i < all.count && ((asked *)vec_at(&all, i))->field == f.field; i++) {
            const asked *a = vec_at(&all, i);
            if (a->pred == UINT32_MAX)
                continue;
            pred_kind kind = preds[a->pred].kind;
            if (kind == PRED_ABSENT) {
                f.absent = a->as + 1;
            } else if (kind == PRED_PRESENT) {
                f.present = a->as + 1;
            } else {
                *(uint32_t *)vec_push(&of) = a->pred;
                *(uint32_t *)vec_push(&as) = a->as;
            }
        }
        if (words.count && of.count && !rf->convert && !rf->is_list && rf->id != FIELD_NONE) {
            c->is_field[rf->id] = 1;
            for (size_t w = 0; w < words.count; w++) {
                *(uint32_t *)vec_push(&of) = *(uint32_t *)vec_at(&words, w);
                *(uint32_t *)vec_push(&as) = *(uint32_t *)vec_at(&word_as, w);
            }
        }
        if (of.count)
            f.index = index_new(&c->mem, preds, of.at, as.at, of.count);
        c->fields[c->field_count++] = f;
    }
    vec_done(&all);
    vec_done(&of);
    vec_done(&as);
    vec_done(&words);
    vec_done(&word_as);
}

static void *kept(arena *mem, vec *v)
{
    void *out = arena_array(mem, v->count ? v->count : 1, v->each);
    if (v->count)
        memcpy(out, v->at, v->count * v->each);
    vec_done(v);
    return out;
}

static event_class *make_class(sigma_matcher *m, const event *ev)
{
    arena mem;
    arena_init(&mem, 0);
    event_class *c = arena_alloc(&mem, sizeof *c);
    c->mem = mem;
    maker k = { .m = m, .c = c };
    vec ways;
    vec_init(&ways, sizeof(way));
    for (size_t i = 0; i < m->rules->ways.count; i++) {
        const rule_way *w = vec_at(&m->rules->ways, i);
        if (!source_takes(w->source, ev->channel, ev->provider, ev->event_id))
            continue;
        const node *condition = fold_node(m, &c->mem, ev, w->condition);
        if (condition->kind != NODE_FALSE)
            *(way *)vec_push(&ways) = (way){ w->rule, condition, 0 };
    }
    c->way_count = ways.count;
    c->ways = kept(&c->mem, &ways);
    arena local;
    arena_init(&local, 0);
    k.local = arena_array(&local, m->rules->preds.count ? m->rules->preds.count : 1, sizeof *k.local);
    vec_init(&k.preds, sizeof(uint32_t));
    vec_init(&k.codes, sizeof(code));
    vec_init(&k.kids, sizeof(uint32_t));
    for (size_t i = 0; i < c->way_count; i++)
        c->ways[i].program = compile(&k, c->ways[i].condition);
    make_witnesses(&k);
    make_fields(&k);
    c->pred_count = k.preds.count;
    c->preds = kept(&c->mem, &k.preds);
    c->codes = kept(&c->mem, &k.codes);
    c->kids = kept(&c->mem, &k.kids);
    c->stamp = arena_array(&c->mem, c->pred_count ? c->pred_count : 1, sizeof *c->stamp);
    c->said = arena_array(&c->mem, c->pred_count ? c->pred_count : 1, sizeof *c->said);
    c->tried = arena_array(&c->mem, c->pred_count ? c->pred_count : 1, sizeof *c->tried);
    arena_done(&local);
    if (m->way_room < c->way_count) {
        m->way_room = 2 * c->way_count;
        m->way_stamp = arena_array(&m->self, m->way_room, sizeof *m->way_stamp);
    }
    return c;
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

static event_class *class_of(sigma_matcher *m, const event *ev)
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
    event_class *c = make_class(m, ev);
    c->id = ++m->class_ids;
    buf_clear(&m->key);
    buf_put(&m->key, head, sizeof head);
    buf_span(&m->key, ev->channel);
    buf_span(&m->key, ev->provider);
    *map_put(&m->index, buf_bytes(&m->key), NULL) = m->classes.count;
    *(event_class **)vec_push(&m->classes) = c;
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
    uint8_t *folded = fold_room(m, text.len);
    size_t len = fold_utf8(text, folded);
    scan_out to = { out, c->said, c->tried, ++m->turn, m->room };
    index_scan(x, m->rules->preds.at, text, span_of(folded, len), &to);
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
    buf second;
    buf_init(&second, TEXT_BYTES);
    m->scratch.count = 0;
    scan_text(m, c, c->fields[at_field].index, field_text(m, ev, rf, v, &second), &m->scratch);
    buf_done(&second);
    return remember(m, owner, v, at, hash);
}

static void scan_field(sigma_matcher *m, event_class *c, class_field *f, const event *ev, text_state state, binxml_value v)
{
    m->scratch.count = 0;
    if (state == TEXT_ONE) {
        buf second;
        buf_init(&second, TEXT_BYTES);
        scan_text(m, c, f->index, field_text(m, ev, field_of(m, f->field), v, &second), &m->scratch);
        buf_done(&second);
    } else if (v.type & BINXML_ARRAY) {
        binxml_value item;
        binxml_items items = binxml_items_of(v);
        while (binxml_items_next(&items, &item))
            scan_text(m, c, f->index, put_value(&m->text, item), &m->scratch);
    } else {
        size_t count = event_data_count(ev);
        for (size_t i = 0; i < count; i++)
            scan_text(m, c, f->index, put_value(&m->text, event_data(ev, i)), &m->scratch);
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
            scan_text(m, c, c->keywords, put_value(&m->text, item), &m->scratch);
        hold(m, c, m->scratch.at, m->scratch.count);
        if (can)
            remember(m, c->id << 8 | KEYWORD_FIELD, v, at, hash);
    }
    return m->held.count > before;
}

static bool ref_holds(sigma_matcher *m, const event *ev, const predicate *p)
{
    const rule_field *f = field_of(m, p->field), *g = field_of(m, p->other);
    binxml_value a, b;
    buf second;
    if (raw_value(ev, f, &a) != TEXT_ONE || raw_value(ev, g, &b) != TEXT_ONE)
        return false;
    buf_init(&second, TEXT_BYTES);
    span one = arena_span(&m->record_mem, field_text(m, ev, f, a, &second));
    span two = arena_span(&m->record_mem, field_text(m, ev, g, b, &second));
    buf_done(&second);
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
        const predicate *p = pred_of(m, c->preds[n->at]);
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
        const rule_field *rf = field_of(m, f->field);
        binxml_value v;
        text_state state = raw_value(ev, rf, &v);
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

static int ascending(const void *a, const void *b)
{
    uint32_t l = *(const uint32_t *)a, r = *(const uint32_t *)b;
    return l < r ? -1 : l > r;
}

static void add_candidate(sigma_matcher *m, uint32_t w)
{
    if (m->way_stamp[w] == m->epoch)
        return;
    m->way_stamp[w] = m->epoch;
    *(uint32_t *)vec_push(&m->candidates) = w;
}

/* Ascending, each once: a rule may match in several ways. */
static void settle(vec *hits)
{
    if (hits->count < 2)
        return;
    vec_sort(hits, ascending);
    uint32_t *list = hits->at;
    size_t n = 1;
    for (size_t i = 1; i < hits->count; i++)
        if (list[i] != list[n - 1])
            list[n++] = list[i];
    hits->count = n;
}

static void judge(sigma_matcher *m, event_class *c)
{
    m->candidates.count = m->hits.count = 0;
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
            *(uint32_t *)vec_push(&m->hits) = w->rule;
    }
    settle(&m->hits);
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
        uint32_t *hits = arena_array(&m->memo_mem, m->hits.count + 1, sizeof *hits), *serials = arena_array(&m->memo_mem, m->serials.count + 1, sizeof *serials);
        if (m->hits.count)
            memcpy(hits, m->hits.at, m->hits.count * sizeof *hits);
        if (key.len)
            memcpy(serials, key.at, key.len);
        *at = (event_memo){ hash, serials, hits, c->id, (uint32_t)m->hits.count };
        return;
    }
    m->hits.count = 0;
    for (uint32_t i = 0; i < at->count; i++)
        *(uint32_t *)vec_push(&m->hits) = at->hits[i];
}

static void compare_fields(sigma_matcher *m, event_class *c)
{
    size_t before = m->hits.count;
    arena_reset(&m->record_mem);
    for (size_t i = 0; i < c->lazy_count; i++)
        if (run(m, c, c->ways[c->lazy[i]].program))
            *(uint32_t *)vec_push(&m->hits) = c->ways[c->lazy[i]].rule;
    if (m->hits.count > before)
        settle(&m->hits);
}

/* Quickly: false also when it cannot be told so. */
static bool no_keyword(const sigma_matcher *m, const event_class *c, const event *ev)
{
    (void)m;
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
static bool gather(sigma_matcher *m, const event_class *c, const event *ev)
{
    buf *key = &m->record;
    buf_clear(key);
    if (!buf_room(key, 1))                               /* a class may have no field: then the key is empty, and has a place */
        return false;
    for (size_t i = 0; i < c->field_count; i++) {
        const rule_field *f = field_of(m, c->fields[i].field);
        binxml_value v;
        text_state state = raw_value(ev, f, &v);
        if (state == TEXT_SEVERAL || v.bytes.len > RECORD_KEY || key->len > RECORD_KEY)
            return false;
        if (state == TEXT_ONE && v.type == BINXML_NULL) {
            span text = from_system(ev, f, &m->text);
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

static size_t judge_anew(sigma_matcher *m, event_class *c, const event *ev, bool *alone)
{
    next_epoch(m);
    *alone = look(m, c, ev, true);
    if (*alone)
        recall(m, c);
    else
        judge(m, c);
    if (c->lazy_count)
        compare_fields(m, c);
    return m->hits.count;
}

size_t sigma_match(sigma_matcher *m, const event *ev, const uint32_t **rules)
{
    event_class *c = class_of(m, ev);
    bool alone;                                          /* no value beside the class's fields had a keyword */
    *rules = NULL;
    if (c->way_count == 0)
        return 0;
    if (m->memo_mem.used > MEMO_BYTES)
        forget(m);
    if (++c->tries == 8 * RECORD_TRIES)
        c->tries = c->known_tries = 0;                   /* once again */
    bool repeats = c->tries < RECORD_TRIES || c->known_tries > RECORD_TRIES / 4;
    if (!repeats || !gather(m, c, ev)) {
        size_t count = judge_anew(m, c, ev, &alone);
        *rules = m->hits.at;
        return count;
    }
    span key = buf_bytes(&m->record);
    uint64_t hash = hash_of(key, c->id);
    record_memo *at = &m->records[hash >> 20 & (RECORD_SLOTS - 1)];
    bool is = at->key && at->hash == hash && at->owner == c->id && at->len == key.len && memcmp(at->key, key.at, key.len) == 0;
    c->known_tries += is && c->tries < RECORD_TRIES;
    if (is && (!c->keywords || no_keyword(m, c, ev))) {
        *rules = at->hits;
        return at->count;
    }
    size_t count = judge_anew(m, c, ev, &alone);
    *rules = m->hits.at;
    if (alone && !is) {
        uint32_t *hits = arena_array(&m->memo_mem, count + 1, sizeof *hits);
        uint8_t *kept = arena_alloc(&m->memo_mem, key.len + 1);
        if (count)
            memcpy(hits, m->hits.at, count * sizeof *hits);
        memcpy(kept, key.at, key.len);
        *at = (record_memo){ hash, kept, hits, c->id, (uint32_t)key.len, (uint32_t)count };
    }
    return count;
}

/* ---- why ---- */

static void add_reasons(sigma_matcher *m, const event_class *c, uint32_t at)
{
    const code *n = &c->codes[at];
    if (n->kind == NODE_AND || n->kind == NODE_OR)
        for (uint32_t i = 0; i < n->count; i++)
            add_reasons(m, c, c->kids[n->at + i]);
    if (n->kind != NODE_PRED)
        return;
    const predicate *p = pred_of(m, c->preds[n->at]);
    bool holds = p->kind == PRED_REF ? ref_holds(m, m->now, p) : c->stamp[n->at] == m->epoch;
    if (!holds || p->field == UINT32_MAX || p->kind == PRED_ABSENT)
        return;
    for (size_t i = 0; i < m->candidates.count; i++)
        if (*(uint32_t *)vec_at(&m->candidates, i) == p->field)
            return;
    *(uint32_t *)vec_push(&m->candidates) = p->field;
}

static const char *shown_value(sigma_matcher *m, const event *ev, const rule_field *f, arena *mem)
{
    binxml_value v, item;
    buf second;
    text_state state = raw_value(ev, f, &v);
    if (state == TEXT_ABSENT)
        return "";
    buf_init(&second, TEXT_BYTES);
    if (state == TEXT_ONE) {
        const char *text = arena_text(mem, field_text(m, ev, f, v, &second));
        buf_done(&second);
        return text;
    }
    if (v.type & BINXML_ARRAY) {
        binxml_items items = binxml_items_of(v);
        while (binxml_items_next(&items, &item)) {
            buf_str(&second, second.len ? "\n" : "");
            buf_span(&second, put_value(&m->text, item));
        }
    } else {
        size_t count = event_data_count(ev);
        for (size_t i = 0; i < count; i++) {
            buf_str(&second, i ? "\n" : "");
            buf_span(&second, put_value(&m->text, event_data(ev, i)));
        }
    }
    const char *text = arena_text(mem, buf_bytes(&second));
    buf_done(&second);
    return text;
}

void sigma_look(sigma_matcher *m, const event *ev)
{
    event_class *c = class_of(m, ev);
    m->looked = c;
    next_epoch(m);
    look(m, c, ev, true);
}

size_t sigma_explain(sigma_matcher *m, const event *ev, uint32_t rule, arena *mem, sigma_field **out)
{
    const event_class *c = m->looked;
    m->candidates.count = 0;
    arena_reset(&m->record_mem);
    for (size_t i = 0; i < c->way_count; i++)
        if (c->ways[i].rule == rule && run(m, c, c->ways[i].program))
            add_reasons(m, c, c->ways[i].program);
    sigma_field *found = arena_array(mem, m->candidates.count + 1, sizeof *found);
    for (size_t i = 0; i < m->candidates.count && found; i++) {
        const rule_field *f = field_of(m, *(uint32_t *)vec_at(&m->candidates, i));
        found[i] = (sigma_field){ f->sigma, shown_value(m, ev, f, mem) };
    }
    *out = found;
    return found ? m->candidates.count : 0;
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
        if (!known && source_takes(f->source, ev->channel, ev->provider, ev->event_id))
            (*out)[count++] = (sigma_field){ f->name, shown_value(m, ev, field_of(m, f->field), mem) };
    }
    return count;
}
