/* suyuan autoruns: what starts by itself on the hosts of evidence. */
#include "cli/autoruns_print.h"
#include "cli/console.h"
#include "cli/given.h"
#include "cli/reading.h"
#include "incident/incident.h"

enum { PRINTED = 1 << 30 };

static const option options[] = {
    { 'f', "format", "table|jsonl|csv", "a table to read (when not given), or one line an entry for other programs" },
    { 0, "lang", "zh|en", "language of the sentences; else that of the locale" },
    { 0, "no-known", NULL, "leave out what Windows itself has there" },
    READING_OPTIONS,
};

typedef struct { vec digests; } held;

static status take(void *context, digest *d, bool was_there)
{
    (void)was_there;
    held *h = context;
    *(digest **)vec_push(&h->digests) = d;
    return status_ok();
}

static int print(const call *c, reading *r, held *h, autoruns_options o)
{
    arena mem;
    buf out;
    suyuan_case *made;
    arena_init(&mem, 0);
    buf_init(&out, PRINTED);
    status s = incident_join(&mem, h->digests.at, h->digests.count, NULL, r->facts, &made);
    if (status_is_ok(s))
        autoruns_print(made, r->facts, o, &out);
    if (status_is_ok(s) && out.overflow)
        s = status_fail(STATUS_LIMIT, "more entries than can be printed at once");
    if (status_is_ok(s)) {
        if (o.format == AUTORUNS_TABLE || console_is_terminal(stdout))
            console_escape(stdout, buf_bytes(&out), true);
        else if (out.len)
            fwrite(out.at, 1, out.len, stdout);
    }
    int result = !status_is_ok(s) ? call_failed(c, s) : console_ended() ? VERB_OK : VERB_FAILED;
    buf_done(&out);
    arena_done(&mem);
    return result;
}

static int run(const call *c)
{
    reading r;
    held h;
    survey_counts counts = { 0 };
    unsigned format = AUTORUNS_TABLE;
    int wrong = given_evidence(c);
    if (wrong != VERB_OK)
        return wrong;
    if (!call_word(c, "format", &format))
        return VERB_USAGE;
    int begun = reading_begin(&r, c, false);
    if (begun != VERB_OK)
        return begun;
    vec_init(&h.digests, sizeof(digest *));
    status s = survey_run(&r.options, &(survey_sink){ .context = &h, .each = take }, &counts);
    int result;
    if (status_is_ok(s)) {
        if (counts.logs || counts.artifacts)
            reading_tell(&r, &counts);
        else
            reading_no_state(&r);
        result = print(c, &r, &h, (autoruns_options){ .format = (autoruns_format)format, .l = r.l, .no_known = call_flag(c, "no-known") });
    } else
        result = call_failed(c, s);
    for (size_t i = 0; i < h.digests.count; i++)
        digest_free(*(digest **)vec_at(&h.digests, i));
    vec_done(&h.digests);
    reading_end(&r);
    return result == VERB_OK ? reading_result(&counts) : result;
}

const verb verb_autoruns = {
    .name = "autoruns",
    .summary = "what starts by itself on the hosts of evidence, and what is held against it",
    .arguments = "PATH...",
    .description = "Lists, host by host and in the categories of Sysinternals Autoruns, every program, library, driver, script and task that starts without "
                   "anybody starting it: from registry hives (with their transaction logs and deleted keys), task files, WMI repositories, transfer queues and "
                   "start-up folders, joined with what the event logs saw being made. Each has its command, its file, whether that file is in the evidence and "
                   "its hash, its times, a verdict (hostile, suspicious, unknown, known) and why; each place is explained in a line.\n\n"
                   "`known` goes by name and place: nobody has looked into the file. docs/autostarts.md lists every place that is looked at.\n\n"
                   "  suyuan autoruns collection.zip\n"
                   "  suyuan autoruns -f csv --no-known C/ > autoruns.csv\n\n"
                   "Nothing is written to the evidence. The exit status is 3 when some evidence could not be read, or not in full.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = PATHS_ANY,
    .run = run,
};
