/* The items of one entry: the file, or, when it is an archive, its members at any depth and then itself. */
#include "evidence/walk.h"

#include "base/progress.h"
#include "evidence/names.h"

#include <errno.h>
#include <string.h>

/* What an archive may expand to: logs that hold little are mostly zeros, so small archives get a floor. */
enum { RATIO = 200, MEMBERS = 200000, BLOCK = 1 << 17 };
#define FLOOR (1ull << 30)

typedef struct {
    archive_level *archive;
    evidence_item item;              /* the archive's own: handed out when it is done */
    const char *inside;              /* what its members' paths begin with */
} level;

struct evidence_stream {
    arena self;
    evidence_walk *walk;
    walk_entry *entry;
    level levels[EVIDENCE_NESTED];
    unsigned depth;
    bool started;
    uint64_t left, members;          /* what the archive may still expand to; members that were met */
    status over;                     /* not ok: a limit was met, nothing more is read */
    uint8_t block[BLOCK];
};

static bool is_wanted(const evidence_walk *w, evidence_type type, const char *path)
{
    const evidence_options *o = &w->options;
    return o->kinds == 0 || (o->kinds & EVIDENCE_KIND(type)) || (o->also && o->also(o->also_context, type, path));
}

static evidence_item new_item(evidence_stream *s, held *h, const char *path)
{
    return (evidence_item){
        .unit = s->entry->pub.unit, .unit_path = s->entry->pub.unit_path, .path = arena_str(&h->self, path), .type = EVIDENCE_OTHER, .held = h,
    };
}

static void remark_name(evidence_item *item, const char *wrong)
{
    if (wrong) {
        item->remark = status_fail(STATUS_DAMAGED, "%s", wrong);
        item->remark_kind = "file.name";
    }
}

/* Opens an archive; false when that fails, which is the item's state. */
static bool push(evidence_stream *s, const evidence_item *item, const char *inside)
{
    held *h = item->held;
    level *made = &s->levels[s->depth];
    *made = (level){ .item = *item, .inside = arena_str(&h->self, inside) };
    made->archive = archive_level_open(h, s->walk->options.password, s->depth == 0 ? s->walk->options.progress : NULL, &made->item.state);
    if (!made->archive)
        return false;
    s->depth++;
    return true;
}

static void lend_source(const evidence_stream *s, evidence_item *item)
{
    held *h = item->held;
    item->size = h->size;
    if (status_is_ok(item->state) && is_wanted(s->walk, item->type, item->path))
        item->source = held_source(h);
}

/* False when the entry is an archive, that is open now; else its item. */
static bool open_entry(evidence_stream *s, evidence_item *out)
{
    walk_entry *e = s->entry;
    held *h = held_new(s->walk);
    *out = new_item(s, h, e->pub.path);
    remark_name(out, e->wrong);
    if (e->why != STATUS_OK) {
        out->state = status_fail(e->why, "%s", e->words);
        return true;
    }
    h->fd = walk_open_file(e, &h->size, &out->state);
    if (h->fd < 0)
        return true;
    int64_t first = held_read(h, 0, s->block, EVIDENCE_FIRST);
    if (*e->sha256)
        memcpy(out->sha256, e->sha256, sizeof out->sha256);
    else if (!s->walk->options.without_hash)
        out->state = held_hash(h, out->sha256);
    if (first < 0 && status_is_ok(out->state))
        out->state = status_fail(STATUS_IO, "%s", strerror(errno));
    if (!status_is_ok(out->state))
        return true;
    out->type = evidence_recognise(span_of(s->block, (size_t)first), h->size);
    lend_source(s, out);
    if (out->type != EVIDENCE_ARCHIVE)
        return true;
    s->left = h->size > UINT64_MAX / RATIO ? UINT64_MAX : h->size * RATIO;
    if (s->left < FLOOR)
        s->left = FLOOR;
    if (push(s, out, e->alone ? "" : e->pub.path))
        return false;
    out->state = s->levels[0].item.state;
    return true;
}

/* So much more came out of an archive; false when it is too much. */
static bool expand(evidence_stream *s, uint64_t bytes)
{
    uint64_t all = atomic_fetch_add(&s->walk->expanded, bytes) + bytes;
    if (bytes > s->left)
        s->over = status_fail(STATUS_LIMIT, "it expands to over %d times its size; not read further", RATIO);
    else if (all > s->walk->options.max_expanded)
        s->over = status_fail(STATUS_LIMIT, "the archives expand to more than %llu bytes; not read further", (unsigned long long)s->walk->options.max_expanded);
    else
        s->left -= bytes;
    return status_is_ok(s->over);
}

/* sum: NULL when nobody asks. */
typedef struct { sha256 *sum; bool keep; bool ended; status why; } intake;

static void take(evidence_stream *s, held *h, intake *in, span bytes)
{
    if (in->sum)
        sha256_add(in->sum, bytes);
    if (!expand(s, bytes.len))
        in->why = s->over;
    else if (in->keep)
        in->why = held_put(h, bytes);
    else
        h->size += bytes.len;
}

/* The member's bytes, recognised by the first of them and kept when somebody wants that kind. */
static void read_member(evidence_stream *s, archive_level *from, const archive_member *m, evidence_item *out)
{
    held *h = out->held;
    intake in = { .sum = s->walk->options.without_hash ? NULL : sha256_begin() };
    size_t first = 0;
    int64_t n = 1;
    while (first < EVIDENCE_FIRST && n > 0) {
        n = archive_level_read(from, s->block + first, sizeof s->block - first, &in.why);
        first += n > 0 ? (size_t)n : 0;
    }
    out->type = evidence_recognise(span_of(s->block, first), n == 0 ? first : m->size_known && m->size >= first ? m->size : UINT64_MAX / 2);
    in.keep = is_wanted(s->walk, out->type, out->path) || out->type == EVIDENCE_ARCHIVE;
    status failed = in.why;
    in.why = status_ok();
    take(s, h, &in, span_of(s->block, first));
    while (n > 0 && status_is_ok(in.why)) {
        n = archive_level_read(from, s->block, sizeof s->block, &failed);
        if (n > 0)
            take(s, h, &in, span_of(s->block, (size_t)n));
    }
    if (!status_is_ok(in.why))
        failed = in.why;

    if (in.sum) {
        uint8_t hash[32];
        sha256_end(in.sum, hash);
        hex_of(span_of(hash, sizeof hash), out->sha256);
    }
    if (!status_is_ok(failed)) {
        /* What came before the damage is evidence too. */
        bool useful = h->size && !m->encrypted && failed.code == STATUS_DAMAGED && (out->type == EVIDENCE_EVTX || out->type == EVIDENCE_EVTX_CHUNK || out->type == EVIDENCE_REGISTRY);
        if (useful) {
            out->remark_kind = "file.torn";
            out->remark = status_fail(STATUS_DAMAGED, "it breaks off after %llu bytes: %.160s", (unsigned long long)h->size, failed.words);
        } else {
            out->state = m->encrypted ? status_fail(STATUS_BAD_INPUT, "encrypted, and cannot be opened: %.160s", failed.words) : failed;
            *out->sha256 = '\0';
        }
    }
    lend_source(s, out);
}

/* What a packed single file is called: as the archive, without the last ending. */
static span name_without_ending(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    return span_of(name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}

/* False when the member is an archive, that is open now; else its item. */
static bool open_member(evidence_stream *s, const archive_member *m, evidence_item *out)
{
    level *top = &s->levels[s->depth - 1];
    held *h = held_new(s->walk);
    const char *wrong = NULL;
    span raw = archive_level_is_raw(top->archive) ? name_without_ending(top->item.path) : span_of(m->raw_name, m->raw_len);
    const char *name = name_logical(&h->self, raw, &wrong);
    *out = new_item(s, h, name_join(&h->self, top->inside, name));
    out->member = true;
    remark_name(out, wrong);
    if (!m->regular) {
        out->state = status_fail(STATUS_UNSUPPORTED, m->link ? "a link; not followed" : "a device; not opened");
        return true;
    }
    if (m->encrypted && !s->walk->options.password) {
        out->state = status_fail(STATUS_BAD_INPUT, "encrypted: a password is needed");
        return true;
    }
    read_member(s, top->archive, m, out);
    if (out->type != EVIDENCE_ARCHIVE || !status_is_ok(out->state))
        return true;
    if (s->depth == EVIDENCE_NESTED) {
        out->state = status_fail(STATUS_LIMIT, "an archive in an archive, nested too deep; not opened");
        return true;
    }
    if (push(s, out, out->path))
        return false;
    out->state = s->levels[s->depth].item.state;
    return true;
}

static void pop(evidence_stream *s, status why, evidence_item *out)
{
    level *top = &s->levels[--s->depth];
    archive_level_close(top->archive);
    *out = top->item;
    if (!status_is_ok(why)) {
        out->state = why;
        out->source = (evtx_source){ 0 };
    }
}

static bool next(evidence_stream *s, evidence_item *out)
{
    for (;;) {
        if (s->depth == 0) {
            if (s->started)
                return false;
            s->started = true;
            if (open_entry(s, out))
                return true;
            continue;
        }
        archive_member m;
        status why = s->over;
        archive_step step = status_is_ok(why) ? archive_level_next(s->levels[s->depth - 1].archive, &m, &why) : ARCHIVE_BROKEN;
        if (step != ARCHIVE_MEMBER) {
            pop(s, why, out);
            return true;
        }
        if (++s->members > MEMBERS)
            s->over = status_fail(STATUS_LIMIT, "more than %d files in an archive; not read further", MEMBERS);
        else if (!m.directory && open_member(s, &m, out))
            return true;
    }
}

evidence_stream *evidence_stream_open(evidence_walk *w, size_t entry)
{
    arena self;
    arena_init(&self, 0);
    evidence_stream *s = arena_alloc(&self, sizeof *s);
    s->self = self;
    s->walk = w;
    s->entry = vec_at(&w->entries, entry);
    return s;
}

bool evidence_stream_next(evidence_stream *s, evidence_item *out)
{
    archive_thread_enter();
    bool is = next(s, out);
    archive_thread_leave();
    return is;
}

void evidence_stream_close(evidence_stream *s)
{
    while (s->depth) {
        evidence_item item;
        pop(s, status_ok(), &item);
        evidence_release(&item);
    }
    arena self = s->self;
    arena_done(&self);
}

bool evidence_next(evidence_walk *w, evidence_item *out)
{
    for (;;) {
        if (!w->next_stream) {
            if (w->next_entry == w->entries.count)
                return false;
            w->next_stream = evidence_stream_open(w, w->next_entry++);
        }
        if (evidence_stream_next(w->next_stream, out))
            return true;
        evidence_stream_close(w->next_stream);
        w->next_stream = NULL;
    }
}

void evidence_release(evidence_item *item)
{
    held_drop(item->held);
    *item = (evidence_item){ 0 };
}

bool evidence_hash(evidence_walk *w, size_t entry, char out[65])
{
    walk_entry *e = vec_at(&w->entries, entry);
    *out = '\0';
    if (!*e->sha256 && e->why == STATUS_OK) {
        status why = status_ok();
        held *h = held_new(w);
        h->fd = walk_open_file(e, &h->size, &why);
        if (h->fd >= 0 && !status_is_ok(held_hash(h, e->sha256)))
            *e->sha256 = '\0';
        held_drop(h);
    }
    memcpy(out, e->sha256, sizeof e->sha256);
    return *out != '\0';
}
