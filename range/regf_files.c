/* A hive's files: the base block, the primary file, and the transaction logs of either kind. */
#include "range/regf_inside.h"

/* What differs from the image as the last entry left it, in pages. */
void hive_log_changes(hive *h)
{
    log_entry *e = vec_push(&h->log);
    *e = (log_entry){ .sequence = h->sequence++, .bins = (uint32_t)h->image.len };
    vec_init(&e->pages, sizeof(run));
    buf_init(&e->bytes, IMAGE_MOST);
    for (uint32_t at = 0; at < h->image.len; at += PAGE) {
        if (at < h->seen.len && memcmp(h->image.at + at, h->seen.at + at, PAGE) == 0)
            continue;
        run *last = e->pages.count ? vec_at(&e->pages, e->pages.count - 1) : NULL;
        if (last && last->offset + last->size == at)
            last->size += PAGE;
        else
            *(run *)vec_push(&e->pages) = (run){ at, PAGE };
        buf_put(&e->bytes, h->image.at + at, PAGE);
    }
    buf_clear(&h->seen);
    buf_span(&h->seen, buf_bytes(&h->image));
}

void hive_log(hive *h)
{
    h->logging = true;
    h->before_clock = h->clock;
    buf_span(&h->before, buf_bytes(&h->image));
    buf_span(&h->seen, buf_bytes(&h->image));
}

enum { FILE_PRIMARY = 0, FILE_LOG_OLD = 1, FILE_LOG_NEW = 6 };

static void put_base(const hive *h, buf *out, unsigned kind, uint32_t primary, uint32_t secondary, uint32_t bins, moment t, size_t bytes)
{
    size_t begin = out->len;
    put_text(out, "regf");
    put32(out, primary);
    put32(out, secondary);
    put64(out, t);
    put32(out, 1);
    put32(out, h->o.minor);
    put32(out, kind);
    put32(out, 1);
    put32(out, h->root->cell);
    put32(out, bins);
    put32(out, 1);
    size_t name = out->len;
    span file = span_str(h->o.file ? h->o.file : "");
    put_utf16(out, file);
    while (out->len - name < 64)
        put16(out, 0);
    out->len = name + 64;
    put_zeros(out, begin + 508 - out->len);
    uint32_t sum = 0, word;
    for (size_t i = 0; i < 508; i += 4) {
        memcpy(&word, out->at + begin + i, 4);
        sum ^= word;
    }
    put32(out, sum == NONE ? NONE - 1 : sum == 0 ? 1 : sum);
    put_zeros(out, begin + bytes - out->len);
}

static moment base_time(const hive *h, moment t) { return h->o.base_dates ? t : h->root->written; }

void hive_bytes(const hive *h, buf *out)
{
    put_base(h, out, FILE_PRIMARY, h->o.sequence, h->o.sequence, (uint32_t)h->image.len, base_time(h, h->clock), BASE);
    buf_span(out, buf_bytes(&h->image));
}

static uint32_t turned(uint32_t v, int n) { return v << n | v >> (32 - n); }

static uint64_t marvin(span b)
{
    uint32_t lo = 0x7a4e55c5, hi = 0x82ef4d88;
    for (size_t at = 0, rounds = b.len / 4 + 2; rounds > 0; rounds--, at += 4) {
        uint8_t four[4] = { 0 };
        uint32_t word;
        if (at <= b.len) {
            span part = span_part(b, at, 4);
            if (part.len)
                memcpy(four, part.at, part.len);
            if (part.len < 4)
                four[part.len] = 0x80;
        }
        memcpy(&word, four, 4);
        lo += word;
        hi ^= lo;
        lo = turned(lo, 20) + hi;
        hi = turned(hi, 9) ^ lo;
        lo = turned(lo, 27) + hi;
        hi = turned(hi, 19);
    }
    return (uint64_t)hi << 32 | lo;
}

static void put_entry(buf *out, const log_entry *e)
{
    size_t begin = out->len, size = (40 + 8 * e->pages.count + e->bytes.len + SECTOR - 1) / SECTOR * SECTOR;
    put_text(out, "HvLE");
    put32(out, (uint32_t)size);
    put32(out, 0);
    put32(out, e->sequence);
    put32(out, e->bins);
    put32(out, (uint32_t)e->pages.count);
    put_zeros(out, 16);
    for (size_t i = 0; i < e->pages.count; i++) {
        const run *r = vec_at(&e->pages, i);
        put32(out, r->offset);
        put32(out, r->size);
    }
    buf_span(out, buf_bytes(&e->bytes));
    put_zeros(out, begin + size - out->len);
    uint64_t all = marvin(span_of(out->at + begin + 40, size - 40));
    memcpy(out->at + begin + 24, &all, 8);
    uint64_t head = marvin(span_of(out->at + begin, 32));
    memcpy(out->at + begin + 32, &head, 8);
}

/* The old log holds what the file lacks in one go: a bitmap of its sectors, and those that differ. */
static void put_old_log(const hive *h, buf *out)
{
    uint32_t n = (uint32_t)h->seen.len / SECTOR;
    put_base(h, out, FILE_LOG_OLD, h->o.sequence + 1, h->o.sequence + 1, (uint32_t)h->seen.len, base_time(h, h->before_clock), SECTOR);
    put_text(out, "DIRT");
    size_t bits = out->len;
    put_zeros(out, ((n + 7) / 8 + 4 + SECTOR - 1) / SECTOR * SECTOR - 4);
    for (uint32_t i = 0; i < n; i++) {
        size_t at = (size_t)i * SECTOR;
        if (at < h->before.len && memcmp(h->before.at + at, h->seen.at + at, SECTOR) == 0)
            continue;
        out->at[bits + i / 8] |= (uint8_t)(1u << i % 8);
        buf_put(out, h->seen.at + at, SECTOR);
    }
}

void hive_bytes_dirty(const hive *h, hive_log_kind kind, buf *file, buf *log1, buf *log2)
{
    size_t first = (h->log.count + 1) / 2;
    assert(h->log.count);
    moment t = base_time(h, h->before_clock);
    put_base(h, file, FILE_PRIMARY, h->o.sequence + 1, h->o.sequence, (uint32_t)(kind == HIVE_LOG_OLD ? h->seen.len : h->before.len), t,
             BASE);
    buf_span(file, buf_bytes(&h->before));
    if (kind == HIVE_LOG_OLD) {
        put_zeros(file, h->seen.len - h->before.len);
        put_old_log(h, log1);
        return;
    }
    for (size_t i = 0; i < h->log.count; i++) {
        const log_entry *e = vec_at(&h->log, i);
        buf *out = i < first ? log1 : log2;
        if (!out->len)
            put_base(h, out, FILE_LOG_NEW, e->sequence, e->sequence, (uint32_t)h->before.len, t, SECTOR);
        put_entry(out, e);
    }
}

status hive_save(const hive *h, const char *path)
{
    buf out;
    buf_init(&out, (size_t)IMAGE_MOST + BASE);
    hive_bytes(h, &out);
    status st = put_file(path, buf_bytes(&out));
    buf_done(&out);
    return st;
}

status hive_save_dirty(const hive *h, hive_log_kind kind, const char *path)
{
    buf out[3];
    static const char *const tails[] = { "", ".LOG1", ".LOG2" };
    char name[4096];
    status st = status_ok();
    for (int i = 0; i < 3; i++)
        buf_init(&out[i], (size_t)IMAGE_MOST + BASE);
    hive_bytes_dirty(h, kind, &out[0], &out[1], &out[2]);
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        if (status_is_ok(st) && out[i].len)
            st = put_file(name, buf_bytes(&out[i]));
        buf_done(&out[i]);
    }
    return st;
}
