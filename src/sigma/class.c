/* A class of events: what is the same for all of them (the number, the provider) is worked into the conditions, so that most rules
 * fall away; what is left asks each field for all that it wants to know of it at once. Of each rule's condition a few predicates are
 * witnesses: unless one of them holds the rule cannot. */
#include "sigma/matcher.h"

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
        const predicate *p = match_pred(m, n->pred);
        const rule_field *f = p->field == UINT32_MAX ? NULL : match_field(m, p->field);
        if (!f || p->kind == PRED_REF || (f->origin != FROM_EVENT_ID && f->origin != FROM_PROVIDER) || !value_absent(event_get(ev, f->id)))
            return n;
        if (p->kind == PRED_ABSENT || p->kind == PRED_PRESENT)
            return plain_node(mem, p->kind == PRED_PRESENT ? NODE_TRUE : NODE_FALSE);
        span text = system_text(ev, f, &m->text);
        return plain_node(mem, pred_holds(p, text, text_folded(m, text), m->room) ? NODE_TRUE : NODE_FALSE);
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
    bool is = n->kind == NODE_PRED && match_pred(m, n->pred)->kind == PRED_REF;
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
        const predicate *p = match_pred(m, n->pred);
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
            field id = match_field(k->m, preds[pred].field)->id;
            field_ids = id != FIELD_NONE && id >= field_ids ? id + 1u : field_ids;
        }
    }
    if (words.count)
        make_keywords(c, preds, &words, &word_as, field_ids);
    vec_sort(&all, by_field);
    c->fields = arena_array(&c->mem, all.count ? all.count : 1, sizeof *c->fields);
    for (size_t i = 0; i < all.count;) {
        class_field f = { .field = ((asked *)vec_at(&all, i))->field };
        const rule_field *rf = f.of = match_field(k->m, f.field);
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
    c->names = arena_array(&c->mem, c->field_count + 1, sizeof *c->names);
    c->values = arena_array(&c->mem, c->field_count + 1, sizeof *c->values);
    c->seen = arena_alloc(&c->mem, c->field_count + 1);
    for (size_t i = 0; i < c->field_count; i++)
        c->names[i] = c->fields[i].of->id;
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

event_class *class_make(sigma_matcher *m, const event *ev)
{
    arena mem;
    arena_init(&mem, 0);
    event_class *c = arena_alloc(&mem, sizeof *c);
    c->mem = mem;
    c->channel = arena_span(&c->mem, ev->channel);
    c->provider = arena_span(&c->mem, ev->provider);
    c->event_id = ev->event_id;
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
