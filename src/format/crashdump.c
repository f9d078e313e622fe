#include "format/crashdump_inside.h"

#include <stdlib.h>

#define NARROW_HEADER 0x1000u
#define WIDE_HEADER 0x2000u
#define SMALL_DUMP_FLAG 0x10000000u      /* what a small dump adds to a code */
#define COMMENT_MOST 128u

/* What was never written holds this, over and over. */
static const uint8_t fill[] = "PAGEPAGE";

static bool is_fill(span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] != fill[i % 4])
            return false;
    return s.len != 0;
}

typedef struct { span bytes; bool wide; } fields_of;

static span field(const fields_of *h, size_t narrow, size_t wide, size_t len)
{
    return span_part(h->bytes, h->wide ? wide : narrow, len);
}

/* A number that was never written is not known: false, and zero. */
static bool number32(const fields_of *h, size_t narrow, size_t wide, uint32_t *out)
{
    span s = field(h, narrow, wide, 4);
    *out = s.len == 4 && !is_fill(s) ? le32(s.at) : 0;
    return s.len == 4 && !is_fill(s);
}

static bool number64(const fields_of *h, size_t narrow, size_t wide, uint64_t *out)
{
    span s = field(h, narrow, wide, 8);
    *out = s.len == 8 && !is_fill(s) ? le64(s.at) : 0;
    return s.len == 8 && !is_fill(s);
}

static uint64_t address(const fields_of *h, size_t narrow, size_t wide)
{
    uint32_t low;
    uint64_t full;
    if (h->wide)
        return number64(h, 0, wide, &full) ? full : 0;
    return number32(h, narrow, 0, &low) ? low : 0;
}

static crashdump_machine machine_of(uint32_t code, bool pae)
{
    switch (code) {
    case 0x014c: return pae ? CRASHDUMP_X86_PAE : CRASHDUMP_X86;
    case 0x8664: return CRASHDUMP_X64;
    case 0xaa64: return CRASHDUMP_ARM64;
    default: return CRASHDUMP_OTHER_MACHINE;
    }
}

const char *crashdump_type_word(uint32_t type)
{
    static const char *const words[] = {
        [CRASHDUMP_FULL] = "complete", [CRASHDUMP_SUMMARY] = "kernel", [CRASHDUMP_HEADER_ONLY] = "header-only", [CRASHDUMP_TRIAGE] = "small",
        [CRASHDUMP_BITMAP_FULL] = "bitmap-complete", [CRASHDUMP_BITMAP_KERNEL] = "bitmap-kernel", [CRASHDUMP_AUTOMATIC] = "automatic",
        [CRASHDUMP_LIVE_KERNEL] = "live-kernel", [CRASHDUMP_LIVE_KERNEL_USER] = "live-kernel-user", [CRASHDUMP_LIVE_FULL] = "live-complete",
    };
    return type < sizeof words / sizeof *words ? words[type] : NULL;
}

bool crashdump_is(span first)
{
    return span_is(span_part(first, 0, 8), "PAGEDUMP") || span_is(span_part(first, 0, 8), "PAGEDU64");
}

bool crashdump_bytes(const crashdump *d, uint64_t at, void *out, size_t len)
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

uint32_t crashdump_type_of(source from)
{
    const crashdump d = { .from = from };
    uint8_t first[8], type[4];
    if (!crashdump_bytes(&d, 0, first, sizeof first) || !crashdump_is(span_of(first, sizeof first)))
        return CRASHDUMP_NO_TYPE;
    bool wide = memcmp(first + 4, "DU64", 4) == 0;
    return crashdump_bytes(&d, wide ? 0xf98 : 0xf88, type, sizeof type) && !is_fill(span_of(type, sizeof type)) ? le32(type) : CRASHDUMP_NO_TYPE;
}

uint64_t crashdump_address(const crashdump *d, uint64_t a)
{
    return d->head.wide ? a : a & UINT32_MAX;
}

static const char *comment_of(arena *mem, span s)
{
    size_t len = 0;
    while (len < s.len && s.at[len])
        len++;
    if (len == 0 || is_fill(span_part(s, 0, 4)))
        return NULL;
    buf clean;
    buf_init(&clean, COMMENT_MOST + 1);
    for (size_t i = 0; i < len; i++)
        buf_char(&clean, s.at[i] >= 0x20 && s.at[i] < 0x7f ? (char)s.at[i] : '?');
    const char *text = arena_text(mem, buf_bytes(&clean));
    buf_done(&clean);
    return text;
}

static void read_exception(const fields_of *h, crashdump_exception *e)
{
    uint32_t count = 0;
    number32(h, 0x7d0, 0xf00, &e->code);
    number32(h, 0x7d4, 0xf04, &e->flags);
    e->record = address(h, 0x7d8, 0xf08);
    e->address = address(h, 0x7dc, 0xf10);
    number32(h, 0x7e0, 0xf18, &count);
    for (uint32_t i = 0; i < count && i < 15; i++) {
        span s = field(h, 0x7e4 + 4 * i, 0xf20 + 8 * i, h->wide ? 8 : 4);
        if (is_fill(s))
            break;
        e->information[e->count++] = address(h, 0x7e4 + 4 * i, 0xf20 + 8 * i);
    }
}

static void read_header(crashdump *d, const fields_of *h)
{
    crashdump_header *out = &d->head;
    uint32_t major, pae = field(h, 0x5c, 0, 1).len && !h->wide ? h->bytes.at[0x5c] : 0;
    out->wide = h->wide;
    number32(h, 0x20, 0x30, &out->machine_code);
    out->machine = machine_of(out->machine_code, pae == 1);
    number32(h, 0xf88, 0xf98, &out->type);
    number32(h, 8, 8, &major);
    number32(h, 0xc, 0xc, &out->os_build);
    out->checked_build = major == 0xc;
    out->table = address(h, 0x10, 0x10);
    out->loaded_modules = address(h, 0x18, 0x20);
    out->active_processes = address(h, 0x1c, 0x28);
    out->debugger_block = address(h, 0x60, 0x80);
    number32(h, 0x24, 0x34, &out->processors);
    out->code_known = number32(h, 0x28, 0x38, &out->code_raw);
    out->code = out->code_raw >> 28 == 1 ? out->code_raw & ~SMALL_DUMP_FLAG : out->code_raw;
    for (size_t i = 0; i < 4; i++)
        out->parameters[i] = address(h, 0x2c + 4 * i, 0x40 + 8 * i);
    read_exception(h, &out->exception);
    crashdump_context_read(out->machine, field(h, 0x320, 0x348, h->wide ? 3000 : 1200), &out->context);
    uint64_t time = 0;
    out->crashed = number64(h, 0xfc0, 0xfa8, &time) ? moment_from_filetime(time) : MOMENT_UNKNOWN;
    out->uptime_known = number64(h, 0xfb8, 0x1030, &out->uptime) && out->uptime <= MOMENT_LAST;
    out->product_known = number32(h, 0xf94, 0x1040, &out->product);
    out->suite_known = number32(h, 0xf98, 0x1044, &out->suite);
    number32(h, 0xf9c, 0x1048, &out->writer_status);
    number64(h, 0xfa0, 0xfa0, &out->required_space);
    out->comment = comment_of(d->mem, field(h, 0x820, 0xfb0, COMMENT_MOST));
    if (out->machine == CRASHDUMP_OTHER_MACHINE)
        problems_note(d->noted, "dump.machine", PROBLEM_NO_CHUNK, h->wide ? 0x30 : 0x20, "machine 0x%x is not one that is read here", out->machine_code);
    if (!crashdump_type_word(out->type) && out->type != CRASHDUMP_NO_TYPE)
        problems_note(d->noted, "dump.type", PROBLEM_NO_CHUNK, h->wide ? 0xf98 : 0xf88, "dump type %u is unknown: only its header is read", out->type);
}

status crashdump_open(arena *mem, source from, problems *noted, crashdump **out)
{
    uint8_t bytes[WIDE_HEADER];
    crashdump *d = arena_alloc(mem, sizeof *d);
    *d = (crashdump){ .mem = mem, .noted = noted, .from = from };
    if (!crashdump_bytes(d, 0, bytes, 8) || !crashdump_is(span_of(bytes, 8)))
        return status_fail(STATUS_DAMAGED, "not a crash dump of the kernel");
    bool wide = memcmp(bytes + 4, "DU64", 4) == 0;
    size_t size = wide ? WIDE_HEADER : NARROW_HEADER;
    if (!crashdump_bytes(d, 0, bytes, size))
        return status_fail(STATUS_DAMAGED, "a crash dump that breaks off in its header: %llu of %zu bytes", (unsigned long long)from.size, size);
    d->head_bytes = arena_span(mem, span_of(bytes, size));
    read_header(d, &(fields_of){ d->head_bytes, wide });
    switch (d->head.type) {
    case CRASHDUMP_TRIAGE:
        crashdump_triage_open(d);
        break;
    case CRASHDUMP_HEADER_ONLY: case CRASHDUMP_NO_TYPE:
        break;
    default:
        if (crashdump_type_word(d->head.type))
            crashdump_pages_open(d);
    }
    *out = d;
    return status_ok();
}

const crashdump_header *crashdump_about(const crashdump *d)
{
    return &d->head;
}

bool crashdump_read(crashdump *d, uint64_t table, uint64_t at, void *out, size_t len, const char **why)
{
    static const char *unused;
    if (!why)
        why = &unused;
    at = crashdump_address(d, at);
    *why = "absent";
    if (d->pages)
        return crashdump_pages_read(d, table, at, out, len, why);
    return d->triage && crashdump_triage_read(d, at, out, len);
}

/* ---- Lists ---- */

static int by_base(const void *a, const void *b, void *of)
{
    const crashdump_module *all = of;
    uint32_t l = *(const uint32_t *)a, r = *(const uint32_t *)b;
    if (all[l].base != all[r].base)
        return all[l].base < all[r].base ? -1 : 1;
    return (l > r) - (l < r);
}

size_t crashdump_modules(crashdump *d, const crashdump_module **out)
{
    if (!d->modules_read) {
        d->modules_read = true;
        if (d->triage)
            crashdump_triage_modules(d);
        else if (d->pages)
            crashdump_kernel_modules(d);
        d->module_order = arena_array(d->mem, d->module_count, sizeof *d->module_order);
        for (size_t i = 0; i < d->module_count; i++)
            d->module_order[i] = (uint32_t)i;
        if (d->module_count)
            qsort_r(d->module_order, d->module_count, sizeof *d->module_order, by_base, (void *)d->modules);
    }
    *out = d->modules;
    return d->module_count;
}

const crashdump_module *crashdump_module_at(crashdump *d, uint64_t at)
{
    const crashdump_module *all;
    size_t from = 0, to = crashdump_modules(d, &all);
    at = crashdump_address(d, at);
    while (from < to) {
        size_t middle = from + (to - from) / 2;
        if (all[d->module_order[middle]].base <= at)
            from = middle + 1;
        else
            to = middle;
    }
    if (from == 0)
        return NULL;
    const crashdump_module *m = &all[d->module_order[from - 1]];
    return at - m->base < m->size ? m : NULL;
}

size_t crashdump_unloaded_modules(crashdump *d, const crashdump_unloaded **out)
{
    if (!d->unloaded_read) {
        d->unloaded_read = true;
        if (d->triage)
            crashdump_triage_unloaded(d);
        else if (d->pages)
            crashdump_kernel_unloaded(d);
    }
    *out = d->unloaded;
    return d->unloaded_count;
}

bool crashdump_current(crashdump *d, const crashdump_layout *layouts, size_t layout_count, crashdump_process *out)
{
    if (d->triage)
        return crashdump_triage_current(d, layouts, layout_count, out);
    const crashdump_process *all;
    const char *name;
    size_t count = crashdump_processes(d, layouts, layout_count, &all, &name);
    for (size_t i = 0; i < count; i++)
        if (all[i].current) {
            *out = all[i];
            return true;
        }
    return false;
}

/* ---- Secondary data: what drivers added, behind everything else ---- */

#define BLOBS_MOST 4096u

size_t crashdump_blobs(crashdump *d, const crashdump_blob **out)
{
    *out = d->blobs;
    if (d->blobs_read)
        return d->blob_count;
    d->blobs_read = true;
    uint8_t head[16], one[32];
    uint64_t at = d->triage ? crashdump_triage_end(d) : d->pages ? crashdump_pages_end(d) : 0;
    if (at == 0 || !crashdump_bytes(d, at, head, sizeof head) || memcmp(head, "DumpBlob", 8) != 0)
        return 0;
    vec all;
    vec_init(&all, sizeof(crashdump_blob));
    at += le32(head + 8) >= sizeof head ? le32(head + 8) : sizeof head;
    while (at < d->from.size && all.count < BLOBS_MOST) {
        if (!crashdump_bytes(d, at, one, sizeof one)) {
            problems_note(d->noted, "dump.blob", PROBLEM_NO_CHUNK, at, "secondary data breaks off in a header");
            break;
        }
        uint64_t size = le32(one + 20), begins = at + le32(one) + le32(one + 24);
        if (le32(one) < sizeof one || begins > d->from.size || size > d->from.size - begins) {
            problems_note(d->noted, "dump.blob", PROBLEM_NO_CHUNK, at, "secondary data of %llu bytes does not fit the file", (unsigned long long)size);
            break;
        }
        crashdump_blob *b = vec_push(&all);
        memcpy(b->tag, one + 4, 16);
        b->size = size;
        b->at = begins;
        at = begins + size + le32(one + 28);
    }
    if (all.count) {
        crashdump_blob *kept = arena_array(d->mem, all.count, sizeof *kept);
        memcpy(kept, all.at, all.count * sizeof *kept);
        d->blobs = kept;
        d->blob_count = all.count;
    }
    vec_done(&all);
    *out = d->blobs;
    return d->blob_count;
}
