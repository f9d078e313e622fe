/* suyuan dump: the records of event logs, as text. */
#include "base/pool.h"
#include "cli/console.h"
#include "cli/given.h"
#include "cli/verb.h"
#include "event/export.h"
#include "evidence/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct {
    exporter out;
    arena mem;
    int fd;
    const char *name;                /* of what is written; NULL: standard output */
    const char *password;            /* of archives */
    struct stat written;
    bool terminal, unreadable, broken, any_log;
} dump;

static bool put(void *context, span bytes)
{
    dump *d = context;
    if (d->terminal) {                     /* a person reads it there: nothing in a record may steer the terminal */
        console_escape(stdout, bytes, true);
        d->broken = !console_ended();
        return !d->broken;
    }
    while (bytes.len) {
        ssize_t n = write(d->fd, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            if (errno != EPIPE)
                console_say(stderr, "suyuan: %s: %s", d->name ? d->name : "standard output", strerror(errno));
            d->broken = true;
            return false;
        }
        bytes = span_part(bytes, (size_t)n, SIZE_MAX);
    }
    return true;
}

static void note(void *context, const char *log, const problem *p)
{
    dump *d = context;
    d->unreadable |= evidence_problem_costs(p->kind);
    if (p->chunk == PROBLEM_NO_CHUNK)
        console_say(stderr, "%s: %s at offset %llu: %s", log, p->kind, (unsigned long long)p->offset, p->text);
    else
        console_say(stderr, "%s: %s in chunk %llu at offset %llu: %s", log, p->kind, (unsigned long long)p->chunk,
                    (unsigned long long)p->offset, p->text);
}

static void cannot_read(dump *d, const char *path, const char *why)
{
    console_say(stderr, "%s: not read: %s", path, why);
    d->unreadable = true;
}

/* One pass over bytes: to meet their templates, or to write them. What was found and is no log is passed over in silence,
 * unless everything is to be carved. */
static void dump_source(dump *d, const char *path, evtx_source source, bool was_named, bool only_meet)
{
    arena mem;
    problems noted;
    evtx log;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    status s = evtx_open(&mem, source, &noted, &log);
    if (only_meet) {
        evtx_reader *reader = status_is_ok(s) ? evtx_reader_new(d->out.templates) : NULL;
        if (reader)
            evtx_meet_templates(reader, &log);
        evtx_reader_free(reader);
        arena_done(&mem);
        return;
    }
    if (d->out.recover) {
        status carved = evtx_carve(&mem, &noted, &log);
        if (log.chunk_count || !status_is_ok(carved))
            s = carved;
    }
    for (size_t i = 0; i < noted.count && status_is_ok(s); i++)
        note(d, path, &noted.items[i]);
    d->any_log |= status_is_ok(s);
    if (status_is_ok(s))
        export_log(&d->out, &log, path);
    else if (was_named || s.code != STATUS_DAMAGED)
        cannot_read(d, path, s.words);
    arena_done(&mem);
}

static bool is_log(evidence_type type)
{
    return type == EVIDENCE_EVTX || type == EVIDENCE_EVTX_CHUNK;
}

static void dump_archive(dump *d, const char *path, bool only_meet)
{
    evidence_options options = { .password = d->password };
    evidence_walk *walk;
    evidence_item item;
    if (!d->out.recover)
        options.kinds = EVIDENCE_KIND(EVIDENCE_EVTX) | EVIDENCE_KIND(EVIDENCE_EVTX_CHUNK);
    status s = evidence_open(&path, 1, &options, &walk);
    if (!status_is_ok(s)) {
        if (!only_meet)
            cannot_read(d, path, s.words);
        return;
    }
    while (!d->out.failed && evidence_next(walk, &item)) {
        const char *name = arena_printf(&d->mem, "%s/%s", path, item.path);
        bool wanted = is_log(item.type) || (d->out.recover && item.type != EVIDENCE_ARCHIVE);
        if (!only_meet && !status_is_ok(item.state) && item.state.code != STATUS_UNSUPPORTED)
            cannot_read(d, item.member ? name : path, item.state.words);
        else if (item.member && wanted && item.source.read)
            dump_source(d, name, item.source, false, only_meet);
        evidence_release(&item);
    }
    evidence_close(walk);
}

static void dump_file(dump *d, const char *path, bool was_named, bool only_meet)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (!only_meet)
            cannot_read(d, path, fd < 0 ? strerror(errno) : "not a file");
        if (fd >= 0)
            close(fd);
        return;
    }
    uint8_t first[EVIDENCE_FIRST];
    arena mem;
    arena_init(&mem, 0);
    evtx_source source = evtx_source_fd(fd, (uint64_t)st.st_size, &mem);
    int64_t got = source.read(source.context, 0, first, sizeof first);
    span begin = span_of(first, got > 0 ? (size_t)got : 0);
    if (d->name && st.st_dev == d->written.st_dev && st.st_ino == d->written.st_ino) {
        if (was_named && !only_meet)
            cannot_read(d, path, "it is what is written");
    } else if (!evtx_is(begin) && evidence_recognise(begin, (uint64_t)st.st_size) == EVIDENCE_ARCHIVE) {
        dump_archive(d, path, only_meet);
    } else {
        dump_source(d, path, source, was_named, only_meet);
    }
    arena_done(&mem);
    close(fd);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void dump_all(dump *d, const call *c, bool only_meet)
{
    for (size_t i = 0; i < call_path_count(c) && !d->out.failed; i++) {
        char *path = arena_str(&d->mem, call_paths(c)[i]);
        FTS *walk = fts_open((char *[]){ path, NULL }, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, by_name);
        FTSENT *at;
        while (walk && (at = fts_read(walk)) && !d->out.failed) {
            if (at->fts_info == FTS_F)
                dump_file(d, at->fts_path, at->fts_level == FTS_ROOTLEVEL, only_meet);
            else if (!only_meet && (at->fts_info == FTS_DNR || at->fts_info == FTS_ERR || at->fts_info == FTS_NS))
                cannot_read(d, at->fts_path, strerror(at->fts_errno));
            else if (!only_meet && at->fts_level == FTS_ROOTLEVEL && at->fts_info == FTS_DEFAULT)
                cannot_read(d, at->fts_path, "neither a file nor a folder");
        }
        if (walk)
            fts_close(walk);
    }
}

/* Opened before anything is read, and never over evidence: a file that is already there must not be one that is read. */
static status open_output(dump *d, const call *c)
{
    d->fd = STDOUT_FILENO;
    d->name = call_value(c, "output");
    if (!d->name) {
        d->terminal = console_is_terminal(stdout);
        return status_ok();
    }
    struct stat there, given;
    if (stat(d->name, &there) == 0)
        for (size_t i = 0; i < call_path_count(c); i++)
            if (stat(call_paths(c)[i], &given) == 0 && given.st_dev == there.st_dev && given.st_ino == there.st_ino)
                return status_fail(STATUS_BAD_INPUT, "%s is read: it cannot be written", d->name);
    d->fd = open(d->name, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (d->fd < 0 || fstat(d->fd, &d->written) != 0)
        return status_fail(STATUS_IO, "%s: %s", d->name, strerror(errno));
    uint8_t head[8];
    int reading = open(d->name, O_RDONLY | O_CLOEXEC);
    ssize_t got = reading < 0 ? 0 : read(reading, head, sizeof head);
    if (reading >= 0)
        close(reading);
    if (got == sizeof head && evtx_is(span_of(head, sizeof head)))
        return status_fail(STATUS_BAD_INPUT, "%s is an event log: it is not written over", d->name);
    if (S_ISREG(d->written.st_mode) && ftruncate(d->fd, 0) != 0)
        return status_fail(STATUS_IO, "%s: %s", d->name, strerror(errno));
    return status_ok();
}

static int run(const call *c)
{
    uint64_t threads = pool_cores();
    unsigned format = EXPORT_JSONL;
    if (!call_number(c, "threads", 1, 256, &threads))
        return VERB_USAGE;
    call_word(c, "format", &format);
    int wrong = call_flag(c, "recover") ? given_there(c, call_path_count(c)) : given_evidence(c);
    if (wrong != VERB_OK)
        return wrong;

    dump d = { 0 };
    arena_init(&d.mem, 0);
    d.password = call_value(c, "password");
    status s = open_output(&d, c);
    if (!status_is_ok(s))
        return call_failed(c, s);
    d.out = (exporter){
        .format = (export_format)format, .threads = (unsigned)threads, .recover = call_flag(c, "recover"),
        .templates = binxml_templates_new(), .write = put, .note = note, .context = &d,
    };
    if (d.out.recover) {
        dump_all(&d, c, true);
        binxml_templates_lend(d.out.templates);
    }
    dump_all(&d, c, false);
    export_end(&d.out);
    if (d.name && close(d.fd) != 0 && !d.broken) {
        console_say(stderr, "suyuan: %s: %s", d.name, strerror(errno));
        d.broken = true;
    }
    binxml_templates_free(d.out.templates);
    arena_done(&d.mem);
    if (d.broken)
        return VERB_FAILED;
    if (!d.any_log && !d.unreadable) {
        console_say(stderr, "suyuan dump: no event log was found");
        return VERB_UNREADABLE;
    }
    return d.unreadable || d.out.lost ? VERB_UNREADABLE : VERB_OK;
}

static const option options[] = {
    { 'f', "format", "jsonl|json|xml|csv", "how records are written; jsonl when not given" },
    { 'o', "output", "FILE", "write there instead of to standard output" },
    { 'j', "threads", "THREADS", "as many as there are processors when not given; the output does not depend on it" },
    { 0, "password", "PASSWORD", "of encrypted archives" },
    { 0, "recover", NULL, "also carve records from slack, from what is left of chunks, and from files of any other kind" },
};

const verb verb_dump = {
    .name = "dump",
    .summary = "write the records of event logs as JSON, XML or CSV",
    .arguments = "PATH...",
    .description = "A PATH is an event log, or a folder or archive in which every event log is taken, by its content and in order "
                   "of name. "
                   "Everything in a record is written as it stands there, passwords in command lines too.\n\n"
                   "Damage is told on standard error and costs what it must: a record, never its neighbours. The exit status "
                   "is 3 when a file or a record could not be read, or no event log was found; damage that cost nothing leaves it at 0.\n\n"
                   "With --recover a PATH may be anything, such as a raw image; records found there are marked as recovered. A "
                   "record that has lost its template borrows one from the logs that are read in the same run.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = PATHS_ANY,
    .run = run,
};
