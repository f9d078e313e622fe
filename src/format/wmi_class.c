#include "format/wmi_parts.h"

#include <strings.h>

enum { ANCESTORS = 32, OWN_FIELDS = 1024, TABLE_MOST = 16384, NAMES = 1 << 20, SAME_NAME = 16, SUPER_MOST = 256, NAME_MOST = 1024 };

static const char *heap_text(arena *mem, span heap, uint32_t at)
{
    buf text;
    buf_init(&text, NAME_MOST);
    bool whole = !(at & 0x80000000) && wmi_heap_put(heap, at, &text) && !text.overflow;
    const char *out = whole ? arena_text(mem, buf_bytes(&text)) : NULL;
    buf_done(&text);
    return out;
}

void wmi_classes_init(wmi_classes *c, arena *mem)
{
    *c = (wmi_classes){ .mem = mem };
    map_init(&c->by_name);
    map_init(&c->hashes);
}

void wmi_classes_done(wmi_classes *c)
{
    map_done(&c->by_name);
    map_done(&c->hashes);
}

static span folded(const char *name, char *out, size_t room)
{
    size_t len = strlen(name);
    if (len >= room)
        return (span){ 0 };
    for (size_t i = 0; i <= len; i++)
        out[i] = (char)(name[i] >= 'A' && name[i] <= 'Z' ? name[i] + 32 : name[i]);
    return span_of(out, len);
}

static wmi_class *by_name(const wmi_classes *c, const char *name)
{
    char key[512];
    const uint64_t *at = map_find(&c->by_name, folded(name, key, sizeof key));
    return at ? c->all[*at] : NULL;
}

static bool plain_name(const char *name)
{
    if (!*name)
        return false;
    for (; *name; name++)
        if ((unsigned char)*name < 0x80 && *name != '_' && !(*name >= '0' && *name <= '9') && !((*name | 32) >= 'a' && (*name | 32) <= 'z'))
            return false;
    return true;
}

static bool read_field(arena *mem, span heap, cursor *refs, wmi_field *out)
{
    uint32_t name = cur_u32(refs, "property.name"), at = cur_u32(refs, "property.at");
    cursor p = cur_open(heap);
    cur_seek(&p, at, "property");
    out->type = cur_u32(&p, "property.type");
    out->index = cur_u16(&p, "property.index");
    out->offset = cur_u32(&p, "property.offset");
    out->name = name & 0x80000000 ? "" : heap_text(mem, heap, name);         /* a name from the dictionary: none that is asked for */
    return cur_ok(refs) && cur_ok(&p) && out->name;
}

bool wmi_class_begins(span head, uint32_t size)
{
    cursor r = cur_open(head);
    size_t letters = cur_u32(&r, "class.super");
    if (letters > SUPER_MOST)
        return false;
    cur_skip(&r, letters * 2, "class.super");
    uint64_t written = cur_u64(&r, "class.written");
    uint32_t len = cur_u32(&r, "class.size");
    if (!cur_ok(&r))
        return head.len < size;                              /* the rest is in the next page */
    return moment_known(moment_from_filetime(written)) && len >= 21 && len <= size - letters * 2 - 12;
}

/* The class part of [MS-WMIO] 2.2.13 and what the repository puts before it. */
static bool parse(wmi_classes *c, span bytes, wmi_class *out)
{
    cursor r = cur_open(bytes);
    size_t letters = cur_count(&r, cur_u32(&r, "class.super"), 2, "class.super");
    if (letters > SUPER_MOST)
        return false;
    span super = cur_bytes(&r, letters * 2, "class.super");
    uint64_t written = cur_u64(&r, "class.written");
    uint32_t size = cur_u32(&r, "class.size");
    if (!cur_ok(&r) || size < 21 || size - 4 > cur_left(&r))
        return false;
    cursor k = cur_open(cur_bytes(&r, size - 4, "class"));
    cur_skip(&k, 1, "class.flags");
    uint32_t name = cur_u32(&k, "class.name"), defaults = cur_u32(&k, "class.defaults"), derivation = cur_u32(&k, "class.derivation");
    cur_skip(&k, derivation < 4 ? 0 : derivation - 4, "class.derivation");
    uint32_t qualifiers = cur_u32(&k, "class.qualifiers");
    cur_skip(&k, qualifiers < 4 ? 0 : qualifiers - 4, "class.qualifiers");
    size_t count = cur_count(&k, cur_u32(&k, "class.properties"), 8, "class.properties");
    out->fields = cur_bytes(&k, count * 8, "class.properties");
    cur_skip(&k, defaults, "class.defaults");
    uint32_t heap_len = cur_u32(&k, "class.heap") & 0x7FFFFFFF;
    out->heap = cur_bytes(&k, heap_len, "class.heap");
    if (!cur_ok(&k) || derivation < 4 || qualifiers < 4 || count > OWN_FIELDS || !moment_known(moment_from_filetime(written)))
        return false;
    out->name = heap_text(c->mem, out->heap, name);
    out->super = utf16_text(c->mem, super);
    out->written = moment_from_filetime(written);
    return out->name && plain_name(out->name) && out->super;
}

/* What is live goes before what is not, then what is newer. */
static bool before(const wmi_class *a, const wmi_class *b)
{
    return a->live != b->live ? a->live : a->written > b->written;
}

static void add_same_name(wmi_class **first, wmi_class *new)
{
    size_t n = 0;
    wmi_class **at = first;
    while (*at && !before(new, *at) && n++ < SAME_NAME)
        at = &(*at)->next;
    if (n >= SAME_NAME)
        return;
    new->next = *at;
    *at = new;
}

bool wmi_class_read(wmi_classes *c, span bytes, bool live, uint32_t space)
{
    wmi_class read = { .live = live, .space = space };
    char key[512];
    if (!parse(c, bytes, &read))
        return false;
    span folded_name = folded(read.name, key, sizeof key);
    wmi_class *new = folded_name.len ? arena_alloc(c->mem, sizeof *new) : NULL;
    if (!new)
        return false;
    *new = read;
    const uint64_t *at = map_find(&c->by_name, folded_name);
    if (at) {
        add_same_name(&c->all[*at], new);
        return true;
    }
    if (c->count >= NAMES)
        return false;
    if (c->count == c->room) {
        size_t room = c->room ? 2 * c->room : 256;
        wmi_class **all = arena_array(c->mem, room, sizeof *all);
        if (!all)
            return false;
        if (c->count)
            memcpy(all, c->all, c->count * sizeof *all);
        c->all = all;
        c->room = room;
    }
    bool known;
    *map_put(&c->by_name, folded_name, &known) = c->count;
    c->all[c->count++] = new;
    return true;
}

bool wmi_class_is(const wmi_class *c, const char *ancestor)
{
    for (unsigned depth = 0; c && depth < ANCESTORS; depth++, c = c->super_class)
        if (strcasecmp(c->name, ancestor) == 0 || (!c->super_class && strcasecmp(c->super, ancestor) == 0))
            return true;
    return false;
}

/* Only classes that are asked for need their hash: it is how objects name their class. */
static bool wanted(const wmi_class *c)
{
    static const char *const roots[] = { "__EventFilter", "__EventConsumer", "__FilterToConsumerBinding", "__Namespace", "__Win32Provider" };
    for (; c; c = c->next)
        for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
            if (wmi_class_is(c, roots[i]))
                return true;
    return false;
}

/* The definition in its own namespace, where there is one. */
static wmi_class *super_of(const wmi_classes *c, const wmi_class *k)
{
    wmi_class *first = *k->super ? by_name(c, k->super) : NULL;
    for (wmi_class *s = first; s && k->live; s = s->next)
        if (s->live && s->space == k->space)
            return s;
    return first;
}

void wmi_classes_link(wmi_classes *c)
{
    for (size_t i = 0; i < c->count; i++)
        for (wmi_class *k = c->all[i]; k; k = k->next)
            k->super_class = super_of(c, k);
    for (size_t i = 0; i < c->count; i++) {
        if (!wanted(c->all[i]))
            continue;
        for (unsigned version = 5; version <= 6; version++) {
            char hash[WMI_HASH + 1];
            bool known;
            if (wmi_hash(c->all[i]->name, version, hash))
                *map_put(&c->hashes, span_str(hash), &known) = i;
        }
    }
}

wmi_class *wmi_class_by_hash(const wmi_classes *c, span units)
{
    char hash[WMI_HASH];
    size_t len = units.len / 2;
    for (size_t i = 0; i < len && i < WMI_HASH; i++)
        hash[i] = (char)units.at[2 * i];
    const uint64_t *at = len <= WMI_HASH ? map_find(&c->hashes, span_of(hash, len)) : NULL;
    return at ? c->all[*at] : NULL;
}

/* ---- layouts ---- */

static uint32_t size_of(uint32_t type)
{
    if (type & WMI_ARRAY)
        return 4;
    switch (type & 0xFFF) {
    case 16: case 17: return 1;
    case 2: case 18: case WMI_BOOLEAN: case 103: return 2;
    case 5: case 20: case 21: return 8;
    default: return 4;
    }
}

static bool have(const wmi_layout *l, const char *name)
{
    for (size_t i = 0; i < l->count; i++)
        if (strcasecmp(l->fields[i].name, name) == 0)
            return true;
    return false;
}

typedef struct { uint32_t properties, bytes; } extent;

/* Names stand in the heap one behind the other: fields that share theirs make much of little. */
static bool add_fields(wmi_classes *c, const wmi_class *k, wmi_layout *l, extent *x)
{
    cursor refs = cur_open(k->fields);
    size_t names = 0;
    while (cur_left(&refs)) {
        wmi_field f;
        if (!read_field(c->mem, k->heap, &refs, &f))
            return false;
        names += strlen(f.name);
        if (names > 2 * k->heap.len)
            return false;
        uint32_t end = f.offset + size_of(f.type);
        if (end < f.offset || end > TABLE_MOST || f.index >= TABLE_MOST)
            return false;
        l->values = end > l->values ? end : l->values;
        x->properties = f.index + 1u > x->properties ? f.index + 1u : x->properties;
        if (l->count < OWN_FIELDS && !have(l, f.name)) {
            l->fields[l->count++] = f;
            x->bytes += size_of(f.type);
        }
    }
    return true;
}

static bool lay_out(wmi_classes *c, wmi_class *of, wmi_layout *l)
{
    size_t room = 0;
    extent x = { 0 };
    const wmi_class *k = of;
    for (unsigned depth = 0; k && depth < ANCESTORS; depth++, k = k->super_class) {
        room += k->fields.len / 8;
        if (*k->super && !k->super_class)
            return false;
    }
    if (k)
        return false;                                        /* it is its own ancestor */
    l->fields = arena_array(c->mem, room ? room : 1, sizeof *l->fields);
    for (k = of; l->fields && k; k = k->super_class)
        if (!add_fields(c, k, l, &x))
            return false;
    l->table = (2 * x.properties + 7) / 8;
    return l->fields && x.bytes <= l->values;                /* values do not lie over each other */
}

const wmi_layout *wmi_class_layout(wmi_classes *c, wmi_class *of)
{
    if (!of->laid_out) {
        of->laid_out = true;
        of->can = lay_out(c, of, &of->layout);
    }
    return of->can ? &of->layout : NULL;
}
