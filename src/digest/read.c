/* Reads a digest. A line is believed when it is, byte for byte, the line that we would write for what it says, and stands
 * behind the one it has to stand behind: so there is one way to say a thing, and no check of names, order, numbers or escapes
 * can be forgotten. */
#include "digest/store.h"

#include "base/utf16.h"

#include <zstd.h>

#include <stdlib.h>

enum { WINDOW_LOG_MOST = 23, TREE_BYTES = 64 << 20 };

typedef struct {
    digest *d;
    vec logs;                    /* of const stored_log *, by their id */
    bool *used; size_t used_room;
    arena tree;                  /* one line's */
    buf again;                   /* the line as we would write it */
    line_kind kind;              /* of the last line */
    uint64_t number;             /* of the line, from 1 */
    const char *wrong;
} reader;

static void fail(reader *r, const char *what)
{
    if (!r->wrong)
        r->wrong = what;
}

static const char *take_text(reader *r, const json *from)
{
    if (!from || from->kind != JSON_STRING) {
        fail(r, "a text is missing");
        return "";
    }
    if (from->text.len > NOTE_VALUE || memchr(from->text.at, 0, from->text.len)) {
        fail(r, "a text is too long, or has a NUL in it");
        return "";
    }
    return (const char *)from->text.at;
}

static const char *text(reader *r, const json *line, const char *name)
{
    return take_text(r, json_get(line, name));
}

static const char *text_or_null(reader *r, const json *line, const char *name)
{
    const json *value = json_get(line, name);
    return value && value->kind == JSON_NULL ? NULL : take_text(r, value);
}

static uint64_t take_number(reader *r, const json *from, uint64_t most)
{
    uint64_t n = 0;
    if (!json_uint(from, &n) || n > most)
        fail(r, "a number is missing or too large");
    return n;
}

static uint64_t number(reader *r, const json *line, const char *name)
{
    return take_number(r, json_get(line, name), UINT64_MAX);
}

static bool truth(reader *r, const json *line, const char *name)
{
    const json *value = json_get(line, name);
    if (!value || value->kind != JSON_BOOL) {
        fail(r, "true or false is missing");
        return false;
    }
    return value->truth;
}

static moment take_moment(reader *r, const json *from)
{
    moment t = MOMENT_UNKNOWN;
    if (from && from->kind == JSON_NULL)
        return t;
    if (!from || from->kind != JSON_STRING || !moment_parse(from->text, &t))
        fail(r, "a time is missing or is none");
    return t;
}

static moment time_of(reader *r, const json *line, const char *name)
{
    return take_moment(r, json_get(line, name));
}

/* An array or object with at most `most` children, or NULL. */
static const json *children(reader *r, const json *line, const char *name, json_kind kind, size_t most)
{
    const json *value = json_get(line, name);
    if (!value || value->kind != kind || value->count > most) {
        fail(r, "a list is missing or too long");
        return NULL;
    }
    return value;
}

static void *room_for(reader *r, const json *list, size_t each)
{
    return list && list->count ? arena_array(&r->tree, list->count, each) : NULL;
}

static fact *facts(reader *r, const json *line, const char *name, size_t *count)
{
    const json *list = children(r, line, name, JSON_OBJECT, NOTE_FACTS);
    fact *out = room_for(r, list, sizeof *out);
    *count = 0;
    for (const json *item = out ? list->first : NULL; item; item = item->next) {
        if (memchr(item->name.at, 0, item->name.len))
            fail(r, "a name has a NUL in it");
        out[(*count)++] = (fact){ (const char *)item->name.at, take_text(r, item) };
    }
    return out;
}

static const log_ref *log_of(reader *r, const json *line)
{
    uint64_t id = number(r, line, "log");
    if (id >= r->logs.count) {
        fail(r, "no such log");
        return r->d->nowhere;
    }
    r->used[id] = true;
    return *(const log_ref **)vec_at(&r->logs, id);
}

static void read_log(reader *r, const json *line)
{
    log_ref log = { .file = text(r, line, "file"), .path = text(r, line, "path"), .computer = text(r, line, "computer"), .channel = text(r, line, "channel") };
    if (r->wrong)
        return;
    const log_ref *kept = digest_log(r->d, &log);
    if (r->logs.count && log_compare(*(const log_ref **)vec_at(&r->logs, r->logs.count - 1), kept) >= 0)
        fail(r, "logs are not in order");
    stored_log *stored = (stored_log *)kept;
    stored->id = r->logs.count;
    *(const log_ref **)vec_push(&r->logs) = kept;
    line_log(stored, &r->again);
}

static void read_evidence(reader *r, const json *line)
{
    evidence_file e = {
        .path = text(r, line, "path"), .unit = text(r, line, "unit"), .sha256 = text(r, line, "sha256"), .kind = text(r, line, "kind"),
        .read = truth(r, line, "read"), .why = text_or_null(r, line, "why"), .computer = text_or_null(r, line, "computer"),
        .channel = text_or_null(r, line, "channel"), .bytes = number(r, line, "bytes"), .records = number(r, line, "records"),
        .recovered = number(r, line, "recovered"), .first_record = number(r, line, "first_record"), .last_record = number(r, line, "last_record"),
        .first = time_of(r, line, "first"), .last = time_of(r, line, "last"), .problems_dropped = number(r, line, "problems_dropped"),
    };
    for (const char *c = e.sha256; *c; c++)
        if (!strchr("0123456789abcdef", *c))
            fail(r, "a hash is none");
    if (*e.sha256 && strlen(e.sha256) != 64)
        fail(r, "a hash is none");
    const json *list = children(r, line, "problems", JSON_ARRAY, DIGEST_PROBLEMS);
    problem *problems = room_for(r, list, sizeof *problems);
    for (const json *item = problems ? list->first : NULL; item; item = item->next) {
        const json *chunk = json_get(item, "chunk");
        problems[e.problem_count++] = (problem){
            .kind = text(r, item, "kind"), .text = text(r, item, "text"), .offset = number(r, item, "offset"),
            .chunk = chunk && chunk->kind == JSON_NULL ? PROBLEM_NO_CHUNK : take_number(r, chunk, PROBLEM_NO_CHUNK - 1),
        };
    }
    e.problems = problems;
    if (!r->wrong)
        digest_add_evidence(r->d, &e);
}

static void read_claim(reader *r, const json *line)
{
    identity_claim c = {
        .computer = text(r, line, "computer"), .key = text(r, line, "key"), .value = text(r, line, "value"), .file = text(r, line, "file"),
        .from = time_of(r, line, "from"), .to = time_of(r, line, "to"), .record = number(r, line, "record"),
        .channel = text(r, line, "channel"), .source = text(r, line, "source"), .strength = text(r, line, "strength"),
    };
    if (!r->wrong)
        digest_add_claim(r->d, &c);
}

static void read_block(reader *r, const json *line)
{
    log_block b = {
        .log = log_of(r, line), .block = number(r, line, "block"), .records = (uint32_t)take_number(r, json_get(line, "records"), UINT32_MAX),
        .first_record = number(r, line, "first_record"), .last_record = number(r, line, "last_record"),
        .first = time_of(r, line, "first"), .last = time_of(r, line, "last"),
    };
    const json *list = children(r, line, "anchors", JSON_ARRAY, BLOCK_ANCHORS);
    b.anchors = room_for(r, list, sizeof *b.anchors);
    for (const json *item = b.anchors ? list->first : NULL; item; item = item->next) {
        const json *second = item->first ? item->first->next : NULL;
        b.anchors[b.anchor_count++] = (block_anchor){ take_number(r, item->first, UINT64_MAX), take_moment(r, second) };
    }
    if (!r->wrong)
        digest_add_block(r->d, &b);
}

static void read_act(reader *r, const json *line)
{
    act a = {
        .log = log_of(r, line), .record = number(r, line, "record"), .time = time_of(r, line, "time"), .kind = text(r, line, "kind"),
        .recovered = truth(r, line, "recovered"), .offset = number(r, line, "offset"),
    };
    a.facts = facts(r, line, "facts", &a.fact_count);
    const json *finding = json_get(line, "finding");
    if (finding && finding->kind != JSON_NULL) {
        a.finding = text(r, finding, "kind");
        if (!severity_from(text(r, finding, "severity"), &a.severity))
            fail(r, "no such severity");
        a.confidence = (unsigned)take_number(r, json_get(finding, "confidence"), 100);
        a.techniques = text(r, finding, "techniques");
        a.text = text_or_null(r, finding, "text");
    }
    if (!r->wrong)
        digest_add_act(r->d, &a);
}

static void read_tally(reader *r, const json *line)
{
    tally t = { .log = log_of(r, line), .kind = text(r, line, "kind"), .block = number(r, line, "block"), .width = number(r, line, "width") };
    t.key = facts(r, line, "key", &t.key_count);
    const json *list = children(r, line, "buckets", JSON_ARRAY, TALLY_BUCKETS);
    t.buckets = room_for(r, list, sizeof *t.buckets);
    for (const json *item = t.buckets ? list->first : NULL; item; item = item->next) {
        const json *parts[5] = { 0 };
        size_t n = 0;
        for (const json *part = item->first; part && n < 5; part = part->next)
            parts[n++] = part;
        t.buckets[t.bucket_count++] = (tally_bucket){
            .start = take_moment(r, parts[0]), .count = (uint32_t)take_number(r, parts[1], UINT32_MAX), .record = take_number(r, parts[2], UINT64_MAX),
            .first = take_moment(r, parts[3]), .last = take_moment(r, parts[4]),
        };
    }
    if (!r->wrong)
        digest_add_tally(r->d, &t);
}

static void read_cut(reader *r, const json *line)
{
    digest_cut c = { .log = log_of(r, line), .kind = text(r, line, "kind"), .dropped = number(r, line, "dropped") };
    if (strlen(c.kind) > NAME_BYTES)
        fail(r, "a kind is too long");
    if (r->wrong)
        return;
    c.kind = arena_str(&r->d->mem, c.kind);
    *(digest_cut *)vec_push(&r->d->lines[LINE_CUT]) = c;
    int over = store_over(r->d, &c);
    if (over >= 0)
        r->d->over[over] = c.dropped;
}

static void read_head(reader *r, const json *line)
{
    digest_head h = {
        .unit = text(r, line, "unit"), .tool = text(r, line, "tool"), .profiles = text(r, line, "profiles"), .rules = text(r, line, "rules"),
        .options = text(r, line, "options"), .sources = text(r, line, "sources"),
    };
    if (r->wrong)
        return;
    r->d = digest_new(&h);
    line_head(&r->d->head, &r->again);
}

/* The line that was just added, again; and whether it belongs behind the one before it. */
static void check_added(reader *r, line_kind kind)
{
    static const char *const out_of_order = "lines are not in order";
    const vec *v = &r->d->lines[kind];
    if (r->wrong)
        return;
    if (kind < r->kind || (v->count > 1 && store_compare(kind, vec_at(v, v->count - 2), vec_at(v, v->count - 1)) >= 0))
        fail(r, out_of_order);
    r->kind = kind;
    line_put(kind, vec_at(v, v->count - 1), &r->again);
}

static void read_object(reader *r, const json *line)
{
    static void (*const readers[LINE_KINDS])(reader *, const json *) = { read_evidence, read_claim, read_block, read_act, read_tally, read_cut };
    const char *kind = json_str(line, "line");
    if (strcmp(kind, "log") == 0) {
        for (int k = 0; k < LINE_KINDS; k++)
            if (r->d->lines[k].count)
                fail(r, "lines are not in order");
        read_log(r, line);
        return;
    }
    for (int k = 0; k < LINE_KINDS; k++)
        if (strcmp(kind, store_kinds[k]) == 0) {
            if (!r->used) {
                r->used_room = r->logs.count;
                r->used = arena_alloc(&r->d->mem, r->used_room);
            }
            readers[k](r, line);
            check_added(r, k);
            return;
        }
    fail(r, "no such kind of line");
}

static status damaged(const reader *r)
{
    return status_fail(STATUS_DAMAGED, "digest, line %llu: %s", (unsigned long long)r->number, r->wrong);
}

static status read_line(reader *r, span bytes)
{
    json *line;
    r->number++;
    arena_reset(&r->tree);
    status s = json_parse(&r->tree, bytes, &line);
    if (!status_is_ok(s))
        return status_fail(STATUS_DAMAGED, "digest, line %llu: %s", (unsigned long long)r->number, s.words);
    buf_clear(&r->again);
    if (r->number == 1) {
        const char *schema = json_str(line, "schema");
        if (strcmp(json_str(line, "line"), "head") != 0 || strncmp(schema, "suyuan.digest/", 14) != 0)
            return status_fail(STATUS_DAMAGED, "this is no digest");
        if (strcmp(schema, SCHEMA) != 0)
            return status_fail(STATUS_UNSUPPORTED, "a digest of another version (%.40s; this program reads %s)", schema, SCHEMA);
        read_head(r, line);
    } else {
        read_object(r, line);
    }
    if (!r->wrong && !(r->again.len == bytes.len + 1 && memcmp(r->again.at, bytes.at, bytes.len) == 0))
        fail(r, "it is not written the way a digest is");
    return r->wrong ? damaged(r) : status_ok();
}

static status finish(reader *r)
{
    if (!r->d)
        return status_fail(STATUS_DAMAGED, "this is no digest");
    for (size_t i = 0; i < r->logs.count; i++)
        if (!r->used || !r->used[i])
            return status_fail(STATUS_DAMAGED, "digest: a log that no line names");
    r->d->sorted = true;
    return status_ok();
}

/* Cuts the text that comes out of `zstd` into lines; `rest` holds the one that has no end yet. */
static status read_text(reader *r, span text, buf *rest)
{
    status s = status_ok();
    while (text.len && status_is_ok(s)) {
        const uint8_t *newline = memchr(text.at, '\n', text.len);
        span part = span_part(text, 0, newline ? (size_t)(newline - text.at) : text.len);
        if (!newline || rest->len) {
            buf_span(rest, part);
            if (rest->overflow)
                return status_fail(STATUS_DAMAGED, "digest, line %llu: too long", (unsigned long long)r->number + 1);
        }
        if (!newline)
            break;
        s = read_line(r, rest->len ? buf_bytes(rest) : part);
        buf_clear(rest);
        text = span_part(text, part.len + 1, SIZE_MAX);
    }
    return s;
}

static status read_packed(reader *r, ZSTD_DCtx *zstd, span bytes, buf *rest, buf *text)
{
    ZSTD_inBuffer in = { bytes.at, bytes.len, 0 };
    uint64_t total = 0;
    size_t left = 1;
    while (left > 0) {
        ZSTD_outBuffer to = { text->at, text->room, 0 };
        size_t before = in.pos;
        left = ZSTD_decompressStream(zstd, &to, &in);
        if (ZSTD_isError(left))
            return status_fail(STATUS_DAMAGED, "digest: %s", ZSTD_getErrorName(left));
        if (left > 0 && to.pos == 0 && in.pos == before)
            return status_fail(STATUS_DAMAGED, "digest: it ends too early");
        total += to.pos;
        if (total > DIGEST_BYTES)
            return status_fail(STATUS_LIMIT, "digest: more than %u MiB of text", DIGEST_BYTES >> 20);
        status s = read_text(r, span_of(text->at, to.pos), rest);
        if (!status_is_ok(s))
            return s;
    }
    if (in.pos < in.size)
        return status_fail(STATUS_DAMAGED, "digest: something follows its end");
    if (rest->len)
        return status_fail(STATUS_DAMAGED, "digest: its last line has no end");
    return finish(r);
}

status digest_read(span bytes, digest **out)
{
    reader r = { .kind = LINE_EVIDENCE };
    vec_init(&r.logs, sizeof(log_ref *));
    arena_init(&r.tree, TREE_BYTES);
    buf_init(&r.again, 2 * LINE_BYTES);
    buf rest, text;
    buf_init(&rest, LINE_BYTES);
    buf_init(&text, ZSTD_DStreamOutSize());
    buf_room(&text, ZSTD_DStreamOutSize());
    ZSTD_DCtx *zstd = ZSTD_createDCtx();
    if (!zstd)
        abort();
    ZSTD_DCtx_setParameter(zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MOST);

    status s = read_packed(&r, zstd, bytes, &rest, &text);
    if (status_is_ok(s))
        *out = r.d;
    else
        digest_free(r.d);

    ZSTD_freeDCtx(zstd);
    buf_done(&text);
    buf_done(&rest);
    buf_done(&r.again);
    arena_done(&r.tree);
    vec_done(&r.logs);
    return s;
}
