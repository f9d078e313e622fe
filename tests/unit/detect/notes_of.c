/* For people who write detectors: prints what detectors note of event logs, and questions of hives.
 *     notes_of [--kinds|--table] FILE...
 *                --kinds: one table of all files, how many acts and findings of each kind
 *                --table: one line a file: name, records, acts by kind, findings by kind and severity; and, on standard error,
 *                         findings whose sentence is missing */
#include "detect/artifact.h"
#include "text/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct { const char *kind; uint64_t acts, tallies, counted; } kind_count;
typedef struct { bool kinds, table; vec counts; vec findings; arena mem; uint64_t records; } printer;

static kind_count *count_of(printer *p, vec *in, const char *kind)
{
    for (size_t i = 0; i < in->count; i++) {
        kind_count *c = vec_at(in, i);
        if (strcmp(c->kind, kind) == 0)
            return c;
    }
    kind_count *c = vec_push(in);
    c->kind = arena_str(&p->mem, kind);
    return c;
}

/* Evidence may hold anything: control characters stay off the terminal, and an act stays one line. */
static void print_facts(const fact *facts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        printf("  %s=", facts[i].name);
        for (const char *c = facts[i].value; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 0x7f)
                printf("\\x%02x", (unsigned char)*c);
            else
                putchar(*c);
    }
}

static void print_act(void *context, const act *a)
{
    printer *p = context;
    char time[MOMENT_TEXT];
    count_of(p, &p->counts, a->kind)->acts++;
    if (a->finding && p->table) {
        count_of(p, &p->findings, arena_printf(&p->mem, "%s:%s", a->finding, severity_word(a->severity)))->acts++;
        const char *text = a->text && *a->text ? a->text : a->finding;
        if (!text_known(arena_printf(&p->mem, "%s.title", text)) || !text_known(arena_printf(&p->mem, "%s.text", text)))
            fprintf(stderr, "no sentence: %s\n", text);
    } else if (a->finding) {
        count_of(p, &p->findings, a->finding)->acts++;
    }
    if (p->kinds || p->table)
        return;
    printf("ACT %s %s #%" PRIu64 "%s %s", moment_iso(a->time, time), a->kind, a->record, a->recovered ? " recovered" : "", a->log->computer);
    print_facts(a->facts, a->fact_count);
    if (a->finding)
        printf("  => %s %d %u%% %s %s", a->finding, a->severity, a->confidence, a->techniques, a->text ? a->text : "");
    printf("\n");
}

static void print_tally(void *context, const tally *t)
{
    printer *p = context;
    uint64_t count = 0;
    for (size_t i = 0; i < t->bucket_count; i++)
        count += t->buckets[i].count;
    kind_count *c = count_of(p, &p->counts, t->kind);
    c->tallies++;
    c->counted += count;
    if (p->kinds || p->table)
        return;
    char first[MOMENT_TEXT], last[MOMENT_TEXT];
    printf("TALLY %s x%" PRIu64 " block %" PRIu64 " %zu buckets of %us %s .. %s", t->kind, count, t->block, t->bucket_count, (unsigned)(t->width / MOMENT_SECOND),
           moment_iso(t->buckets[0].first, first), moment_iso(t->buckets[t->bucket_count - 1].last, last));
    print_facts(t->key, t->key_count);
    printf("\n");
}

static void print_block(void *context, const log_block *b)
{
    printer *p = context;
    char first[MOMENT_TEXT], last[MOMENT_TEXT];
    p->records += b->records;
    if (!p->kinds && !p->table)
        printf("BLOCK %" PRIu64 " %s %s %u records %" PRIu64 "..%" PRIu64 " %s .. %s\n", b->block, b->log->computer, b->log->channel, b->records,
               b->first_record, b->last_record, moment_iso(b->first, first), moment_iso(b->last, last));
}

static void print_claim(void *context, const identity_claim *c)
{
    printer *p = context;
    char from[MOMENT_TEXT], to[MOMENT_TEXT];
    if (!p->kinds && !p->table)
        printf("CLAIM %s: %s = %s (%s, %s) %s .. %s #%" PRIu64 "\n", c->computer, c->key, c->value, c->source, c->strength, moment_iso(c->from, from),
               moment_iso(c->to, to), c->record);
}

static void print_cut(void *context, const log_ref *log, const char *kind, uint64_t dropped)
{
    if (!((printer *)context)->table)
        printf("CUT %s %s %s: %" PRIu64 "\n", log->path, log->channel, kind, dropped);
}

/* False when it is none. */
static bool read_hive(const detect_run *run, int fd, uint64_t size, const char *path, const detect_sink *sink)
{
    arena mem;
    problems noted;
    regf *hive;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    uint8_t *bytes = arena_alloc(&mem, size ? size : 1);
    span all = span_of(bytes, size);
    for (uint64_t at = 0; at < size;) {
        ssize_t got = pread(fd, bytes + at, size - at, (off_t)at);
        if (got <= 0)
            break;
        at += (uint64_t)got;
    }
    bool is = size < (512u << 20) && regf_is(all) && status_is_ok(regf_open(&mem, all, NULL, 0, &noted, &hive));
    if (is) {
        detect_artifact *a = detect_artifact_new(run, "0000000000000000", path, arena_printf(&mem, "registry/%s", regf_kind_word(regf_which(hive))));
        detect_artifact_hive(a, hive);
        detect_artifact_end(a, sink);
    }
    arena_done(&mem);
    return is;
}

static bool read_file(const detect_run *run, binxml_templates *shared, const char *path, const detect_sink *sink)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0) {
        perror(path);
        if (fd >= 0)
            close(fd);
        return false;
    }
    if (read_hive(run, fd, (uint64_t)about.st_size, path, sink)) {
        close(fd);
        return true;
    }
    arena mem;
    arena_init(&mem, 0);
    problems noted;
    problems_init(&noted, &mem);
    evtx log;
    status s = evtx_open(&mem, evtx_source_fd(fd, (uint64_t)about.st_size, &mem), &noted, &log);
    if (!status_is_ok(s)) {
        fprintf(stderr, "%s: %s\n", path, s.words);
    } else {
        evtx_reader *reader = evtx_reader_new(shared);
        event_view *view = event_view_new(detect_run_fields(run));
        detect_pass *pass = detect_pass_new(run, "0000000000000000", path);
        evtx_record record;
        event ev;
        for (int recovered = 0; recovered < 2; recovered++)
            for (size_t i = 0; i < log.chunk_count; i++) {
                if (!evtx_chunk_load(reader, &log, i, &noted))
                    continue;
                while (recovered ? evtx_next_recovered(reader, &record) : evtx_next(reader, &record))
                    if (event_of(view, &record, &ev))
                        detect_pass_step(pass, &ev);
            }
        detect_pass_end(pass, sink);
        event_view_free(view);
        evtx_reader_free(reader);
    }
    arena_done(&mem);
    close(fd);
    return status_is_ok(s);
}

static int by_kind(const void *a, const void *b) { return strcmp(((const kind_count *)a)->kind, ((const kind_count *)b)->kind); }

static void print_counts(vec *counts)
{
    vec_sort(counts, by_kind);
    size_t printed = 0;
    for (size_t i = 0; i < counts->count; i++) {
        const kind_count *c = vec_at(counts, i);
        if (c->acts)
            printf("%s%s=%" PRIu64, printed++ ? " " : "", c->kind, c->acts);
    }
    counts->count = 0;
}

static void print_row(printer *p, const char *path)
{
    printf("%s\t%" PRIu64 "\t", path, p->records);
    print_counts(&p->counts);
    printf("\t");
    print_counts(&p->findings);
    printf("\n");
    p->records = 0;
}

int main(int argc, char **argv)
{
    printer p = { 0 };
    vec_init(&p.counts, sizeof(kind_count));
    vec_init(&p.findings, sizeof(kind_count));
    arena_init(&p.mem, 0);
    profile *facts;
    detect_run *run;
    status s = profile_open(getenv("SUYUAN_PROFILES"), &p.mem, &facts);
    if (status_is_ok(s))
        s = detect_run_new(facts, &p.mem, &run);
    if (!status_is_ok(s)) {
        fprintf(stderr, "%s\n", s.words);
        return 1;
    }
    binxml_templates *shared = binxml_templates_new();
    detect_sink sink = { &p, print_act, print_tally, print_block, print_claim, print_cut };
    int failed = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--kinds") == 0) {
            p.kinds = true;
        } else if (strcmp(argv[i], "--table") == 0) {
            p.table = true;
        } else {
            failed += !read_file(run, shared, argv[i], &sink);
            if (p.table)
                print_row(&p, argv[i]);
        }
    }
    if (p.kinds) {
        printf("%" PRIu64 " records\n%-24s %10s %10s %10s\n", p.records, "kind", "acts", "tallies", "counted");
        for (size_t i = 0; i < p.counts.count; i++) {
            const kind_count *c = vec_at(&p.counts, i);
            printf("%-24s %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n", c->kind, c->acts, c->tallies, c->counted);
        }
        printf("%-24s %10s\n", "finding", "acts");
        for (size_t i = 0; i < p.findings.count; i++) {
            const kind_count *c = vec_at(&p.findings, i);
            printf("%-24s %10" PRIu64 "\n", c->kind, c->acts);
        }
    }
    binxml_templates_free(shared);
    vec_done(&p.counts);
    vec_done(&p.findings);
    arena_done(&p.mem);
    return failed ? 3 : 0;
}
