/* suyuan stats: what is in event logs, counted. */
#include "base/json_write.h"
#include "cli/console.h"
#include "cli/hunting.h"
#include "hunt/stats.h"

typedef enum { OUT_TABLE, OUT_JSONL, OUT_CSV } out_format;
typedef enum { OF_ALL, OF_EVENTS, OF_LOGS, OF_LOGONS } which;

typedef struct { hunting h; out_format format; which of; bool headed[STATS_KINDS]; } counting;

static const char *const kinds[STATS_KINDS] = { "event", "log", "logon" };

static bool is_wanted(const counting *s, stats_kind kind)
{
    return s->of == OF_ALL || (int)s->of == (int)kind + 1;
}

static const char *meaning(const counting *s, const stats_row *r)
{
    const char *name = messages_name(s->h.known, r->provider, r->event_id);
    return name ? name : "";
}

static void key_text(json_writer *w, const char *key, const char *text)
{
    json_key(w, key);
    json_text(w, text && *text ? text : NULL);
}

static void put_json(counting *s, stats_kind kind, const stats_row *r)
{
    char first[MOMENT_TEXT], last[MOMENT_TEXT];
    json_writer w;
    json_begin(&w, &s->h.line);
    json_object(&w);
    json_key(&w, "kind");
    json_text(&w, kinds[kind]);
    if (kind != STATS_EVENTS)
        key_text(&w, "host", r->host);
    if (kind != STATS_LOGONS)
        key_text(&w, "channel", r->channel);
    if (kind == STATS_EVENTS)
        key_text(&w, "provider", r->provider);
    if (kind != STATS_LOGS) {
        json_key(&w, "event_id");
        json_u64(&w, r->event_id);
    }
    if (kind == STATS_EVENTS)
        key_text(&w, "meaning", meaning(s, r));
    if (kind == STATS_LOGONS) {
        json_key(&w, "success");
        json_bool(&w, !r->failed);
        key_text(&w, "account", r->account);
        key_text(&w, "domain", r->domain);
        key_text(&w, "address", r->address);
        key_text(&w, "workstation", r->workstation);
        key_text(&w, "type", r->type);
    }
    json_key(&w, "count");
    json_u64(&w, r->count);
    key_text(&w, "first", moment_iso(r->first, first));
    key_text(&w, "last", moment_iso(r->last, last));
    json_end_object(&w);
    buf_char(&s->h.line, '\n');
}

static void put_csv(counting *s, stats_kind kind, const stats_row *r)
{
    static const char *const heads[STATS_KINDS] = { "Channel,Provider,EventID,Meaning,Count,First,Last\r\n", "Host,Channel,Count,First,Last\r\n",
                                                    "Host,EventID,Success,Account,Domain,Address,Workstation,Type,Count,First,Last\r\n" };
    char first[MOMENT_TEXT], last[MOMENT_TEXT], id[16];
    snprintf(id, sizeof id, "%u", r->event_id);
    const char *events[] = { r->channel, r->provider, id, meaning(s, r), NULL }, *logs[] = { r->host, r->channel, NULL },
               *logons[] = { r->host, id, r->failed ? "no" : "yes", r->account, r->domain, r->address, r->workstation, r->type, NULL };
    if (!s->headed[kind])
        buf_printf(&s->h.line, "\xEF\xBB\xBF%s", heads[kind]);
    for (const char **cell = kind == STATS_EVENTS ? events : kind == STATS_LOGS ? logs : logons; *cell; cell++) {
        hunting_cell(&s->h.line, span_str(*cell));
        buf_char(&s->h.line, ',');
    }
    buf_printf(&s->h.line, "%llu,%s,%s\r\n", (unsigned long long)r->count, moment_iso(r->first, first), moment_iso(r->last, last));
}

static const char *word(const counting *s, const char *id) { return text_word(id, s->h.shown); }

static void put_table(counting *s, stats_kind kind, const stats_row *r)
{
    static const char *const heads[STATS_KINDS] = { "stats.events", "stats.logs", "stats.logons" };
    char first[MOMENT_TEXT], last[MOMENT_TEXT];
    buf *out = &s->h.line;
    if (!s->headed[kind])
        buf_printf(out, "%s%s\n", kind != STATS_EVENTS && s->of == OF_ALL ? "\n" : "", word(s, heads[kind]));
    moment_iso(r->first, first);
    moment_iso(r->last, last);
    buf_printf(out, "%12llu  %-19.19s  %-19.19s  ", (unsigned long long)r->count, *first ? first : "-", *last ? last : "-");
    if (kind == STATS_EVENTS) {
        const char *what = meaning(s, r);
        buf_printf(out, "%s %u%s%s  (%s)\n", r->channel, r->event_id, *what ? "  " : "", what, r->provider);
    } else if (kind == STATS_LOGS) {
        buf_printf(out, "%s  %s\n", r->host, r->channel);
    } else {
        buf_printf(out, "%s  %s  %s%s%s  %s %s%s%s  %s %s  %u\n", r->host, word(s, r->failed ? "stats.failed" : "stats.succeeded"), r->domain, *r->domain ? "\\" : "",
                   *r->account ? r->account : "?", word(s, "stats.from"), *r->address ? r->address : "-", *r->workstation ? " / " : "", r->workstation,
                   word(s, "stats.type"), *r->type ? r->type : "?", r->event_id);
    }
}

static void each(void *context, stats_kind kind, const stats_row *row)
{
    counting *s = context;
    if (!is_wanted(s, kind))
        return;
    (s->format == OUT_TABLE ? put_table : s->format == OUT_CSV ? put_csv : put_json)(s, kind, row);
    s->headed[kind] = true;
    hunting_write(&s->h, false);
}

static int count(const call *c, counting *s)
{
    if (s->format == OUT_CSV && s->of == OF_ALL)
        return call_usage(c, "-f csv wants --of events, --of logs or --of logons: their columns differ");
    int opened = hunting_open_output(&s->h, s->format == OUT_TABLE);
    if (opened != VERB_OK)
        return opened;
    bar shown;
    stats_counts n;
    bar_begin(&shown, &s->h.done, s->h.shown);
    status done = stats_run(&s->h.read, hunting_mask(&s->h), each, s, &n);
    bar_end(&shown);
    hunting_write(&s->h, true);
    if (!status_is_ok(done))
        return call_failed(c, done);
    for (int k = 0; k < STATS_KINDS; k++)
        if (n.others[k] && is_wanted(s, (stats_kind)k))
            console_say(stderr, "suyuan: more rows than are told apart (%s): %llu events stand in none", kinds[k], (unsigned long long)n.others[k]);
    console_say(stderr, "suyuan: %llu logs, %llu records%s", (unsigned long long)n.read.logs, (unsigned long long)n.read.events, n.read.lost ? "; some evidence could not be read" : "");
    return n.read.lost ? VERB_UNREADABLE : VERB_OK;
}

static int run(const call *c)
{
    counting s = { .format = OUT_TABLE };
    unsigned format = OUT_TABLE, of = OF_ALL;
    call_word(c, "format", &format);
    call_word(c, "of", &of);
    int begun = hunting_begin(&s.h, c, 0);
    if (begun != VERB_OK)
        return begun;
    s.format = (out_format)format;
    s.of = (which)of;
    return hunting_done(&s.h, count(c, &s));
}

static const option options[] = {
    { 0, "of", "all|events|logs|logons", "what is counted; all when not given" },
    { 'f', "format", "table|jsonl|csv", "how it is written; table when not given" },
    HUNTING_OPTIONS,
};

const verb verb_stats = {
    .name = "stats",
    .summary = "count what is in event logs: events, logs, logons",
    .arguments = "PATH...",
    .description = "A PATH is an event log, a JSON export of one, a folder or an archive. Events are counted by channel, provider and number, with what they mean where "
                   "that is known; logs by host and channel; logons by host, account, address, workstation and type, those that failed by themselves (Security 4624 and "
                   "4625, terminal services 21, 25 and 1149, which count as type 10 unless they were local). Each with the first and the last time, in UTC.\n\n"
                   "Records are counted as they lie there: the same record in two copies of a log counts twice. The exit status is 3 when some evidence could not be read.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = PATHS_ANY,
    .run = run,
};
