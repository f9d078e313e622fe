#include "format/pe.h"

#include "format/pe_signer.h"

#include <stdio.h>

enum { RESOURCE = 2, SECURITY = 4, DEBUG = 6, DIRECTORIES = 16, SECTIONS = 96, RT_VERSION = 16, CODEVIEW = 2, REPRO = 16, NATIVE = 1, DLL = 0x2000 };

typedef struct { uint32_t at, size; } directory;
typedef struct { uint32_t address, size, file, file_size; } section;
typedef struct {
    arena *mem;
    problems *noted;
    span bytes;
    section sections[SECTIONS]; size_t section_count;
    directory directories[DIRECTORIES];
    unsigned entries;                /* of resources seen */
    pe *to;
} reader;

bool pe_is(span first, uint64_t size)
{
    if (first.len < 64 || first.at[0] != 'M' || first.at[1] != 'Z')
        return false;
    uint32_t header = le32(first.at + 60);
    if (header < 4 || header > size || size - header < 24)
        return false;
    span signature = span_part(first, header, 4);
    return signature.len < 4 || memcmp(signature.at, "PE\0\0", 4) == 0;      /* beyond the first bytes: it may be one */
}

/* What lies at an address of the loaded program, up to the end of its section in the file. */
static span at_address(const reader *r, uint32_t address)
{
    for (size_t i = 0; i < r->section_count; i++) {
        const section *s = &r->sections[i];
        if (address >= s->address && address - s->address < s->file_size)
            return span_part(span_part(r->bytes, s->file, s->file_size), address - s->address, SIZE_MAX);
    }
    return (span){ 0 };
}

/* ---- version ---- */

typedef struct { span key, value, children; bool is_text; } block;

static void align(cursor *c)
{
    size_t over = c->at % 4;
    if (over && cur_left(c) >= 4 - over)
        cur_skip(c, 4 - over, "padding");
}

/* One block of VS_VERSIONINFO: sizes, a key, a value and blocks inside. */
static bool next_block(cursor *c, block *out)
{
    align(c);
    if (cur_left(c) < 8)
        return false;
    size_t begin = c->at;
    uint16_t size = cur_u16(c, "version.size"), value = cur_u16(c, "version.value"), type = cur_u16(c, "version.type");
    if (size < 8 || size > c->all.len - begin)
        return false;
    cursor b = cur_open(span_part(c->all, begin, size));     /* begins at a multiple of 4, so its own offsets align as well */
    cur_skip(&b, 6, "version.block");
    size_t key = b.at;
    while (cur_u16(&b, "version.key"))
        ;
    out->key = span_part(b.all, key, b.at - key);
    align(&b);
    out->is_text = type == 1;
    size_t len = out->is_text ? (size_t)value * 2 : value;
    out->value = cur_bytes(&b, len < cur_left(&b) ? len : cur_left(&b), "version.value");
    align(&b);
    out->children = span_part(b.all, b.at, SIZE_MAX);
    if (!cur_ok(&b))
        return false;
    cur_seek(c, begin + size, "version.next");
    return true;
}

static void take_text(reader *r, const block *b)
{
    const struct { const char *key, **to; } known[] = {
        { "OriginalFilename", &r->to->original_name }, { "InternalName", &r->to->internal_name }, { "FileDescription", &r->to->description },
        { "CompanyName", &r->to->company }, { "ProductName", &r->to->product_name }, { "FileVersion", &r->to->version_text }, { "LegalCopyright", &r->to->copyright },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (**known[i].to || !utf16_is(span_part(b->key, 0, b->key.len < 2 ? 0 : b->key.len - 2), known[i].key))
            continue;
        const char *text = utf16_text(r->mem, utf16_trim(b->value));
        *known[i].to = text ? text : "";
    }
}

static pe_version version_of(uint32_t high, uint32_t low)
{
    return (pe_version){ { (uint16_t)(high >> 16), (uint16_t)high, (uint16_t)(low >> 16), (uint16_t)low } };
}

static bool read_numbers(span value, pe *to)
{
    cursor c = cur_open(value);
    bool signature = cur_u32(&c, "version.signature") == 0xFEEF04BD;
    cur_skip(&c, 4, "version.structure");
    uint32_t n[4];
    for (size_t i = 0; i < 4; i++)
        n[i] = cur_u32(&c, "version.numbers");
    if (!cur_ok(&c) || !signature)
        return false;
    to->has_version = true;
    to->file = version_of(n[0], n[1]);
    to->product = version_of(n[2], n[3]);
    return true;
}

static void read_version(reader *r, span bytes, uint64_t offset)
{
    cursor c = cur_open(bytes);
    block root, kind, table, one;
    if (!next_block(&c, &root) || !read_numbers(root.value, r->to)) {
        problems_note(r->noted, "pe.version", PROBLEM_NO_CHUNK, offset, "the version cannot be read");
        return;
    }
    cursor kinds = cur_open(root.children);
    while (next_block(&kinds, &kind)) {
        if (!utf16_starts(kind.key, "StringFileInfo"))
            continue;
        cursor tables = cur_open(kind.children);
        while (next_block(&tables, &table)) {
            cursor list = cur_open(table.children);
            while (next_block(&list, &one))
                take_text(r, &one);
        }
    }
}

/* ---- resources: a tree of kind, name, language ---- */

/* The first entry of a directory, or the one of a number; false when there is none. */
static bool entry_of(reader *r, span all, uint32_t at, int64_t number, uint32_t *to)
{
    cursor c = cur_open(all);
    cur_seek(&c, at, "resource.directory");
    cur_skip(&c, 12, "resource.directory");
    uint32_t named = cur_u16(&c, "resource.named"), numbered = cur_u16(&c, "resource.numbered");
    size_t count = cur_count(&c, named + numbered, 8, "resource.entries");
    for (size_t i = 0; i < count && cur_ok(&c) && r->entries < PE_RESOURCES; i++, r->entries++) {
        uint32_t id = cur_u32(&c, "resource.id");
        *to = cur_u32(&c, "resource.to");
        if (number < 0 || id == number)
            return cur_ok(&c);
    }
    return false;
}

static void read_resources(reader *r)
{
    enum { INNER = 0x7FFFFFFF };
    span all = at_address(r, r->directories[RESOURCE].at);
    uint32_t to = 0;
    if (r->directories[RESOURCE].at == 0)
        return;
    if (!entry_of(r, all, 0, RT_VERSION, &to))
        return;
    for (unsigned level = 0; level < 2 && to & 0x80000000; level++)
        if (!entry_of(r, all, to & INNER, -1, &to))
            to = 0x80000000;
    cursor c = cur_open(all);
    cur_seek(&c, to, "resource.data");
    uint32_t address = cur_u32(&c, "resource.address"), size = cur_u32(&c, "resource.size");
    span version = cur_ok(&c) ? span_part(at_address(r, address), 0, size) : (span){ 0 };
    if (version.len == 0)
        problems_note(r->noted, "pe.resource", PROBLEM_NO_CHUNK, r->directories[RESOURCE].at, "the version's resource lies nowhere");
    else
        read_version(r, version, (uint64_t)(version.at - r->bytes.at));
}

/* ---- the rest ---- */

static void read_debug(reader *r)
{
    cursor c = cur_open(span_part(at_address(r, r->directories[DEBUG].at), 0, r->directories[DEBUG].size));
    while (r->directories[DEBUG].at && cur_left(&c) >= 28) {
        cur_skip(&c, 12, "debug");
        uint32_t type = cur_u32(&c, "debug.type"), size = cur_u32(&c, "debug.size");
        cur_skip(&c, 4, "debug.address");
        span data = span_part(r->bytes, cur_u32(&c, "debug.at"), size);
        r->to->reproducible |= type == REPRO;
        if (type != CODEVIEW || data.len < 25 || memcmp(data.at, "RSDS", 4) != 0)
            continue;
        span path = span_part(data, 24, 32768);
        const uint8_t *end = memchr(path.at, 0, path.len);
        path.len = end ? (size_t)(end - path.at) : path.len;
        const char *text = utf8_valid(path) ? arena_text(r->mem, path) : NULL;
        r->to->pdb = text ? text : r->to->pdb;
    }
}

static void read_signature(reader *r)
{
    enum { PKCS7 = 2 };
    directory d = r->directories[SECURITY];                  /* the one directory whose place is one in the file */
    if (d.at == 0 || d.size == 0)
        return;
    cursor c = cur_open(span_part(r->bytes, d.at, d.size));
    uint32_t size = cur_u32(&c, "signature.size");
    cur_skip(&c, 2, "signature.revision");
    uint16_t type = cur_u16(&c, "signature.type");
    if (!cur_ok(&c) || size < 8 || size > c.all.len) {
        problems_note(r->noted, "pe.signature", PROBLEM_NO_CHUNK, d.at, "the signature does not lie in the file");
        return;
    }
    r->to->signature = PE_SIGNATURE;
    if (type == PKCS7)
        r->to->signer = pe_signer(r->mem, span_part(c.all, 8, size - 8));
}

static bool read_headers(reader *r)
{
    cursor c = cur_open(r->bytes);
    pe *to = r->to;
    cur_seek(&c, 60, "pe.header");
    cur_seek(&c, cur_u32(&c, "pe.header"), "pe.header");
    cur_skip(&c, 4, "pe.signature");
    to->machine = cur_u16(&c, "pe.machine");
    uint16_t sections = cur_u16(&c, "pe.sections");
    to->link_time = cur_u32(&c, "pe.link time");
    cur_skip(&c, 8, "pe.symbols");
    uint16_t optional = cur_u16(&c, "pe.optional size"), flags = cur_u16(&c, "pe.flags");
    to->dll = flags & DLL;
    cursor o = cur_open(cur_bytes(&c, optional, "pe.optional"));
    uint16_t magic = cur_u16(&o, "optional.magic");
    if (!cur_ok(&c) || (magic != 0x10b && magic != 0x20b))
        return false;
    to->wide = magic == 0x20b;
    cur_seek(&o, 56, "optional.image size");
    to->image_size = cur_u32(&o, "optional.image size");
    cur_skip(&o, 4, "optional.headers");
    to->checksum = cur_u32(&o, "optional.checksum");
    to->subsystem = cur_u16(&o, "optional.subsystem");
    to->driver = to->subsystem == NATIVE;
    cur_seek(&o, to->wide ? 108 : 92, "optional.directories");
    uint32_t count = cur_u32(&o, "optional.directories");
    for (size_t i = 0; i < DIRECTORIES && i < count && cur_left(&o) >= 8; i++)
        r->directories[i] = (directory){ cur_u32(&o, "directory.at"), cur_u32(&o, "directory.size") };
    for (; r->section_count < SECTIONS && r->section_count < sections && cur_left(&c) >= 40; r->section_count++) {
        section *s = &r->sections[r->section_count];
        cur_skip(&c, 8, "section.name");
        s->size = cur_u32(&c, "section.size");
        s->address = cur_u32(&c, "section.address");
        s->file_size = cur_u32(&c, "section.file size");
        s->file = cur_u32(&c, "section.file");
        cur_skip(&c, 16, "section");
        uint64_t end = (uint64_t)s->file + s->file_size;
        to->end = end > to->end ? end : to->end;
    }
    return true;
}

status pe_read(arena *mem, span bytes, problems *noted, pe *out)
{
    *out = (pe){ .original_name = "", .internal_name = "", .description = "", .company = "", .product_name = "", .version_text = "", .copyright = "", .signer = "", .pdb = "" };
    reader r = { .mem = mem, .noted = noted, .bytes = bytes, .to = out };
    span header = bytes.len >= 64 ? span_part(bytes, le32(bytes.at + 60), 4) : (span){ 0 };
    if (!pe_is(bytes, bytes.len) || header.len < 4 || !read_headers(&r))
        return status_fail(STATUS_DAMAGED, "no Windows program");
    read_resources(&r);
    read_debug(&r);
    read_signature(&r);
    return mem->spent ? status_fail(STATUS_LIMIT, "the program takes more memory than it may") : status_ok();
}

int pe_version_compare(pe_version a, pe_version b)
{
    for (size_t i = 0; i < 4; i++)
        if (a.part[i] != b.part[i])
            return a.part[i] < b.part[i] ? -1 : 1;
    return 0;
}

const char *pe_version_text(pe_version v, char out[24])
{
    snprintf(out, 24, "%u.%u.%u.%u", v.part[0], v.part[1], v.part[2], v.part[3]);
    return out;
}

const char *pe_machine_word(uint16_t machine)
{
    switch (machine) {
    case 0x14c: return "x86";
    case 0x8664: return "x64";
    case 0xaa64: return "arm64";
    case 0x1c0: case 0x1c4: return "arm";
    case 0x200: return "ia64";
    default: return "other";
    }
}
