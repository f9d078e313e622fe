/* Hives over any bytes, with logs: all keys and values, found again by name and by cell, their data, text and paths; deleted
 * ones; printed as JSON lines. What is read must not be more than a hive of that size can hold, and the lines must be JSON.
 * An input is a hive, or "LOGS", three sizes of 32 bits, and so long parts: hive, log, log. Bins are filled up with zeros to a whole
 * page, checksums and hashes are put right, so that small inputs reach as far as real ones. */
#include "cli/registry_print.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BASE = 4096, SECTOR = 512, PAGE = 4096, PARTS = 3, DEEPEST = REGF_DEPTH + 1 };

static void require(bool kept)
{
    if (!kept)
        abort();
}

/* ---- the input ---- */

typedef struct { uint8_t *at; size_t len; } part;

static void put_checksum(uint8_t *base)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < 508; i += 4)
        sum ^= le32(base + i);
    sum = sum == 0 ? 1 : sum == UINT32_MAX ? UINT32_MAX - 1 : sum;
    memcpy(base + 508, &sum, 4);
}

/* ---- Marvin32, so that a changed entry of a log is one that was written so ---- */

static uint32_t turn(uint32_t n, unsigned by) { return n << by | n >> (32 - by); }

static void put_marvin(span of, uint8_t *out)
{
    uint32_t low = 0x7A4E55C5, high = 0x82EF4D88;
    for (size_t at = 0; at <= of.len + 4; at += 4) {         /* sizes are multiples of 4: then comes 0x80, then nothing */
        low += at < of.len ? le32(of.at + at) : at == of.len ? 0x80 : 0;
        high ^= low;
        low = turn(low, 20) + high;
        high = turn(high, 9) ^ low;
        low = turn(low, 27) + high;
        high = turn(high, 19);
    }
    memcpy(out, &low, 4);
    memcpy(out + 4, &high, 4);
}

static void put_hashes(part log)
{
    for (size_t at = SECTOR; at + 40 <= log.len && memcmp(log.at + at, "HvLE", 4) == 0;) {
        size_t size = le32(log.at + at + 4);
        if (size < SECTOR || size % SECTOR || size > log.len - at)
            break;
        put_marvin(span_of(log.at + at + 40, size - 40), log.at + at + 24);
        put_marvin(span_of(log.at + at, 32), log.at + at + 32);
        at += size;
    }
}

/* An odd byte at the end of the part keeps what is wrong wrong. */
static part take_part(span s, bool hive)
{
    size_t len = hive && s.len > BASE ? BASE + (s.len - BASE + PAGE - 1) / PAGE * PAGE : s.len;
    part p = { calloc(1, len ? len : 1), len };
    if (s.len)
        memcpy(p.at, s.at, s.len);
    if (len >= SECTOR && s.len % 2 == 0) {
        put_checksum(p.at);
        if (!hive)
            put_hashes(p);
    }
    return p;
}

static size_t split(span input, part parts[PARTS])
{
    if (input.len < 16 || memcmp(input.at, "LOGS", 4) != 0) {
        parts[0] = take_part(input, true);
        return 1;
    }
    span rest = span_part(input, 16, SIZE_MAX);
    for (size_t i = 0; i < PARTS; i++) {
        span s = span_part(rest, 0, le32(input.at + 4 + 4 * i));
        rest = span_part(rest, s.len, SIZE_MAX);
        parts[i] = take_part(s, i == 0);
    }
    return PARTS;
}

/* ---- reading ---- */

typedef struct { const regf *h; arena mem; size_t keys, values, bytes; } reading;

static void read_value(reading *r, const regf_key *key, const regf_value *v)
{
    uint64_t number;
    arena_reset(&r->mem);
    span data = regf_data(r->h, v, &r->mem);
    require(data.len <= v->size);
    for (size_t i = 0; i < data.len; i += 509)
        r->bytes += data.at[i] == 0;                 /* it is there to be read */
    r->bytes += data.len + v->name.len;
    char *text = regf_text(r->h, v, &r->mem);
    require(text && utf8_valid(span_str(text)));
    require(utf8_valid(span_str(regf_name_text(v->name, v->latin, &r->mem))));
    regf_number(r->h, v, &number);
    regf_withheld(r->h, key, v);
    r->values++;
}

static void read_key(reading *r, const regf_key *key, unsigned depth)
{
    regf_key below, again;
    regf_value v;
    require(depth <= DEEPEST);
    r->keys++;
    r->bytes += key->name.len;
    require(regf_key_at(r->h, key->cell, &again) && again.node == key->node);
    regf_class(r->h, key);
    regf_security(r->h, key);
    regf_withheld(r->h, key, NULL);
    for (regf_values i = regf_values_of(r->h, key); regf_values_next(&i, &v);)
        read_value(r, key, &v);
    for (regf_keys i = regf_keys_of(r->h, key); regf_keys_next(&i, &below);) {
        require(regf_parent(r->h, &below, &again) && again.node == key->node);
        read_key(r, &below, depth + 1);
    }
}

/* A key is found by its path when no name in it has a separator or a NUL. */
static void find_again(reading *r, const regf_key *key)
{
    regf_key found;
    arena_reset(&r->mem);
    char *path = regf_path(r->h, key, &r->mem);
    require(path && utf8_valid(span_str(path)));
    regf_key root = regf_root(r->h);
    regf_find(r->h, &root, path, &found);
}

static void read_lost(reading *r, size_t size)
{
    arena lost_mem;
    regf_lost *lost;
    size_t values = 0;
    arena_init(&lost_mem, 0);
    size_t count = regf_deleted(r->h, &lost_mem, &lost);
    for (size_t i = 0; i < count; i++) {
        require(lost[i].path && utf8_valid(span_str(lost[i].path)));
        values += lost[i].value_count;
        for (size_t v = 0; v < lost[i].value_count; v++)
            read_value(r, &lost[i].key, &lost[i].values[v]);
        if (lost[i].key.cell != REGF_NONE)
            find_again(r, &lost[i].key);
    }
    require(count <= size / 8 && values <= size / 8);
    arena_done(&lost_mem);
}

/* ---- printing ---- */

static bool keep(void *context, span bytes)
{
    buf_span(context, bytes);
    return true;
}

static void check_lines(span text)
{
    arena mem;
    arena_init(&mem, 0);
    for (size_t at = 0; at < text.len;) {
        const uint8_t *end = memchr(text.at + at, '\n', text.len - at);
        require(end);
        span line = span_of(text.at + at, (size_t)(end - text.at) - at);
        json *parsed;
        arena_reset(&mem);
        require(utf8_valid(line) && status_is_ok(json_parse(&mem, line, &parsed)));
        at += line.len + 1;
    }
    arena_done(&mem);
}

static void print_all(const regf *h)
{
    buf text;
    regf_key root = regf_root(h);
    arena mem;
    regf_lost *lost;
    buf_init(&text, SIZE_MAX / 4);
    arena_init(&mem, 0);
    size_t count = regf_deleted(h, &mem, &lost);
    for (registry_format format = REGISTRY_TABLE; format <= REGISTRY_REG; format++) {
        registry_printer p = { .format = format, .hive = h, .name = format == REGISTRY_REG ? "a/b" : NULL, .write = keep, .context = &text };
        buf_clear(&text);
        registry_begin(&p);
        if (root.cell != REGF_NONE)
            registry_tree(&p, &root);
        for (size_t i = 0; i < count; i++)
            registry_lost(&p, &lost[i]);
        require(registry_end(&p));
        if (format == REGISTRY_JSONL)
            check_lines(buf_bytes(&text));
    }
    arena_done(&mem);
    buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    part parts[PARTS];
    span logs[PARTS];
    problems noted;
    arena mem;
    regf *h;
    size_t count = split(span_of(data, size), parts), total = 0;
    for (size_t i = 0; i < count; i++) {
        logs[i] = span_of(parts[i].at, parts[i].len);
        total += parts[i].len;
    }
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    if (status_is_ok(regf_open(&mem, logs[0], logs + 1, count - 1, &noted, &h))) {
        reading r = { .h = h };
        arena_init(&r.mem, 0);
        regf_key root = regf_root(h);
        if (root.cell != REGF_NONE)
            read_key(&r, &root, 0);
        require(r.keys <= total / 8 && r.values <= total / 8 && r.bytes <= 8 * total);
        read_lost(&r, total);
        print_all(h);
        arena_done(&r.mem);
    }
    arena_done(&mem);
    for (size_t i = 0; i < count; i++)
        free(parts[i].at);
    return 0;
}
