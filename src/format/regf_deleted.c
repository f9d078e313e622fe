/* Deleted keys and values: records in bytes that nothing refers to. A freed cell keeps its content until it is used again, and
 * free neighbours become one cell, so every place where a cell can begin is looked at.
 *
 * What lies behind the end of a hive may be from another one: nothing there belongs to anything before it.
 *
 * Hostile   A place is taken for one record at most; data and paths together are at most as large as the hive. */
#include "format/regf_hive.h"

enum { LONGEST_NAME = 512, LONGEST_VALUE_NAME = 1024, MOST_SUBKEYS = 1000000, MOST_VALUES = 100000, LONGEST_CHAIN = REGF_DEPTH };
#define EARLIEST 116444736000000000ull       /* 1970 */
#define LATEST   157766400000000000ull       /* 2100 */

typedef struct { regf_key key; const char *path; uint32_t first_value, value_count; bool resolved, live; } lost_key;
typedef struct { regf_value value; bool taken; } lost_value;
typedef struct {
    const regf *h;
    arena *mem;
    uint64_t *used;                          /* a bit for every 8 bytes that something refers to */
    vec keys, values;                        /* lost_key, lost_value: by place, then those of live keys */
    vec order;                               /* uint32_t: values as they hang on keys */
    budget marks, left, paths;               /* bytes in use; of data and lists (steps: of names that are looked at); of paths */
} hunt;

/* ---- what is in use ---- */

static void use(hunt *d, uint32_t cell, size_t len)
{
    size_t end = (size_t)cell + 4 + len < d->h->bins.len ? (size_t)cell + 4 + len : d->h->bins.len;
    for (size_t at = cell; at < end && budget_bytes(&d->marks, 8); at += 8)
        regf_mark(d->used, (uint32_t)at);
}

static bool in_use(const hunt *d, uint32_t from, size_t len)
{
    size_t end = (size_t)from + len;
    for (size_t at = from - from % 8; at < end && at < d->h->bins.len; at += 8)
        if (regf_bit(d->used, (uint32_t)at))
            return true;
    return false;
}

static void use_value(hunt *d, const regf_value *v)
{
    bool now;
    span list;
    use(d, v->cell, REGF_VALUE_HEAD + v->name.len);
    if (v->inside || v->data == REGF_NONE)
        return;
    size_t segments = regf_segments(d->h, v, &list), len = regf_cell(d->h, v->data, &now).len;
    if (!segments) {
        use(d, v->data, v->size < len ? v->size : len);      /* behind it may be what lay there before */
        return;
    }
    use(d, le32(regf_cell(d->h, v->data, &now).at + 4), list.len);
    for (size_t i = 0; i < segments; i++)
        use(d, le32(list.at + 4 * i), regf_cell(d->h, le32(list.at + 4 * i), &now).len);
}

/* Of a cell with a signature as much as it needs; keys and values have their turn later. */
static void use_signed(hunt *d, uint32_t cell)
{
    bool now;
    cursor c = cur_open(regf_cell(d->h, cell, &now));
    uint16_t kind = cur_u16(&c, "cell.signature"), count = cur_u16(&c, "cell.count");
    if (kind == ('l' | 'f' << 8) || kind == ('l' | 'h' << 8))
        use(d, cell, 4 + (size_t)count * 8);
    else if (kind == ('l' | 'i' << 8) || kind == ('r' | 'i' << 8))
        use(d, cell, 4 + (size_t)count * 4);
    else if (kind == ('d' | 'b' << 8) || kind == ('s' | 'k' << 8))
        use(d, cell, c.all.len);
}

static void use_all(hunt *d)
{
    const regf *h = d->h;
    bool now;
    for (uint32_t cell = 0; cell < h->bins.len; cell += 8) {
        if (cell % 512 == 0 && !h->signed_cells[cell / 512]) {
            cell += 512 - 8;
            continue;
        }
        if (regf_bit(h->signed_cells, cell))
            use_signed(d, cell);
    }
    for (uint32_t page = 0; page < h->live; page += REGF_PAGE)
        if (page == 0 || h->bin_end[page / REGF_PAGE - 1] == page)
            use(d, page, REGF_BIN_HEAD - 4);
    for (uint32_t node = 0; node < h->key_count; node++) {
        regf_key key;
        regf_value v;
        if (!regf_key_at(h, h->keys[node] & ~(uint32_t)REGF_MARKS, &key))
            continue;
        use(d, key.cell, REGF_KEY_HEAD + key.name.len);
        size_t list = regf_cell(h, key.value_list, &now).len, class = regf_cell(h, key.class_at, &now).len;
        if (key.value_count && list)
            use(d, key.value_list, (size_t)key.value_count * 4 < list ? (size_t)key.value_count * 4 : list);
        if (key.class_len && class)
            use(d, key.class_at, key.class_len < class ? key.class_len : class);
        for (regf_values i = regf_values_of(h, &key); regf_values_next(&i, &v);)
            use_value(d, &v);
    }
}

/* ---- records ---- */

static bool name_can_be(hunt *d, span name, bool latin, size_t longest)
{
    if (name.len > longest || (!latin && name.len % 2) || !budget_steps(&d->left, name.len))
        return false;
    for (size_t i = 0; i < name.len; i += latin ? 1 : 2) {
        uint32_t unit = latin ? name.at[i] : le16(name.at + i);
        if ((unit < ' ' && unit) || unit == 0x7F || unit == 0xFFFD || unit == 0xFFFF)
            return false;
    }
    return true;
}

static void try_key(hunt *d, span from, uint32_t cell)
{
    regf_key key;
    bool cut;
    if (!regf_read_key(from, cell, &key, &cut) || cut || key.name.len == 0 || key.subkey_count > MOST_SUBKEYS
        || key.value_count > MOST_VALUES || key.written < EARLIEST || key.written > LATEST
        || in_use(d, cell, 4 + REGF_KEY_HEAD) || !name_can_be(d, key.name, key.latin, LONGEST_NAME)
        || in_use(d, cell, 4 + REGF_KEY_HEAD + key.name.len))
        return;
    key.deleted = true;
    *(lost_key *)vec_push(&d->keys) = (lost_key){ .key = key };
}

static void try_value(hunt *d, span from, uint32_t cell)
{
    regf_value v;
    bool cut, now;
    if (!regf_read_value(from, cell, &v, &cut) || cut || le16(from.at + 16) > 3 || le32(from.at + 4) > (v.inside ? 0x80000004u : v.size))
        return;
    /* Behind the end the data may be another hive's. */
    if (!v.inside && v.size && (v.data % 8 || v.data < REGF_BIN_HEAD || (v.data >= d->h->bins.len && cell < d->h->live)))
        return;
    if (!name_can_be(d, v.name, v.latin, LONGEST_VALUE_NAME) || in_use(d, cell, 4 + REGF_VALUE_HEAD + v.name.len))
        return;
    v.deleted = true;
    if (!v.inside && v.size) {
        size_t there = regf_cell(d->h, v.data, &now).len;
        if (!there || !budget_bytes(&d->left, v.size) || (cell >= d->h->live && v.data < d->h->live))
            v.data = REGF_NONE;
        else
            v.uncertain = in_use(d, v.data, 4 + (v.size < there ? v.size : there));
    }
    *(lost_value *)vec_push(&d->values) = (lost_value){ .value = v };
}

static void try_all(hunt *d)
{
    const regf *h = d->h;
    for (uint32_t cell = 0; (size_t)cell + 8 <= h->bins.len; cell += 8) {
        const uint8_t *at = h->bins.at + cell + 4;
        if (at[1] != 'k' || (at[0] != 'n' && at[0] != 'v') || regf_bit(d->used, cell))
            continue;
        span from = span_of(at, h->bin_end[cell / REGF_PAGE] - cell - 4);
        if (at[0] == 'n')
            try_key(d, from, cell);
        else
            try_value(d, from, cell);
    }
}

/* ---- what hangs on what ---- */

/* The place of a record in a vec that is in order of cells; SIZE_MAX when there is none. */
static size_t find(const vec *v, size_t count, uint32_t cell, size_t offset_of_cell)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t its;
        memcpy(&its, (const uint8_t *)vec_at(v, middle) + offset_of_cell, sizeof its);
        if (its == cell)
            return middle;
        *(its < cell ? &low : &high) = its < cell ? middle + 1 : middle;
    }
    return SIZE_MAX;
}

/* Values that the entries of a list name, from the first one on; those that another key has are another's. */
static uint32_t take_listed(hunt *d, span list, size_t first, size_t count)
{
    uint32_t taken = 0;
    for (size_t i = first; i < count && i < list.len / 4; i++) {
        size_t at = find(&d->values, d->values.count, le32(list.at + 4 * i), offsetof(lost_value, value.cell));
        lost_value *v = at == SIZE_MAX ? NULL : vec_at(&d->values, at);
        if (!v || v->taken)
            continue;
        v->taken = true;
        *(uint32_t *)vec_push(&d->order) = (uint32_t)at;
        taken++;
    }
    return taken;
}

static void hang_values(hunt *d)
{
    const regf *h = d->h;
    bool now;
    size_t dead = d->keys.count;
    for (size_t i = 0; i < dead; i++) {
        lost_key *k = vec_at(&d->keys, i);
        k->first_value = (uint32_t)d->order.count;
        size_t count = k->key.value_count;
        span list = count ? regf_cell(h, k->key.value_list, &now) : (span){ 0 };
        if ((k->key.cell < h->live) == (k->key.value_list < h->live) && !in_use(d, k->key.value_list, 4) && budget_bytes(&d->left, 4 * (count < list.len / 4 ? count : list.len / 4)))
            k->value_count = take_listed(d, list, 0, count);
    }
    for (uint32_t node = 0; node < h->key_count && d->values.count; node++) {    /* a list that became shorter keeps its last entries */
        regf_key key;
        if (!regf_key_at(h, h->keys[node] & ~(uint32_t)REGF_MARKS, &key) || key.value_count == 0)
            continue;
        span list = regf_cell(h, key.value_list, &now);
        uint32_t first = (uint32_t)d->order.count;
        uint32_t taken = key.value_count < list.len / 4 && budget_bytes(&d->left, list.len - 4 * (size_t)key.value_count)
                       ? take_listed(d, list, key.value_count, list.len / 4) : 0;
        if (taken)
            *(lost_key *)vec_push(&d->keys) = (lost_key){ .key = key, .first_value = first, .value_count = taken, .live = true };
    }
}

/* ---- paths ---- */

static const char unknown[] = "\\<unknown>";

static const char *join(hunt *d, const char *above, const regf_key *key)
{
    if (!budget_bytes(&d->paths, strlen(above) + 3 * key->name.len + 2))
        above = unknown;
    const char *name = regf_name_text(key->name, key->latin, d->mem);
    const char *path = name ? arena_printf(d->mem, "%s%s%s", above, *above ? "\\" : "", name) : NULL;
    return path ? path : unknown;
}

static const char *live_path(hunt *d, const regf_key *key)
{
    const char *path = budget_bytes(&d->paths, 3 * (uint64_t)d->h->path_len[key->node]) ? regf_path(d->h, key, d->mem) : NULL;
    return path ? path : unknown;
}

/* From parent to parent, as far as they are keys, live or deleted, and then back down. */
static void resolve(hunt *d, size_t dead, size_t at)
{
    size_t chain[LONGEST_CHAIN], depth = 0;
    const char *above = NULL;
    regf_key parent;
    while (!above) {
        lost_key *k = vec_at(&d->keys, at);
        if (k->resolved) {
            above = k->path ? k->path : unknown;           /* no path yet: it hangs on itself */
            break;
        }
        k->resolved = true;
        chain[depth++] = at;
        size_t up = find(&d->keys, dead, k->key.parent, offsetof(lost_key, key.cell));
        if (up != SIZE_MAX && depth < LONGEST_CHAIN && (k->key.cell < d->h->live) == (k->key.parent < d->h->live))
            at = up;
        else if (k->key.cell < d->h->live && regf_key_at(d->h, k->key.parent, &parent) && !parent.deleted)
            above = live_path(d, &parent);
        else
            above = unknown;
    }
    while (depth-- > 0) {
        lost_key *k = vec_at(&d->keys, chain[depth]);
        k->path = above = join(d, above, &k->key);
    }
}

static int by_place(const void *a, const void *b)
{
    const regf_lost *x = a, *y = b;
    uint32_t left = x->key.cell != REGF_NONE ? x->key.cell : x->values->cell, right = y->key.cell != REGF_NONE ? y->key.cell : y->values->cell;
    return left < right ? -1 : left > right;
}

static size_t deliver(hunt *d, regf_lost **out)
{
    vec all;
    vec_init(&all, sizeof(regf_lost));
    for (size_t i = 0; i < d->keys.count; i++) {
        const lost_key *k = vec_at(&d->keys, i);
        regf_value *values = arena_array(d->mem, k->value_count, sizeof *values);
        for (uint32_t v = 0; values && v < k->value_count; v++)
            values[v] = ((const lost_value *)vec_at(&d->values, *(uint32_t *)vec_at(&d->order, k->first_value + v)))->value;
        if (values && k->path)
            *(regf_lost *)vec_push(&all) = (regf_lost){ k->key, k->path, values, k->value_count };
    }
    for (size_t i = 0; i < d->values.count; i++) {
        const lost_value *v = vec_at(&d->values, i);
        regf_value *value = v->taken ? NULL : arena_alloc(d->mem, sizeof *value);
        if (!value)
            continue;
        *value = v->value;
        const regf_key none = { .cell = REGF_NONE, .node = REGF_NONE, .parent = REGF_NONE, .written = MOMENT_UNKNOWN, .deleted = true };
        *(regf_lost *)vec_push(&all) = (regf_lost){ none, unknown, value, 1 };
    }
    vec_sort(&all, by_place);
    *out = arena_array(d->mem, all.count, sizeof **out);
    size_t count = *out ? all.count : 0;
    if (count)
        memcpy(*out, all.at, count * sizeof **out);
    vec_done(&all);
    return count;
}

size_t regf_deleted(const regf *h, arena *mem, regf_lost **out)
{
    const uint64_t size = h->bins.len;
    hunt d = { .h = h, .mem = mem, .marks.bytes = 4 * size, .left = { .steps = 16 * size, .bytes = 2 * size }, .paths.bytes = 4 * size };
    d.used = arena_array(mem, h->bins.len / 512 + 1, sizeof *d.used);
    *out = NULL;
    if (!d.used)
        return 0;
    vec_init(&d.keys, sizeof(lost_key));
    vec_init(&d.values, sizeof(lost_value));
    vec_init(&d.order, sizeof(uint32_t));
    use_all(&d);
    try_all(&d);
    size_t dead = d.keys.count;
    hang_values(&d);
    for (size_t i = 0; i < d.keys.count; i++) {
        lost_key *k = vec_at(&d.keys, i);
        if (k->live)
            k->path = live_path(&d, &k->key);
        else
            resolve(&d, dead, i);
    }
    size_t count = deliver(&d, out);
    vec_done(&d.keys);
    vec_done(&d.values);
    vec_done(&d.order);
    return count;
}
