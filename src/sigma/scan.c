/* All predicates over one field at once: what a text begins with, ends with and is, by hash; what it contains, by one pass that
 * looks for four bytes (or two) of each literal, the rarest among all literals here; only where those stand is the literal
 * compared. Patterns with more to them and expressions hang on a literal that must be there, and are tried when it is. */
#include "sigma/engine.h"

#include "base/fold.h"

#include <arpa/inet.h>
#include <stdlib.h>

enum { GRAM_BITS = 16 };

typedef struct { span literal; uint32_t gram_at; uint32_t pred, as; bool verify; } entry;
typedef struct { uint64_t key; uint32_t first, count; } slot;
typedef struct { slot *slots; size_t mask; entry *entries; size_t count; } table;      /* by key */
typedef struct { table by; size_t width; } edge_table;                                   /* of the first or last `width` bytes */

struct text_index {
    table exact;
    edge_table starts[2], ends[2];       /* 8 bytes; 4 */
    table grams[2];                      /* 4 bytes; 2 */
    uint64_t *present[2];                /* bit a gram's hash */
    uint64_t *wide;                      /* the same of four UTF-16 units; NULL: index_is_plain is false */
    entry *small; size_t small_count;    /* starts and ends of fewer bytes than 4, contains of one */
    entry *others; size_t other_count;   /* always tried */
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 32;
    x *= 0x9e3779b97f4a7c15ull;
    return x ^ x >> 29;
}

static uint64_t key_of(span text)
{
    uint64_t h = 0x243f6a8885a308d3ull ^ text.len;
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8)
        h = mix(h ^ le64(text.at + i));
    uint64_t rest = 0;
    for (size_t k = 0; i + k < text.len; k++)
        rest |= (uint64_t)text.at[i + k] << (8 * k);
    return mix(h ^ rest);
}

static uint32_t gram_hash(uint32_t gram) { return (gram * 2654435761u) >> (32 - GRAM_BITS); }

static const slot *find(const table *t, uint64_t key)
{
    if (!t->count)
        return NULL;
    for (size_t at = (size_t)mix(key) & t->mask;; at = (at + 1) & t->mask) {
        const slot *s = &t->slots[at];
        if (!s->count || s->key == key)
            return s->count ? s : NULL;
    }
}

typedef struct { uint64_t key; entry e; } keyed;

static int by_key(const void *a, const void *b)
{
    const keyed *l = a, *r = b;
    return l->key < r->key ? -1 : l->key > r->key ? 1 : 0;
}

static void make_table(arena *mem, vec *of, table *t)
{
    if (!of->count) {
        vec_done(of);
        return;
    }
    vec_sort(of, by_key);
    size_t room = 4;
    while (room < 2 * of->count)
        room *= 2;
    t->slots = arena_array(mem, room, sizeof *t->slots);
    t->mask = room - 1;
    t->entries = arena_array(mem, of->count, sizeof *t->entries);
    for (size_t i = 0; i < of->count; i++) {
        const keyed *k = vec_at(of, i);
        t->entries[t->count++] = k->e;
        size_t at = (size_t)mix(k->key) & t->mask;
        while (t->slots[at].count && t->slots[at].key != k->key)
            at = (at + 1) & t->mask;
        slot *s = &t->slots[at];
        if (!s->count)
            *s = (slot){ .key = k->key, .first = (uint32_t)i };
        s->count++;
    }
    vec_done(of);
}

static uint32_t gram4(const uint8_t *at) { return le32(at); }
static uint64_t edge_key(const uint8_t *at, size_t width) { return width == 8 ? le64(at) : le32(at); }

/* Where in the literal the gram stands that is rarest over all literals. */
static uint32_t rarest(span literal, const uint16_t *seen)
{
    uint32_t best = 0;
    for (uint32_t i = 0; i + 4 <= literal.len; i++)
        if (seen[gram_hash(gram4(literal.at + i))] < seen[gram_hash(gram4(literal.at + best))])
            best = i;
    return best;
}

typedef struct { vec exact, starts[2], ends[2], contains, small, others; } parts;

static void put_edge(vec two[2], vec *small, entry e, bool end)
{
    for (int i = 0; i < 2; i++) {
        size_t width = i == 0 ? 8 : 4;
        if (e.literal.len >= width) {
            const uint8_t *at = end ? e.literal.at + e.literal.len - width : e.literal.at;
            *(keyed *)vec_push(&two[i]) = (keyed){ edge_key(at, width), e };
            return;
        }
    }
    *(entry *)vec_push(small) = e;
}

/* Literals of what is cased are folded: the fold of a text has the fold of each of its parts. */
static span folded(arena *mem, span literal, bool cased)
{
    if (!cased || !literal.len)
        return literal;
    uint8_t *out = arena_alloc(mem, FOLD_ROOM(literal.len));
    return out ? span_of(out, fold_utf8(literal, out)) : (span){ 0 };
}

static void sort_out(arena *mem, const predicate *p, entry e, parts *to)
{
    const glob *g = &p->g;
    bool is_regex = p->re != NULL;
    if (!is_regex && (p->kind == PRED_GLOB || p->kind == PRED_KEYWORD) && g->count == 1 && g->parts[0].plain && !g->cased) {
        e.literal = span_of(g->parts[0].at, g->parts[0].len);
        if (!g->open_start && !g->open_end)
            *(keyed *)vec_push(&to->exact) = (keyed){ key_of(e.literal), e };
        else if (!g->open_end)
            put_edge(to->ends, &to->small, e, true);
        else if (!g->open_start)
            put_edge(to->starts, &to->small, e, false);
        else
            *(entry *)vec_push(e.literal.len < 2 ? &to->small : &to->contains) = e;
        return;
    }
    e.verify = true;
    if (is_regex)
        e.literal = p->need;
    else if (p->kind == PRED_GLOB || p->kind == PRED_KEYWORD)
        e.literal = folded(mem, glob_longest(g), g->cased);
    *(entry *)vec_push(e.literal.len < 2 ? &to->others : &to->contains) = e;
}

static entry *kept(arena *mem, vec *v, size_t *count)
{
    entry *out = arena_array(mem, v->count ? v->count : 1, sizeof *out);
    if (v->count)
        memcpy(out, v->at, v->count * sizeof *out);
    *count = v->count;
    vec_done(v);
    return out;
}

static void make_grams(arena *mem, text_index *x, vec *contains)
{
    arena scratch;
    arena_init(&scratch, 0);
    uint16_t *seen = contains->count > 1 ? arena_array(&scratch, 1u << GRAM_BITS, sizeof *seen) : NULL;
    vec two[2];
    for (int i = 0; i < 2; i++)
        vec_init(&two[i], sizeof(keyed));
    for (size_t i = 0; i < contains->count && seen; i++) {
        span l = ((const entry *)vec_at(contains, i))->literal;
        for (size_t k = 0; k + 4 <= l.len; k++) {
            uint16_t *n = &seen[gram_hash(gram4(l.at + k))];
            *n += *n < UINT16_MAX;
        }
    }
    for (size_t i = 0; i < contains->count; i++) {
        entry e = *(const entry *)vec_at(contains, i);
        int which = e.literal.len >= 4 ? 0 : 1;
        e.gram_at = which || !seen ? 0 : rarest(e.literal, seen);
        uint32_t gram = which ? le16(e.literal.at) : gram4(e.literal.at + e.gram_at);
        uint32_t h = which ? gram : gram_hash(gram);
        if (!x->present[which])
            x->present[which] = arena_array(mem, (1u << GRAM_BITS) / 64, sizeof *x->present[which]);
        x->present[which][h / 64] |= 1ull << h % 64;
        *(keyed *)vec_push(&two[which]) = (keyed){ gram, e };
    }
    vec_done(contains);
    arena_done(&scratch);
    for (int i = 0; i < 2; i++)
        make_table(mem, &two[i], &x->grams[i]);
}

static uint32_t wide_hash(uint64_t units) { return (uint32_t)(mix(units | 0x0020002000200020ull) >> (64 - GRAM_BITS)); }

static void make_wide(arena *mem, text_index *x)
{
    const table *t = &x->grams[0];
    if (!t->count || x->grams[1].count || x->small_count || x->other_count || x->exact.count || x->starts[0].by.count || x->starts[1].by.count ||
        x->ends[0].by.count || x->ends[1].by.count)
        return;
    uint64_t *wide = arena_array(mem, (1u << GRAM_BITS) / 64, sizeof *wide);
    for (size_t i = 0; i < t->count; i++) {
        const uint8_t *gram = t->entries[i].literal.at + t->entries[i].gram_at;
        uint64_t units = 0;
        for (unsigned k = 0; k < 4; k++) {
            if (gram[k] >= 0x80)
                return;
            units |= (uint64_t)gram[k] << (16 * k);
        }
        uint32_t h = wide_hash(units);
        wide[h / 64] |= 1ull << h % 64;
    }
    x->wide = wide;
}

text_index *index_new(arena *mem, const predicate *preds, const uint32_t *of, const uint32_t *as, size_t count)
{
    text_index *x = arena_alloc(mem, sizeof *x);
    parts to;
    vec_init(&to.exact, sizeof(keyed));
    vec_init(&to.contains, sizeof(entry));
    vec_init(&to.small, sizeof(entry));
    vec_init(&to.others, sizeof(entry));
    for (int i = 0; i < 2; i++) {
        vec_init(&to.starts[i], sizeof(keyed));
        vec_init(&to.ends[i], sizeof(keyed));
    }
    for (size_t i = 0; i < count; i++)
        sort_out(mem, &preds[of[i]], (entry){ .pred = of[i], .as = as[i] }, &to);
    make_table(mem, &to.exact, &x->exact);
    for (int i = 0; i < 2; i++) {
        x->starts[i].width = x->ends[i].width = i == 0 ? 8 : 4;
        make_table(mem, &to.starts[i], &x->starts[i].by);
        make_table(mem, &to.ends[i], &x->ends[i].by);
    }
    make_grams(mem, x, &to.contains);
    x->small = kept(mem, &to.small, &x->small_count);
    x->others = kept(mem, &to.others, &x->other_count);
    make_wide(mem, x);
    return x;
}

/* ---- one predicate ---- */

static bool read_address(span text, uint8_t out[16], bool *v6)
{
    char copy[64];
    size_t from = 0, len = text.len;
    if (len && text.at[0] == '[' && memchr(text.at, ']', len)) {
        from = 1;
        len = (size_t)((const uint8_t *)memchr(text.at, ']', len) - text.at) - 1;
    }
    const uint8_t *zone = len ? memchr(text.at + from, '%', len) : NULL;
    if (zone)
        len = (size_t)(zone - text.at) - from;
    if (len == 0 || len >= sizeof copy)
        return false;
    memcpy(copy, text.at + from, len);
    copy[len] = '\0';
    if (strncmp(copy, "::ffff:", 7) == 0 && inet_pton(AF_INET, copy + 7, out) == 1) {
        *v6 = false;
        return true;
    }
    *v6 = strchr(copy, ':') != NULL;
    return inet_pton(*v6 ? AF_INET6 : AF_INET, copy, out) == 1;
}

static bool in_network(const predicate *p, span text)
{
    uint8_t address[16] = { 0 };
    bool v6;
    if (!read_address(text, address, &v6) || v6 != p->v6)
        return false;
    unsigned whole = p->bits / 8, rest = p->bits % 8;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return memcmp(address, p->net, whole) == 0 && (!rest || ((address[whole] ^ p->net[whole]) & mask) == 0);
}

static bool text_number(span text, double *out)
{
    char copy[64], *end;
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    if (copy[strspn(copy, "0123456789abcdefxABCDEFX.+-")])
        return false;
    *out = strtod(copy, &end);
    return end != copy && *end == '\0';
}

static bool time_is(const predicate *p, span text)
{
    moment t;
    if (!moment_parse(text, &t))
        return false;
    moment_parts at = moment_to_parts(t);
    static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334 };
    bool leap = at.year % 4 == 0 && (at.year % 100 != 0 || at.year % 400 == 0);
    int day_of_year = before[at.month - 1] + at.day + (leap && at.month > 2);
    int weekday = (int)((t / MOMENT_DAY) % 7);           /* 1601-01-01 was a Monday: 0 */
    int week = (day_of_year - 1 - weekday + 10) / 7;     /* of ISO 8601, but for the edges of a year */
    int is[] = { [TIME_MINUTE] = at.minute, [TIME_HOUR] = at.hour, [TIME_DAY] = at.day, [TIME_WEEK] = week, [TIME_MONTH] = at.month, [TIME_YEAR] = at.year };
    return is[p->op] == p->number;
}

bool pred_holds(const predicate *p, span text, span fold, regex_room *room)
{
    double n;
    switch (p->kind) {
    case PRED_GLOB:
    case PRED_KEYWORD:
        return p->re ? regex_matches(p->re, room, text, RULE_REGEX_TEXT) : glob_matches(&p->g, p->g.cased ? text : fold);
    case PRED_REGEX:
        return regex_matches(p->re, room, text, RULE_REGEX_TEXT);
    case PRED_CIDR:
        return in_network(p, text);
    case PRED_NUMBER:
        if (!text_number(text, &n))
            return false;
        return p->op == NUMBER_LT ? n < p->number : p->op == NUMBER_LTE ? n <= p->number : p->op == NUMBER_GT ? n > p->number : n >= p->number;
    case PRED_TIME:
        return time_is(p, text);
    default:
        return false;
    }
}

/* ---- scanning ---- */

static void say(const entry *e, scan_out *to)
{
    if (to->said[e->as] == to->turn)
        return;
    to->said[e->as] = to->turn;
    *(uint32_t *)vec_push(to->out) = e->as;
}

static void try_entry(const entry *e, const predicate *preds, span text, span fold, scan_out *to)
{
    if (to->said[e->as] == to->turn || to->tried[e->as] == to->turn)
        return;
    if (e->verify) {
        to->tried[e->as] = to->turn;                    /* what it says of this text does not depend on where the literal stands */
        if (!pred_holds(&preds[e->pred], text, fold, to->room))
            return;
    }
    say(e, to);
}

static void scan_edges(const edge_table t[2], bool end, span fold, scan_out *to)
{
    for (int i = 0; i < 2; i++) {
        size_t width = t[i].width;
        if (!t[i].by.count || fold.len < width)
            continue;
        const slot *s = find(&t[i].by, edge_key(end ? fold.at + fold.len - width : fold.at, width));
        for (uint32_t k = 0; s && k < s->count; k++) {
            const entry *e = &t[i].by.entries[s->first + k];
            size_t len = e->literal.len;
            if (len <= fold.len && memcmp(end ? fold.at + fold.len - len : fold.at, e->literal.at, len) == 0)
                say(e, to);
        }
    }
}

static void gram_hit(const text_index *x, int which, uint32_t gram, size_t at, const predicate *preds, span text, span fold, scan_out *to)
{
    const slot *s = find(&x->grams[which], gram);
    for (uint32_t k = 0; s && k < s->count; k++) {
        const entry *e = &x->grams[which].entries[s->first + k];
        size_t len = e->literal.len;
        if (at < e->gram_at || len > fold.len - (at - e->gram_at) || memcmp(fold.at + at - e->gram_at, e->literal.at, len) != 0)
            continue;
        try_entry(e, preds, text, fold, to);
    }
}

static void scan_grams(const text_index *x, const predicate *preds, span text, span fold, scan_out *to)
{
    if (x->grams[0].count)
        for (size_t i = 0; i + 4 <= fold.len; i++) {
            uint32_t gram = gram4(fold.at + i), h = gram_hash(gram);
            if (x->present[0][h / 64] >> h % 64 & 1)
                gram_hit(x, 0, gram, i, preds, text, fold, to);
        }
    if (x->grams[1].count)
        for (size_t i = 0; i + 2 <= fold.len; i++) {
            uint32_t gram = le16(fold.at + i);
            if (x->present[1][gram / 64] >> gram % 64 & 1)
                gram_hit(x, 1, gram, i, preds, text, fold, to);
        }
}

bool index_is_plain(const text_index *x) { return x->wide != NULL; }

bool index_may(const text_index *x, span units)
{
    for (size_t i = 0; i + 8 <= units.len; i += 2) {
        uint64_t four = le64(units.at + i);
        uint32_t h = wide_hash(four);
        if (four & 0xff80ff80ff80ff80)                   /* beyond ASCII letters may fold to ASCII ones */
            return true;
        if (x->wide[h / 64] >> h % 64 & 1)
            return true;
    }
    return false;
}

void index_scan(const text_index *x, const predicate *preds, span text, span fold, scan_out *to)
{
    const slot *s = find(&x->exact, key_of(fold));
    for (uint32_t k = 0; s && k < s->count; k++)
        if (span_eq(x->exact.entries[s->first + k].literal, fold))
            say(&x->exact.entries[s->first + k], to);
    scan_edges(x->starts, false, fold, to);
    scan_edges(x->ends, true, fold, to);
    scan_grams(x, preds, text, fold, to);
    for (size_t i = 0; i < x->small_count; i++)
        if (glob_matches(&preds[x->small[i].pred].g, fold))
            say(&x->small[i], to);
    for (size_t i = 0; i < x->other_count; i++)
        try_entry(&x->others[i], preds, text, fold, to);
}
