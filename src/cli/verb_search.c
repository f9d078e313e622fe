/* suyuan search: events in which a word stands. */
#include "base/json_write.h"
#include "cli/console.h"
#include "cli/hunting.h"
#include "hunt/search.h"

#include <stdlib.h>

enum { CALL_FIELDS = 32, CALL_IDS = 32 };
typedef enum { OUT_TABLE, OUT_JSONL, OUT_CSV } out_format;

typedef struct { hunting h; out_format format; } searching;

static void put_json(buf *out, const search_hit *hit)
{
    char time[MOMENT_TEXT];
    json_writer w;
    json_begin(&w, out);
    json_object(&w);
    json_key(&w, "time");
    json_text(&w, moment_iso(hit->time, time));
    json_key(&w, "host");
    json_text(&w, hit->host);
    json_key(&w, "channel");
    json_text(&w, hit->channel);
    json_key(&w, "provider");
    json_text(&w, hit->provider);
    json_key(&w, "event_id");
    json_u64(&w, hit->event_id);
    json_key(&w, "record_id");
    json_u64(&w, hit->record);
    json_key(&w, "matched");
    json_array(&w);
    for (size_t i = 0; i < hit->field_count; i++)
        if (hit->fields[i].matched)
            json_text(&w, hit->fields[i].name);
    json_end_array(&w);
    json_key(&w, "fields");
    json_object(&w);
    for (size_t i = 0; i < hit->field_count; i++) {
        json_key(&w, hit->fields[i].name);
        json_text(&w, hit->fields[i].value);
    }
    json_end_object(&w);
    json_key(&w, "file");
    json_text(&w, hit->file);
    if (hit->recovered) {
        json_key(&w, "recovered");
        json_bool(&w, true);
    }
    json_end_object(&w);
    buf_char(out, '\n');
}

static void put_csv(buf *out, const search_hit *hit)
{
    char time[MOMENT_TEXT];
    buf fields;
    buf_init(&fields, 4 << 20);
    for (size_t i = 0; i < hit->field_count; i++)
        buf_printf(&fields, "%s%s=%s", i ? "; " : "", hit->fields[i].name, hit->fields[i].value);
    const char *cells[] = { moment_iso(hit->time, time), hit->host, hit->channel, hit->provider };
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        hunting_cell(out, span_str(cells[i]));
        buf_char(out, ',');
    }
    buf_printf(out, "%u,%llu,", hit->event_id, (unsigned long long)hit->record);
    hunting_cell(out, buf_bytes(&fields));
    buf_char(out, ',');
    hunting_cell(out, span_str(hit->file));
    buf_str(out, "\r\n");
    buf_done(&fields);
}

/* The values in which it stands; all of them when it stands in none, but in the event's channel or host. */
static void put_table(buf *out, const search_hit *hit)
{
    char time[MOMENT_TEXT];
    bool any = false;
    moment_iso(hit->time, time);
    for (size_t i = 0; i < hit->field_count; i++)
        any |= hit->fields[i].matched;
    buf_printf(out, "%.19s%s  %-16s  %s %u\n    %s, record %llu\n", *time ? time : "-                  ", *time ? "Z" : " ", hit->host, hit->channel, hit->event_id,
               hit->file, (unsigned long long)hit->record);
    for (size_t i = 0; i < hit->field_count; i++) {
        const search_field *f = &hit->fields[i];
        if (any && !f->matched)
            continue;
        buf_printf(out, "    %s: ", f->name);
        hunting_brief(out, span_str(f->value));
        buf_char(out, '\n');
    }
}

static void each(void *context, const search_hit *hit)
{
    searching *s = context;
    (s->format == OUT_TABLE ? put_table : s->format == OUT_CSV ? put_csv : put_json)(&s->h.line, hit);
    hunting_write(&s->h, false);
}

static bool read_id(const char *text, uint32_t *out)
{
    char *end;
    unsigned long n = strtoul(text, &end, 10);
    *out = (uint32_t)n;
    return *text >= '0' && *text <= '9' && *end == '\0' && n <= UINT32_MAX;
}

static int search(const call *c, searching *s)
{
    const char *fields[CALL_FIELDS];
    uint32_t ids[CALL_IDS];
    search_what what = { .word = call_paths(c)[0], .regex = call_flag(c, "regex"), .cased = call_flag(c, "cased"), .fields = fields, .ids = ids, .mask = hunting_mask(&s->h) };
    for (const char *f; what.field_count < CALL_FIELDS && (f = call_value_at(c, "field", what.field_count)); what.field_count++)
        fields[what.field_count] = f;
    for (const char *id; what.id_count < CALL_IDS && (id = call_value_at(c, "id", what.id_count)); what.id_count++)
        if (!read_id(id, &ids[what.id_count]))
            return call_usage(c, "--id %s: a number is wanted", id);
    if (call_value_at(c, "field", CALL_FIELDS))
        return call_usage(c, "-F: at most %d may be given", CALL_FIELDS);
    if (call_value_at(c, "id", CALL_IDS))
        return call_usage(c, "--id: at most %d may be given", CALL_IDS);
    if (!*what.word)
        return call_usage(c, "a word, or with --regex an expression, is wanted before the PATH");
    int opened = hunting_open_output(&s->h, s->format == OUT_TABLE);
    if (opened != VERB_OK)
        return opened;
    if (s->format == OUT_CSV)
        buf_str(&s->h.line, "\xEF\xBB\xBFTime,Host,Channel,Provider,EventID,RecordId,Fields,File\r\n");
    bar shown;
    search_counts n;
    bar_begin(&shown, &s->h.done, s->h.shown);
    status done = search_run(&what, &s->h.read, each, s, &n);
    bar_end(&shown);
    hunting_write(&s->h, true);
    if (!status_is_ok(done))
        return done.code == STATUS_BAD_INPUT && what.regex ? call_usage(c, "--regex: %s", done.words) : call_failed(c, done);
    console_say(stderr, "suyuan: %llu logs, %llu records, %llu hits%s", (unsigned long long)n.read.logs, (unsigned long long)n.read.events, (unsigned long long)n.hits,
                n.read.lost ? "; some evidence could not be read" : "");
    return n.read.lost ? VERB_UNREADABLE : VERB_OK;
}

static int run(const call *c)
{
    searching s = { .format = OUT_TABLE };
    unsigned format = OUT_TABLE;
    call_word(c, "format", &format);
    int begun = hunting_begin(&s.h, c, 1);
    if (begun != VERB_OK)
        return begun;
    s.format = (out_format)format;
    return hunting_done(&s.h, search(c, &s));
}

static const option options[] = {
    { 'e', "regex", NULL, "the word is a regular expression (PCRE2, unanchored)" },
    { 0, "cased", NULL, "mind case" },
    { 'F', "field", "NAME", "look only in values of this name, or in Channel, Provider, Computer; may be given many times" },
    { 0, "id", "NUMBER", "look only in events of this number; may be given many times" },
    { 'f', "format", "table|jsonl|csv", "how hits are written; table when not given" },
    HUNTING_OPTIONS,
};

const verb verb_search = {
    .name = "search",
    .summary = "find events in which a word stands, or that an expression matches",
    .arguments = "WORD PATH...",
    .description = "A PATH is an event log, a JSON export of one, a folder or an archive. The word is looked for in every value of an event's data, in channel, provider "
                   "and computer; case does not count. Hits come in order of time; the same record in two copies of a log counts once. Times are UTC.\n\n"
                   "The table shows the values in which the word stands, JSON lines and CSV show all. Passwords in command lines, scripts and connection strings are "
                   "written as ***.\n\n"
                   "The exit status is 3 when some evidence could not be read.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 2,
    .most_paths = PATHS_ANY,
    .run = run,
};
