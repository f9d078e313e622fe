/* The walk through all keys and values that regf_open makes. What is damaged is told here, once; what is not in the index does
 * not exist for anybody else. */
#include "format/regf_hive.h"

typedef struct { uint32_t cell; span name; bool latin; } named;
typedef struct {
    regf *h;
    vec keys, first_key, values, first_value;    /* uint32_t */
    vec siblings;                                /* named: the subkeys of the key that is read */
    vec path_lens;                               /* uint32_t: of each key */
    budget structure, data, paths;               /* bytes of what is taken, apart, so data cannot hide keys */
    uint32_t depth;
} walk;

static void push(vec *v, uint32_t n)
{
    *(uint32_t *)vec_push(v) = n;
}

static uint32_t at(const vec *v, size_t i)
{
    return *(uint32_t *)vec_at(v, i);
}

/* What a hive refers to lies in it. */
static span live_cell(const regf *h, uint32_t cell, bool *in_use)
{
    *in_use = false;
    return cell < h->live ? regf_cell(h, cell, in_use) : (span){ 0 };
}

/* A cell is taken once; and all that is taken is no more than a whole hive can be, however cells overlap. */
static bool take(walk *w, budget *left, uint64_t *cells, uint32_t cell, uint64_t bytes, const char *again)
{
    if (regf_bit(cells, cell)) {
        regf_note(w->h, again, cell, "something else refers to this already");
        return false;
    }
    regf_mark(cells, cell);
    if (budget_bytes(left, bytes))
        return true;
    regf_note(w->h, "hive.overlap", cell, "more is referred to than the hive can hold");
    return false;
}

/* ---- keys ---- */

static void take_key(walk *w, const regf_key *parent, uint32_t cell)
{
    regf_key key;
    bool in_use, cut = false;
    if (!regf_read_key(live_cell(w->h, cell, &in_use), cell, &key, &cut)) {
        regf_note(w->h, "key.cell", parent->cell, "a subkey should lie at cell %u, and does not", cell);
        return;
    }
    if (!take(w, &w->structure, w->h->signed_cells, cell, REGF_KEY_HEAD + key.name.len, "key.again"))
        return;
    if (!in_use)
        regf_note(w->h, "key.free", cell, "a subkey lies in a free cell");
    if (key.parent != parent->cell)
        regf_note(w->h, "key.parent", cell, "a key says that its parent is cell %u, and hangs on cell %u", key.parent, parent->cell);
    if (cut)
        regf_note(w->h, "key.name", cell, "the name of a key does not fit into its cell");
    *(named *)vec_push(&w->siblings) = (named){ cell, key.name, key.latin };
}

/* lf and lh carry a hint behind each entry, li does not; ri names other lists, and never another ri. */
static void take_subkeys(walk *w, const regf_key *parent, uint32_t list, bool may_be_root)
{
    bool in_use;
    cursor c = cur_open(live_cell(w->h, list, &in_use));
    uint16_t kind = cur_u16(&c, "list.signature");
    bool hashed = kind == ('l' | 'f' << 8) || kind == ('l' | 'h' << 8), root = kind == ('r' | 'i' << 8);
    size_t each = hashed ? 8 : 4, count = cur_u16(&c, "list.count");
    if (!cur_ok(&c) || !(hashed || kind == ('l' | 'i' << 8) || (root && may_be_root))) {
        regf_note(w->h, "list.signature", parent->cell, "no list of subkeys lies at cell %u", list);
        return;
    }
    if (count > cur_left(&c) / each) {
        regf_note(w->h, "list.count", list, "a list of %zu entries lies in a cell for %zu", count, cur_left(&c) / each);
        count = cur_left(&c) / each;
    }
    if (!take(w, &w->structure, w->h->signed_cells, list, count * each, "list.again"))
        return;
    for (size_t i = 0; i < count && cur_ok(&c); i++) {
        uint32_t entry = cur_u32(&c, "list.entry");
        if (i + REGF_AHEAD < count)
            regf_expect(w->h, le32(c.all.at + c.at - 4 + REGF_AHEAD * each));
        if (hashed)
            cur_skip(&c, 4, "list.hint");
        if (root)
            take_subkeys(w, parent, entry, false);
        else
            take_key(w, parent, entry);
    }
}

static int by_name(const void *a, const void *b)
{
    const named *x = a, *y = b;
    return regf_compare(x->name, x->latin, y->name, y->latin);
}

/* Of real hives all paths together are as large as half the hive; level by level, so that deep ones go first. */
enum { PATHS_A_BYTE = 64 };

static void take_siblings(walk *w, const regf_key *parent, uint32_t marks, uint32_t path_len)
{
    w->siblings.count = 0;
    if (w->depth == REGF_DEPTH)
        regf_note(w->h, "key.depth", parent->cell, "subkeys deeper than %d are left out", REGF_DEPTH);
    else if (parent->subkey_count)
        take_subkeys(w, parent, parent->subkey_list, true);
    if (w->siblings.count != parent->subkey_count)
        regf_note(w->h, "key.subkeys", parent->cell, "a key of %u subkeys has %zu", parent->subkey_count, w->siblings.count);

    for (size_t i = 1; i < w->siblings.count; i++)
        if (by_name(vec_at(&w->siblings, i - 1), vec_at(&w->siblings, i)) > 0) {
            vec_sort(&w->siblings, by_name);
            break;
        }
    for (size_t i = 0; i < w->siblings.count; i++) {
        const named *n = vec_at(&w->siblings, i);
        regf_key key = { .name = n->name, .latin = n->latin };
        if (!budget_bytes(&w->paths, path_len + n->name.len + 1)) {
            regf_note(w->h, "hive.paths", n->cell, "keys are left out: the paths of all are too long for such a hive");
            break;
        }
        push(&w->path_lens, path_len + (uint32_t)n->name.len + 1);
        push(&w->keys, n->cell | marks | (regf_secret_branch(parent, w->depth == 0, &key) ? REGF_SECRET : 0));
    }
}

/* ---- values ---- */

/* False when nothing of the data is there. */
static bool take_data(walk *w, const regf_value *v)
{
    span list;
    bool in_use;
    size_t segments = regf_segments(w->h, v, &list);
    uint64_t there = live_cell(w->h, v->data, &in_use).len;
    if (segments) {
        there = (uint64_t)segments * REGF_SEGMENT;
        for (size_t i = 0; i < segments; i++) {
            uint32_t segment = le32(list.at + 4 * i);
            size_t len = live_cell(w->h, segment, &in_use).len;
            if (len)
                regf_mark(w->h->plain_cells, segment);
            if (len < REGF_SEGMENT && len < v->size - i * REGF_SEGMENT)
                there = 0;
        }
    }
    if (there < v->size)
        regf_note(w->h, "value.data", v->cell, "not all of the %u bytes of a value are there", v->size);
    return live_cell(w->h, v->data, &in_use).len
        && take(w, &w->data, segments ? w->h->signed_cells : w->h->plain_cells, v->data, there < v->size ? there : v->size, "value.data_again");
}

static void take_value(walk *w, const regf_key *of, uint32_t cell)
{
    regf_value v;
    bool in_use, cut = false;
    if (!regf_read_value(live_cell(w->h, cell, &in_use), cell, &v, &cut)) {
        regf_note(w->h, "value.cell", of->cell, "a value should lie at cell %u, and does not", cell);
        return;
    }
    if (!take(w, &w->structure, w->h->signed_cells, cell, REGF_VALUE_HEAD + v.name.len, "value.again"))
        return;
    if (!in_use)
        regf_note(w->h, "value.free", cell, "a value lies in a free cell");
    if (cut)
        regf_note(w->h, "value.name", cell, "the name of a value does not fit into its cell");
    bool lost = !v.inside && v.size && !take_data(w, &v);
    push(&w->values, cell | (lost ? REGF_DATA_LOST : 0));
}

static void take_values(walk *w, const regf_key *of)
{
    size_t before = w->values.count;
    bool in_use;
    if (of->flags & REGF_FLAG_PREDEFINED || of->value_count == 0)
        return;
    cursor c = cur_open(live_cell(w->h, of->value_list, &in_use));
    size_t count = of->value_count < cur_left(&c) / 4 ? of->value_count : cur_left(&c) / 4;
    if (count && take(w, &w->structure, w->h->plain_cells, of->value_list, count * 4, "list.again"))
        for (size_t i = 0; i < count && cur_ok(&c); i++) {
            if (i + REGF_AHEAD < count)
                regf_expect(w->h, le32(c.all.at + c.at + 4 * REGF_AHEAD));
            take_value(w, of, cur_u32(&c, "list.value"));
        }
    if (w->values.count - before != of->value_count)
        regf_note(w->h, "key.values", of->cell, "a key of %u values has %zu", of->value_count, w->values.count - before);
}

/* ---- all of it ---- */

/* False when the class name is taken already. */
static bool take_rest(walk *w, const regf_key *key)
{
    bool in_use;
    if (live_cell(w->h, key->security, &in_use).len)
        regf_mark(w->h->signed_cells, key->security);            /* shared by design */
    return !key->class_len || !live_cell(w->h, key->class_at, &in_use).len
        || take(w, &w->data, w->h->plain_cells, key->class_at, key->class_len, "key.class_again");
}

static void walk_all(walk *w)
{
    size_t level_end = 1;
    for (size_t i = 0; i < w->keys.count; i++) {
        regf_key key;
        bool in_use, cut;
        uint32_t entry = at(&w->keys, i), cell = entry & ~(uint32_t)REGF_MARKS;
        if (i == level_end) {
            level_end = w->keys.count;
            w->depth++;
        }
        push(&w->first_key, (uint32_t)w->keys.count);
        push(&w->first_value, (uint32_t)w->values.count);
        if (!regf_read_key(live_cell(w->h, cell, &in_use), cell, &key, &cut))
            continue;
        take_siblings(w, &key, entry & REGF_SECRET, at(&w->path_lens, i));
        take_values(w, &key);
        if (!take_rest(w, &key))
            *(uint32_t *)vec_at(&w->keys, i) |= REGF_CLASS_LOST;
    }
    push(&w->first_key, (uint32_t)w->keys.count);
    push(&w->first_value, (uint32_t)w->values.count);
}

/* The base block says where the root is. Where it does not, the first key is taken that says it is one. */
static uint32_t find_root(regf *h)
{
    regf_key key;
    bool in_use, cut;
    if (regf_read_key(live_cell(h, h->base.root, &in_use), h->base.root, &key, &cut))
        return h->base.root;
    regf_note(h, "base.root", REGF_NONE, "no key lies at cell %u, where the root should be", h->base.root);
    for (uint32_t cell = 0; cell < h->live; cell += 8)
        if (regf_read_key(regf_cell(h, cell, &in_use), cell, &key, &cut) && in_use && key.flags & REGF_FLAG_ROOT)
            return cell;
    return REGF_NONE;
}

static uint32_t *keep(regf *h, vec *v)
{
    uint32_t *kept = arena_array(h->mem, v->count, sizeof *kept);
    if (kept && v->count)
        memcpy(kept, v->at, v->count * sizeof *kept);
    vec_done(v);
    return kept;
}

/* So that a key is found by its cell: a bit for each, how many bits stand before each word, and the key by that number. */
static void rank_keys(regf *h, size_t words)
{
    h->key_cells = arena_array(h->mem, words, sizeof *h->key_cells);
    h->rank = arena_array(h->mem, words, sizeof *h->rank);
    h->node_of = arena_array(h->mem, h->key_count, sizeof *h->node_of);
    if (!h->keys || !h->key_cells || !h->rank || !h->node_of)
        return;
    for (uint32_t i = 0; i < h->key_count; i++)
        regf_mark(h->key_cells, h->keys[i] & ~(uint32_t)REGF_MARKS);
    for (size_t i = 1; i < words; i++)
        h->rank[i] = h->rank[i - 1] + (uint32_t)__builtin_popcountll(h->key_cells[i - 1]);
    for (uint32_t i = 0; i < h->key_count; i++) {
        uint32_t cell = h->keys[i] & ~(uint32_t)REGF_MARKS;
        h->node_of[h->rank[cell / 512] + (uint32_t)__builtin_popcountll(h->key_cells[cell / 512] & ((1ull << cell / 8 % 64) - 1))] = i;
    }
}

status regf_index(regf *h)
{
    size_t words = h->bins.len / 512 + 1;
    walk w = { .h = h, .structure.bytes = 2 * (uint64_t)h->bins.len, .data.bytes = 2 * (uint64_t)h->bins.len,
               .paths.bytes = PATHS_A_BYTE * (uint64_t)h->bins.len };
    vec_init(&w.keys, sizeof(uint32_t));
    vec_init(&w.first_key, sizeof(uint32_t));
    vec_init(&w.values, sizeof(uint32_t));
    vec_init(&w.first_value, sizeof(uint32_t));
    vec_init(&w.siblings, sizeof(named));
    vec_init(&w.path_lens, sizeof(uint32_t));
    h->signed_cells = arena_array(h->mem, words, sizeof *h->signed_cells);
    h->plain_cells = arena_array(h->mem, words, sizeof *h->plain_cells);
    if (!h->bin_end || !h->signed_cells || !h->plain_cells)
        return status_fail(STATUS_LIMIT, "no memory for the hive's index");

    uint32_t root = find_root(h);
    if (root != REGF_NONE) {
        regf_key none = { .cell = REGF_NONE }, key;
        bool in_use, cut;
        regf_read_key(regf_cell(h, root, &in_use), root, &key, &cut);
        regf_mark(h->signed_cells, root);
        push(&w.path_lens, 0);
        push(&w.keys, root | (regf_secret_branch(&none, false, &key) ? REGF_SECRET : 0));
    }
    walk_all(&w);
    h->key_count = (uint32_t)w.keys.count;
    h->value_count = (uint32_t)w.values.count;
    h->keys = keep(h, &w.keys);
    h->first_key = keep(h, &w.first_key);
    h->path_len = keep(h, &w.path_lens);
    h->values = keep(h, &w.values);
    h->first_value = keep(h, &w.first_value);
    vec_done(&w.siblings);
    rank_keys(h, words);
    if (!h->keys || !h->first_key || !h->values || !h->first_value || !h->path_len || !h->key_cells || !h->rank || !h->node_of)
        return status_fail(STATUS_LIMIT, "no memory for the hive's index");
    return status_ok();
}
