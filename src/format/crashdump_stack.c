/* Registers and stack: of the header, or of where a bug check's parameters say they lie. */
#include "format/crashdump_inside.h"

#define STACK_MOST (64u << 10)
#define FRAMES_MOST 256u
#define CONTEXT_X64 0x4d0u

static bool all_fill(span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.at[i] != (uint8_t)"PAGE"[i % 4])
            return false;
    return true;
}

void crashdump_context_read(crashdump_machine machine, span s, crashdump_context *out)
{
    *out = (crashdump_context){ 0 };
    switch (machine) {
    case CRASHDUMP_X64:
        if (s.len < 0x100 || all_fill(span_part(s, 0x78, 0x88)))
            return;
        out->general_count = 16;
        for (size_t i = 0; i < 16; i++)
            out->general[i] = le64(s.at + 0x78 + 8 * i);
        out->ip = le64(s.at + 0xf8);
        out->sp = out->general[4];
        out->fp = out->general[5];
        out->flags = le32(s.at + 0x44);
        break;
    case CRASHDUMP_X86: case CRASHDUMP_X86_PAE: {
        static const uint16_t at[] = { 0xb0, 0xac, 0xa8, 0xa4, 0xc4, 0xb4, 0xa0, 0x9c };
        if (s.len < 0xcc || all_fill(span_part(s, 0x9c, 0x2c)))
            return;
        out->general_count = 8;
        for (size_t i = 0; i < 8; i++)
            out->general[i] = le32(s.at + at[i]);
        out->ip = le32(s.at + 0xb8);
        out->sp = out->general[4];
        out->fp = out->general[5];
        out->flags = le32(s.at + 0xc0);
        break;
    }
    case CRASHDUMP_ARM64:
        if (s.len < 0x110 || all_fill(span_part(s, 8, 0x108)))
            return;
        out->general_count = 31;
        for (size_t i = 0; i < 31; i++)
            out->general[i] = le64(s.at + 8 + 8 * i);
        out->fp = out->general[29];
        out->sp = le64(s.at + 0x100);
        out->ip = le64(s.at + 0x108);
        out->flags = le32(s.at + 4);
        break;
    default:
        return;
    }
    out->known = out->ip != 0 || out->sp != 0;
}

static bool read_record(crashdump *d, uint64_t at, crashdump_exception *e)
{
    bool wide = d->head.wide;
    uint8_t b[0x98];
    if (!crashdump_read(d, 0, at, b, wide ? 0x98 : 0x50, NULL))
        return false;
    crashdump_exception got = { .code = le32(b), .flags = le32(b + 4) };
    uint32_t count = le32(b + (wide ? 0x18 : 0x10));
    got.record = wide ? le64(b + 8) : le32(b + 8);
    got.address = wide ? le64(b + 0x10) : le32(b + 0xc);
    if (count > 15)
        return false;
    got.count = count;
    for (uint32_t i = 0; i < count; i++)
        got.information[i] = wide ? le64(b + 0x20 + 8 * i) : le32(b + 0x14 + 4 * i);
    *e = got;
    return true;
}

/* Flags that say of which machine a context is: bytes that are none have other ones. */
static bool read_context(crashdump *d, uint64_t at, crashdump_context *c)
{
    uint8_t b[CONTEXT_X64];
    size_t len = d->head.machine == CRASHDUMP_X64 ? 0x120 : d->head.machine == CRASHDUMP_ARM64 ? 0x110 : 0xcc;
    uint32_t mask = d->head.machine == CRASHDUMP_X64 ? 0x100000 : d->head.machine == CRASHDUMP_ARM64 ? 0x400000 : 0x10000;
    if (!crashdump_read(d, 0, at, b, len, NULL) || !(le32(b + (d->head.machine == CRASHDUMP_X64 ? 0x30 : 0)) & mask))
        return false;
    crashdump_context got;
    crashdump_context_read(d->head.machine, span_of(b, len), &got);
    if (got.known)
        *c = got;
    return got.known;
}

void crashdump_cause(crashdump *d, uint64_t record, uint64_t context, crashdump_exception *e, crashdump_context *c)
{
    *e = d->head.exception;
    *c = d->head.context;
    if (record)
        read_record(d, record, e);
    if (context)
        read_context(d, context, c);
}

static bool take(crashdump *d, uint64_t at, uint64_t value, size_t most, crashdump_caller *out, size_t *count)
{
    const crashdump_module *m = crashdump_module_at(d, value);
    if (m && *count < most)
        out[(*count)++] = (crashdump_caller){ at, value, (uint32_t)(m - d->modules) };
    return *count < most;
}

/* Each frame keeps the one before it, above it on the stack, and the address it returns to. What has no frame is scanned for. */
static uint64_t follow_frames(crashdump *d, const crashdump_context *c, size_t most, crashdump_caller *out, size_t *count)
{
    uint64_t fp = c->fp, scanned = c->sp;
    for (size_t i = 0; i < FRAMES_MOST && *count < most; i++) {
        uint8_t frame[8];
        if (fp < scanned || fp - scanned > STACK_MOST || fp % 4 || !crashdump_read(d, 0, fp, frame, sizeof frame, NULL))
            break;
        if (!crashdump_module_at(d, le32(frame + 4)))
            break;
        take(d, fp + 4, le32(frame + 4), most, out, count);
        scanned = fp + 8;
        fp = le32(frame);
    }
    return scanned;
}

size_t crashdump_callers(crashdump *d, const crashdump_context *c, size_t most, crashdump_caller *out)
{
    size_t count = 0, width = d->head.wide ? 8 : 4;
    if (!c->known)
        return 0;
    uint64_t at = c->sp & ~(uint64_t)(width - 1);
    if (!d->head.wide)
        at = follow_frames(d, c, most, out, &count);
    for (uint64_t end = at + STACK_MOST; at < end && count < most;) {
        uint8_t piece[512];
        size_t len = sizeof piece - (at % sizeof piece);
        while (len >= width && !crashdump_read(d, 0, at, piece, len, NULL))
            len = len / 2 & ~(width - 1);
        if (len < width)
            break;
        for (size_t i = 0; i + width <= len; i += width)
            if (!take(d, at + i, width == 8 ? le64(piece + i) : le32(piece + i), most, out, &count))
                break;
        at += len;
    }
    return count;
}
