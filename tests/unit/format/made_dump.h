/* Small dumps and user minidumps made for tests, from the notes on their formats; all numbers of places are their own. */
#pragma once
#include "bytes.h"

#include <string.h>

enum { MADE_STACK = 0x200, MADE_UNLOADED = 0x600, MADE_DRIVERS = 0x700, MADE_STRINGS = 0xa00, MADE_PROCESS = 0x1000, MADE_BLOCKS = 0x1c00, MADE_DATA = 0x1d00, MADE_END = 0x2200 };
enum { MADE_DRIVER_COUNT = 3 };

static inline void set64(buf *b, size_t at, uint64_t n) { set32(b, at, (uint32_t)n); set32(b, at + 4, (uint32_t)(n >> 32)); }
static inline void set_word(buf *b, size_t at, uint64_t n, bool wide) { if (wide) set64(b, at, n); else set32(b, at, (uint32_t)n); }
static inline void set_units(buf *b, size_t at, const char *ascii) { for (; *ascii; ascii++, at += 2) set16(b, at, (unsigned char)*ascii); }

/* Where things of a made small dump lie. 0x8664, 0xaa64 or 0x14c. */
typedef struct { bool wide; unsigned machine; size_t head; uint64_t stack, kernel, driver, other, data; } made_place;

static inline made_place made_places(unsigned machine)
{
    bool wide = machine != 0x14c;
    made_place p = { .wide = wide, .machine = machine, .head = wide ? 0x2000 : 0x1000 };
    uint64_t high = wide ? 0xfffff80000000000ull : 0x80000000ull;
    p.kernel = high + 0x1000000;
    p.driver = high + 0x2000000;
    p.other = high + 0x3000000;
    p.stack = high + 0x5000000;
    p.data = high + 0x6000000;
    return p;
}

static inline void made_context(buf *b, size_t at, const made_place *p, uint64_t ip, uint64_t sp, uint64_t fp)
{
    memset(b->at + at, 0, 0x140);
    if (p->machine == 0x8664) {
        set32(b, at + 0x30, 0x10000f);
        set64(b, at + 0x78, 0x1111);
        set64(b, at + 0x98, sp);
        set64(b, at + 0xa0, fp);
        set64(b, at + 0xf8, ip);
    } else if (p->machine == 0xaa64) {
        set32(b, at, 0x400007);
        set64(b, at + 8, 0x1111);
        set64(b, at + 0xf0, fp);
        set64(b, at + 0x100, sp);
        set64(b, at + 0x108, ip);
    } else {
        set32(b, at, 0x10007);
        set32(b, at + 0xb0, 0x1111);
        set32(b, at + 0xb4, (uint32_t)fp);
        set32(b, at + 0xb8, (uint32_t)ip);
        set32(b, at + 0xc4, (uint32_t)sp);
    }
}

static inline void made_driver(buf *b, const made_place *p, size_t nth, uint64_t base, uint32_t size, const char *path, size_t *string)
{
    size_t entry = p->head + MADE_DRIVERS + nth * (p->wide ? 0x90 : 0x4c), in = entry + (p->wide ? 8 : 4);
    set32(b, entry, (uint32_t)*string);
    set_word(b, in + (p->wide ? 0x30 : 0x18), base, p->wide);
    set32(b, in + (p->wide ? 0x40 : 0x20), size);
    set32(b, in + (p->wide ? 0x78 : 0x40), 0xabc0 + (uint32_t)nth);
    set32(b, in + (p->wide ? 0x80 : 0x44), 0x4ce78900 + (uint32_t)nth);
    set32(b, *string, (uint32_t)strlen(path));
    set_units(b, *string + 4, path);
    *string += (4 + 2 * strlen(path) + 2 + 7) / 8 * 8;
}

/* A small dump of 0x7E in a driver from a folder for temporary files, called by srv.sys; build 7601. Its context and record lie in blocks of
 * memory; those of the header are a breakpoint of the kernel. */
static inline made_place made_small(buf *b, unsigned machine)
{
    made_place p = made_places(machine);
    bool wide = p.wide;
    size_t h = p.head;
    while (b->len < h)
        buf_put(b, "PAGE", 4);
    put_zeros(b, MADE_END - 4);
    buf_put(b, "TRGD", 4);
    memcpy(b->at, wide ? "PAGEDU64" : "PAGEDUMP", 8);
    set32(b, 8, 15);
    set32(b, 12, 7601);
    set_word(b, wide ? 0x20 : 0x18, p.kernel + 0x100, wide);
    set32(b, wide ? 0x30 : 0x20, machine);
    set32(b, wide ? 0x34 : 0x24, 4);
    set32(b, wide ? 0x38 : 0x28, 0x1000007e);
    uint64_t parameters[] = { wide ? 0xffffffffc0000005ull : 0xc0000005, p.driver + 0x123, p.data, p.data + 0x100 };
    for (size_t i = 0; i < 4; i++)
        set_word(b, wide ? 0x40 + 8 * i : 0x2c + 4 * i, parameters[i], wide);
    if (!wide)
        b->at[0x5c] = 0;
    made_context(b, wide ? 0x348 : 0x320, &p, p.kernel + 0x500, p.stack, p.stack);
    set32(b, wide ? 0xf00 : 0x7d0, 0x80000003);
    set32(b, wide ? 0xf18 : 0x7e0, 0);
    set32(b, wide ? 0xf98 : 0xf88, 4);
    set64(b, wide ? 0xfa8 : 0xfc0, 132336438100000000ull);
    set64(b, wide ? 0x1030 : 0xfb8, 36000000000ull);

    size_t t = h;
    set32(b, t + 4, (uint32_t)(h + MADE_END));
    set32(b, t + 8, (uint32_t)(h + MADE_END - 4));
    set32(b, t + 0x18, (uint32_t)(h + MADE_UNLOADED));
    set32(b, t + 0x20, (uint32_t)(h + MADE_PROCESS));
    set32(b, t + 0x28, (uint32_t)(h + MADE_STACK));
    set32(b, t + 0x2c, 0x400);
    set32(b, t + 0x30, (uint32_t)(h + MADE_DRIVERS));
    set32(b, t + 0x34, MADE_DRIVER_COUNT);
    set_word(b, t + 0x48, p.stack, wide);
    set32(b, t + (wide ? 0x78 : 0x60), (uint32_t)(h + MADE_BLOCKS));
    set32(b, t + (wide ? 0x7c : 0x64), 1);
    size_t string = h + MADE_STRINGS;
    made_driver(b, &p, 0, p.kernel, 0x600000, "\\SystemRoot\\system32\\ntoskrnl.exe", &string);
    made_driver(b, &p, 1, p.driver, 0x8000, "\\??\\C:\\Windows\\Temp\\WinRing0x64.sys", &string);
    made_driver(b, &p, 2, p.other, 0x90000, "\\SystemRoot\\System32\\DRIVERS\\srv.sys", &string);

    size_t u = h + MADE_UNLOADED, first = u + (wide ? 8 : 4);
    set32(b, u, 1);
    set16(b, first, 2 * 14);                                /* longer than what is kept of it */
    set_units(b, first + (wide ? 0x10 : 8), "dump_stornvm");
    set_word(b, first + (wide ? 0x28 : 0x20), p.other + 0x1000000, wide);
    set_word(b, first + (wide ? 0x30 : 0x24), p.other + 0x1100000, wide);

    /* The stack: an old slot, a frame that links to one above it, and a pointer into no module. */
    size_t s = h + MADE_STACK, width = wide ? 8 : 4;
    set_word(b, s + 2 * width, p.driver + 0x40, wide);
    set_word(b, s + 8 * width, p.stack + 16 * width, wide);
    set_word(b, s + 9 * width, p.driver + 0x200, wide);
    set_word(b, s + 12 * width, p.stack + 1, wide);
    set_word(b, s + 16 * width, 0, wide);
    set_word(b, s + 17 * width, p.other + 0x2f300, wide);
    set_word(b, s + 20 * width, p.kernel + 0x3080, wide);

    size_t block = h + MADE_BLOCKS;
    set_word(b, block, p.data, wide);
    set32(b, block + width, (uint32_t)(h + MADE_DATA));
    set32(b, block + width + 4, 0x400);
    size_t record = h + MADE_DATA;
    set32(b, record, 0xc0000005);
    set_word(b, record + (wide ? 0x10 : 0xc), p.driver + 0x123, wide);
    set32(b, record + (wide ? 0x18 : 0x10), 2);
    set_word(b, record + (wide ? 0x20 : 0x14), 1, wide);
    set_word(b, record + (wide ? 0x28 : 0x18), 0xdead0000, wide);
    made_context(b, record + 0x100, &p, p.driver + 0x123, p.stack + width, p.stack + 8 * width);

    size_t process = h + MADE_PROCESS;
    set_word(b, process + (wide ? 0x180 : 0xb4), 4711, wide);
    memcpy(b->at + process + (wide ? 0x2e0 : 0x16c), "sqlservr.exe\0\0", 15);
    set_word(b, process + (wide ? 0x290 : 0x140), 500, wide);

    buf_put(b, "DumpBlob", 8);
    put32(b, 16);
    put32(b, 7601);
    for (unsigned i = 0; i < 2; i++) {
        put32(b, 32);
        for (unsigned k = 0; k < 16; k++)
            put8(b, i * 16 + k);
        put32(b, 5 + i);
        put32(b, 3);
        put32(b, i);
        put_zeros(b, 3 + 5 + i + i);
    }
    return p;
}

/* A user minidump of lsass.exe: system, an exception when asked for, one thread, two modules, its stack. */
static inline void made_program(buf *b, bool failed)
{
    enum { SYSTEM = 0x100, MODULES = 0x140, STRINGS = 0x280, THREADS = 0x300, FAULT = 0x340, CONTEXT = 0x400, MEMORY = 0x540, STACK = 0x580, MISC = 0x600, ALL = 0x640 };
    put_zeros(b, ALL);
    memcpy(b->at, "MDMP", 4);
    set32(b, 4, 0xa793);
    set32(b, 8, failed ? 6 : 5);
    set32(b, 12, 0x20);
    set32(b, 20, 1589170210);
    const uint32_t streams[][3] = { { 7, 56, SYSTEM }, { 4, 4 + 2 * 108, MODULES }, { 3, 4 + 48, THREADS }, { 5, 4 + 16, MEMORY }, { 15, 24, MISC }, { 6, 168, FAULT } };
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < 3; k++)
            set32(b, 0x20 + 12 * i + 4 * k, streams[i][k]);
    set16(b, SYSTEM, 9);
    b->at[SYSTEM + 6] = 2;
    set32(b, SYSTEM + 8, 6);
    set32(b, SYSTEM + 12, 1);
    set32(b, SYSTEM + 16, 7601);
    set32(b, SYSTEM + 20, 2);
    set32(b, MODULES, 2);
    static const char *const names[] = { "C:\\Windows\\System32\\lsass.exe", "C:\\Windows\\System32\\lsasrv.dll" };
    for (size_t i = 0; i < 2; i++) {
        size_t m = MODULES + 4 + 108 * i, s = STRINGS + 0x40 * i;
        set64(b, m, 0x7ff600000000ull + 0x1000000 * i);
        set32(b, m + 8, 0x10000);
        set32(b, m + 20, (uint32_t)s);
        set32(b, m + 24, 0xfeef04bd);
        set32(b, m + 32, 6 << 16 | 1);
        set32(b, m + 36, 7601u << 16 | 17514);
        set32(b, s, (uint32_t)(2 * strlen(names[i])));
        set_units(b, s + 4, names[i]);
    }
    set32(b, THREADS, 1);
    set32(b, THREADS + 4, 77);
    set32(b, THREADS + 44, 0x130);
    set32(b, THREADS + 48, CONTEXT);
    set32(b, FAULT, 77);
    set32(b, FAULT + 8, 0xc0000005);
    set64(b, FAULT + 24, 0x7ff601000123ull);
    set32(b, FAULT + 160, 0x130);
    set32(b, FAULT + 164, CONTEXT);
    made_place p = { .wide = true, .machine = 0x8664 };
    made_context(b, CONTEXT, &p, 0x7ff601000123ull, 0x5000, 0x5040);
    set32(b, MEMORY, 1);
    set64(b, MEMORY + 4, 0x5000);
    set32(b, MEMORY + 12, 0x80);
    set32(b, MEMORY + 16, STACK);
    set64(b, STACK + 0x10, 0x7ff600000456ull);
    set32(b, MISC, 24);
    set32(b, MISC + 4, 3);
    set32(b, MISC + 8, 520);
    set32(b, MISC + 12, 1589100000);
}
