/* What a small dump holds: one stack, the lists of drivers, pieces of memory, the process and thread of the moment. */
#include "format/crashdump_inside.h"

#define PIECES_MOST CRASHDUMP_LIST_MOST
#define UNLOADED_NAME 24u
#define OBJECT_MOST 8192u

struct crashdump_triage {
    uint64_t end;                                       /* SizeOfDump, no more than the file has */
    uint32_t unloaded, process, thread, processor, drivers, driver_count, debugger, debugger_size;
    crashdump_block *pieces; size_t piece_count;        /* address, size; bytes.len is 0: they lie at `at` */
    uint64_t *at;
};

static uint32_t number(const uint8_t *block, size_t at)
{
    return le32(block + at);
}

/* What lies behind the file's end is left out; false when anything of it does. */
static bool add_piece(crashdump *d, vec *pieces, vec *places, uint64_t address, uint64_t at, uint64_t size)
{
    if (size == 0 || pieces->count == PIECES_MOST)
        return true;
    if (at >= d->from.size)
        return false;
    bool whole = size <= d->from.size - at;
    crashdump_block *b = vec_push(pieces);
    b->address = crashdump_address(d, address);
    b->size = whole ? size : d->from.size - at;
    *(uint64_t *)vec_push(places) = at;
    return whole;
}

static void add_named(crashdump *d, vec *pieces, vec *places, uint64_t address, uint64_t at, uint64_t size, const char *what)
{
    if (!add_piece(d, pieces, places, address, at, size))
        problems_note(d->noted, "dump.triage", PROBLEM_NO_CHUNK, at, "%s of %llu bytes goes beyond the file's end", what, (unsigned long long)size);
}

/* 32-bit systems have blocks of 12 bytes by one public description and of 16 by another: the one whose blocks all lie in the
 * file is meant. */
static size_t block_stride(crashdump *d, uint32_t at, uint32_t count)
{
    if (d->head.wide)
        return 16;
    static const size_t strides[] = { 12, 16 };
    for (size_t k = 0; k < 2; k++) {
        uint32_t i = 0;
        uint8_t one[16];
        for (; i < count && i < 64; i++) {
            size_t wide = strides[k] == 16 ? 4 : 0;
            if (!crashdump_bytes(d, at + (uint64_t)strides[k] * i, one, strides[k]))
                break;
            uint64_t offset = le32(one + 4 + wide), size = le32(one + 8 + wide);
            if (offset < 0x1000 || size == 0 || offset + size > d->from.size || (wide && le32(one + 4) != 0))
                break;
        }
        if (i && (i == count || i == 64))
            return strides[k];
    }
    return 0;
}

static void add_blocks(crashdump *d, vec *pieces, vec *places, uint32_t at, uint32_t count)
{
    if (count == 0)
        return;
    size_t stride = block_stride(d, at, count);
    if (stride == 0 || at >= d->from.size || count > (d->from.size - at) / stride) {
        problems_note(d->noted, "dump.triage", PROBLEM_NO_CHUNK, at, "%u blocks of memory do not fit the file", count);
        count = stride && at < d->from.size ? (uint32_t)((d->from.size - at) / stride) : 0;
    }
    size_t beyond = 0;
    for (uint32_t i = 0; i < count && i < PIECES_MOST; i++) {
        uint8_t one[16] = { 0 };
        if (!crashdump_bytes(d, at + (uint64_t)stride * i, one, stride))
            break;
        size_t wide = stride == 16 ? 4 : 0;
        beyond += !add_piece(d, pieces, places, wide ? le64(one) : le32(one), le32(one + 4 + wide), le32(one + 8 + wide));
    }
    if (beyond)
        problems_note(d->noted, "dump.triage", PROBLEM_NO_CHUNK, at, "%zu blocks of memory go beyond the file's end", beyond);
}

void crashdump_triage_open(crashdump *d)
{
    bool wide = d->head.wide;
    uint64_t base = wide ? 0x2000 : 0x1000;
    uint8_t b[0x80] = { 0 }, mark[4];
    if (!crashdump_bytes(d, base, b, wide ? 0x80 : 0x68)) {
        problems_note(d->noted, "dump.torn", PROBLEM_NO_CHUNK, base, "the file ends before its stack and drivers");
        return;
    }
    crashdump_triage *t = arena_alloc(d->mem, sizeof *t);
    d->triage = t;
    t->end = number(b, 4);
    if (t->end > d->from.size) {
        problems_note(d->noted, "dump.torn", PROBLEM_NO_CHUNK, d->from.size, "the dump says to have %llu bytes, the file has %llu", (unsigned long long)t->end, (unsigned long long)d->from.size);
        t->end = d->from.size;
    } else if (!crashdump_bytes(d, number(b, 8), mark, 4) || memcmp(mark, "TRGD", 4) != 0) {
        problems_note(d->noted, "dump.mark", PROBLEM_NO_CHUNK, number(b, 8), "the mark of a complete small dump is not there");
    }
    t->unloaded = number(b, 0x18);
    t->processor = number(b, 0x1c);
    t->process = number(b, 0x20);
    t->thread = number(b, 0x24);
    t->drivers = number(b, 0x30);
    t->driver_count = number(b, 0x34);
    t->debugger = number(b, wide ? 0x70 : 0x58);
    t->debugger_size = number(b, wide ? 0x74 : 0x5c);

    vec pieces, places;
    vec_init(&pieces, sizeof(crashdump_block));
    vec_init(&places, sizeof(uint64_t));
    add_named(d, &pieces, &places, wide ? le64(b + 0x48) : number(b, 0x48), number(b, 0x28), number(b, 0x2c), "the stack");
    if (d->head.debugger_block && t->debugger)
        add_named(d, &pieces, &places, d->head.debugger_block, t->debugger, t->debugger_size, "the debugger's block");
    uint64_t page = wide ? le64(b + 0x60) : number(b, 0x4c);
    if (page)
        add_named(d, &pieces, &places, page, number(b, wide ? 0x68 : 0x50), number(b, wide ? 0x6c : 0x54), "a page of data");
    add_blocks(d, &pieces, &places, number(b, wide ? 0x78 : 0x60), number(b, wide ? 0x7c : 0x64));
    t->piece_count = pieces.count;
    t->pieces = arena_array(d->mem, pieces.count, sizeof *t->pieces);
    t->at = arena_array(d->mem, pieces.count, sizeof *t->at);
    if (pieces.count) {
        memcpy(t->pieces, pieces.at, pieces.count * sizeof *t->pieces);
        memcpy(t->at, places.at, pieces.count * sizeof *t->at);
    }
    vec_done(&pieces);
    vec_done(&places);
}

uint64_t crashdump_triage_end(const crashdump *d)
{
    return d->triage->end;
}

/* Pieces that touch each other are read as one. */
bool crashdump_triage_read(crashdump *d, uint64_t address, void *out, size_t len)
{
    const crashdump_triage *t = d->triage;
    uint8_t *to = out;
    while (len) {
        size_t i = 0, some = 0;
        for (; i < t->piece_count; i++)
            if (address >= t->pieces[i].address && address - t->pieces[i].address < t->pieces[i].size)
                break;
        if (i == t->piece_count)
            return false;
        uint64_t into = address - t->pieces[i].address, rest = t->pieces[i].size - into;
        some = rest < len ? (size_t)rest : len;
        if (!crashdump_bytes(d, t->at[i] + into, to, some))
            return false;
        to += some;
        address += some;
        len -= some;
    }
    return true;
}

/* A length in UTF-16 units, the units, and a NUL. */
static const char *string_at(crashdump *d, uint64_t at)
{
    uint8_t head[4], units[2 * 1024];
    if (!crashdump_bytes(d, at, head, 4))
        return NULL;
    uint32_t count = le32(head);
    if (count > sizeof units / 2 || !crashdump_bytes(d, at + 4, units, 2 * (size_t)count))
        return NULL;
    return utf16_text(d->mem, utf16_trim(span_of(units, 2 * (size_t)count)));
}

const char *crashdump_last_part(const char *path)
{
    const char *name = path;
    for (const char *c = path; *c; c++)
        if (*c == '\\' || *c == '/')
            name = c + 1;
    return name;
}

void crashdump_triage_modules(crashdump *d)
{
    const crashdump_triage *t = d->triage;
    bool wide = d->head.wide;
    size_t stride = wide ? 0x90 : 0x4c, into = wide ? 8 : 4, unnamed = 0;
    uint64_t count = t->driver_count;
    if (count && (t->drivers >= d->from.size || count > (d->from.size - t->drivers) / stride || count > CRASHDUMP_LIST_MOST)) {
        problems_note(d->noted, "dump.drivers", PROBLEM_NO_CHUNK, t->drivers, "%llu drivers do not fit the file", (unsigned long long)count);
        count = t->drivers < d->from.size ? (d->from.size - t->drivers) / stride : 0;
        count = count < CRASHDUMP_LIST_MOST ? count : CRASHDUMP_LIST_MOST;
    }
    crashdump_module *all = arena_array(d->mem, (size_t)count, sizeof *all);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t e[0x90];
        if (!crashdump_bytes(d, t->drivers + stride * i, e, stride))
            break;
        const uint8_t *entry = e + into;
        crashdump_module m = { .base = wide ? le64(entry + 0x30) : le32(entry + 0x18), .size = le32(entry + (wide ? 0x40 : 0x20)),
                               .checksum = le32(entry + (wide ? 0x78 : 0x40)), .time_stamp = le32(entry + (wide ? 0x80 : 0x44)) };
        if (m.base == 0 || m.size == 0)
            continue;
        const char *path = string_at(d, le32(e));
        unnamed += !path;
        m.path = path ? path : "";
        m.name = crashdump_last_part(m.path);
        all[kept++] = m;
    }
    if (unnamed)
        problems_note(d->noted, "dump.strings", PROBLEM_NO_CHUNK, t->drivers, "the names of %zu drivers cannot be read", unnamed);
    d->modules = all;
    d->module_count = kept;
}

void crashdump_triage_unloaded(crashdump *d)
{
    bool wide = d->head.wide;
    uint64_t at = d->triage->unloaded, head = wide ? 8 : 4, stride = wide ? 0x38 : 0x28;
    uint8_t e[0x38];
    if (at == 0)
        return;
    if (!crashdump_bytes(d, at, e, (size_t)head)) {
        problems_note(d->noted, "dump.unloaded", PROBLEM_NO_CHUNK, at, "the list of unloaded drivers lies behind the file's end");
        return;
    }
    uint64_t told = le32(e), count = told, room = (d->from.size - at - head) / stride;
    count = count < room ? count : room;
    count = count < CRASHDUMP_LIST_MOST ? count : CRASHDUMP_LIST_MOST;
    if (count < told)
        problems_note(d->noted, "dump.unloaded", PROBLEM_NO_CHUNK, at, "%llu unloaded drivers do not fit the file", (unsigned long long)told);
    crashdump_unloaded *all = arena_array(d->mem, (size_t)count, sizeof *all);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!crashdump_bytes(d, at + head + stride * i, e, (size_t)stride))
            break;
        size_t len = le16(e) < UNLOADED_NAME ? le16(e) & ~1u : UNLOADED_NAME;
        all[kept++] = (crashdump_unloaded){ .name = utf16_text(d->mem, utf16_trim(span_of(e + (wide ? 0x10 : 8), len))), .unloaded = MOMENT_UNKNOWN,
                                            .from = wide ? le64(e + 0x28) : le32(e + 0x20), .to = wide ? le64(e + 0x30) : le32(e + 0x24) };
    }
    d->unloaded = all;
    d->unloaded_count = kept;
}

/* ---- The process of the moment ---- */

/* An object goes no further than the next thing that the dump places behind it. */
static span object_at(crashdump *d, uint32_t at)
{
    const crashdump_triage *t = d->triage;
    const uint32_t others[] = { t->unloaded, t->process, t->thread, t->processor, t->drivers, t->debugger };
    uint64_t end = t->end;
    if (at < 0x1000 || at >= end)
        return (span){ 0 };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (others[i] > at && others[i] < end)
            end = others[i];
    size_t len = end - at < OBJECT_MOST ? (size_t)(end - at) : OBJECT_MOST;
    uint8_t *bytes = arena_alloc(d->mem, len);
    return crashdump_bytes(d, at, bytes, len) ? span_of(bytes, len) : (span){ 0 };
}

bool crashdump_triage_process(crashdump *d, span *process, span *thread)
{
    *process = *thread = (span){ 0 };
    if (!d->triage)
        return false;
    *process = object_at(d, d->triage->process);
    *thread = object_at(d, d->triage->thread);
    return process->len != 0;
}

static uint64_t pointer_at(const crashdump *d, span s, size_t at)
{
    span p = span_part(s, at, d->head.wide ? 8 : 4);
    return p.len == 8 ? le64(p.at) : p.len == 4 && !d->head.wide ? le32(p.at) : 0;
}

static moment moment_at(span s, size_t at)
{
    span p = span_part(s, at, 8);
    return p.len == 8 ? moment_from_filetime(le64(p.at)) : MOMENT_UNKNOWN;
}

/* The layout whose build and width fit and whose fields hold what they must: a printable name, a process id. */
bool crashdump_triage_current(crashdump *d, const crashdump_layout *layouts, size_t layout_count, crashdump_process *out)
{
    span process, thread;
    if (!crashdump_triage_process(d, &process, &thread))
        return false;
    for (size_t i = 0; i < layout_count; i++) {
        const crashdump_layout *l = &layouts[i];
        if (l->wide != d->head.wide || d->head.os_build < l->build_from || d->head.os_build > l->build_to)
            continue;
        span name = span_part(process, l->image, 15);
        uint64_t pid = pointer_at(d, process, l->pid);
        size_t len = 0;
        while (len < name.len && name.at[len] >= 0x20 && name.at[len] < 0x7f)
            len++;
        if (len == 0 || (len < name.len && name.at[len] != 0) || pid > UINT32_MAX)
            continue;
        uint64_t parent = pointer_at(d, process, l->parent);
        *out = (crashdump_process){ .pid = (uint32_t)pid, .parent = (uint32_t)parent, .parent_known = parent <= UINT32_MAX, .name = arena_text(d->mem, span_of(name.at, len)),
                                    .created = moment_at(process, l->created), .exited = moment_at(process, l->exited), .table = pointer_at(d, process, l->table), .current = true };
        if (l->exited == 0)
            out->exited = MOMENT_UNKNOWN;
        return true;
    }
    return false;
}
