#include "format/minidump.h"

#include "format/crashdump_inside.h"

#include <stdlib.h>
#include <strings.h>

#define STACK_MOST (64u << 10)
#define CONTEXT_MOST 0x500u
#define TEXT_MOST 4096u

enum { THREADS = 3, MODULES = 4, MEMORY = 5, EXCEPTION = 6, SYSTEM = 7, MEMORY64 = 9, COMMENT_A = 10, COMMENT_W = 11, HANDLES = 12, UNLOADED = 14, MISC = 15,
       REGIONS = 16, NAMES = 24 };

typedef struct { uint32_t type, size, at; } stream;
typedef struct { minidump m; arena *mem; source from; problems *noted; uint32_t *order; } dump;

bool minidump_is(span first)
{
    return span_is(span_part(first, 0, 4), "MDMP") && first.len >= 6 && le16(first.at + 4) == 0xa793;
}

const char *minidump_system_word(minidump_system s)
{
    static const char *const words[] = { [MINIDUMP_WINDOWS] = "windows", [MINIDUMP_LINUX] = "linux", [MINIDUMP_ANDROID] = "android", [MINIDUMP_MACOS] = "macos",
                                         [MINIDUMP_OTHER_SYSTEM] = "other", [MINIDUMP_UNKNOWN_SYSTEM] = "unknown" };
    return words[s];
}

static bool bytes_at(const dump *d, uint64_t at, void *out, size_t len)
{
    uint8_t *to = out;
    if (at > d->from.size || len > d->from.size - at)
        return false;
    while (len) {
        int64_t n = d->from.read(d->from.context, at, to, len);
        if (n <= 0)
            return false;
        to += n;
        at += (uint64_t)n;
        len -= (size_t)n;
    }
    return true;
}

static void damaged(dump *d, uint64_t at, const char *what)
{
    problems_note(d->noted, "mdmp.stream", PROBLEM_NO_CHUNK, at, "%s do not fit the file", what);
}

/* As many as were told, as fit behind `at`, and as are read at most. */
static size_t fitting(dump *d, uint64_t told, uint64_t at, uint64_t end, size_t each, const char *what)
{
    uint64_t room = at < end && each ? (end - at) / each : 0, count = told;
    count = count < room ? count : room;
    count = count < MINIDUMP_LIST_MOST ? count : MINIDUMP_LIST_MOST;
    if (count < told)
        damaged(d, at, what);
    return (size_t)count;
}

static const char *text_at(dump *d, uint32_t at)
{
    uint8_t head[4], units[TEXT_MOST];
    if (at == 0 || !bytes_at(d, at, head, 4))
        return NULL;
    size_t len = le32(head) & ~1u;
    len = len < sizeof units ? len : sizeof units;
    if (!bytes_at(d, at + 4ull, units, len))
        return NULL;
    return utf16_text(d->mem, utf16_trim(span_of(units, len)));
}

static uint64_t end_of(const dump *d, stream s)
{
    uint64_t end = (uint64_t)s.at + s.size;
    return end < d->from.size ? end : d->from.size;
}

/* ---- Streams ---- */

static void read_system(dump *d, stream s)
{
    uint8_t b[56] = { 0 };
    minidump *m = &d->m;
    if (s.size < 32 || !bytes_at(d, s.at, b, 32)) {
        damaged(d, s.at, "facts of the system");
        return;
    }
    m->architecture = le16(b);
    m->machine = m->architecture == 0 ? CRASHDUMP_X86 : m->architecture == 9 ? CRASHDUMP_X64 : m->architecture == 12 || m->architecture == 0x8003 ? CRASHDUMP_ARM64 : CRASHDUMP_OTHER_MACHINE;
    m->processors = b[6];
    m->major = le32(b + 8);
    m->minor = le32(b + 12);
    m->build = le32(b + 16);
    switch (le32(b + 20)) {
    case 1: case 2: m->system = MINIDUMP_WINDOWS; break;
    case 0x8101: case 0x8102: m->system = MINIDUMP_MACOS; break;
    case 0x8201: m->system = MINIDUMP_LINUX; break;
    case 0x8203: m->system = MINIDUMP_ANDROID; break;
    default: m->system = MINIDUMP_OTHER_SYSTEM;
    }
    m->system_known = true;
    const char *pack = text_at(d, le32(b + 24));
    m->service_pack = pack && *pack ? pack : NULL;
}

static void read_context(dump *d, uint32_t size, uint32_t at, crashdump_context *out)
{
    uint8_t b[CONTEXT_MOST];
    size_t len = size < sizeof b ? size : sizeof b;
    *out = (crashdump_context){ 0 };
    if (len && bytes_at(d, at, b, len))
        crashdump_context_read(d->m.machine, span_of(b, len), out);
}

static void read_exception(dump *d, stream s)
{
    uint8_t b[168];
    if (s.size < sizeof b || !bytes_at(d, s.at, b, sizeof b)) {
        damaged(d, s.at, "facts of the exception");
        return;
    }
    minidump *m = &d->m;
    crashdump_exception *e = &m->exception;
    m->exception_thread = le32(b);
    *e = (crashdump_exception){ .code = le32(b + 8), .flags = le32(b + 12), .record = le64(b + 16), .address = le64(b + 24), .count = le32(b + 32) };
    e->count = e->count < 15 ? e->count : 15;
    for (uint32_t i = 0; i < e->count; i++)
        e->information[i] = le64(b + 40 + 8 * i);
    read_context(d, le32(b + 160), le32(b + 164), &m->context);
    m->exception_known = true;
}

/* Lists begin with their count; some writers put four bytes of nothing behind it. */
static bool list_begins(dump *d, stream s, size_t each, uint32_t *told, uint64_t *at, const char *what)
{
    uint8_t b[4];
    if (s.size < 4 || !bytes_at(d, s.at, b, 4)) {
        damaged(d, s.at, what);
        return false;
    }
    *told = le32(b);
    *at = s.at + 4ull + (s.size == 8 + (uint64_t)each * *told ? 4 : 0);
    return true;
}

static void read_threads(dump *d, stream s)
{
    uint32_t told;
    uint64_t at;
    if (!list_begins(d, s, 48, &told, &at, "threads"))
        return;
    size_t count = fitting(d, told, at, end_of(d, s), 48, "threads"), kept = 0;
    minidump_thread *all = arena_array(d->mem, count, sizeof *all);
    for (size_t i = 0; i < count; i++) {
        uint8_t b[48];
        if (!bytes_at(d, at + 48 * i, b, sizeof b))
            break;
        minidump_thread *t = &all[kept++];
        t->id = le32(b);
        t->block = le64(b + 16);
        t->stack = le64(b + 24);
        t->stack_size = le32(b + 32);
        read_context(d, le32(b + 40), le32(b + 44), &t->context);
    }
    d->m.threads = all;
    d->m.thread_count = kept;
}

static const char *pdb_of(dump *d, uint32_t size, uint32_t at)
{
    uint8_t b[24 + 512];
    size_t len = size < sizeof b ? size : sizeof b, skip;
    if (len < 16 || !bytes_at(d, at, b, len))
        return NULL;
    if (memcmp(b, "RSDS", 4) == 0)
        skip = 24;
    else if (memcmp(b, "NB10", 4) == 0)
        skip = 16;
    else
        return NULL;
    if (len <= skip)
        return NULL;
    size_t n = strnlen((const char *)b + skip, len - skip);
    span name = span_of(b + skip, n);
    return n && utf8_valid(name) ? crashdump_last_part(arena_text(d->mem, name)) : NULL;
}

static void read_modules(dump *d, stream s)
{
    uint32_t told;
    uint64_t at;
    size_t unnamed = 0;
    if (!list_begins(d, s, 108, &told, &at, "modules"))
        return;
    size_t count = fitting(d, told, at, end_of(d, s), 108, "modules"), kept = 0;
    minidump_module *all = arena_array(d->mem, count, sizeof *all);
    for (size_t i = 0; i < count; i++) {
        uint8_t b[108];
        if (!bytes_at(d, at + 108 * i, b, sizeof b))
            break;
        minidump_module *m = &all[kept++];
        *m = (minidump_module){ .base = le64(b), .size = le32(b + 8), .checksum = le32(b + 12), .time_stamp = le32(b + 16) };
        const char *path = text_at(d, le32(b + 20));
        unnamed += !path;
        m->path = path ? path : "";
        m->name = crashdump_last_part(m->path);
        uint32_t high = le32(b + 32), low = le32(b + 36);
        if (le32(b + 24) == 0xfeef04bd && (high || low))
            m->version = arena_printf(d->mem, "%u.%u.%u.%u", high >> 16, high & 0xffff, low >> 16, low & 0xffff);
        m->pdb = pdb_of(d, le32(b + 76), le32(b + 80));
    }
    if (unnamed)
        problems_note(d->noted, "mdmp.text", PROBLEM_NO_CHUNK, at, "the names of %zu modules cannot be read", unnamed);
    d->m.modules = all;
    d->m.module_count = kept;
}

static void read_unloaded(dump *d, stream s)
{
    uint8_t b[24];
    if (s.size < 12 || !bytes_at(d, s.at, b, 12) || le32(b) < 12 || le32(b + 4) < 24) {
        damaged(d, s.at, "unloaded modules");
        return;
    }
    uint32_t each = le32(b + 4);
    uint64_t at = s.at + (uint64_t)le32(b);
    size_t count = fitting(d, le32(b + 8), at, end_of(d, s), each, "unloaded modules"), kept = 0;
    minidump_unloaded *all = arena_array(d->mem, count, sizeof *all);
    for (size_t i = 0; i < count; i++) {
        if (!bytes_at(d, at + (uint64_t)each * i, b, sizeof b))
            break;
        const char *name = text_at(d, le32(b + 20));
        all[kept++] = (minidump_unloaded){ .name = name ? crashdump_last_part(name) : "", .base = le64(b), .size = le32(b + 8), .time_stamp = le32(b + 16) };
    }
    d->m.unloaded = all;
    d->m.unloaded_count = kept;
}

static void read_misc(dump *d, stream s)
{
    uint8_t b[24];
    minidump *m = &d->m;
    if (s.size < sizeof b || !bytes_at(d, s.at, b, sizeof b)) {
        damaged(d, s.at, "facts of the process");
        return;
    }
    if (le32(b + 4) & 1) {
        m->pid = le32(b + 8);
        m->pid_known = true;
    }
    if (le32(b + 4) & 2) {
        m->started = le32(b + 12) ? moment_from_unix(le32(b + 12), 0) : MOMENT_UNKNOWN;
        m->user_time = le32(b + 16);
        m->kernel_time = le32(b + 20);
        m->times_known = true;
    }
}

static void add_piece(dump *d, vec *pieces, uint64_t address, uint64_t size, uint64_t at)
{
    if (size == 0 || at >= d->from.size)
        return;
    minidump_piece *p = vec_push(pieces);
    *p = (minidump_piece){ address, size < d->from.size - at ? size : d->from.size - at, at };
}

static void read_memory(dump *d, stream s, vec *pieces)
{
    uint32_t told;
    uint64_t at;
    if (!list_begins(d, s, 16, &told, &at, "pieces of memory"))
        return;
    size_t count = fitting(d, told, at, end_of(d, s), 16, "pieces of memory");
    for (size_t i = 0; i < count; i++) {
        uint8_t b[16];
        if (!bytes_at(d, at + 16 * i, b, sizeof b))
            break;
        add_piece(d, pieces, le64(b), le32(b + 8), le32(b + 12));
    }
}

static void read_memory64(dump *d, stream s, vec *pieces)
{
    uint8_t b[16];
    if (s.size < sizeof b || !bytes_at(d, s.at, b, sizeof b)) {
        damaged(d, s.at, "pieces of memory");
        return;
    }
    uint64_t at = le64(b + 8), from = s.at + 16ull;
    size_t count = fitting(d, le64(b), from, end_of(d, s), 16, "pieces of memory");
    for (size_t i = 0; i < count; i++) {
        if (!bytes_at(d, from + 16 * i, b, sizeof b))
            break;
        if (at >= d->from.size || le64(b + 8) > d->from.size - at) {
            problems_note(d->noted, "mdmp.torn", PROBLEM_NO_CHUNK, d->from.size, "the file ends before the memory that it says to hold");
            add_piece(d, pieces, le64(b), le64(b + 8), at);
            break;
        }
        add_piece(d, pieces, le64(b), le64(b + 8), at);
        at += le64(b + 8);
    }
}

static void read_comment(dump *d, stream s, bool wide)
{
    uint8_t b[TEXT_MOST];
    size_t len = s.size < sizeof b ? s.size : sizeof b;
    if (len == 0 || !bytes_at(d, s.at, b, len))
        return;
    if (wide)
        d->m.comment = utf16_text(d->mem, utf16_trim(span_of(b, len)));
    else if (!d->m.comment) {
        buf clean;
        buf_init(&clean, TEXT_MOST);
        for (size_t i = 0; i < len && b[i]; i++)
            buf_char(&clean, b[i] >= 0x20 && b[i] < 0x7f ? (char)b[i] : b[i] == '\n' || b[i] == '\t' ? ' ' : '?');
        d->m.comment = arena_text(d->mem, buf_bytes(&clean));
        buf_done(&clean);
    }
    if (d->m.comment && !*d->m.comment)
        d->m.comment = NULL;
}

static void read_names(dump *d, stream s)
{
    uint32_t told;
    uint64_t at;
    if (!list_begins(d, s, 12, &told, &at, "names of threads"))
        return;
    minidump_thread *threads = (minidump_thread *)d->m.threads;
    size_t count = fitting(d, told, at, end_of(d, s), 12, "names of threads"), from = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t b[12];
        if (!bytes_at(d, at + 12 * i, b, sizeof b))
            break;
        size_t k = from;                             /* both lists stand in one order, as a rule */
        while (k < d->m.thread_count && k < from + 64 && threads[k].id != le32(b))
            k++;
        if (k < d->m.thread_count && threads[k].id == le32(b) && le64(b + 4) <= UINT32_MAX) {
            threads[k].name = text_at(d, (uint32_t)le64(b + 4));
            from = k + 1;
        }
    }
}

static void read_counts(dump *d, stream s, bool handles)
{
    uint8_t b[16];
    if (s.size < sizeof b || !bytes_at(d, s.at, b, sizeof b))
        return;
    if (handles)
        d->m.handle_count = fitting(d, le32(b + 8), s.at + (uint64_t)le32(b), end_of(d, s), le32(b + 4), "handles");
    else
        d->m.region_count = fitting(d, le64(b + 8), s.at + (uint64_t)le32(b), end_of(d, s), le32(b + 4), "regions of memory");
}

static void read_stream(dump *d, stream s, vec *pieces)
{
    switch (s.type) {
    case EXCEPTION: read_exception(d, s); break;
    case THREADS: read_threads(d, s); break;
    case MODULES: read_modules(d, s); break;
    case UNLOADED: read_unloaded(d, s); break;
    case MISC: read_misc(d, s); break;
    case MEMORY: read_memory(d, s, pieces); break;
    case MEMORY64: read_memory64(d, s, pieces); break;
    case COMMENT_A: read_comment(d, s, false); break;
    case COMMENT_W: read_comment(d, s, true); break;
    case HANDLES: read_counts(d, s, true); break;
    case REGIONS: read_counts(d, s, false); break;
    default: break;
    }
}

static int by_address(const void *a, const void *b)
{
    const minidump_piece *l = a, *r = b;
    return (l->address > r->address) - (l->address < r->address);
}

static int by_base(const void *a, const void *b, void *of)
{
    const minidump_module *all = of;
    uint32_t l = *(const uint32_t *)a, r = *(const uint32_t *)b;
    return all[l].base != all[r].base ? (all[l].base < all[r].base ? -1 : 1) : (l > r) - (l < r);
}

status minidump_open(arena *mem, source from, problems *noted, minidump **out)
{
    uint8_t head[32];
    dump *d = arena_alloc(mem, sizeof *d);
    *d = (dump){ .mem = mem, .from = from, .noted = noted, .m = { .started = MOMENT_UNKNOWN, .written = MOMENT_UNKNOWN, .system = MINIDUMP_UNKNOWN_SYSTEM, .machine = CRASHDUMP_OTHER_MACHINE } };
    if (!bytes_at(d, 0, head, sizeof head) || !minidump_is(span_of(head, sizeof head)))
        return status_fail(STATUS_DAMAGED, "not a dump of a program");
    uint32_t told = le32(head + 8), at = le32(head + 12);
    if (at >= from.size)
        return status_fail(STATUS_DAMAGED, "a dump of a program whose directory lies behind its end");
    if (le32(head + 20))
        d->m.written = moment_from_unix(le32(head + 20), 0);
    d->m.flags = le64(head + 24);
    size_t count = fitting(d, told, at, from.size, 12, "streams");
    count = count < MINIDUMP_STREAMS_MOST ? count : MINIDUMP_STREAMS_MOST;
    vec all, pieces;
    vec_init(&all, sizeof(stream));
    vec_init(&pieces, sizeof(minidump_piece));
    uint32_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t b[12];
        if (!bytes_at(d, at + 12ull * i, b, sizeof b))
            break;
        stream s = { le32(b), le32(b + 4), le32(b + 8) };
        if (s.type == 0)
            continue;
        d->m.stream_count++;
        if (s.type > NAMES || seen >> s.type & 1)       /* of one kind the first counts: a list may not be told twice */
            continue;
        seen |= 1u << s.type;
        if ((uint64_t)s.at + s.size > from.size)
            problems_note(noted, "mdmp.torn", PROBLEM_NO_CHUNK, s.at, "stream %u of %u bytes goes beyond the file's end", s.type, s.size);
        *(stream *)vec_push(&all) = s;
    }
    for (size_t i = 0; i < all.count; i++)              /* the machine first: registers are read by it */
        if (((stream *)vec_at(&all, i))->type == SYSTEM)
            read_system(d, *(stream *)vec_at(&all, i));
    for (size_t i = 0; i < all.count; i++)
        read_stream(d, *(stream *)vec_at(&all, i), &pieces);
    for (size_t i = 0; i < all.count; i++)
        if (((stream *)vec_at(&all, i))->type == NAMES)
            read_names(d, *(stream *)vec_at(&all, i));
    if (pieces.count) {
        vec_sort(&pieces, by_address);
        minidump_piece *kept = arena_array(mem, pieces.count, sizeof *kept);
        memcpy(kept, pieces.at, pieces.count * sizeof *kept);
        d->m.memory = kept;
        d->m.memory_count = pieces.count;
        for (size_t i = 0; i < pieces.count; i++)
            d->m.memory_bytes += kept[i].size;
    }
    vec_done(&all);
    vec_done(&pieces);
    d->order = arena_array(mem, d->m.module_count, sizeof *d->order);
    for (size_t i = 0; i < d->m.module_count; i++)
        d->order[i] = (uint32_t)i;
    if (d->m.module_count)
        qsort_r(d->order, d->m.module_count, sizeof *d->order, by_base, (void *)d->m.modules);
    *out = &d->m;
    return status_ok();
}

/* ---- Memory ---- */

static const dump *whole(const minidump *m)
{
    return (const dump *)(const void *)m;               /* it is its first member */
}

bool minidump_read(const minidump *m, uint64_t address, void *out, size_t len)
{
    const dump *d = whole(m);
    uint8_t *to = out;
    while (len) {
        size_t from = 0, end = m->memory_count;
        while (from < end) {
            size_t middle = from + (end - from) / 2;
            if (m->memory[middle].address <= address)
                from = middle + 1;
            else
                end = middle;
        }
        const minidump_piece *p = from ? &m->memory[from - 1] : NULL;
        if (!p || address - p->address >= p->size)
            return false;
        uint64_t into = address - p->address, rest = p->size - into;
        size_t some = rest < len ? (size_t)rest : len;
        if (!bytes_at(d, p->at + into, to, some))
            return false;
        to += some;
        address += some;
        len -= some;
    }
    return true;
}

const minidump_module *minidump_module_at(const minidump *m, uint64_t address)
{
    const dump *d = whole(m);
    size_t from = 0, to = m->module_count;
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (m->modules[d->order[middle]].base <= address)
            from = middle + 1;
        else
            to = middle;
    }
    const minidump_module *found = from ? &m->modules[d->order[from - 1]] : NULL;
    return found && address - found->base < found->size ? found : NULL;
}

size_t minidump_callers(const minidump *m, const crashdump_context *c, size_t most, minidump_caller *out)
{
    size_t count = 0, width = m->machine == CRASHDUMP_X86 ? 4 : 8;
    if (!c->known)
        return 0;
    uint64_t at = c->sp & ~(uint64_t)(width - 1);
    for (uint64_t end = at + STACK_MOST; at < end && count < most;) {
        uint8_t piece[512];
        size_t len = sizeof piece - (at % sizeof piece);
        while (len >= width && !minidump_read(m, at, piece, len))
            len = len / 2 & ~(width - 1);
        if (len < width)
            break;
        for (size_t i = 0; i + width <= len && count < most; i += width) {
            uint64_t value = width == 8 ? le64(piece + i) : le32(piece + i);
            const minidump_module *in = minidump_module_at(m, value);
            if (in)
                out[count++] = (minidump_caller){ at + i, value, (uint32_t)(in - m->modules) };
        }
        at += len;
    }
    return count;
}

bool minidump_is_of_lsass(const minidump *m)
{
    bool authority = false, accounts = false;
    if (m->module_count && strcasecmp(m->modules[0].name, "lsass.exe") == 0)
        return true;
    for (size_t i = 0; i < m->module_count; i++) {
        authority |= strcasecmp(m->modules[i].name, "lsasrv.dll") == 0;
        accounts |= strcasecmp(m->modules[i].name, "samsrv.dll") == 0;
    }
    return authority && accounts;
}
