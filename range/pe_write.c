#include "range/pe_write.h"

#include "range/put.h"

#define SECTION_AT  0x400u
#define SECTION_RVA 0x1000u

static void align4(buf *b)
{
    while (b->len % 4)
        put8(b, 0);
}

/* A node of VS_VERSIONINFO: length, value length, kind, name; what is in it is put next, and its length set at the end. */
static size_t begin(buf *b, const char *name, unsigned value_len, unsigned text)
{
    align4(b);
    size_t at = b->len;
    put16(b, 0);
    put16(b, value_len);
    put16(b, text);
    put_utf16(b, span_str(name));
    put16(b, 0);
    align4(b);
    return at;
}
static void end(buf *b, size_t at) { memcpy(b->at + at, &(uint16_t){ (uint16_t)(b->len - at) }, 2); }

static void text_entry(buf *b, const char *name, const char *text)
{
    size_t at = begin(b, name, (unsigned)strlen(text) + 1, 1);
    put_utf16(b, span_str(text));
    put16(b, 0);
    end(b, at);
}

static void version_info(buf *b, const char *name, const unsigned v[4], const char *version_text)
{
    size_t all = begin(b, "VS_VERSION_INFO", 52, 0);
    const uint32_t fixed[13] = {
        0xfeef04bd, 0x10000, v[0] << 16 | v[1], v[2] << 16 | v[3], v[0] << 16 | v[1], v[2] << 16 | v[3], 0x3f, 0, 0x40004, 3, 6, 0, 0
    };
    buf_put(b, fixed, sizeof fixed);
    size_t strings = begin(b, "StringFileInfo", 0, 1), table = begin(b, "040904B0", 0, 1);
    text_entry(b, "CompanyName", "Microsoft Corporation");
    text_entry(b, "FileDescription", "Server driver");
    text_entry(b, "FileVersion", version_text);
    text_entry(b, "InternalName", name);
    text_entry(b, "OriginalFilename", name);
    text_entry(b, "ProductName", "Microsoft\xc2\xae Windows\xc2\xae Operating System");
    end(b, table);
    end(b, strings);
    size_t var = begin(b, "VarFileInfo", 0, 1), translation = begin(b, "Translation", 4, 0);
    put32(b, 0x04b00409);
    end(b, translation);
    end(b, var);
    end(b, all);
}

static void directory(buf *b, uint32_t id, uint32_t to)
{
    put_zeros(b, 14);
    put16(b, 1);
    put32(b, id);
    put32(b, to);
}

void pe_driver(buf *out, const char *name, const unsigned version[4], const char *version_text, moment linked)
{
    buf rsrc;
    buf_init(&rsrc, 1 << 16);
    directory(&rsrc, 16, 0x80000018);
    directory(&rsrc, 1, 0x80000030);
    directory(&rsrc, 0x409, 0x48);
    put32(&rsrc, SECTION_RVA + 0x58);
    put32(&rsrc, 0);
    put32(&rsrc, 0);
    put32(&rsrc, 0);
    size_t at = rsrc.len;
    version_info(&rsrc, name, version, version_text);
    memcpy(rsrc.at + 0x4c, &(uint32_t){ (uint32_t)(rsrc.len - at) }, 4);
    uint32_t size = (uint32_t)rsrc.len, whole = (size + 511) / 512 * 512;

    put_text(out, "MZ");
    put_zeros(out, 58);
    put32(out, 0x80);
    put_zeros(out, 64);
    buf_put(out, "PE\0\0", 4);
    put16(out, 0x8664);
    put16(out, 1);
    put32(out, (uint32_t)moment_to_unix(linked));
    put64(out, 0);
    put16(out, 240);
    put16(out, 0x22);
    size_t optional = out->len;
    put16(out, 0x20b);
    put_zeros(out, 22);
    put64(out, 0x10000);
    put32(out, 0x1000);
    put32(out, 0x200);
    put16(out, 6);
    put16(out, 1);
    put32(out, 0);
    put16(out, 6);
    put16(out, 1);
    put32(out, 0);
    put32(out, SECTION_RVA + (size + 0xfff) / 0x1000 * 0x1000);
    put32(out, SECTION_AT);
    put32(out, 0);
    put16(out, 1); /* native: a driver */
    put16(out, 0);
    put64(out, 0x40000);
    put64(out, 0x1000);
    put64(out, 0x100000);
    put64(out, 0x1000);
    put32(out, 0);
    put32(out, 16);
    put_zeros(out, 16);
    put32(out, SECTION_RVA);
    put32(out, size);
    put_zeros(out, optional + 240 - out->len);
    buf_put(out, ".rsrc\0\0\0", 8);
    put32(out, size);
    put32(out, SECTION_RVA);
    put32(out, whole);
    put32(out, SECTION_AT);
    put_zeros(out, 12);
    put32(out, 0x40000040);
    put_zeros(out, SECTION_AT - out->len);
    buf_span(out, buf_bytes(&rsrc));
    put_zeros(out, whole - size);
    buf_done(&rsrc);
}
