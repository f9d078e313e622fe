/* Keys, values and their data, as the index of a hive has them. */
#include "format/regf_hive.h"

#include "base/utf16_put.h"

/* ---- cells ---- */

static span take_name(cursor *c, size_t len, size_t most, bool *cut)
{
    size_t can = cur_left(c) < most ? cur_left(c) : most;
    *cut = len > can;
    return cur_bytes(c, *cut ? can : len, "name");
}

bool regf_read_key(span in_cell, uint32_t cell, regf_key *out, bool *cut)
{
    cursor c = cur_open(in_cell);
    if (cur_u16(&c, "key.signature") != ('n' | 'k' << 8) || in_cell.len < REGF_KEY_HEAD)
        return false;
    regf_key k = { .cell = cell, .node = REGF_NONE };
    k.flags = cur_u16(&c, "key.flags");
    k.latin = k.flags & REGF_FLAG_LATIN;
    k.written = moment_from_filetime(cur_u64(&c, "key.written"));
    cur_skip(&c, 4, "key.access");
    k.parent = cur_u32(&c, "key.parent");
    k.subkey_count = cur_u32(&c, "key.subkeys");
    cur_skip(&c, 4, "key.volatile");
    k.subkey_list = cur_u32(&c, "key.subkey_list");
    cur_skip(&c, 4, "key.volatile_list");
    k.value_count = cur_u32(&c, "key.values");
    k.value_list = cur_u32(&c, "key.value_list");
    k.security = cur_u32(&c, "key.security");
    k.class_at = cur_u32(&c, "key.class");
    cur_skip(&c, 20, "key.largest");
    size_t name_len = cur_u16(&c, "key.name_len");
    k.class_len = cur_u16(&c, "key.class_len");
    k.name = take_name(&c, name_len, REGF_KEY_NAME, cut);
    if (k.flags & REGF_FLAG_PREDEFINED)
        k.value_count = 0;                   /* it is a handle there */
    *out = k;
    return true;
}

bool regf_read_value(span in_cell, uint32_t cell, regf_value *out, bool *cut)
{
    cursor c = cur_open(in_cell);
    if (cur_u16(&c, "value.signature") != ('v' | 'k' << 8) || in_cell.len < REGF_VALUE_HEAD)
        return false;
    regf_value v = { .cell = cell };
    size_t name_len = cur_u16(&c, "value.name_len");
    uint32_t size = cur_u32(&c, "value.size");
    v.inside = size & 0x80000000u;
    v.size = size & 0x7FFFFFFFu;
    if (v.inside && v.size > 4)
        v.size = 4;
    v.data = cur_u32(&c, "value.data");
    v.type = cur_u32(&c, "value.type");
    v.latin = cur_u16(&c, "value.flags") & 1;
    cur_skip(&c, 2, "value.spare");
    v.name = take_name(&c, name_len, SIZE_MAX, cut);
    *out = v;
    return true;
}

/* ---- keys and values ---- */

static bool key_of_node(const regf *h, uint32_t node, regf_key *out)
{
    bool in_use, cut;
    uint32_t cell = h->keys[node] & ~(uint32_t)REGF_MARKS;
    if (!regf_read_key(regf_cell(h, cell, &in_use), cell, out, &cut))
        return false;
    out->node = node;
    if (node == 0)
        out->parent = REGF_NONE;
    return true;
}

regf_key regf_root(const regf *h)
{
    regf_key root = { .cell = REGF_NONE, .node = REGF_NONE, .written = MOMENT_UNKNOWN, .parent = REGF_NONE };
    if (h->key_count)
        key_of_node(h, 0, &root);
    return root;
}

bool regf_key_at(const regf *h, uint32_t cell, regf_key *out)
{
    bool in_use, cut;
    if (!regf_read_key(regf_cell(h, cell, &in_use), cell, out, &cut))
        return false;
    out->deleted = !regf_bit(h->key_cells, cell);
    if (out->deleted)
        return true;
    uint64_t below = h->key_cells[cell / 512] & ((1ull << cell / 8 % 64) - 1);
    return key_of_node(h, h->node_of[h->rank[cell / 512] + (uint32_t)__builtin_popcountll(below)], out);
}

regf_keys regf_keys_of(const regf *h, const regf_key *key)
{
    return key->node < h->key_count ? (regf_keys){ h, h->first_key[key->node], h->first_key[key->node + 1] } : (regf_keys){ .hive = h };
}

bool regf_keys_next(regf_keys *i, regf_key *out)
{
    if (i->at + REGF_AHEAD < i->end)
        regf_expect(i->hive, i->hive->keys[i->at + REGF_AHEAD]);
    return i->at < i->end && key_of_node(i->hive, i->at++, out);
}

bool regf_parent(const regf *h, const regf_key *key, regf_key *out)
{
    if (key->node == 0 || key->node >= h->key_count)
        return key->node && regf_key_at(h, key->parent, out);
    uint32_t low = 0, high = key->node;              /* the last one whose subkeys begin at or before this key */
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        *(h->first_key[middle] <= key->node ? &low : &high) = middle;
    }
    return key_of_node(h, low, out);
}

regf_values regf_values_of(const regf *h, const regf_key *key)
{
    return key->node < h->key_count ? (regf_values){ h, h->first_value[key->node], h->first_value[key->node + 1] } : (regf_values){ .hive = h };
}

bool regf_values_next(regf_values *i, regf_value *out)
{
    bool in_use, cut;
    if (i->at >= i->end)
        return false;
    uint32_t entry = i->hive->values[i->at++], cell = entry & ~(uint32_t)REGF_MARKS;
    bool there = regf_read_value(regf_cell(i->hive, cell, &in_use), cell, out, &cut);
    if (entry & REGF_DATA_LOST)
        out->data = REGF_NONE;
    return there;
}

/* ---- names ---- */

/* Capital letters of the scripts that have them in a row; Windows has a table of all. */
static uint32_t upper(uint32_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 0xE0 && c <= 0xFE && c != 0xF7) || (c >= 0x3B1 && c <= 0x3C9 && c != 0x3C2)
        || (c >= 0x430 && c <= 0x44F) || (c >= 0xFF41 && c <= 0xFF5A))
        return c - 0x20;
    return c >= 0x450 && c <= 0x45F ? c - 0x50 : c == 0xFF ? 0x178 : c;
}

static size_t units_of(span name, bool latin)
{
    return latin ? name.len : name.len / 2;
}

static uint32_t unit_of(span name, bool latin, size_t i)
{
    return latin ? name.at[i] : le16(name.at + 2 * i);
}

int regf_compare(span a, bool a_latin, span b, bool b_latin)
{
    size_t a_count = units_of(a, a_latin), b_count = units_of(b, b_latin), least = a_count < b_count ? a_count : b_count, i = 0;
    if (a_latin && b_latin)
        while (i < least && a.at[i] == b.at[i])      /* as most names are, and begin */
            i++;
    for (; i < least; i++) {
        uint32_t x = unit_of(a, a_latin, i), y = unit_of(b, b_latin, i);
        if (x != y && upper(x) != upper(y))
            return upper(x) < upper(y) ? -1 : 1;
    }
    return a_count < b_count ? -1 : a_count > b_count;
}

bool regf_name_is(span name, bool latin, const char *ascii)
{
    if (name.len < (latin ? 1 : 2) || upper(unit_of(name, latin, 0)) != upper((uint8_t)*ascii))
        return false;                                /* nearly always, so it is asked first */
    size_t len = strlen(ascii);
    return units_of(name, latin) == len && regf_compare(name, latin, span_of(ascii, len), true) == 0;
}

char *regf_name_text(span name, bool latin, arena *mem)
{
    size_t count = units_of(name, latin), at = 0;
    uint8_t *out = arena_alloc(mem, 3 * count + 1), *to = out;
    while (out && at < count) {
        uint32_t c = latin ? name.at[at++] : utf16_take(name, &at, count);
        to = put_utf8(to, c ? c : 0x2400);
    }
    return (char *)out;
}

char *regf_path(const regf *h, const regf_key *key, arena *mem)
{
    regf_key chain[REGF_DEPTH + 1];
    size_t count = 1;
    chain[0] = *key;
    while (count <= REGF_DEPTH && regf_parent(h, &chain[count - 1], &chain[count]))
        count++;
    buf out;
    buf_init(&out, (size_t)REGF_DEPTH * 2 * REGF_KEY_NAME);
    for (size_t i = count - 1; i-- > 0;) {
        arena name;
        arena_init(&name, 4 * REGF_KEY_NAME);
        buf_str(&out, regf_name_text(chain[i].name, chain[i].latin, &name));
        if (i)
            buf_char(&out, '\\');
        arena_done(&name);
    }
    char *path = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return path;
}

/* ---- finding ---- */

/* Up to the next backslash, as UTF-16LE; false when no name can be that long. */
static bool next_part(span path, size_t *at, uint8_t units[REGF_KEY_NAME], span *out)
{
    size_t len = 0;
    while (*at < path.len && path.at[*at] != '\\') {
        uint32_t c = utf8_take(path, at);
        uint32_t pair[2] = { c, 0 };
        if (c == UTF8_INVALID || len + 4 > REGF_KEY_NAME)
            return false;
        if (c > 0xFFFF) {
            pair[0] = 0xD800 + ((c - 0x10000) >> 10);
            pair[1] = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        for (size_t i = 0; i < 2 && (i == 0 || pair[i]); i++) {
            units[len++] = (uint8_t)pair[i];
            units[len++] = (uint8_t)(pair[i] >> 8);
        }
    }
    *out = span_of(units, len);
    return true;
}

static bool find_subkey(const regf *h, const regf_key *of, span name, regf_key *out)
{
    regf_keys all = regf_keys_of(h, of);
    uint32_t low = all.at, high = all.end;           /* they are in order of name: the first one that is not before it */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (!key_of_node(h, middle, out))
            return false;
        if (regf_compare(out->name, out->latin, name, false) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < all.end && key_of_node(h, low, out) && regf_compare(out->name, out->latin, name, false) == 0;
}

bool regf_find(const regf *h, const regf_key *from, const char *path, regf_key *out)
{
    uint8_t units[REGF_KEY_NAME];
    span all = span_str(path), name;
    regf_key key = *from;
    if (key.cell == REGF_NONE)
        return false;
    for (size_t at = 0; at < all.len; at += at < all.len) {
        regf_key of = key;
        if (!next_part(all, &at, units, &name) || (name.len && !find_subkey(h, &of, name, &key)))
            return false;
    }
    *out = key;
    return true;
}

bool regf_find_value(const regf *h, const regf_key *key, const char *name, regf_value *out)
{
    uint8_t units[REGF_KEY_NAME];
    span wanted = span_str(name), left = { 0 };
    size_t at = 0;
    bool short_enough = next_part(wanted, &at, units, &left) && at == wanted.len;
    regf_values i = regf_values_of(h, key);
    while (short_enough && regf_values_next(&i, out))
        if (regf_compare(out->name, out->latin, left, false) == 0)
            return true;
    return false;
}

/* ---- what values say ---- */

size_t regf_segments(const regf *h, const regf_value *v, span *list)
{
    bool in_use;
    if (h->base.minor <= 3 || v->inside || v->size <= REGF_SEGMENT)
        return 0;
    cursor c = cur_open(regf_cell(h, v->data, &in_use));
    if (cur_u16(&c, "big.signature") != ('d' | 'b' << 8))
        return 0;
    size_t count = cur_u16(&c, "big.count"), needed = ((size_t)v->size + REGF_SEGMENT - 1) / REGF_SEGMENT;
    *list = regf_cell(h, cur_u32(&c, "big.list"), &in_use);
    count = count < needed ? count : needed;
    return count < list->len / 4 ? count : list->len / 4;
}

span regf_data(const regf *h, const regf_value *v, arena *mem)
{
    bool in_use;
    span list;
    if (v->inside)
        return span_part(regf_cell(h, v->cell, &in_use), 8, v->size);
    size_t segments = regf_segments(h, v, &list), left = v->size, len = 0;
    if (!segments)
        return span_part(regf_cell(h, v->data, &in_use), 0, v->size);
    uint8_t *out = arena_alloc(mem, left < segments * REGF_SEGMENT ? left : segments * REGF_SEGMENT);
    for (size_t i = 0; i < segments && out; i++) {
        size_t want = left < REGF_SEGMENT ? left : REGF_SEGMENT;
        span part = span_part(regf_cell(h, le32(list.at + 4 * i), &in_use), 0, want);
        if (part.len)
            memcpy(out + len, part.at, part.len);
        len += part.len;
        left -= want;
        if (part.len < want)
            break;                                   /* what follows a hole would stand in the wrong place */
    }
    return span_of(out, out ? len : 0);
}

span regf_class(const regf *h, const regf_key *key)
{
    bool in_use;
    if (!key->class_len || (key->node < h->key_count && h->keys[key->node] & REGF_CLASS_LOST))
        return (span){ 0 };
    return span_part(regf_cell(h, key->class_at, &in_use), 0, key->class_len);
}

span regf_security(const regf *h, const regf_key *key)
{
    bool in_use;
    cursor c = cur_open(regf_cell(h, key->security, &in_use));
    uint16_t kind = cur_u16(&c, "security.signature");
    cur_skip(&c, 14, "security.head");
    size_t size = cur_u32(&c, "security.size");
    return kind == ('s' | 'k' << 8) ? cur_bytes(&c, size, "security.descriptor") : (span){ 0 };
}

char *regf_text(const regf *h, const regf_value *v, arena *mem)
{
    buf out;
    if (v->type != REGF_SZ && v->type != REGF_EXPAND_SZ && v->type != REGF_MULTI_SZ && v->type != REGF_LINK)
        return arena_str(mem, "");
    span data = regf_data(h, v, mem);
    if (v->type != REGF_MULTI_SZ)
        return utf16_text(mem, data);
    buf_init(&out, UTF16_ROOM(data.len));
    for (size_t at = 0, end; at + 1 < data.len; at = end + 2) {
        for (end = at; end + 1 < data.len && le16(data.at + end); end += 2)
            ;
        if (end == at)
            break;                                   /* an empty text is the end */
        if (at)
            buf_char(&out, '\n');
        utf16_utf8(span_part(data, at, end - at), &out);
    }
    char *text = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return text;
}

bool regf_number(const regf *h, const regf_value *v, uint64_t *out)
{
    span data = v->inside || v->size <= 8 ? regf_data(h, v, NULL) : (span){ 0 };
    bool bare = v->type == REGF_BINARY, eight = v->type == REGF_QWORD || (bare && v->size == 8);
    if (bare ? v->size != 4 && v->size != 8 : v->type != REGF_DWORD && v->type != REGF_DWORD_BE && v->type != REGF_QWORD)
        return false;
    if (data.len < (eight ? 8 : 4))
        return false;
    *out = eight ? le64(data.at) : v->type == REGF_DWORD_BE ? __builtin_bswap32(le32(data.at)) : le32(data.at);
    return true;
}

char *regf_text_at(const regf *h, const regf_key *from, const char *path, const char *value, arena *mem)
{
    regf_key key;
    regf_value v;
    return regf_find(h, from, path, &key) && regf_find_value(h, &key, value, &v) ? regf_text(h, &v, mem) : NULL;
}

bool regf_number_at(const regf *h, const regf_key *from, const char *path, const char *value, uint64_t *out)
{
    regf_key key;
    regf_value v;
    return regf_find(h, from, path, &key) && regf_find_value(h, &key, value, &v) && regf_number(h, &v, out);
}
