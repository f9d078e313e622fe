#define _POSIX_C_SOURCE 200809L
#include "range/dump_inside.h"

#include "range/put.h"

#include <unistd.h>

/* ---- The plan ---- */

typedef struct { const char *path; uint32_t size; } usual_driver;
static const usual_driver usual_drivers[] = {
    { "\\SystemRoot\\system32\\ntoskrnl.exe", 0x5e5000 }, { "\\SystemRoot\\system32\\hal.dll", 0x49000 }, { "\\SystemRoot\\system32\\kdcom.dll", 0xa000 },
    { "\\SystemRoot\\system32\\CLFS.SYS", 0x5e000 }, { "\\SystemRoot\\system32\\drivers\\ACPI.sys", 0x57000 }, { "\\SystemRoot\\system32\\drivers\\pci.sys", 0x33000 },
    { "\\SystemRoot\\system32\\drivers\\volmgr.sys", 0x15000 }, { "\\SystemRoot\\system32\\drivers\\storport.sys", 0x62000 }, { "\\SystemRoot\\system32\\drivers\\fltmgr.sys", 0x4c000 },
    { "\\SystemRoot\\System32\\Drivers\\Ntfs.sys", 0x1a3000 }, { "\\SystemRoot\\system32\\drivers\\ndis.sys", 0xf2000 }, { "\\SystemRoot\\system32\\drivers\\NETIO.SYS", 0x60000 },
    { "\\SystemRoot\\System32\\drivers\\tcpip.sys", 0x200000 }, { "\\SystemRoot\\system32\\drivers\\termdd.sys", 0x14000 }, { "\\SystemRoot\\system32\\drivers\\e1g6032e.sys", 0x24000 },
    { "\\SystemRoot\\System32\\DRIVERS\\srvnet.sys", 0x32000 }, { "\\SystemRoot\\System32\\DRIVERS\\srv2.sys", 0x6a000 }, { "\\SystemRoot\\System32\\DRIVERS\\srv.sys", 0x98000 },
    { "\\SystemRoot\\System32\\win32k.sys", 0x312000 },
};

typedef struct { uint32_t pid, parent; const char *file, *command; unsigned after; } usual_process;
static const usual_process usual_processes[] = {
    { 264, 4, "smss.exe", "\\SystemRoot\\System32\\smss.exe", 4 },
    { 344, 336, "csrss.exe", "C:\\Windows\\system32\\csrss.exe ObjectDirectory=\\Windows SharedSection=1024,20480,768 Windows=On", 9 },
    { 396, 336, "wininit.exe", "wininit.exe", 10 },
    { 488, 396, "services.exe", "C:\\Windows\\system32\\services.exe", 11 },
    { 500, 396, "lsass.exe", "C:\\Windows\\system32\\lsass.exe", 11 },
    { 604, 488, "svchost.exe", "C:\\Windows\\system32\\svchost.exe -k DcomLaunch", 13 },
    { 676, 488, "svchost.exe", "C:\\Windows\\system32\\svchost.exe -k netsvcs", 14 },
    { 900, 488, "spoolsv.exe", "C:\\Windows\\System32\\spoolsv.exe", 19 },
};

void dump_plan_new(arena *mem, dump_machine machine, dump_kind kind, nt_version nt, moment crashed, dump_plan *out)
{
    const nt_info *info = &nt_table[nt];
    *out = (dump_plan){ .mem = mem, .machine = machine, .kind = kind, .nt = nt, .build = info->build, .code = 0x50, .crashed = crashed,
                        .uptime = 21 * MOMENT_DAY + 5 * MOMENT_HOUR + 1234567 };
    out->lab = info->lab;
    vec_init(&out->drivers, sizeof(dump_driver));
    vec_init(&out->unloaded, sizeof(dump_unloaded));
    vec_init(&out->processes, sizeof(dump_process));
    for (size_t i = 0; i < sizeof usual_drivers / sizeof *usual_drivers; i++) {
        dump_driver *d = dump_add_driver(out, usual_drivers[i].path, usual_drivers[i].size, 0x4ce7951a + (uint32_t)i * 0x35);
        memcpy(d->version, (unsigned[4]){ info->major, info->minor, info->build, info->revision ? info->revision : 16384 }, sizeof d->version);
    }
    moment start = crashed - out->uptime;
    dump_add_process(out, 4, 0, NULL, NULL, start);
    for (size_t i = 0; i < sizeof usual_processes / sizeof *usual_processes; i++) {
        const usual_process *u = &usual_processes[i];
        dump_add_process(out, u->pid, u->parent, arena_printf(mem, "\\Device\\HarddiskVolume1\\Windows\\System32\\%s", u->file), u->command,
                         start + u->after * MOMENT_SECOND + 1234567);
    }
    const struct { const char *name; uint64_t from; uint32_t size; } gone[] = { { "crashdmp.sys", 0x5000000, 0xe000 }, { "dump_atapi.sys", 0x5010000, 0x9000 } };
    for (size_t i = 0; i < 2; i++)
        *(dump_unloaded *)vec_push(&out->unloaded) = (dump_unloaded){ gone[i].name, (machine == DUMP_X64 ? 0xfffff88000000000 : 0x88000000) + gone[i].from, gone[i].size,
                                                                     start + (6 + i) * MOMENT_SECOND };
}

dump_driver *dump_add_driver(dump_plan *p, const char *path, uint32_t size, uint32_t stamp)
{
    dump_driver *d = vec_push(&p->drivers);
    *d = (dump_driver){ .path = path, .size = size, .stamp = stamp };
    return d;
}

void dump_add_process(dump_plan *p, uint32_t pid, uint32_t parent, const char *path, const char *command, moment created)
{
    *(dump_process *)vec_push(&p->processes) = (dump_process){ pid, parent, path, command, created, MOMENT_UNKNOWN, false };
}

void dump_place(dump_plan *p)
{
    bool wide = p->machine == DUMP_X64;
    uint64_t next = wide ? 0xfffff88000e00000 : 0x8b000000;
    for (size_t i = 0; i < p->drivers.count; i++) {
        dump_driver *d = vec_at(&p->drivers, i);
        if (d->base)
            continue;
        if (i == 0) {
            d->base = wide ? 0xfffff80001600000 : 0x81800000;
            continue;
        }
        d->base = next;
        next += (d->size + 0xfffu) / 0x1000 * 0x1000 + 0x1000;
    }
}

uint64_t dump_address(const dump_plan *p, const char *name, uint32_t offset)
{
    for (size_t i = 0; i < p->drivers.count; i++) {
        const dump_driver *d = vec_at(&p->drivers, i);
        size_t n = strlen(name), len = strlen(d->path);
        if (len >= n && strcmp(d->path + len - n, name) == 0)
            return d->base + offset;
    }
    return 0;
}

void dump_plan_done(dump_plan *p)
{
    vec_done(&p->drivers);
    vec_done(&p->unloaded);
    vec_done(&p->processes);
}

/* ---- The header ---- */

static void set(uint8_t *at, uint64_t value, size_t bytes) { memcpy(at, &value, bytes); }

size_t dump_context_size(const dump_memory *m) { return m->wide ? 0x4d0 : 0x2cc; }

static uint64_t stopped_at(const dump_memory *m) { return m->plan->at ? m->plan->at : m->nt + 0x3010; }

void dump_context(const dump_memory *m, uint8_t out[3000])
{
    memset(out, 0, 3000);
    if (m->wide) {
        set(out + 0x30, 0x10001f, 4);
        set(out + 0x34, 0x1f80, 4);
        set(out + 0x38, 0x10, 2);
        set(out + 0x42, 0x18, 2);
        set(out + 0x44, 0x10246, 4);
        set(out + 0x78, m->plan->parameters[0], 8);
        set(out + 0x80, m->plan->parameters[1], 8);
        set(out + 0x98, m->stack, 8);
        set(out + 0xa0, m->stack + 0x20, 8);
        set(out + 0xf8, stopped_at(m), 8);
        set(out + 0x118, 0x1f80, 4);
    } else {
        set(out, 0x1003f, 4);
        set(out + 0xb0, m->plan->parameters[0], 4);
        set(out + 0xac, m->plan->parameters[1], 4);
        set(out + 0xb4, m->stack + 0x10, 4);
        set(out + 0xb8, stopped_at(m), 4);
        set(out + 0xbc, 8, 4);
        set(out + 0xc0, 0x10246, 4);
        set(out + 0xc4, m->stack, 4);
        set(out + 0xc8, 0x10, 4);
    }
}

void dump_exception(const dump_memory *m, uint8_t out[0x98])
{
    memset(out, 0, 0x98);
    uint32_t code = m->plan->exception ? m->plan->exception : 0x80000003;
    bool access = code == 0xc0000005;
    set(out, code, 4);
    set(out + (m->wide ? 0x10 : 0xc), stopped_at(m), m->pointer);
    set(out + (m->wide ? 0x18 : 0x10), access ? 2 : 0, 4);
    if (access)
        set(out + (m->wide ? 0x28 : 0x18), m->plan->parameters[0], m->pointer);
}

typedef struct { uint64_t first, count; } run;

static void put_header(const dump_memory *m, uint8_t *h, const run *runs, size_t run_count)
{
    const dump_plan *p = m->plan;
    bool wide = m->wide;
    for (size_t i = 0; i < (wide ? 0x2000u : 0x1000u); i += 4)
        memcpy(h + i, "PAGE", 4);
    memcpy(h + 4, wide ? "DU64" : "DUMP", 4);
    set(h + 8, 15, 4);
    set(h + 0xc, p->build, 4);
    set(h + 0x10, m->table, m->pointer);
    set(h + (wide ? 0x18 : 0x14), 0, m->pointer);
    set(h + (wide ? 0x20 : 0x18), m->modules, m->pointer);
    set(h + (wide ? 0x28 : 0x1c), m->processes, m->pointer);
    set(h + (wide ? 0x30 : 0x20), wide ? 0x8664 : 0x14c, 4);
    set(h + (wide ? 0x34 : 0x24), 1, 4);
    set(h + (wide ? 0x38 : 0x28), p->code, 4);
    for (size_t i = 0; i < 4; i++)
        set(h + (wide ? 0x40 + 8 * i : 0x2c + 4 * i), i == 2 && m->record ? m->record : i == 3 && m->context ? m->context : p->parameters[i], m->pointer);
    if (!wide)
        h[0x5c] = p->machine == DUMP_PAE;
    set(h + (wide ? 0x80 : 0x60), m->debugger, m->pointer);
    uint8_t *block = h + (wide ? 0x88 : 0x64);
    uint64_t pages = 0;
    for (size_t i = 0; i < run_count; i++) {
        pages += runs[i].count;
        set(block + (wide ? 0x10 + 16 * i : 8 + 8 * i), runs[i].first, m->pointer);
        set(block + (wide ? 0x18 + 16 * i : 12 + 8 * i), runs[i].count, m->pointer);
    }
    if (run_count) {
        set(block, run_count, 4);
        set(block + (wide ? 8 : 4), pages, m->pointer);
    }
    uint8_t context[3000];
    dump_context(m, context);
    memcpy(h + (wide ? 0x348 : 0x320), context, wide ? 3000 : 1200);
    uint8_t exception[0x98];
    dump_exception(m, exception);
    memcpy(h + (wide ? 0xf00 : 0x7d0), exception, wide ? 0x98 : 0x50);
    set(h + (wide ? 0xf98 : 0xf88), p->kind, 4);
    set(h + 0xfa0, 0, 8);
    set(h + (wide ? 0xfa8 : 0xfc0), p->crashed, 8);
    set(h + (wide ? 0x1030 : 0xfb8), p->uptime, 8);
    set(h + (wide ? 0x1038 : 0xf8c), p->kind == DUMP_SMALL ? (m->record ? 0xcff : 0xcfb) : 0, 4);
    set(h + (wide ? 0x1040 : 0xf94), 3, 4);
    set(h + (wide ? 0x1044 : 0xf98), 0x110, 4);
    set(h + (wide ? 0x1048 : 0xf9c), 0, 4);
}

/* ---- The file ---- */

static status write_at(FILE *f, const char *path, uint64_t at, const void *bytes, size_t len)
{
    if (fseeko(f, (off_t)at, SEEK_SET) != 0 || fwrite(bytes, 1, len, f) != len)
        return status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    return status_ok();
}

/* Pages of frames [first, first + count) from `at` on; those that are not used stay holes. */
static status write_run(const dump_memory *m, FILE *f, const char *path, run r, uint64_t at)
{
    status st = status_ok();
    for (uint64_t i = r.first; i < r.first + r.count && i < DUMP_FRAMES && status_is_ok(st); i++)
        if (m->frames[i])
            st = write_at(f, path, at + (i - r.first) * DUMP_PAGE, m->frames[i], DUMP_PAGE);
    return st;
}

static bool kept(const dump_memory *m, uint64_t frame)
{
    dump_kind kind = m->plan->kind;
    bool whole = kind == DUMP_BITMAP_COMPLETE || kind == DUMP_LIVE_KERNEL_USER || kind == DUMP_LIVE_COMPLETE || m->plan->user_pages;
    if (m->large_count && frame >= m->large_first && frame < m->large_first + m->large_count)
        return true;
    return frame < DUMP_FRAMES && m->frames[frame] && (whole || !m->user[frame]);
}

static status write_bitmap(const dump_memory *m, FILE *f, const char *path, uint64_t header, uint64_t top, uint64_t *size)
{
    buf b;
    buf_init(&b, 1 << 20);
    bool old = m->plan->kind == DUMP_KERNEL;
    uint64_t bits = (top + 63) / 64 * 64, pages = 0;
    size_t map = old ? (m->wide ? 0x28 : 0x20) : 0x38;
    put_zeros(&b, (map + bits / 8 + DUMP_PAGE - 1) / DUMP_PAGE * DUMP_PAGE);
    for (uint64_t i = 0; i < bits; i++) {
        if (kept(m, i)) {
            b.at[map + i / 8] |= (uint8_t)(1u << i % 8);
            pages++;
        }
    }
    uint64_t first = header + b.len;
    memcpy(b.at, m->plan->kind == DUMP_BITMAP_COMPLETE ? "FDMP" : "SDMP", 4);
    memcpy(b.at + 4, "DUMP", 4);
    set(b.at + 8, m->plan->user_pages ? 3 : 1, 4);
    if (old) {
        set(b.at + 0xc, first, 4);
        set(b.at + 0x10, bits, 4);
        set(b.at + 0x14, pages, 4);
        set(b.at + 0x18, bits, 4);
    } else {
        set(b.at + 0x20, first, 8);
        set(b.at + 0x28, pages, 8);
        set(b.at + 0x30, bits, 8);
    }
    status st = write_at(f, path, header, b.at, b.len);
    buf_done(&b);
    *size = first;
    for (uint64_t i = 0; i < bits && status_is_ok(st); i++) {
        if (!kept(m, i))
            continue;
        st = write_run(m, f, path, (run){ i, 1 }, *size);
        *size += DUMP_PAGE;
    }
    return st;
}

/* A debugger's form: pairs of first frame and frames, and the pages behind them. */
static status write_pairs(const dump_memory *m, FILE *f, const char *path, uint64_t top, uint64_t *size)
{
    enum { AT = 0x2000 };
    buf b;
    buf_init(&b, 1 << 20);
    vec pairs;
    vec_init(&pairs, sizeof(run));
    uint64_t pages = 0;
    for (uint64_t i = 0; i < top; i++) {
        if (!kept(m, i))
            continue;
        run *last = pairs.count ? vec_at(&pairs, pairs.count - 1) : NULL;
        if (!last || last->first + last->count != i)
            *(run *)vec_push(&pairs) = (run){ i, 1 };
        else
            last->count++;
        pages++;
    }
    bool all = m->plan->kind == DUMP_LIVE_COMPLETE;
    uint64_t first = (AT + 0x30 + 16 * pairs.count + 16 + DUMP_PAGE - 1) / DUMP_PAGE * DUMP_PAGE;
    put32(&b, 0x40);
    put_text(&b, "RDMPDUMP");
    put32(&b, 0);
    put64(&b, first - AT - 0x20);
    put64(&b, first);
    put64(&b, all ? pairs.count : 0);
    put64(&b, all ? pages : 0);
    for (size_t i = 0; i < pairs.count; i++) {
        const run *r = vec_at(&pairs, i);
        put64(&b, r->first);
        put64(&b, r->count);
    }
    put_zeros(&b, first - AT - b.len);
    status st = write_at(f, path, AT, b.at, b.len);
    *size = first;
    for (size_t i = 0; i < pairs.count && status_is_ok(st); i++) {
        const run *r = vec_at(&pairs, i);
        st = write_run(m, f, path, *r, *size);
        *size += r->count * DUMP_PAGE;
    }
    vec_done(&pairs);
    buf_done(&b);
    return st;
}

static status write_memory(dump_memory *m, FILE *f, const char *path)
{
    const dump_plan *p = m->plan;
    uint64_t top = dump_top_frame(m), header = m->wide ? 0x2000 : 0x1000, size = header;
    if (p->memory / DUMP_PAGE > top)
        top = p->memory / DUMP_PAGE;
    const run runs[] = { { 1, 0x9e }, { 0x100, top - 0x100 } };
    uint8_t h[0x2000];
    put_header(m, h, runs, p->kind == DUMP_SMALL ? 0 : 2);
    if (p->kind == DUMP_SMALL) {
        buf b;
        buf_init(&b, 1 << 24);
        buf_put(&b, h, header);
        dump_small(m, &b);
        memcpy(b.at + 0xfa0, &(uint64_t){ b.len }, 8);
        status st = write_at(f, path, 0, b.at, b.len);
        size = b.len;
        buf_done(&b);
        return st;
    }
    status st = write_at(f, path, 0, h, header);
    if (p->kind == DUMP_COMPLETE) {
        for (size_t i = 0; i < 2 && status_is_ok(st); i++) {
            st = write_run(m, f, path, runs[i], size);
            size += runs[i].count * DUMP_PAGE;
        }
    } else if (status_is_ok(st) && p->kind >= DUMP_LIVE_KERNEL)
        st = write_pairs(m, f, path, top, &size);
    else if (status_is_ok(st))
        st = write_bitmap(m, f, path, header, top, &size);
    if (status_is_ok(st))
        st = write_at(f, path, 0xfa0, &size, 8);
    if (status_is_ok(st) && (fflush(f) != 0 || ftruncate(fileno(f), (off_t)size) != 0))
        st = status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    return st;
}

status dump_write(const dump_plan *p, const char *path)
{
    const dump_driver *kernel = p->drivers.count ? vec_at(&p->drivers, 0) : NULL;
    if (!kernel || kernel->base == 0 || p->processes.count == 0)
        return status_fail(STATUS_BAD_INPUT, "%s: a dump needs a kernel that has its place, and a process", path);
    if (p->kind >= DUMP_LIVE_KERNEL && p->machine != DUMP_X64)
        return status_fail(STATUS_BAD_INPUT, "%s: debuggers write this kind of 64-bit systems only", path);
    if (!dump_offsets_of(p))
        return status_fail(STATUS_BAD_INPUT, "%s: no structures are known for build %u", path, p->build);
    dump_memory m = { .plan = p, .wide = p->machine == DUMP_X64, .pointer = p->machine == DUMP_X64 ? 8 : 4, .next_frame = p->machine == DUMP_X64 ? 0x187 : 0x185 };
    m.frames = arena_array(p->mem, DUMP_FRAMES, sizeof *m.frames);
    m.user = arena_array(p->mem, DUMP_FRAMES, sizeof *m.user);
    dump_kernel_make(&m);
    FILE *f = fopen(path, "wb");
    if (!f)
        return status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    status st = write_memory(&m, f, path);
    if (fclose(f) != 0 && status_is_ok(st))
        st = status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    return st;
}
