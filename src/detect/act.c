/* Acts: built fact by fact, kept by kind. Of many the first and the last stay: how it began and how it ended. */
#include "detect/artifact.h"
#include "detect/log.h"

#include <inttypes.h>
#include <stdio.h>

/* The last acts are kept in two generations: when the younger is full the older goes, so memory stays bounded without
 * moving anything, and the newest that a half may hold are always there. */
typedef struct { arena mem; vec acts; size_t bytes; } generation;

struct act_kind {
    const char *kind;
    vec first;                           /* of act */
    size_t first_bytes;
    bool first_full;
    generation old, young;
    uint64_t later;                      /* how many came after the first ones */
};

void acts_init(detect_log *log)
{
    vec_init(&log->acts, sizeof(act_kind));
}

static act_kind *kind_of(detect_log *log, const char *kind)
{
    for (size_t i = 0; i < log->acts.count; i++) {
        act_kind *k = vec_at(&log->acts, i);
        if (k->kind == kind || strcmp(k->kind, kind) == 0)
            return k;
    }
    act_kind *k = vec_push(&log->acts);
    k->kind = kind;
    vec_init(&k->first, sizeof(act));
    vec_init(&k->old.acts, sizeof(act));
    vec_init(&k->young.acts, sizeof(act));
    arena_init(&k->old.mem, 0);
    arena_init(&k->young.mem, 0);
    return k;
}

static detect_act_builder *act_begin(detect_log *out, const char *kind, uint64_t record, moment time, bool recovered)
{
    acts_commit(out);
    detect_act_builder *a = &out->builder;
    *a = (detect_act_builder){ .log = out, .open = true, .kind = kind, .record = record, .time = time, .recovered = recovered };
    return a;
}

detect_act_builder *detect_act(detect_log *out, const event *ev, const char *kind)
{
    detect_act_builder *a = act_begin(out, kind, ev->record_id, ev->time, ev->recovered);
    a->offset = ev->offset;
    return a;
}

detect_act_builder *detect_act_at(detect_log *out, const char *kind, uint64_t record, moment time, bool recovered)
{
    return act_begin(out, kind, record, time, recovered);
}

/* At most NOTE_VALUE bytes, cut at a character, and valid UTF-8 whatever came. */
static char *bounded(arena *mem, const char *value)
{
    span bytes = span_str(value);
    if (bytes.len <= NOTE_VALUE && utf8_valid(bytes))
        return arena_text(mem, bytes);
    static const char more[] = "\xe2\x80\xa6";
    char *text = arena_alloc(mem, NOTE_VALUE + 1);
    size_t len = 0, at = 0;
    bool cut = false;
    while (at < bytes.len && !cut) {
        uint32_t c = utf8_take(bytes, &at);
        uint8_t as[4];
        size_t n = utf8_put(as, c == UTF8_INVALID ? 0xfffd : c);
        cut = len + n > NOTE_VALUE - (sizeof more - 1);
        if (!cut) {
            memcpy(text + len, as, n);
            len += n;
        }
    }
    if (cut)
        memcpy(text + len, more, sizeof more - 1);
    return text;
}

/* Facts that may hold what somebody typed: no detector has to remember to mask them. */
static bool may_hold_password(const char *name)
{
    static const char *const names[] = { "command", "parent_command", "arguments", "text", "path", "detail", "query", "data", "decoded",
                                         "connect", "comment", "new", "old", "urls", "what" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void detect_fact(detect_act_builder *a, const char *name, const char *value)
{
    if (!value || !*value)
        return;
    arena *scratch = a->log->facts;
    if (may_hold_password(name))
        value = mask_passwords(a->log->passwords, value, scratch);
    value = bounded(scratch, value);
    for (size_t i = 0; i < a->fact_count; i++) {
        if (strcmp(a->facts[i].name, name) == 0) {
            a->facts[i].value = value;
            return;
        }
    }
    if (a->fact_count < NOTE_FACTS)
        a->facts[a->fact_count++] = (fact){ name, value };
}

void detect_fact_u64(detect_act_builder *a, const char *name, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, value);
    detect_fact(a, name, text);
}

void detect_fact_time(detect_act_builder *a, const char *name, moment value)
{
    char text[MOMENT_TEXT];
    detect_fact(a, name, moment_iso(value, text));
}

void detect_fact_value(detect_act_builder *a, const char *name, binxml_value value)
{
    detect_fact(a, name, value_text(value, a->log->scratch));
}

void detect_finding(detect_act_builder *a, const char *finding, severity s, unsigned confidence, const char *techniques, const char *text_id)
{
    a->finding = finding;
    a->severity = s;
    a->confidence = confidence > 100 ? 100 : confidence;
    a->techniques = techniques;
    a->text = arena_str(a->log->facts, text_id);
}

static int fact_order(const void *a, const void *b)
{
    return strcmp(((const fact *)a)->name, ((const fact *)b)->name);
}

static size_t weight(const detect_act_builder *a)
{
    size_t bytes = sizeof(act) + a->fact_count * sizeof(fact);
    for (size_t i = 0; i < a->fact_count; i++)
        bytes += strlen(a->facts[i].value) + 1;
    return bytes;
}

static act copy(const detect_act_builder *a, const log_ref *ref, arena *mem)
{
    act done = { .log = ref, .kind = a->kind, .record = a->record, .offset = a->offset, .time = a->time, .recovered = a->recovered,
                 .fact_count = a->fact_count, .finding = a->finding, .severity = a->severity, .confidence = a->confidence,
                 .techniques = a->techniques ? a->techniques : "", .text = arena_str(mem, a->text) };
    done.facts = arena_array(mem, a->fact_count ? a->fact_count : 1, sizeof(fact));
    for (size_t i = 0; i < a->fact_count; i++) {       /* insertion: facts are few */
        size_t to = i;
        fact f = { a->facts[i].name, arena_str(mem, a->facts[i].value) };
        while (to > 0 && fact_order(&done.facts[to - 1], &f) > 0) {
            done.facts[to] = done.facts[to - 1];
            to--;
        }
        done.facts[to] = f;
    }
    done.techniques = arena_str(mem, done.techniques);
    return done;
}

static void generation_clear(generation *g)
{
    g->acts.count = 0;
    g->bytes = 0;
    arena_reset(&g->mem);
}

static void keep(detect_log *log, const detect_act_builder *a)
{
    act_kind *k = kind_of(log, a->kind);
    size_t bytes = weight(a);
    if (!k->first_full && (k->first.count >= log->acts_most || k->first_bytes + bytes > log->acts_bytes))
        k->first_full = true;
    if (!k->first_full) {
        k->first_bytes += bytes;
        act *kept = vec_push(&k->first);
        *kept = copy(a, &log->ref, log->mem);
        return;
    }
    k->later++;
    if (k->young.acts.count >= log->acts_most || k->young.bytes + bytes > log->acts_bytes) {
        generation swap = k->old;
        k->old = k->young;
        k->young = swap;
        generation_clear(&k->young);
    }
    k->young.bytes += bytes;
    act *kept = vec_push(&k->young.acts);
    *kept = copy(a, &log->ref, &k->young.mem);
}

void acts_commit(detect_log *log)
{
    if (!log->builder.open)
        return;
    log->builder.open = false;
    keep(log, &log->builder);
    if (log->facts != log->scratch)
        arena_reset(log->facts);
}

/* How many of the older generation fill up what the younger leaves. */
static size_t older_kept(const detect_log *log, const act_kind *k)
{
    size_t room = log->acts_most - k->young.acts.count;
    return k->old.acts.count < room ? k->old.acts.count : room;
}

void acts_give(detect_log *log, const detect_sink *sink)
{
    acts_commit(log);
    for (size_t i = 0; i < log->acts.count; i++) {
        act_kind *k = vec_at(&log->acts, i);
        size_t older = older_kept(log, k);
        for (size_t j = 0; sink->act && j < k->first.count; j++)
            sink->act(sink->context, vec_at(&k->first, j));
        for (size_t j = k->old.acts.count - older; sink->act && j < k->old.acts.count; j++)
            sink->act(sink->context, vec_at(&k->old.acts, j));
        for (size_t j = 0; sink->act && j < k->young.acts.count; j++)
            sink->act(sink->context, vec_at(&k->young.acts, j));
        if (k->later > older + k->young.acts.count)
            detect_cut(log, k->kind, k->later - older - k->young.acts.count);
    }
}

void acts_done(detect_log *log)
{
    for (size_t i = 0; i < log->acts.count; i++) {
        act_kind *k = vec_at(&log->acts, i);
        vec_done(&k->first);
        vec_done(&k->old.acts);
        vec_done(&k->young.acts);
        arena_done(&k->old.mem);
        arena_done(&k->young.mem);
    }
    vec_done(&log->acts);
}
