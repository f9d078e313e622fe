#include "cli/reading.h"

#include "base/pool.h"
#include "cli/console.h"

static void note(void *context, const char *path, const problem *p)
{
    reading *r = context;
    /* What was copied from a running system looks so; a line for each log of forty hosts would hide real damage. */
    if (strcmp(p->kind, "header.dirty") == 0) {
        r->dirty++;
        return;
    }
    if (strcmp(p->kind, "recovered.document") == 0) {        /* slack of any log that wraps */
        r->remains++;
        return;
    }
    if (strncmp(p->kind, "file.", 5) == 0)
        console_say(stderr, "%s: %s", path, p->text);
    else if (p->chunk == PROBLEM_NO_CHUNK)
        console_say(stderr, "%s: %s at offset %llu: %s", path, p->kind, (unsigned long long)p->offset, p->text);
    else
        console_say(stderr, "%s: %s in chunk %llu at offset %llu: %s", path, p->kind, (unsigned long long)p->chunk, (unsigned long long)p->offset, p->text);
}

int reading_begin(reading *r, const call *c)
{
    uint64_t threads = pool_cores();
    *r = (reading){ .options = { .since = MOMENT_UNKNOWN, .until = MOMENT_UNKNOWN } };
    if (!call_time(c, "since", &r->options.since) || !call_time(c, "until", &r->options.until) || !call_number(c, "threads", 1, 256, &threads))
        return VERB_USAGE;
    if (moment_known(r->options.since) && moment_known(r->options.until) && r->options.since >= r->options.until)
        return call_usage(c, "--since is not before --until");
    arena_init(&r->mem, 0);
    status s = profile_open(NULL, &r->mem, &r->facts);
    if (!status_is_ok(s)) {
        arena_done(&r->mem);
        return call_failed(c, s);
    }
    progress_init(&r->done);
    r->options.paths = call_paths(c);
    r->options.path_count = call_path_count(c);
    r->options.password = call_value(c, "password");
    r->options.threads = (unsigned)threads;
    r->options.facts = r->facts;
    r->options.progress = &r->done;
    r->options.note = note;
    r->options.note_context = r;
    bar_begin(&r->bar, &r->done, "reading");
    return VERB_OK;
}

void reading_end(reading *r)
{
    bar_end(&r->bar);
    arena_done(&r->mem);
}

static const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}

void reading_tell(const reading *r, const survey_counts *n)
{
    if (r->dirty)
        console_say(stderr, "%llu log%s not closed when copied: the last records may be missing", (unsigned long long)r->dirty,
                    r->dirty == 1 ? " was" : "s were");
    if (r->remains)
        console_say(stderr, "%llu log%s remains of older records that cannot be read", (unsigned long long)r->remains,
                    r->remains == 1 ? " has" : "s have");
    buf kinds;
    buf_init(&kinds, 4096);
    for (size_t i = 0; i < n->named_count; i++)
        buf_printf(&kinds, "%s%llu %s", i ? ", " : "", (unsigned long long)n->named[i].files, n->named[i].kind);
    if (n->named_count)
        console_say(stderr, "recognised, and not read by this version: %s", buf_text(&kinds));
    buf_done(&kinds);
    if (n->logs == 0)
        console_say(stderr, "no event log was found in what was given: the case tells of %s", n->artifacts ? "a state, and of no history" : "nothing");
    if (n->artifacts)
        console_say(stderr, "%llu artifact%s of the system beside the logs (hives and the like)", (unsigned long long)n->artifacts, plural(n->artifacts));
    console_say(stderr, "%llu unit%s (%llu read before), %llu file%s, %llu log%s, %llu record%s, %llu unreadable",
                (unsigned long long)n->units, plural(n->units), (unsigned long long)n->kept, (unsigned long long)n->files, plural(n->files),
                (unsigned long long)n->logs, plural(n->logs), (unsigned long long)n->records, plural(n->records),
                (unsigned long long)n->unreadable);
}

int reading_result(const survey_counts *counts)
{
    /* Somebody who gave evidence, and nothing that tells was in it, must not take an empty case for a clean one. */
    return counts->unreadable || (counts->logs == 0 && counts->artifacts == 0) ? VERB_UNREADABLE : VERB_OK;
}
