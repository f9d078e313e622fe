#include "range/dump_inside.h"

#include "range/put.h"

static void align(buf *f, size_t to)
{
    while (f->len % to)
        put8(f, 0);
}
static void set32(buf *f, size_t at, uint32_t v) { memcpy(f->at + at, &v, 4); }

/* Bytes of the memory, at the next multiple of 16 in the file; returns where. */
static uint32_t put_memory(dump_memory *m, buf *f, uint64_t address, size_t len)
{
    align(f, 16);
    size_t at = f->len;
    put_zeros(f, len);
    dump_get(m, m->table, address, f->at + at, len);
    return (uint32_t)at;
}

static void put_drivers(dump_memory *m, buf *f, size_t block)
{
    size_t n = m->plan->drivers.count, each = m->wide ? 0x90 : 0x4c, name_at = m->wide ? 8 : 4;
    align(f, 16);
    size_t list = f->len;
    put_zeros(f, each * n);
    size_t pool = f->len;
    for (size_t i = 0; i < n; i++) {
        const dump_driver *d = vec_at(&m->plan->drivers, i);
        align(f, 8);
        size_t text = f->len;
        put32(f, 0);
        put_utf16(f, span_str(d->path));
        set32(f, text, (uint32_t)(f->len - text - 4) / 2);
        put16(f, 0);
        uint8_t *e = f->at + list + each * i;
        memcpy(e, &(uint32_t){ (uint32_t)text }, 4);
        e += name_at;
        memcpy(e + (m->wide ? 0x30 : 0x18), &d->base, m->pointer);
        memcpy(e + (m->wide ? 0x40 : 0x20), &d->size, 4);
        memcpy(e + (m->wide ? 0x78 : 0x40), &(uint32_t){ 0x10000 + d->stamp % 0x8000 }, 4);
        memcpy(e + (m->wide ? 0x80 : 0x44), &d->stamp, 4);
    }
    align(f, 8);
    set32(f, block + 0x30, (uint32_t)list);
    set32(f, block + 0x34, (uint32_t)n);
    set32(f, block + 0x38, (uint32_t)pool);
    set32(f, block + 0x3c, (uint32_t)(f->len - pool));
}

/* Names are cut to 12 units; the latest comes first. */
static void put_unloaded(dump_memory *m, buf *f, size_t block)
{
    size_t n = m->plan->unloaded.count;
    align(f, 16);
    set32(f, block + 0x18, (uint32_t)f->len);
    if (m->wide)
        put64(f, n);
    else
        put32(f, (uint32_t)n);
    for (size_t i = n; i-- > 0;) {
        const dump_unloaded *u = vec_at(&m->plan->unloaded, i);
        buf name;
        buf_init(&name, 1 << 12);
        put_utf16(&name, span_str(u->name));
        size_t len = name.len < 24 ? name.len : 24;
        put16(f, (unsigned)len);
        put16(f, (unsigned)len);
        put_zeros(f, m->wide ? 12 : 4);
        buf_put(f, name.at, len);
        put_zeros(f, 24 - len);
        if (m->wide)
            put64(f, u->from), put64(f, u->from + u->size);
        else
            put32(f, (uint32_t)u->from), put32(f, (uint32_t)u->from + u->size);
        buf_done(&name);
    }
}

void dump_small(dump_memory *m, buf *f)
{
    size_t block = f->len;
    put_zeros(f, m->wide ? 0x80 : 0x68);
    set32(f, block + 0x0c, m->wide ? 0x348 : 0x320);
    set32(f, block + 0x10, m->wide ? 0xf00 : 0x7d0);
    put_unloaded(m, f, block);
    set32(f, block + 0x1c, put_memory(m, f, m->prcb, 0x400));
    set32(f, block + 0x20, put_memory(m, f, m->process, m->at->size));
    set32(f, block + 0x24, put_memory(m, f, m->thread, 0x700));
    set32(f, block + 0x28, put_memory(m, f, m->stack, m->stack_size));
    set32(f, block + 0x2c, (uint32_t)m->stack_size);
    put_drivers(m, f, block);
    set32(f, block + 0x44, UINT32_MAX);
    memcpy(f->at + block + 0x48, &m->stack, m->pointer);
    uint32_t debugger = put_memory(m, f, m->debugger, 0x340);
    set32(f, block + (m->wide ? 0x70 : 0x58), debugger);
    set32(f, block + (m->wide ? 0x74 : 0x5c), 0x340);
    struct { uint64_t at; uint32_t size; } blocks[] = { { m->record, m->wide ? 0x98 : 0x50 }, { m->context, (uint32_t)dump_context_size(m) }, { m->nt + 0x5700, 0x80 },
                                                        { m->plan->at & ~0xfffull, 0x100 } };
    uint32_t where[4] = { 0 };
    size_t kept = 0;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        if (blocks[i].at == 0)
            continue;
        blocks[kept] = blocks[i];
        where[kept++] = put_memory(m, f, blocks[i].at, blocks[i].size);
    }
    align(f, 16);
    set32(f, block + (m->wide ? 0x78 : 0x60), (uint32_t)f->len);
    set32(f, block + (m->wide ? 0x7c : 0x64), (uint32_t)kept);
    for (size_t i = 0; i < kept; i++) {
        if (m->wide)
            put64(f, blocks[i].at);
        else
            put32(f, (uint32_t)blocks[i].at);
        put32(f, where[i]);
        put32(f, blocks[i].size);
    }
    align(f, 0x1000);
    put_zeros(f, 0xffc);
    set32(f, block, 0);
    set32(f, block + 4, (uint32_t)f->len + 4);
    set32(f, block + 8, (uint32_t)f->len);
    put_text(f, "TRGD");
}
