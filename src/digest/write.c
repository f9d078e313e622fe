#include "digest/store.h"

#include <zstd.h>

#include <stdlib.h>

/* Repeats lie close together, and whoever reads a digest need not hold more than this. */
enum { LEVEL = 6, WINDOW_LOG = 22 };

static void begin(json_writer *w, buf *out, const char *kind)
{
    json_begin(w, out);
    json_object(w);
    json_key(w, "line");
    json_text(w, kind);
}

static void end(json_writer *w)
{
    json_end_object(w);
    buf_char(w->out, '\n');
}

static void put_text(json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_text(w, value);
}

static void put_number(json_writer *w, const char *key, uint64_t value)
{
    json_key(w, key);
    json_u64(w, value);
}

static void put_moment_value(json_writer *w, moment t)
{
    char text[MOMENT_TEXT];
    if (moment_known(t))
        json_text(w, moment_iso(t, text));
    else
        json_null(w);
}

static void put_moment(json_writer *w, const char *key, moment t)
{
    json_key(w, key);
    put_moment_value(w, t);
}

static void put_facts(json_writer *w, const char *key, const fact *facts, size_t count)
{
    json_key(w, key);
    json_object(w);
    for (size_t i = 0; i < count; i++)
        put_text(w, facts[i].name, facts[i].value);
    json_end_object(w);
}

static void put_log(json_writer *w, const log_ref *log)
{
    put_number(w, "log", ((const stored_log *)log)->id);
}

void line_head(const digest_head *h, buf *out)
{
    json_writer w;
    begin(&w, out, "head");
    put_text(&w, "schema", SCHEMA);
    put_text(&w, "unit", h->unit);
    put_text(&w, "tool", h->tool);
    put_text(&w, "profiles", h->profiles);
    put_text(&w, "rules", h->rules);
    put_text(&w, "options", h->options);
    put_text(&w, "sources", h->sources);
    end(&w);
}

void line_log(const stored_log *log, buf *out)
{
    json_writer w;
    begin(&w, out, "log");
    put_number(&w, "id", log->id);
    put_text(&w, "computer", log->ref.computer);
    put_text(&w, "channel", log->ref.channel);
    put_text(&w, "file", log->ref.file);
    put_text(&w, "path", log->ref.path);
    end(&w);
}

static void put_problems(json_writer *w, const evidence_file *e)
{
    json_key(w, "problems");
    json_array(w);
    for (size_t i = 0; i < e->problem_count; i++) {
        const problem *p = &e->problems[i];
        json_object(w);
        put_text(w, "kind", p->kind);
        json_key(w, "chunk");
        if (p->chunk == PROBLEM_NO_CHUNK)
            json_null(w);
        else
            json_u64(w, p->chunk);
        put_number(w, "offset", p->offset);
        put_text(w, "text", p->text);
        json_end_object(w);
    }
    json_end_array(w);
    put_number(w, "problems_dropped", e->problems_dropped);
}

static void put_evidence(json_writer *w, const evidence_file *e)
{
    put_text(w, "path", e->path);
    put_text(w, "unit", e->unit);
    put_text(w, "sha256", e->sha256);
    put_number(w, "bytes", e->bytes);
    put_text(w, "kind", e->kind);
    json_key(w, "read");
    json_bool(w, e->read);
    put_text(w, "why", e->why);
    put_text(w, "computer", e->computer);
    put_text(w, "channel", e->channel);
    put_number(w, "records", e->records);
    put_number(w, "recovered", e->recovered);
    put_number(w, "first_record", e->first_record);
    put_number(w, "last_record", e->last_record);
    put_moment(w, "first", e->first);
    put_moment(w, "last", e->last);
    put_problems(w, e);
}

static void put_claim(json_writer *w, const identity_claim *c)
{
    put_text(w, "computer", c->computer);
    put_text(w, "key", c->key);
    put_text(w, "value", c->value);
    put_text(w, "file", c->file);
    put_moment(w, "from", c->from);
    put_moment(w, "to", c->to);
    put_number(w, "record", c->record);
    put_text(w, "channel", c->channel);
    put_text(w, "source", c->source);
    put_text(w, "strength", c->strength);
}

static void put_block(json_writer *w, const log_block *b)
{
    put_log(w, b->log);
    put_number(w, "block", b->block);
    put_number(w, "records", b->records);
    put_number(w, "first_record", b->first_record);
    put_number(w, "last_record", b->last_record);
    put_moment(w, "first", b->first);
    put_moment(w, "last", b->last);
    json_key(w, "anchors");
    json_array(w);
    for (size_t i = 0; i < b->anchor_count; i++) {
        json_array(w);
        json_u64(w, b->anchors[i].record);
        put_moment_value(w, b->anchors[i].time);
        json_end_array(w);
    }
    json_end_array(w);
}

static void put_act(json_writer *w, const act *a)
{
    put_log(w, a->log);
    put_number(w, "record", a->record);
    put_moment(w, "time", a->time);
    put_text(w, "kind", a->kind);
    json_key(w, "recovered");
    json_bool(w, a->recovered);
    put_number(w, "offset", a->offset);
    put_facts(w, "facts", a->facts, a->fact_count);
    json_key(w, "finding");
    if (!a->finding) {
        json_null(w);
        return;
    }
    json_object(w);
    put_text(w, "kind", a->finding);
    put_text(w, "severity", severity_word(a->severity));
    put_number(w, "confidence", a->confidence);
    put_text(w, "techniques", a->techniques);
    put_text(w, "text", a->text);
    json_end_object(w);
}

static void put_tally(json_writer *w, const tally *t)
{
    put_log(w, t->log);
    put_text(w, "kind", t->kind);
    put_number(w, "block", t->block);
    put_facts(w, "key", t->key, t->key_count);
    put_number(w, "width", t->width);
    json_key(w, "buckets");
    json_array(w);
    for (size_t i = 0; i < t->bucket_count; i++) {
        const tally_bucket *b = &t->buckets[i];
        json_array(w);
        put_moment_value(w, b->start);
        json_u64(w, b->count);
        json_u64(w, b->record);
        put_moment_value(w, b->first);
        put_moment_value(w, b->last);
        json_end_array(w);
    }
    json_end_array(w);
}

void line_put(line_kind kind, const void *line, buf *out)
{
    json_writer w;
    begin(&w, out, store_kinds[kind]);
    switch (kind) {
    case LINE_EVIDENCE: put_evidence(&w, line); break;
    case LINE_CLAIM: put_claim(&w, line); break;
    case LINE_BLOCK: put_block(&w, line); break;
    case LINE_ACT: put_act(&w, line); break;
    case LINE_TALLY: put_tally(&w, line); break;
    case LINE_CUT: {
        const digest_cut *c = line;
        put_log(&w, c->log);
        put_text(&w, "kind", c->kind);
        put_number(&w, "dropped", c->dropped);
        break;
    }
    default: break;
    }
    end(&w);
}

/* All lines in their order; `put` takes what `line` holds after each. */
static status each_line(digest *d, status (*put)(void *context, buf *line), void *context)
{
    digest_sort(d);
    vec logs;
    store_number(d, &logs);
    buf line;
    buf_init(&line, LINE_BYTES);
    line_head(&d->head, &line);
    status s = put(context, &line);
    for (size_t i = 0; i < logs.count && status_is_ok(s); i++) {
        buf_clear(&line);
        line_log(*(stored_log **)vec_at(&logs, i), &line);
        s = put(context, &line);
    }
    for (int kind = 0; kind < LINE_KINDS; kind++)
        for (size_t i = 0; i < d->lines[kind].count && status_is_ok(s); i++) {
            buf_clear(&line);
            line_put(kind, vec_at(&d->lines[kind], i), &line);
            s = line.overflow ? status_fail(STATUS_LIMIT, "a line of a digest is longer than it may be") : put(context, &line);
        }
    buf_done(&line);
    vec_done(&logs);
    return s;
}

static status put_plain(void *context, buf *line)
{
    buf *out = context;
    buf_span(out, buf_bytes(line));
    return out->overflow ? status_fail(STATUS_LIMIT, "the digest does not fit where it is written to") : status_ok();
}

status digest_lines(digest *d, buf *out)
{
    return each_line(d, put_plain, out);
}

typedef struct { ZSTD_CCtx *zstd; buf *out; } packer;

static status pack(packer *p, span bytes, ZSTD_EndDirective how)
{
    ZSTD_inBuffer in = { bytes.at, bytes.len, 0 };
    size_t left;
    do {
        if (!buf_room(p->out, ZSTD_CStreamOutSize()))
            return status_fail(STATUS_LIMIT, "the digest does not fit where it is written to");
        ZSTD_outBuffer to = { p->out->at + p->out->len, p->out->room - p->out->len, 0 };
        left = ZSTD_compressStream2(p->zstd, &to, &in, how);
        if (ZSTD_isError(left))
            return status_fail(STATUS_IO, "zstd: %s", ZSTD_getErrorName(left));
        p->out->len += to.pos;
    } while (how == ZSTD_e_end ? left > 0 : in.pos < in.size);
    return status_ok();
}

static status put_packed(void *context, buf *line)
{
    return pack(context, buf_bytes(line), ZSTD_e_continue);
}

status digest_write(digest *d, buf *out)
{
    packer p = { ZSTD_createCCtx(), out };
    if (!p.zstd)
        abort();
    ZSTD_CCtx_setParameter(p.zstd, ZSTD_c_compressionLevel, LEVEL);
    ZSTD_CCtx_setParameter(p.zstd, ZSTD_c_windowLog, WINDOW_LOG);
    ZSTD_CCtx_setParameter(p.zstd, ZSTD_c_checksumFlag, 1);
    status s = each_line(d, put_packed, &p);
    if (status_is_ok(s))
        s = pack(&p, (span){ 0 }, ZSTD_e_end);
    ZSTD_freeCCtx(p.zstd);
    return s;
}
