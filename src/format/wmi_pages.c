#include "format/wmi_parts.h"

#include <stdlib.h>

enum { MAP_BEGIN = 0xABCD, MAP_END = 0xDCBA, PAGE_MASK = 0x3FFFFFFF, INDEX_ACTIVE = 0xACCC, INDEX_ADMIN = 0xADDD, INDEX_DELETED = 0xBADD };

/* ---- maps ---- */

typedef struct { uint32_t sequence, id; uint32_t count; span entries; size_t each; unsigned version; } map_part;

/* One map of a file; the cursor stands behind it then. Vista's header has two more numbers, its entries five, and a file's last map
 * says behind its end whether it was closed. */
static bool read_part(cursor *c, unsigned version, map_part *out)
{
    cursor look = *c;
    *out = (map_part){ .version = version, .each = version == 6 ? 24 : 4 };
    if (cur_u32(&look, "map.begin") != MAP_BEGIN)
        return false;
    out->sequence = cur_u32(&look, "map.sequence");
    if (version == 6) {
        out->id = cur_u32(&look, "map.id");
        cur_skip(&look, 4, "map.id");
    }
    cur_skip(&look, 4, "map.pages");
    out->count = (uint32_t)cur_count(&look, cur_u32(&look, "map.count"), out->each, "map.count");
    out->entries = cur_bytes(&look, out->count * out->each, "map.entries");
    size_t spare = cur_count(&look, cur_u32(&look, "map.free"), 4, "map.free");
    cur_skip(&look, spare * 4, "map.free");
    bool whole = cur_u32(&look, "map.end") == MAP_END && cur_ok(&look);
    if (whole)
        *c = look;
    return whole;
}

static uint32_t entry(const map_part *m, uint32_t logical)
{
    uint32_t page = le32(m->entries.at + logical * m->each) & PAGE_MASK;
    return page == PAGE_MASK ? WMI_NOWHERE : page;
}

static bool use_part(arena *mem, const map_part *from, uint32_t physical_count, wmi_map *out)
{
    out->pages = arena_array(mem, from->count, sizeof *out->pages);
    out->logical = arena_array(mem, physical_count, sizeof *out->logical);
    if (!out->pages || !out->logical)
        return false;
    out->count = from->count;
    out->physical_count = physical_count;
    for (uint32_t i = 0; i < physical_count; i++)
        out->logical[i] = WMI_NOWHERE;
    for (uint32_t i = 0; i < from->count; i++) {
        uint32_t page = entry(from, i);
        out->pages[i] = page < physical_count ? page : WMI_NOWHERE;
        if (out->pages[i] != WMI_NOWHERE)
            out->logical[page] = i;
    }
    return true;
}

/* The newest file that holds whole maps. Index parts stand behind those of the objects, or in a file of their own. */
static bool choose(const wmi_files *files, problems *noted, map_part *objects, map_part *index, bool *has_index)
{
    bool found = false;
    for (size_t i = 0; i < 3; i++) {
        cursor c = cur_open(files->maps[i]);
        map_part first, second;
        if (files->maps[i].len == 0)
            continue;
        if (!read_part(&c, 6, &first) && !read_part(&c, 5, &first)) {
            problems_note(noted, "wmi.map", i, 0, "map %zu cannot be read", i + 1);
            continue;
        }
        if (found && (first.sequence < objects->sequence || (first.sequence == objects->sequence && first.id <= objects->id)))
            continue;
        found = true;
        *objects = first;
        *has_index = read_part(&c, first.version, &second);
        if (*has_index)
            *index = second;
    }
    cursor c = cur_open(files->index_map);
    if (found && files->index_map.len && (read_part(&c, 5, index) || read_part(&c, 6, index)))
        *has_index = true;
    return found;
}

/* ---- index ---- */

/* Objects are named "NS_hash\CI_hash\IL_hash.page.id.size": the last part leads to one. */
static bool leads_to(const char *last, uint8_t key[8])
{
    uint32_t numbers[3];
    const char *at = strchr(last, '.');
    for (size_t i = 0; i < 3; i++) {
        char *end;
        if (!at || at[1] < '0' || at[1] > '9')
            return false;
        unsigned long long n = strtoull(at + 1, &end, 10);
        if (n > UINT32_MAX || (*end != '.' && *end != '\0'))
            return false;
        numbers[i] = (uint32_t)n;
        at = *end ? end : NULL;
    }
    memcpy(key, &numbers[0], 4);
    memcpy(key + 4, &numbers[1], 4);
    return at == NULL;
}

static bool part_of(span values, uint16_t offset, char *out, size_t room)
{
    span s = span_part(values, offset, SIZE_MAX);
    const uint8_t *end = s.len ? memchr(s.at, 0, s.len) : NULL;
    if (!end || (size_t)(end - s.at) >= room)
        return false;
    memcpy(out, s.at, (size_t)(end - s.at) + 1);
    return true;
}

static void read_key(wmi_pages *p, span keys, uint16_t key, span offsets, span values)
{
    char first[160], last[160];
    uint8_t object[8];
    cursor c = cur_open(keys);
    cur_seek(&c, (size_t)key * 2, "key");
    size_t parts = cur_count(&c, cur_u16(&c, "key.parts"), 2, "key.parts");
    if (parts < 2)
        return;
    uint16_t begin = cur_u16(&c, "key.part");
    cur_skip(&c, (parts - 2) * 2, "key.part");
    uint16_t end = cur_u16(&c, "key.part");
    size_t count = offsets.len / 2;
    if (!cur_ok(&c) || begin >= count || end >= count)
        return;
    if (!part_of(values, le16(offsets.at + 2 * begin), first, sizeof first) || !part_of(values, le16(offsets.at + 2 * end), last, sizeof last))
        return;
    if (strncmp(first, "NS_", 3) != 0 || !leads_to(last, object))
        return;
    bool known;
    uint64_t *space = map_put(&p->spaces, span_str(first + 3), &known);
    if (!known)
        *space = p->spaces.count - 1;
    uint64_t number = *space;
    uint64_t *live = map_put(&p->live, span_of(object, 8), &known);
    if (!known)
        *live = number;
}

static void read_index_page(wmi_pages *p, span page)
{
    cursor c = cur_open(page);
    if (cur_u32(&c, "index.kind") != INDEX_ACTIVE)
        return;
    cur_skip(&c, 12, "index.header");
    size_t keys = cur_count(&c, cur_u32(&c, "index.keys"), 10, "index.keys");
    cur_skip(&c, keys * 4 + (keys + 1) * 4, "index.children");
    span key_offsets = cur_bytes(&c, keys * 2, "index.key offsets");
    size_t words = cur_count(&c, cur_u16(&c, "index.key data"), 2, "index.key data");
    span key_data = cur_bytes(&c, words * 2, "index.key data");
    size_t values = cur_count(&c, cur_u16(&c, "index.values"), 2, "index.values");
    span value_offsets = cur_bytes(&c, values * 2, "index.value offsets");
    cur_skip(&c, 2, "index.value data");
    span value_data = cur_bytes(&c, cur_left(&c), "index.value data");
    if (!cur_ok(&c)) {
        problems_note(p->noted, "wmi.index", PROBLEM_NO_CHUNK, c.failed_at, "%s does not fit its page", c.failed);
        return;
    }
    p->indexed = true;
    for (size_t i = 0; i < keys; i++)
        read_key(p, key_data, le16(key_offsets.at + 2 * i), value_offsets, value_data);
}

static void read_index(wmi_pages *p, span index, const wmi_map *map)
{
    for (uint32_t i = 0; i < map->count; i++)
        if (map->pages[i] != WMI_NOWHERE)
            read_index_page(p, span_part(index, (size_t)map->pages[i] * WMI_PAGE, WMI_PAGE));
    if (!p->indexed)
        problems_note(p->noted, "wmi.index", PROBLEM_NO_CHUNK, 0, "no page of the index can be read");
}

/* ---- the door ---- */

void wmi_pages_open(wmi_pages *p, arena *mem, const wmi_files *files, problems *noted)
{
    *p = (wmi_pages){ .mem = mem, .noted = noted, .objects = files->objects, .spare = 8 * (uint64_t)files->objects.len + (1 << 20) };
    map_part objects, index;
    bool has_index = false;
    wmi_map index_map = { 0 };
    map_init(&p->live);
    map_init(&p->spaces);
    if (!choose(files, noted, &objects, &index, &has_index))
        return;
    p->version = objects.version;
    p->mapped = use_part(mem, &objects, wmi_page_count(p), &p->map);
    if (files->index.len && has_index && use_part(mem, &index, (uint32_t)(files->index.len / WMI_PAGE), &index_map))
        read_index(p, files->index, &index_map);
    else if (files->index.len)
        problems_note(noted, "wmi.index", PROBLEM_NO_CHUNK, 0, "no map says where the pages of the index are");
    p->space_names = arena_array(mem, p->spaces.count, sizeof *p->space_names);
    for (size_t i = 0; p->space_names && i < p->spaces.count; i++)
        p->space_names[i] = "";
}

void wmi_pages_done(wmi_pages *p)
{
    map_done(&p->live);
    map_done(&p->spaces);
}

uint32_t wmi_page_count(const wmi_pages *p)
{
    size_t pages = p->objects.len / WMI_PAGE;
    return pages < WMI_NOWHERE ? (uint32_t)pages : WMI_NOWHERE - 1;
}

size_t wmi_page_entries(const wmi_pages *p, uint32_t page, wmi_entry *out, size_t room)
{
    span bytes = span_part(p->objects, (size_t)page * WMI_PAGE, WMI_PAGE);
    size_t count = 0, held = 0;
    cursor c = cur_open(bytes);
    while (count < room && cur_left(&c) >= 16 && held <= 2 * WMI_PAGE) {     /* entries do not lie over each other: those that do have their end */
        wmi_entry e = { .id = cur_u32(&c, "entry.id"), .page = page };
        uint32_t offset = cur_u32(&c, "entry.offset");
        e.size = cur_u32(&c, "entry.size");
        cur_skip(&c, 4, "entry.checksum");
        if (e.id == 0 || offset < 16 || offset >= WMI_PAGE || e.size == 0)
            break;
        e.at = (uint64_t)page * WMI_PAGE + offset;
        held += e.size < WMI_PAGE - offset ? e.size : WMI_PAGE - offset;
        out[count++] = e;
    }
    return count;
}

bool wmi_is_live(const wmi_pages *p, const wmi_entry *e, uint32_t *space)
{
    uint32_t logical = p->mapped ? p->map.logical[e->page] : WMI_NOWHERE;
    uint8_t key[8];
    memcpy(key, &logical, 4);
    memcpy(key + 4, &e->id, 4);
    const uint64_t *number = logical != WMI_NOWHERE ? map_find(&p->live, span_of(key, 8)) : NULL;
    if (number)
        *space = (uint32_t)*number;
    return number != NULL;
}

static uint32_t next_page(const wmi_pages *p, uint32_t page)
{
    uint32_t logical = p->mapped ? p->map.logical[page] : WMI_NOWHERE;
    if (logical == WMI_NOWHERE)
        return page + 1;                                     /* most were written one behind the other */
    return logical + 1 < p->map.count ? p->map.pages[logical + 1] : WMI_NOWHERE;
}

span wmi_entry_bytes(wmi_pages *p, const wmi_entry *e)
{
    size_t offset = (size_t)(e->at % WMI_PAGE), here = WMI_PAGE - offset;
    if (e->size <= here)
        return span_part(p->objects, (size_t)e->at, e->size);
    size_t size = e->size < p->objects.len ? e->size : p->objects.len;
    if (size > p->spare)
        return span_part(p->objects, (size_t)e->at, here);
    p->spare -= size;
    uint8_t *whole = arena_alloc(p->mem, size);
    if (!whole)
        return (span){ 0 };
    size_t len = 0;
    for (uint32_t page = e->page; len < size && page < wmi_page_count(p); page = next_page(p, page), offset = 0) {
        span part = span_part(p->objects, (size_t)page * WMI_PAGE + offset, WMI_PAGE - offset < size - len ? WMI_PAGE - offset : size - len);
        memcpy(whole + len, part.at, part.len);
        len += part.len;
    }
    return span_of(whole, len);
}

bool wmi_hash(const char *name, unsigned version, char out[WMI_HASH + 1])
{
    uint8_t units[2 * 512], digest[32];
    size_t len = 0;
    span utf8 = span_str(name);
    for (size_t at = 0; at < utf8.len;) {
        uint32_t c = utf8_take(utf8, &at);
        if (len + 4 > sizeof units || c == UTF8_INVALID)
            return false;
        if (c >= 'a' && c <= 'z')
            c -= 'a' - 'A';
        if (c >= 0x10000) {
            uint32_t high = 0xD800 + ((c - 0x10000) >> 10);
            units[len++] = (uint8_t)high;
            units[len++] = (uint8_t)(high >> 8);
            c = 0xDC00 + ((c - 0x10000) & 0x3FF);
        }
        units[len++] = (uint8_t)c;
        units[len++] = (uint8_t)(c >> 8);
    }
    size_t bytes = version == 5 ? 16 : 32;
    if (version == 5 && !md5_of(span_of(units, len), digest))
        return false;
    if (version != 5)
        sha256_of(span_of(units, len), digest);
    hex_of(span_of(digest, bytes), out);
    for (char *c = out; *c; c++)
        *c = (char)(*c >= 'a' ? *c - 'a' + 'A' : *c);
    return true;
}

bool wmi_objects_is(span first_bytes, uint64_t size)
{
    wmi_pages p = { .objects = span_part(first_bytes, 0, WMI_PAGE) };
    wmi_entry entries[WMI_PAGE / 16];
    uint64_t expected = 0;
    if (size == 0 || size % WMI_PAGE)
        return false;
    size_t count = wmi_page_entries(&p, 0, entries, WMI_PAGE / 16);
    for (size_t i = 0; i < count; i++) {
        /* Records follow each other; the table before them may have room left, which a short one is not believed. */
        bool after_table = entries[0].at == 16 * (count + 1) || (count >= 4 && entries[0].at > 16 * (count + 1));
        if (i == 0 ? !after_table : entries[i].at != expected)
            return false;
        expected = entries[i].at + entries[i].size;
    }
    return count >= 2;                                       /* one alone is too easily met by chance; a first page has many */
}

bool wmi_map_is(span first_bytes)
{
    cursor c = cur_open(first_bytes);
    bool begins = cur_u32(&c, "map.begin") == MAP_BEGIN;
    cur_skip(&c, 4, "map.sequence");
    uint32_t three[3];
    for (size_t i = 0; i < 3; i++)
        three[i] = cur_u32(&c, "map.count");
    return begins && cur_ok(&c) && (three[0] || three[2]);
}

bool wmi_index_is(span first_bytes, uint64_t size)
{
    cursor c = cur_open(first_bytes);
    uint32_t kind = cur_u32(&c, "index.kind");
    cur_skip(&c, 4, "index.page");
    bool zero = cur_u32(&c, "index.zero") == 0;
    return size && size % WMI_PAGE == 0 && zero && cur_ok(&c) && (kind == INDEX_ACTIVE || kind == INDEX_ADMIN || kind == INDEX_DELETED);
}
