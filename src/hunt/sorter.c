/* Runs: sorted in memory, written when memory is full, merged in the end. */
#include "hunt/sorter.h"

#include "base/cursor.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_BYTES = 256 << 10, DIGIT = 11, DIGITS = 6, FEW = 256 };

/* Where one stands, and its time, which most often decides. */
typedef struct { moment time; uint32_t at; } placed;

/* A run in a file, and what of it is read. */
typedef struct { int fd; uint64_t at, size; buf bytes; size_t pos; span first; } run;

void sorter_init(sorter *s, size_t limit)
{
    *s = (sorter){ .limit = limit, .failed = status_ok() };
    buf_init(&s->bytes, 2 * limit + FOUND_BYTES);
    vec_init(&s->at, sizeof(placed));
    vec_init(&s->runs, sizeof(run));
}

static span found_at(const buf *bytes, uint32_t at)
{
    return span_of(bytes->at + at, le32(bytes->at + at));
}

static int by_all(const void *a, const void *b, void *bytes)
{
    const placed *l = a, *r = b;
    bool same;
    if (l->time != r->time)
        return l->time < r->time ? -1 : 1;
    return found_order(found_at(bytes, l->at), found_at(bytes, r->at), &same);
}

/* By the time's digits, the last first; those that are the same in all cost nothing. */
static void sort_times(placed *at, size_t count)
{
    arena mem;
    arena_init(&mem, 0);
    placed *from = at, *to = arena_array(&mem, count, sizeof *to);
    for (unsigned shift = 0; shift < DIGIT * DIGITS; shift += DIGIT) {
        size_t starts[1 << DIGIT] = { 0 };
        for (size_t i = 0; i < count; i++)
            starts[from[i].time >> shift & ((1 << DIGIT) - 1)]++;
        if (starts[from[0].time >> shift & ((1 << DIGIT) - 1)] == count)
            continue;
        for (size_t d = 0, sum = 0; d < 1 << DIGIT; d++) {
            size_t here = starts[d];
            starts[d] = sum;
            sum += here;
        }
        for (size_t i = 0; i < count; i++)
            to[starts[from[i].time >> shift & ((1 << DIGIT) - 1)]++] = from[i];
        placed *was = from;
        from = to;
        to = was;
    }
    if (from != at)
        memcpy(at, from, count * sizeof *at);
    arena_done(&mem);
}

static void sort_memory(sorter *s)
{
    placed *at = s->at.at;
    size_t count = s->at.count;
    if (count < FEW) {
        if (count > 1)
            qsort_r(at, count, sizeof *at, by_all, &s->bytes);
        return;
    }
    sort_times(at, count);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && at[end].time == at[i].time; end++)
            ;
        if (end > i + 1)
            qsort_r(at + i, end - i, sizeof *at, by_all, &s->bytes);
    }
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
        span one = found_at(&s->bytes, ((placed *)vec_at(&s->at, i))->at);
        fwrite(one.at, 1, one.len, file);
        r.size += one.len;
    }
    bool wrong = ferror(file) != 0;
    if (fclose(file) != 0 || wrong)
        s->failed = status_fail(STATUS_IO, "a temporary file: %s", strerror(errno));
    *(run *)vec_push(&s->runs) = r;
    buf_clear(&s->bytes);
    s->at.count = 0;
}

void sorter_add(sorter *s, span found)
{
    if (!status_is_ok(s->failed))
        return;
    if (s->bytes.len + found.len > s->limit && s->at.count)
        spill(s);
    size_t from = s->bytes.len;
    buf_span(&s->bytes, found);
    if (s->bytes.overflow)
        s->failed = status_fail(STATUS_LIMIT, "more hits at once than memory is given for");
    for (size_t at = from; at < s->bytes.len; at += le32(s->bytes.at + at))
        *(placed *)vec_push(&s->at) = (placed){ found_time(found_at(&s->bytes, (uint32_t)at)), (uint32_t)at };
}

/* ---- merging ---- */

/* The run's next; an empty span at its end. */
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
        while (r->bytes.len < READ_BYTES + FOUND_BYTES && r->at < r->size) {
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
    r->first = have >= 4 ? span_of(r->bytes.at + r->pos, le32(r->bytes.at + r->pos)) : (span){ 0 };
    r->pos += r->first.len;
    return status_ok();
}

/* Runs by what comes first of them: a heap. What is in memory is a run without a file. */
static bool before(const run *a, const run *b)
{
    bool same;
    return found_order(a->first, b->first, &same) < 0;
}

static void sink(run **heap, size_t count, size_t i)
{
    for (size_t kid; (kid = 2 * i + 1) < count; i = kid) {
        kid += kid + 1 < count && before(heap[kid + 1], heap[kid]);
        if (before(heap[i], heap[kid]))
            return;
        run *up = heap[kid];
        heap[kid] = heap[i];
        heap[i] = up;
    }
}

static status advance(sorter *s, run *r)
{
    if (r->fd >= 0)
        return next_of(r);
    r->first = r->at < r->size ? found_at(&s->bytes, ((placed *)vec_at(&s->at, r->at))->at) : (span){ 0 };
    r->at++;
    return status_ok();
}

static status begin_runs(sorter *s, run *memory, vec *heap)
{
    status done = status_ok();
    for (size_t i = 0; i <= s->runs.count && status_is_ok(done); i++) {
        run *r = i < s->runs.count ? vec_at(&s->runs, i) : memory;
        buf_init(&r->bytes, 4 * (READ_BYTES + FOUND_BYTES));
        done = advance(s, r);
        if (r->first.len)
            *(run **)vec_push(heap) = r;
    }
    for (size_t i = heap->count / 2; i-- > 0;)
        sink(heap->at, heap->count, i);
    return done;
}

status sorter_give(sorter *s, void (*each)(void *context, span found, bool again), void *context)
{
    run memory = { .fd = -1, .size = s->at.count };
    buf last;                                                /* the bytes of a run move on */
    vec heap;
    buf_init(&last, 2 * FOUND_BYTES);
    vec_init(&heap, sizeof(run *));
    if (status_is_ok(s->failed)) {
        sort_memory(s);
        s->failed = begin_runs(s, &memory, &heap);
    }
    while (status_is_ok(s->failed) && heap.count) {
        run **runs = heap.at;
        bool same = false;
        span now = runs[0]->first;
        if (last.len)
            found_order(buf_bytes(&last), now, &same);
        each(context, now, same);
        buf_clear(&last);
        buf_span(&last, now);
        s->failed = advance(s, runs[0]);
        if (!runs[0]->first.len)
            runs[0] = runs[--heap.count];
        sink(runs, heap.count, 0);
    }
    buf_done(&last);
    vec_done(&heap);
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
