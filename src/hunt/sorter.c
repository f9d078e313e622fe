/* Runs: sorted in memory, written when memory is full, merged in the end. */
#include "hunt/sorter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { HEAD = 4 + 8 + 8 + 8 + 4 + 4 + 4 + 1, READ_BYTES = 256 << 10, HIT_BYTES = 1 << 20 };

/* Where a hit stands, and its time, which most often decides. */
typedef struct { moment time; uint32_t at; } placed;

/* A run in a file, and what of it is read. */
typedef struct { int fd; uint64_t at, size; buf bytes; size_t pos; span hit; } run;

void sorter_init(sorter *s, size_t limit)
{
    *s = (sorter){ .limit = limit, .failed = status_ok() };
    buf_init(&s->bytes, 2 * limit + HIT_BYTES);
    vec_init(&s->at, sizeof(placed));
    vec_init(&s->runs, sizeof(run));
}

static void put_u(buf *out, uint64_t n, size_t bytes)
{
    uint8_t le[8];
    for (size_t i = 0; i < bytes; i++)
        le[i] = (uint8_t)(n >> (8 * i));
    buf_put(out, le, bytes);
}

static void put_text(buf *out, const char *text)
{
    buf_put(out, text ? text : "", text ? strlen(text) + 1 : 1);
}

/* A hit whose fields are too long for one keeps those that fit. */
void hit_put(buf *out, const hunt_hit *h)
{
    size_t from = out->len;
    put_u(out, 0, 4);
    put_u(out, h->time, 8);
    put_u(out, h->record, 8);
    put_u(out, h->offset, 8);
    put_u(out, h->rule, 4);
    put_u(out, h->event_id, 4);
    size_t count_at = out->len;
    put_u(out, 0, 4);
    put_u(out, h->recovered, 1);
    put_text(out, h->host);
    put_text(out, h->channel);
    put_text(out, h->provider);
    put_text(out, h->file);
    uint32_t count = 0;
    for (size_t i = 0; i < h->field_count; i++) {
        if (out->len - from + strlen(h->fields[i].name) + strlen(h->fields[i].value) > HIT_BYTES / 2)
            break;
        put_text(out, h->fields[i].name);
        put_text(out, h->fields[i].value);
        count++;
    }
    if (out->overflow) {
        out->len = from;
        return;
    }
    uint32_t len = (uint32_t)(out->len - from);
    memcpy(out->at + from, &len, 4);
    memcpy(out->at + count_at, &count, 4);
}

static const char *text_at(span hit, size_t *at)
{
    const char *text = (const char *)hit.at + *at;
    *at += strlen(text) + 1;
    return text;
}

/* Of two hits; `same`: of one record by one rule. */
static int order(span a, span b, bool *same)
{
    size_t ai = HEAD, bi = HEAD;
    *same = false;
    uint64_t at = le64(a.at + 4), bt = le64(b.at + 4);
    if (at != bt)
        return at < bt ? -1 : 1;
    for (int i = 0; i < 2; i++) {                            /* host, channel */
        int by = strcmp(text_at(a, &ai), text_at(b, &bi));
        if (by)
            return by;
    }
    uint64_t ar = le64(a.at + 12), br = le64(b.at + 12);
    if (ar != br)
        return ar < br ? -1 : 1;
    uint32_t al = le32(a.at + 28), bl = le32(b.at + 28);
    if (al != bl)
        return al < bl ? -1 : 1;
    *same = true;
    int by = strcmp(text_at(a, &ai), text_at(b, &bi));       /* provider */
    by = by ? by : strcmp(text_at(a, &ai), text_at(b, &bi)); /* file: the first of the copies is told */
    uint64_t ao = le64(a.at + 20), bo = le64(b.at + 20);
    return by ? by : ao < bo ? -1 : ao > bo;
}

static span hit_at(const buf *bytes, uint32_t at)
{
    return span_of(bytes->at + at, le32(bytes->at + at));
}

static int by_hit(const void *a, const void *b, void *bytes)
{
    const placed *l = a, *r = b;
    bool same;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    return order(hit_at(bytes, l->at), hit_at(bytes, r->at), &same);
}

static void sort_memory(sorter *s)
{
    if (s->at.count > 1)
        qsort_r(s->at.at, s->at.count, sizeof(placed), by_hit, &s->bytes);
}

static int open_file(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    int len = snprintf(path, sizeof path, "%s/suyuan-hunt-XXXXXX", folder && *folder ? folder : "/var/tmp");
    int fd = len > 0 && (size_t)len < sizeof path ? mkstemp(path) : -1;
    if (fd >= 0)
        unlink(path);
    return fd;
}

static void spill(sorter *s)
{
    run r = { .fd = open_file() };
    FILE *file = r.fd >= 0 ? fdopen(dup(r.fd), "wb") : NULL;
    if (!file) {
        s->failed = status_fail(STATUS_IO, "a temporary file: %s", strerror(errno));
        return;
    }
    sort_memory(s);
    for (size_t i = 0; i < s->at.count; i++) {
        span hit = hit_at(&s->bytes, ((placed *)vec_at(&s->at, i))->at);
        fwrite(hit.at, 1, hit.len, file);
        r.size += hit.len;
    }
    bool wrong = ferror(file) != 0;
    if (fclose(file) != 0 || wrong)
        s->failed = status_fail(STATUS_IO, "a temporary file: %s", strerror(errno));
    *(run *)vec_push(&s->runs) = r;
    buf_clear(&s->bytes);
    s->at.count = 0;
}

void sorter_add(sorter *s, span hits)
{
    if (!status_is_ok(s->failed))
        return;
    if (s->bytes.len + hits.len > s->limit && s->at.count)
        spill(s);
    size_t from = s->bytes.len;
    buf_span(&s->bytes, hits);
    if (s->bytes.overflow)
        s->failed = status_fail(STATUS_LIMIT, "more hits at once than memory is given for");
    for (size_t at = from; at < s->bytes.len; at += le32(s->bytes.at + at))
        *(placed *)vec_push(&s->at) = (placed){ le64(s->bytes.at + at + 4), (uint32_t)at };
}

/* ---- merging ---- */

/* The run's next hit; an empty span at its end. */
static status next_of(run *r)
{
    size_t have = r->bytes.len - r->pos;
    size_t need = have >= 4 ? le32(r->bytes.at + r->pos) : 4;
    if (have < need && r->at < r->size) {
        memmove(r->bytes.at, r->bytes.at + r->pos, have);
        r->bytes.len = have;
        r->pos = 0;
        if (!buf_room(&r->bytes, READ_BYTES))
            return status_fail(STATUS_LIMIT, "a hit is too long");
        while (r->bytes.len < READ_BYTES + HIT_BYTES && r->at < r->size) {
            size_t want = r->size - r->at < READ_BYTES ? (size_t)(r->size - r->at) : READ_BYTES;
            if (!buf_room(&r->bytes, want))
                break;
            ssize_t n = pread(r->fd, r->bytes.at + r->bytes.len, want, (off_t)r->at);
            if (n <= 0)
                return status_fail(STATUS_IO, "a temporary file: %s", n < 0 ? strerror(errno) : "it is shorter than it was");
            r->bytes.len += (size_t)n;
            r->at += (uint64_t)n;
        }
    }
    have = r->bytes.len - r->pos;
    r->hit = have >= 4 ? span_of(r->bytes.at + r->pos, le32(r->bytes.at + r->pos)) : (span){ 0 };
    r->pos += r->hit.len;
    return status_ok();
}

typedef struct { void (*each)(void *, const hunt_hit *); void *context; buf last; vec fields; uint64_t given, again; } giver;

static void give(giver *g, span hit)
{
    bool same = false;
    if (g->last.len)
        order(buf_bytes(&g->last), hit, &same);
    if (same) {
        g->again++;
        return;
    }
    buf_clear(&g->last);
    buf_span(&g->last, hit);
    size_t at = HEAD;
    hunt_hit h = {
        .time = le64(hit.at + 4), .record = le64(hit.at + 12), .offset = le64(hit.at + 20), .rule = le32(hit.at + 28), .event_id = le32(hit.at + 32),
        .recovered = hit.at[40],
    };
    h.host = text_at(hit, &at);
    h.channel = text_at(hit, &at);
    h.provider = text_at(hit, &at);
    h.file = text_at(hit, &at);
    g->fields.count = 0;
    for (uint32_t i = 0; i < le32(hit.at + 36); i++) {
        sigma_field *f = vec_push(&g->fields);
        f->name = text_at(hit, &at);
        f->value = text_at(hit, &at);
    }
    h.fields = g->fields.at;
    h.field_count = g->fields.count;
    g->given++;
    g->each(g->context, &h);
}

status sorter_give(sorter *s, void (*each)(void *context, const hunt_hit *h), void *context, uint64_t *given, uint64_t *again)
{
    giver g = { .each = each, .context = context };
    buf_init(&g.last, 2 * HIT_BYTES);
    vec_init(&g.fields, sizeof(sigma_field));
    sort_memory(s);
    size_t mine = 0;
    for (size_t i = 0; i < s->runs.count && status_is_ok(s->failed); i++) {
        run *r = vec_at(&s->runs, i);
        buf_init(&r->bytes, 4 * (READ_BYTES + HIT_BYTES));
        s->failed = next_of(r);
    }
    while (status_is_ok(s->failed)) {
        run *from = NULL;
        bool same;
        span best = mine < s->at.count ? hit_at(&s->bytes, ((placed *)vec_at(&s->at, mine))->at) : (span){ 0 };
        for (size_t i = 0; i < s->runs.count; i++) {
            run *r = vec_at(&s->runs, i);
            if (r->hit.len && (!best.len || order(r->hit, best, &same) < 0)) {
                best = r->hit;
                from = r;
            }
        }
        if (!best.len)
            break;
        give(&g, best);
        if (from)
            s->failed = next_of(from);
        else
            mine++;
    }
    *given = g.given;
    *again = g.again;
    buf_done(&g.last);
    vec_done(&g.fields);
    return s->failed;
}

void sorter_done(sorter *s)
{
    for (size_t i = 0; i < s->runs.count; i++) {
        run *r = vec_at(&s->runs, i);
        buf_done(&r->bytes);
        close(r->fd);
    }
    buf_done(&s->bytes);
    vec_done(&s->at);
    vec_done(&s->runs);
}
