/* suyuan bluescreen: what dumps and logs tell of crashes. */
#include "cli/bluescreen_print.h"
#include "cli/console.h"
#include "cli/given.h"
#include "cli/reading.h"
#include "evidence/evidence.h"
#include "incident/incident.h"

enum { PRINTED = 1 << 30 };

static const option options[] = {
    { 'f', "format", "text|jsonl", "to read (when not given), or one line a dump and a crash for other programs" },
    { 0, "lang", "zh|en", "language of the sentences; else that of the locale" },
    { 0, "all", NULL, "list every module and process of a dump, and its secondary data; else only modules that are not Windows' own" },
    READING_OPTIONS,
};

typedef struct {
    const call *c;
    reading r;
    bluescreen_options o;
    dump_facts *facts;
    buf out;
    vec digests;
    size_t dumps;
    bool unreadable, broken, others;         /* others: there are logs, or what may hold some */
} bluescreen;

static bool flush(bluescreen *b)
{
    if (b->out.overflow)
        console_say(stderr, "suyuan bluescreen: more than can be printed at once");
    if (!b->o.jsonl || console_is_terminal(stdout))
        console_escape(stdout, buf_bytes(&b->out), true);
    else if (b->out.len)
        fwrite(b->out.at, 1, b->out.len, stdout);
    b->broken = b->broken || b->out.overflow || !console_ended();
    buf_clear(&b->out);
    return !b->broken;
}

static void cannot_read(bluescreen *b, const char *path, const char *why)
{
    console_say(stderr, "%s: not read: %s", path, why);
    b->unreadable = true;
}

static void read_dump(bluescreen *b, const evidence_item *item)
{
    arena mem;
    problems noted;
    status s;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    if (item->type == EVIDENCE_CRASH_DUMP) {
        dump_reading d;
        s = dump_read(b->facts, &mem, item->source, &noted, &d);
        if (status_is_ok(s))
            bluescreen_kernel(item->path, item->size, &d, &noted, &b->o, &b->out);
    } else {
        program_reading p;
        s = program_read(&mem, item->source, &noted, &p);
        if (status_is_ok(s))
            bluescreen_program(item->path, item->size, &p, &noted, &b->o, &b->out);
    }
    if (status_is_ok(s)) {
        b->dumps++;
        for (size_t i = 0; i < noted.count; i++) {
            b->unreadable |= evidence_problem_costs(noted.items[i].kind);
            if (b->o.jsonl)
                console_say(stderr, "%s: %s at offset %llu: %s", item->path, noted.items[i].kind, (unsigned long long)noted.items[i].offset, noted.items[i].text);
        }
        flush(b);
    } else
        cannot_read(b, item->path, s.words);
    arena_done(&mem);
}

static status read_dumps(bluescreen *b)
{
    evidence_options how = { .password = b->r.options.password, .without_hash = true,
                             .kinds = EVIDENCE_KIND(EVIDENCE_CRASH_DUMP) | EVIDENCE_KIND(EVIDENCE_MINIDUMP) };
    evidence_walk *walk;
    evidence_item item;
    status s = evidence_open(b->r.options.paths, b->r.options.path_count, &how, &walk);
    if (!status_is_ok(s))
        return s;
    while (!b->broken && evidence_next(walk, &item)) {
        bool dump = item.type == EVIDENCE_CRASH_DUMP || item.type == EVIDENCE_MINIDUMP;
        b->others |= item.type == EVIDENCE_EVTX || item.type == EVIDENCE_EVTX_CHUNK || item.type == EVIDENCE_JSONL;
        if (status_is_ok(item.state) && dump && item.source.read)
            read_dump(b, &item);
        else if (!status_is_ok(item.state) && item.state.code != STATUS_UNSUPPORTED)
            cannot_read(b, item.path, item.state.words);
        evidence_release(&item);
    }
    evidence_close(walk);
    return s;
}

static status take(void *context, digest *d, bool was_there)
{
    (void)was_there;
    bluescreen *b = context;
    *(digest **)vec_push(&b->digests) = d;
    return status_ok();
}

/* Of all hosts, with the time that all their records together give. */
static status read_logs(bluescreen *b)
{
    arena mem;
    suyuan_case *made;
    survey_counts counts = { 0 };
    vec_init(&b->digests, sizeof(digest *));
    arena_init(&mem, 0);
    status s = survey_run(&b->r.options, &(survey_sink){ .context = b, .each = take }, &counts);
    if (status_is_ok(s))
        s = incident_join(&mem, b->digests.at, b->digests.count, NULL, b->r.facts, &made);
    if (status_is_ok(s)) {
        bluescreen_crashes(made, &b->o, &b->out);
        flush(b);
        b->unreadable |= reading_result(&counts) != VERB_OK;
    }
    for (size_t i = 0; i < b->digests.count; i++)
        digest_free(*(digest **)vec_at(&b->digests, i));
    vec_done(&b->digests);
    arena_done(&mem);
    return s;
}

static int run(const call *c)
{
    bluescreen b = { .c = c };
    unsigned format = 0;
    int wrong = given_evidence(c);
    if (wrong != VERB_OK)
        return wrong;
    if (!call_word(c, "format", &format))
        return VERB_USAGE;
    int begun = reading_begin(&b.r, c, false);
    if (begun != VERB_OK)
        return begun;
    b.o = (bluescreen_options){ .jsonl = format == 1, .all = call_flag(c, "all"), .l = b.r.l, .parameters = profile_list(profile_root(b.r.facts, "crash-dumps"), "parameters") };
    buf_init(&b.out, PRINTED);
    status s = dump_facts_new(b.r.facts, &b.r.mem, &b.facts);
    mask *passwords;
    if (status_is_ok(s) && status_is_ok(s = mask_new(b.r.facts, &b.r.mem, &passwords)))
        b.o.mask = passwords;
    if (status_is_ok(s))
        s = read_dumps(&b);
    if (status_is_ok(s) && b.others && !b.broken)
        s = read_logs(&b);
    int result = !status_is_ok(s) ? call_failed(c, s) : b.broken ? VERB_FAILED : VERB_OK;
    if (status_is_ok(s) && !b.dumps && !b.others && !b.unreadable) {
        console_say(stderr, "suyuan bluescreen: no crash dump and no event log was found");
        b.unreadable = true;
    }
    buf_done(&b.out);
    reading_end(&b.r);
    return result == VERB_OK && b.unreadable ? VERB_UNREADABLE : result;
}

const verb verb_bluescreen = {
    .name = "bluescreen",
    .summary = "what crash dumps and logs tell of blue screens",
    .arguments = "PATH...",
    .description = "A PATH is a crash dump, an event log, or a folder or archive in which both are looked for, by their content.\n\n"
                   "Of a dump of the kernel (small, kernel, complete, bitmap, active memory; x86, PAE, x64, ARM64): the bug check by its name, what each "
                   "of its parameters means, the module of the fault, the exception, processor registers, possible callers, the process that ran, drivers that "
                   "are not Windows' own, unloaded drivers, and what is unusual: a driver from a folder for temporary files or of a user, one whose name is known for "
                   "being abused, code that belongs to no module, a fault in what serves the network. Of a user minidump: the program, its exception and its "
                   "modules; a dump of LSASS is named as what it is.\n\n"
                   "Of event logs: when each host stopped, with the time that all records together give, and the likeliest cause. A name or a "
                   "stack is no proof; docs/formats/crashdump.md says what a dump can show.\n\n"
                   "  suyuan bluescreen C/Windows/Minidump\n"
                   "  suyuan bluescreen -f jsonl collection.zip\n\n"
                   "Nothing is written to the evidence. The exit status is 3 when a dump is damaged or something could not be read, or nothing was found.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = PATHS_ANY,
    .run = run,
};
