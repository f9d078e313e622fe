/* A hive's tree of keys, and how a commit lays it out. */
#include "range/regf_inside.h"

static uint32_t folded(uint32_t c)
{
    if (c < 128)
        return c >= 'a' && c <= 'z' ? c - 32 : c;
    if ((c >= 0xe0 && c <= 0xfe && c != 0xf7) || (c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) || (c >= 0x430 && c <= 0x44f))
        return c - 32;
    return c == 0xff ? 0x178 : c >= 0x450 && c <= 0x45f ? c - 80 : c;
}

static bool is_latin(span name)
{
    for (size_t at = 0; at < name.len;)
        if (utf8_take(name, &at) > 255)
            return false;
    return true;
}

static size_t name_bytes(span name)
{
    size_t n = 0;
    bool latin = is_latin(name);
    for (size_t at = 0; at < name.len;) {
        uint32_t c = utf8_take(name, &at);
        n += latin ? 1 : c > 0xffff ? 4 : 2;
    }
    return n;
}

static void put_name(hive *h, uint32_t to, span name)
{
    bool latin = is_latin(name);
    for (size_t at = 0; at < name.len;) {
        uint32_t c = utf8_take(name, &at);
        if (latin)
            h->image.at[to++] = (uint8_t)c;
        else if (c > 0xffff)
            set16(h, to, 0xd800 + ((c - 0x10000) >> 10)), set16(h, to + 2, 0xdc00 + ((c - 0x10000) & 0x3ff)), to += 4;
        else
            set16(h, to, c), to += 2;
    }
}

static int compare_names(span a, span b)
{
    size_t i = 0, j = 0;
    while (i < a.len && j < b.len) {
        uint32_t c = folded(utf8_take(a, &i)), d = folded(utf8_take(b, &j));
        if (c != d)
            return c < d ? -1 : 1;
    }
    return i < a.len ? 1 : j < b.len ? -1 : 0;
}

static uint32_t name_hash(span name)
{
    uint32_t n = 0;
    for (size_t at = 0; at < name.len;)
        n = 37 * n + folded(utf8_take(name, &at));
    return n;
}

/* The first four characters, as lf lists have them. */
static uint32_t name_hint(span name)
{
    uint8_t out[4] = { 0 };
    size_t at = 0;
    for (int i = 0; i < 4 && at < name.len; i++)
        out[i] = (uint8_t)utf8_take(name, &at);
    return (uint32_t)out[0] | (uint32_t)out[1] << 8 | (uint32_t)out[2] << 16 | (uint32_t)out[3] << 24;
}

static span name_key(const hive_key *parent, span name, uint8_t out[1100])
{
    size_t n = sizeof parent, at = 0;
    memcpy(out, &parent, n);
    while (at < name.len && n < 1090)
        n += utf8_put(out + n, folded(utf8_take(name, &at)));
    return span_of(out, n);
}

static void touch(hive *h, hive_key *k)
{
    k->changed = true;
    if (!moment_known(k->written) || k->written < h->clock)
        k->written = h->clock;
}

static hive_key *make_key(hive *h, hive_key *parent, span name)
{
    hive_key *k = arena_alloc(h->mem, sizeof *k);
    uint8_t key[1100];
    *k = (hive_key){ .parent = parent,
                     .name = arena_span(h->mem, name),
                     .written = h->clock,
                     .cell = NONE,
                     .class_at = NONE,
                     .list_at = NONE,
                     .values_at = NONE,
                     .sk = parent ? parent->sk : 0,
                     .changed = true };
    assert(name.len <= 1000);
    vec_init(&k->leaves, sizeof(uint32_t));
    ((security *)vec_at(&h->secured, k->sk))->uses++;
    *map_put(&h->names, name_key(parent, name, key), NULL) = (uint64_t)(uintptr_t)k;
    h->keys++;
    return k;
}

hive_key *hive_add(hive *h, hive_key *parent, span name)
{
    hive_key *k = make_key(h, parent, name);
    if (parent->count == parent->room) {
        uint32_t room = parent->room ? parent->room * 2 : 4;
        hive_key **more = arena_array(h->mem, room, sizeof *more);
        if (parent->count)
            memcpy(more, parent->below, parent->count * sizeof *more);
        parent->below = more;
        parent->room = room;
    }
    parent->below[parent->count++] = k;
    parent->list_changed = true;
    touch(h, parent);
    return k;
}

static hive_key *walk(hive *h, hive_key *from, const char *path, bool make)
{
    while (*path && from) {
        size_t n = strcspn(path, "\\");
        uint8_t key[1100];
        span name = span_of(path, n);
        uint64_t *there = map_find(&h->names, name_key(from, name, key));
        from = there && *there ? (hive_key *)(uintptr_t)*there : make ? hive_add(h, from, name) : NULL;
        path += n + (path[n] == '\\');
    }
    return from;
}
hive_key *hive_find(hive *h, hive_key *from, const char *path) { return walk(h, from, path, false); }
hive_key *hive_at(hive *h, hive_key *from, const char *path) { return walk(h, from, path, true); }
hive_key *hive_root(hive *h) { return h->root; }
size_t hive_key_count(const hive *h) { return h->keys; }
size_t hive_value_count(const hive *h) { return h->values; }
void hive_clock(hive *h, moment t) { h->clock = t; }
void hive_time(hive_key *k, moment written)
{
    k->written = written;
    k->changed = true;
}
void hive_class(hive *h, hive_key *k, const char *text)
{
    assert(k->cell == NONE);
    k->class_name = arena_str(h->mem, text);
    touch(h, k);
}

static uint32_t secured_as(hive *h, span descriptor)
{
    for (size_t i = 0; i < h->secured.count; i++)
        if (span_eq(((security *)vec_at(&h->secured, i))->descriptor, descriptor))
            return (uint32_t)i;
    *(security *)vec_push(&h->secured) = (security){ arena_span(h->mem, descriptor), NONE, 0 };
    return (uint32_t)h->secured.count - 1;
}

void hive_secure(hive *h, hive_key *k, span descriptor)
{
    uint32_t sk = secured_as(h, descriptor);
    ((security *)vec_at(&h->secured, k->sk))->uses--;
    ((security *)vec_at(&h->secured, sk))->uses++;
    k->sk = sk;
    touch(h, k);
}

static value *value_of(hive_key *k, span name)
{
    for (uint32_t i = 0; i < k->value_count; i++)
        if (compare_names(k->values[i].name, name) == 0)
            return &k->values[i];
    return NULL;
}

void hive_value(hive *h, hive_key *k, span name, uint32_t type, span data)
{
    value *v = value_of(k, name);
    if (!v) {
        if (k->value_count == k->value_room) {
            uint32_t room = k->value_room ? k->value_room * 2 : 4;
            value *more = arena_array(h->mem, room, sizeof *more);
            if (k->value_count)
                memcpy(more, k->values, k->value_count * sizeof *more);
            k->values = more;
            k->value_room = room;
        }
        v = &k->values[k->value_count++];
        *v = (value){ .name = arena_span(h->mem, name), .cell = NONE, .at = NONE };
        h->values++;
    }
    v->type = type;
    v->data = arena_span(h->mem, data);
    v->changed = true;
    k->values_changed = true;
    touch(h, k);
}

void hive_binary(hive *h, hive_key *k, const char *name, span data) { hive_value(h, k, span_str(name), HIVE_BINARY, data); }
void hive_dword(hive *h, hive_key *k, const char *name, uint32_t n) { hive_value(h, k, span_str(name), HIVE_DWORD, span_of(&n, 4)); }
void hive_qword(hive *h, hive_key *k, const char *name, uint64_t n) { hive_value(h, k, span_str(name), HIVE_QWORD, span_of(&n, 8)); }

static void text_value(hive *h, hive_key *k, const char *name, uint32_t type, const char *text, bool parts)
{
    buf b;
    buf_init(&b, 1 << 26);
    put_utf16(&b, span_str(text));
    for (size_t i = 0; parts && i + 1 < b.len; i += 2)
        if (b.at[i] == '\n' && b.at[i + 1] == 0)
            b.at[i] = 0;
    put16(&b, 0);
    if (parts && *text)
        put16(&b, 0);
    hive_value(h, k, span_str(name), type, buf_bytes(&b));
    buf_done(&b);
}
void hive_sz(hive *h, hive_key *k, const char *name, const char *text) { text_value(h, k, name, HIVE_SZ, text, false); }
void hive_expand(hive *h, hive_key *k, const char *name, const char *text) { text_value(h, k, name, HIVE_EXPAND, text, false); }
void hive_multi(hive *h, hive_key *k, const char *name, const char *parts) { text_value(h, k, name, HIVE_MULTI, parts, true); }

static void release_data(hive *h, value *v)
{
    if (v->pieces) {
        uint32_t list = get32(h, v->at + 8);
        for (uint32_t i = 0; i < v->pieces; i++)
            hive_release(h, get32(h, list + 4 + 4 * i));
        hive_release(h, list);
    }
    hive_release(h, v->at);
    v->at = NONE;
    v->pieces = 0;
}

static void put_large(hive *h, value *v)
{
    uint32_t pieces = (uint32_t)((v->data.len + PIECE - 1) / PIECE), list = hive_cell(h, pieces * 4);
    v->at = hive_cell(h, 12);
    v->pieces = pieces;
    memcpy(h->image.at + v->at + 4, "db", 2);
    set16(h, v->at + 6, pieces);
    set32(h, v->at + 8, list);
    for (uint32_t i = 0; i < pieces; i++) {
        span piece = span_part(v->data, (size_t)i * PIECE, PIECE);
        uint32_t at = hive_cell(h, piece.len + 4); /* four bytes more, as Windows has it: readers count on them */
        memcpy(h->image.at + at + 4, piece.at, piece.len);
        set32(h, list + 4 + 4 * i, at);
    }
}

static void put_value(hive *h, value *v)
{
    uint32_t size = (uint32_t)v->data.len;
    bool inside = size <= 4, large = h->o.minor > 3 && size > PIECE;
    if (v->at != NONE && (inside || large || v->pieces || hive_cell_room(h, v->at) < size))
        release_data(h, v);
    if (v->cell == NONE)
        v->cell = hive_cell(h, 20 + name_bytes(v->name));
    if (large) {
        put_large(h, v);
    } else if (!inside) {
        if (v->at == NONE)
            v->at = hive_cell(h, size);
        memcpy(h->image.at + v->at + 4, v->data.at, size);
    }
    uint32_t at = v->cell + 4;
    memcpy(h->image.at + at, "vk", 2);
    set16(h, at + 2, (unsigned)name_bytes(v->name));
    set32(h, at + 4, inside ? size | 0x80000000u : size);
    set32(h, at + 8, 0);
    if (inside && size)
        memcpy(h->image.at + at + 8, v->data.at, size);
    else if (!inside)
        set32(h, at + 8, v->at);
    set32(h, at + 12, v->type);
    set16(h, at + 16, v->name.len && is_latin(v->name));
    put_name(h, at + 20, v->name);
    v->changed = false;
}

static void put_values(hive *h, hive_key *k)
{
    for (uint32_t i = 0; i < k->value_count; i++)
        if (k->values[i].changed)
            put_value(h, &k->values[i]);
    if (k->values_at != NONE && (k->value_count == 0 || hive_cell_room(h, k->values_at) < 4 * k->value_count)) {
        hive_release(h, k->values_at);
        k->values_at = NONE;
    }
    if (k->value_count && k->values_at == NONE)
        k->values_at = hive_cell(h, 4 * k->value_count);
    for (uint32_t i = 0; i < k->value_count; i++)
        set32(h, k->values_at + 4 + 4 * i, k->values[i].cell);
    k->values_changed = false;
}

static int by_name(const void *a, const void *b) { return compare_names((*(hive_key *const *)a)->name, (*(hive_key *const *)b)->name); }

static uint32_t put_leaf(hive *h, hive_key *k, uint32_t from, uint32_t count)
{
    unsigned each = h->o.plain_lists ? 4 : 8;
    uint32_t at = hive_cell(h, 4 + each * count);
    memcpy(h->image.at + at + 4, h->o.plain_lists ? "li" : h->o.minor > 4 ? "lh" : "lf", 2);
    set16(h, at + 6, count);
    for (uint32_t i = 0; i < count; i++) {
        const hive_key *child = k->below[from + i];
        set32(h, at + 8 + each * i, child->cell);
        if (each == 8)
            set32(h, at + 12 + each * i, h->o.minor > 4 ? name_hash(child->name) : name_hint(child->name));
    }
    return at;
}

static void put_list(hive *h, hive_key *k)
{
    for (size_t i = 0; i < k->leaves.count; i++)
        hive_release(h, *(uint32_t *)vec_at(&k->leaves, i));
    k->leaves.count = 0;
    hive_release(h, k->list_at);
    k->list_at = NONE;
    k->list_changed = false;
    if (!k->count)
        return;
    qsort(k->below, k->count, sizeof *k->below, by_name);
    if (k->count <= LEAF) {
        k->list_at = put_leaf(h, k, 0, k->count);
        return;
    }
    for (uint32_t from = 0; from < k->count; from += LEAF)
        *(uint32_t *)vec_push(&k->leaves) = put_leaf(h, k, from, k->count - from < LEAF ? k->count - from : LEAF);
    k->list_at = hive_cell(h, 4 + 4 * k->leaves.count);
    memcpy(h->image.at + k->list_at + 4, "ri", 2);
    set16(h, k->list_at + 6, (unsigned)k->leaves.count);
    for (uint32_t i = 0; i < k->leaves.count; i++)
        set32(h, k->list_at + 8 + 4 * i, *(uint32_t *)vec_at(&k->leaves, i));
}

static uint32_t units_of(span name) { return (uint32_t)(is_latin(name) ? 2 * name_bytes(name) : name_bytes(name)); }

static void put_key(hive *h, hive_key *k)
{
    uint32_t at = k->cell + 4, longest = 0, longest_value = 0, largest = 0, longest_class = 0, class_len = 0;
    for (uint32_t i = 0; i < k->count; i++) {
        uint32_t n = units_of(k->below[i]->name), c = k->below[i]->class_name ? 2 * (uint32_t)strlen(k->below[i]->class_name) : 0;
        longest = n > longest ? n : longest;
        longest_class = c > longest_class ? c : longest_class;
    }
    for (uint32_t i = 0; i < k->value_count; i++) {
        uint32_t n = units_of(k->values[i].name), size = (uint32_t)k->values[i].data.len;
        longest_value = n > longest_value ? n : longest_value;
        largest = size > largest ? size : largest;
    }
    if (k->class_name) {
        buf b;
        buf_init(&b, 1 << 16);
        put_utf16(&b, span_str(k->class_name));
        class_len = (uint32_t)b.len;
        if (k->class_at == NONE)
            k->class_at = hive_cell(h, class_len);
        memcpy(h->image.at + k->class_at + 4, b.at, b.len);
        buf_done(&b);
    }
    memcpy(h->image.at + at, "nk", 2);
    set16(h, at + 2, (k->parent ? 0 : 0xc) | (is_latin(k->name) ? 0x20 : 0));
    set64(h, at + 4, k->written);
    set32(h, at + 16, k->parent ? k->parent->cell : 0);
    set32(h, at + 20, k->count);
    set32(h, at + 28, k->list_at);
    set32(h, at + 32, NONE);
    set32(h, at + 36, k->value_count);
    set32(h, at + 40, k->values_at);
    set32(h, at + 44, ((security *)vec_at(&h->secured, k->sk))->cell);
    set32(h, at + 48, k->class_at);
    set32(h, at + 52, longest);
    set32(h, at + 56, longest_class);
    set32(h, at + 60, longest_value);
    set32(h, at + 64, largest);
    set16(h, at + 72, (unsigned)name_bytes(k->name));
    set16(h, at + 74, class_len);
    put_name(h, at + 76, k->name);
    k->changed = false;
}

static void commit_key(hive *h, hive_key *k)
{
    if (k->cell == NONE)
        k->cell = hive_cell(h, 76 + name_bytes(k->name));
    if (k->values_changed)
        put_values(h, k);
    for (uint32_t i = 0; i < k->count; i++)
        commit_key(h, k->below[i]);
    if (k->list_changed)
        put_list(h, k);
    if (k->changed)
        put_key(h, k);
}

static void put_securities(hive *h)
{
    for (size_t i = 0; i < h->secured.count; i++) {
        security *s = vec_at(&h->secured, i);
        if (s->cell == NONE) {
            s->cell = hive_cell(h, 20 + s->descriptor.len);
            memcpy(h->image.at + s->cell + 4, "sk", 2);
            set32(h, s->cell + 20, (uint32_t)s->descriptor.len);
            memcpy(h->image.at + s->cell + 24, s->descriptor.at, s->descriptor.len);
        }
    }
    for (size_t i = 0, n = h->secured.count; i < n; i++) {
        const security *s = vec_at(&h->secured, i), *next = vec_at(&h->secured, (i + 1) % n), *last = vec_at(&h->secured, (i + n - 1) % n);
        set32(h, s->cell + 8, next->cell);
        set32(h, s->cell + 12, last->cell);
        set32(h, s->cell + 16, s->uses);
    }
}

void hive_commit(hive *h)
{
    if (h->root->cell == NONE)
        h->root->cell = hive_cell(h, 76 + name_bytes(h->root->name)); /* the root lies first, at 0x20 */
    put_securities(h);
    commit_key(h, h->root);
    hive_free_released(h);
    if (h->logging)
        hive_log_changes(h);
}

bool hive_drop_value(hive *h, hive_key *k, const char *name)
{
    value *v = value_of(k, span_str(name));
    if (!v)
        return false;
    if (v->cell != NONE) {
        release_data(h, v);
        hive_release(h, v->cell);
    }
    memmove(v, v + 1, (size_t)(&k->values[k->value_count] - v - 1) * sizeof *v);
    k->value_count--;
    h->values--;
    k->values_changed = true;
    touch(h, k);
    return true;
}

static void forget(hive *h, hive_key *k)
{
    uint8_t key[1100];
    for (uint32_t i = 0; i < k->count; i++)
        forget(h, k->below[i]);
    for (uint32_t i = 0; i < k->value_count; i++) {
        if (k->values[i].cell != NONE) {
            release_data(h, &k->values[i]);
            hive_release(h, k->values[i].cell);
        }
    }
    for (size_t i = 0; i < k->leaves.count; i++)
        hive_release(h, *(uint32_t *)vec_at(&k->leaves, i));
    vec_done(&k->leaves);
    hive_release(h, k->values_at);
    hive_release(h, k->list_at);
    hive_release(h, k->class_at);
    hive_release(h, k->cell);
    ((security *)vec_at(&h->secured, k->sk))->uses--;
    h->keys--;
    h->values -= k->value_count;
    *map_put(&h->names, name_key(k->parent, k->name, key), NULL) = 0;
}

void hive_drop(hive *h, hive_key *k)
{
    hive_key *parent = k->parent;
    assert(parent);
    uint32_t i = 0;
    while (parent->below[i] != k)
        i++;
    forget(h, k);
    memmove(parent->below + i, parent->below + i + 1, (parent->count - i - 1) * sizeof *parent->below);
    parent->count--;
    parent->list_changed = true;
    touch(h, parent);
}

hive *hive_new(arena *mem, const hive_options *o)
{
    /* Administrators and SYSTEM may do all, Everyone may read: owner and group are the administrators'. */
    static const uint8_t plain[] = { 1,  0,  4, 0x80, 20, 0,  0,  0,  36, 0, 0, 0,  0,  0,  0,  0,  52, 0, 0, 0,  1, 2, 0, 0,  0,
                                     0,  0,  5, 32,   0,  0,  0,  32, 2,  0, 0, 1,  2,  0,  0,  0,  0,  0, 5, 32, 0, 0, 0, 32, 2,
                                     0,  0,  2, 0,    72, 0,  3,  0,  0,  0, 0, 2,  24, 0,  63, 0,  15, 0, 1, 2,  0, 0, 0, 0,  0,
                                     5,  32, 0, 0,    0,  32, 2,  0,  0,  0, 2, 20, 0,  63, 0,  15, 0,  1, 1, 0,  0, 0, 0, 0,  5,
                                     18, 0,  0, 0,    0,  2,  20, 0,  25, 0, 2, 0,  1,  1,  0,  0,  0,  0, 0, 1,  0, 0, 0, 0 };
    hive *h = arena_alloc(mem, sizeof *h);
    h->mem = mem;
    h->o = *o;
    h->clock = o->clock;
    if (!h->o.sequence)
        h->o.sequence = 1;
    h->sequence = h->o.sequence;
    map_init(&h->names);
    vec_init(&h->secured, sizeof(security));
    vec_init(&h->starts, 1);
    for (size_t i = 0; i <= CLASSES; i++)
        vec_init(&h->free_cells[i], sizeof(uint32_t));
    vec_init(&h->released, sizeof(uint32_t));
    vec_init(&h->log, sizeof(log_entry));
    buf_init(&h->image, IMAGE_MOST);
    buf_init(&h->before, IMAGE_MOST);
    buf_init(&h->seen, IMAGE_MOST);
    secured_as(h, span_of(plain, sizeof plain));
    h->root = make_key(h, NULL, span_str(o->root));
    return h;
}

static void done_key(hive_key *k)
{
    for (uint32_t i = 0; i < k->count; i++)
        done_key(k->below[i]);
    vec_done(&k->leaves);
}

void hive_done(hive *h)
{
    done_key(h->root);
    map_done(&h->names);
    vec_done(&h->secured);
    vec_done(&h->starts);
    for (size_t i = 0; i <= CLASSES; i++)
        vec_done(&h->free_cells[i]);
    vec_done(&h->released);
    for (size_t i = 0; i < h->log.count; i++) {
        log_entry *e = vec_at(&h->log, i);
        vec_done(&e->pages);
        buf_done(&e->bytes);
    }
    vec_done(&h->log);
    buf_done(&h->image);
    buf_done(&h->before);
    buf_done(&h->seen);
}
