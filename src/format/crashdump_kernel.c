/* The kernel's own lists in a dump's memory: what is loaded, what was, and the block that its debugger keeps. */
#include "format/crashdump_inside.h"

#define TEXT_MOST   (16u << 20)               /* of one dump */
#define PATH_MOST   4096u                     /* bytes of a path */
#define IMAGE_MOST  (1u << 30)
#define RING        50u                       /* slots of unloaded drivers */
#define RESOURCES   64u                       /* entries of a directory of resources that are looked at */

bool crashdump_pointer(crashdump *d, uint64_t table, uint64_t address, uint64_t *out)
{
    uint8_t b[8] = { 0 };
    *out = 0;
    if (!crashdump_read(d, table, address, b, d->head.wide ? 8 : 4, NULL))
        return false;
    *out = d->head.wide ? le64(b) : le32(b);
    return true;
}

/* A broken surrogate becomes another sign; that a name holds none that cannot be printed is its reader's matter. */
const char *crashdump_string(crashdump *d, uint64_t table, uint64_t at, uint64_t relative_to, size_t most)
{
    uint8_t head[16];
    bool wide = d->head.wide;
    if (!crashdump_read(d, table, at, head, wide ? 16 : 8, NULL))
        return NULL;
    size_t len = le16(head) & ~1u;
    uint64_t where = (wide ? le64(head + 8) : le32(head + 4)) + relative_to;
    if (len == 0 || len > most || where == 0 || len > TEXT_MOST - d->text_spent)
        return NULL;
    buf units;
    buf_init(&units, len);
    const char *text = NULL;
    if (buf_room(&units, len) && crashdump_read(d, table, where, units.at, len, NULL)) {
        text = utf16_text(d->mem, span_of(units.at, len));
        d->text_spent += len;
    }
    buf_done(&units);
    return text;
}

/* One direction: entries until the head comes again. Returns why it ended, NULL for the head. */
static const char *follow(crashdump *d, uint64_t head, bool back, map *seen, vec *out)
{
    unsigned pointer = d->head.wide ? 8 : 4;
    for (uint64_t at = head;;) {
        uint64_t next;
        if (!crashdump_pointer(d, 0, at + (back ? pointer : 0), &next))
            return "at a page that the dump does not hold";
        if (next == head)
            return NULL;
        if (out->count >= CRASHDUMP_LIST_MOST)
            return "at the most entries that are read";
        bool again;
        map_put(seen, span_of(&next, sizeof next), &again);
        if (again)
            return "at an entry that came before";
        uint8_t probe;
        if (!crashdump_read(d, 0, next, &probe, 1, NULL))
            return "at a page that the dump does not hold";
        *(uint64_t *)vec_push(out) = next;
        at = next;
    }
}

void crashdump_list(crashdump *d, uint64_t head, const char *what, vec *out)
{
    map seen;
    map_init(&seen);
    vec_init(out, sizeof(uint64_t));
    const char *broken = follow(d, head, false, &seen, out);
    if (broken) {
        problems_note(d->noted, "dump.list", PROBLEM_NO_CHUNK, 0, "the list of %s ends %s, after %zu", what, broken, out->count);
        vec rest;
        vec_init(&rest, sizeof(uint64_t));
        follow(d, head, true, &seen, &rest);
        for (size_t i = rest.count; i-- > 0 && out->count < CRASHDUMP_LIST_MOST;)
            *(uint64_t *)vec_push(out) = *(uint64_t *)vec_at(&rest, i);
        vec_done(&rest);
    }
    map_done(&seen);
}

bool crashdump_debugger_block(crashdump *d, crashdump_debugger *out)
{
    uint8_t b[0x2c0];
    *out = (crashdump_debugger){ 0 };
    if (d->head.debugger_block == 0 || !crashdump_read(d, 0, d->head.debugger_block, b, sizeof b, NULL))
        return false;
    if (memcmp(b + 0x10, "KDBG", 4) != 0 || le32(b + 0x14) < 0x290 || le32(b + 0x14) > 0x1000) {
        if (!problems_has(d->noted, "dump.debugger"))
            problems_note(d->noted, "dump.debugger", PROBLEM_NO_CHUNK, 0, "the debugger's block does not begin as one: it is encoded, or damaged");
        return false;
    }
    const struct { size_t at; uint64_t *to; } addresses[] = { { 0x18, &out->kernel_base }, { 0x48, &out->loaded_modules }, { 0x50, &out->active_processes },
        { 0x208, &out->build_lab }, { 0x218, &out->processor_blocks }, { 0x220, &out->unloaded }, { 0x228, &out->unloaded_last } };
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++)
        *addresses[i].to = crashdump_address(d, le64(b + addresses[i].at));
    if (le32(b + 0x14) >= 0x2c0) {           /* older blocks end before the offsets */
        out->thread_process = le16(b + 0x2a0);
        out->process_size = le16(b + 0x2a8);
        out->peb = le16(b + 0x2aa);
        out->parent = le16(b + 0x2ac);
        out->table = le16(b + 0x2ae);
        out->current_thread = le16(b + 0x2b4);
    }
    uint8_t pack[4];
    uint64_t at = crashdump_address(d, le64(b + 0x268));
    if (at && crashdump_read(d, 0, at, pack, sizeof pack, NULL))
        out->service_pack = le32(pack) >> 8 & 0xff;
    return true;
}

const char *crashdump_build_lab(crashdump *d)
{
    crashdump_debugger kd;
    char text[129] = { 0 };
    if (!crashdump_debugger_block(d, &kd) || kd.build_lab == 0)
        return NULL;
    size_t n = 0;
    while (n < sizeof text - 1 && crashdump_read(d, 0, kd.build_lab + n, text + n, 1, NULL) && text[n] > 0x20 && text[n] < 0x7f)
        n++;
    text[n] = 0;
    return n > 0 ? arena_str(d->mem, text) : NULL;
}

/* ---- Versions ---- */

/* Of a directory of resources, the entry of this number, or the first one: what it points to, from the directory's beginning. */
static bool resource_entry(crashdump *d, uint64_t root, uint32_t from, uint32_t number, bool first, bool directory, uint32_t *to)
{
    uint8_t head[16], e[8];
    if (!crashdump_read(d, 0, root + from, head, sizeof head, NULL))
        return false;
    uint32_t count = (uint32_t)le16(head + 12) + le16(head + 14);
    for (uint32_t i = 0; i < count && i < RESOURCES; i++) {
        if (!crashdump_read(d, 0, root + from + 16 + 8 * (uint64_t)i, e, sizeof e, NULL))
            return false;
        if (first || le32(e) == number) {
            *to = le32(e + 4) & 0x7fffffff;
            return (le32(e + 4) >> 31 == 1) == directory;
        }
    }
    return false;
}

/* The numbers of VS_FIXEDFILEINFO, where its pages are in the dump: type 16, its first name, its first language. */
static const char *version_of(crashdump *d, const crashdump_module *m)
{
    uint8_t b[0x200], entry[16], fixed[64];
    if (!crashdump_read(d, 0, m->base, b, 0x40, NULL) || memcmp(b, "MZ", 2) != 0)
        return NULL;
    uint32_t pe = le32(b + 0x3c), at, directory;
    if (pe > 0x1000 || !crashdump_read(d, 0, m->base + pe, b, 0xa0, NULL) || memcmp(b, "PE\0\0", 4) != 0)
        return NULL;
    directory = le32(b + (le16(b + 24) == 0x20b ? 24 + 112 + 16 : 24 + 96 + 16));       /* the third of its directories */
    uint64_t root = m->base + directory;
    if (directory == 0 || directory >= m->size || !resource_entry(d, root, 0, 16, false, true, &at) || !resource_entry(d, root, at, 0, true, true, &at) ||
        !resource_entry(d, root, at, 0, true, false, &at) || !crashdump_read(d, 0, root + at, entry, sizeof entry, NULL) || le32(entry) >= m->size ||
        !crashdump_read(d, 0, m->base + le32(entry), fixed, sizeof fixed, NULL) || le32(fixed + 40) != 0xfeef04bd)
        return NULL;
    return arena_printf(d->mem, "%u.%u.%u.%u", le16(fixed + 50), le16(fixed + 48), le16(fixed + 54), le16(fixed + 52));
}

/* ---- What is loaded, and what was ---- */

void crashdump_kernel_modules(crashdump *d)
{
    bool wide = d->head.wide;
    crashdump_debugger kd;
    bool has_block = crashdump_debugger_block(d, &kd);
    uint64_t head = d->head.loaded_modules ? d->head.loaded_modules : kd.loaded_modules;
    if (head == 0) {
        problems_note(d->noted, "dump.list", PROBLEM_NO_CHUNK, 0, "nothing says where its list of modules begins");
        return;
    }
    vec entries;
    crashdump_list(d, head, "modules", &entries);
    crashdump_module *all = arena_array(d->mem, entries.count ? entries.count : 1, sizeof *all);
    size_t n = 0;
    for (size_t i = 0; i < entries.count && all; i++) {
        uint64_t at = *(uint64_t *)vec_at(&entries, i);
        uint8_t e[0x84];
        if (!crashdump_read(d, 0, at, e, wide ? 0x84 : 0x48, NULL))
            continue;
        crashdump_module m = { .base = wide ? le64(e + 0x30) : le32(e + 0x18), .size = le32(e + (wide ? 0x40 : 0x20)),
                               .checksum = le32(e + (wide ? 0x78 : 0x40)), .time_stamp = le32(e + (wide ? 0x80 : 0x44)) };
        if (m.base == 0 || m.size == 0 || m.size > IMAGE_MOST || m.base + m.size < m.base) {
            problems_note(d->noted, "dump.module", PROBLEM_NO_CHUNK, 0, "an entry of the list of modules at 0x%llx cannot be one", (unsigned long long)at);
            continue;
        }
        m.path = crashdump_string(d, 0, at + (wide ? 0x48 : 0x24), 0, PATH_MOST);
        m.path = m.path ? m.path : "";
        m.name = m.path[0] ? crashdump_last_part(m.path) : crashdump_string(d, 0, at + (wide ? 0x58 : 0x2c), 0, PATH_MOST);
        m.name = m.name ? m.name : "";
        m.version = version_of(d, &m);
        all[n++] = m;
    }
    vec_done(&entries);
    if (has_block && kd.kernel_base && n > 0 && all[0].base != kd.kernel_base && !problems_has(d->noted, "dump.kernel"))
        problems_note(d->noted, "dump.kernel", PROBLEM_NO_CHUNK, 0, "the debugger's block and the list of modules name different kernels");
    d->modules = all;
    d->module_count = n;
}

/* A ring of slots, and the place of the next to be written: the last one comes first. */
void crashdump_kernel_unloaded(crashdump *d)
{
    bool wide = d->head.wide;
    crashdump_debugger kd;
    uint64_t array;
    uint8_t b[0x28], counter[4] = { 0 };
    if (!crashdump_debugger_block(d, &kd) || kd.unloaded == 0 || !crashdump_pointer(d, 0, kd.unloaded, &array) || array == 0)
        return;
    uint32_t next = kd.unloaded_last && crashdump_read(d, 0, kd.unloaded_last, counter, sizeof counter, NULL) ? le32(counter) % RING : 0;
    crashdump_unloaded *all = arena_array(d->mem, RING, sizeof *all);
    size_t n = 0, each = wide ? 0x28 : 0x18;
    for (uint32_t i = 0; i < RING && all; i++) {
        uint64_t at = array + each * ((next + RING - 1 - i) % RING);
        if (!crashdump_read(d, 0, at, b, each, NULL) || le16(b) == 0)
            continue;
        const char *name = crashdump_string(d, 0, at, 0, PATH_MOST);
        all[n++] = (crashdump_unloaded){ name ? name : "", wide ? le64(b + 0x10) : le32(b + 8), wide ? le64(b + 0x18) : le32(b + 12),
                                         moment_from_filetime(le64(b + (wide ? 0x20 : 16))) };
    }
    d->unloaded = all;
    d->unloaded_count = n;
}
