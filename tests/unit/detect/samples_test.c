/* Every real log at hand goes through all detectors; what is known of some of them is found. Skipped where they are absent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/detect.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct { uint64_t records, acts, findings, counted; const char *kind, *fact, *value; uint64_t found; } totals;

static arena mem;
static detect_run *run;
static binxml_templates *templates;
static char root[4096];
static totals all;
static size_t files;

static void check(const fact *facts, size_t count)
{
    assert_true(count <= NOTE_FACTS);
    for (size_t i = 0; i < count; i++) {
        assert_true(*facts[i].value && strlen(facts[i].value) <= NOTE_VALUE && utf8_valid(span_str(facts[i].value)));
        assert_true(i == 0 || strcmp(facts[i - 1].name, facts[i].name) < 0);
    }
}

static void add_act(void *context, const act *a)
{
    totals *t = context;
    check(a->facts, a->fact_count);
    t->acts++;
    t->findings += a->finding != NULL;
    if (t->kind && strcmp(a->kind, t->kind) == 0 && (!t->fact || strcmp(note_fact(a->facts, a->fact_count, t->fact), t->value) == 0))
        t->found++;
}

static void add_tally(void *context, const tally *k)
{
    totals *t = context;
    check(k->key, k->key_count);
    for (size_t i = 0; i < k->bucket_count; i++) {
        assert_true(k->buckets[i].count > 0);
        t->counted += k->buckets[i].count;
        if (t->kind && strcmp(k->kind, t->kind) == 0 && (!t->fact || strcmp(note_fact(k->key, k->key_count, t->fact), t->value) == 0))
            t->found += k->buckets[i].count;
    }
}

static void add_block(void *context, const log_block *b)
{
    totals *t = context;
    assert_true(b->records > 0 && b->anchor_count > 0 && b->first_record <= b->last_record && b->first_record / BLOCK_RECORDS == b->block);
    t->records += b->records;
}

static void add_claim(void *context, const identity_claim *c)
{
    (void)context;
    assert_true(*c->value && utf8_valid(span_str(c->value)));
}

static void read_log(const char *path, totals *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    assert_true(fd >= 0 && fstat(fd, &about) == 0);
    arena own;
    arena_init(&own, 0);
    problems noted;
    problems_init(&noted, &own);
    evtx log;
    if (status_is_ok(evtx_open(&own, evtx_source_fd(fd, (uint64_t)about.st_size, &own), &noted, &log))) {
        evtx_reader *reader = evtx_reader_new(templates);
        event_view *view = event_view_new(detect_run_fields(run));
        detect_pass *pass = detect_pass_new(run, "0011223344556677", path);
        evtx_record record;
        event ev;
        for (int recovered = 0; recovered < 2; recovered++)
            for (size_t i = 0; i < log.chunk_count; i++)
                if (evtx_chunk_load(reader, &log, i, &noted))
                    while (recovered ? evtx_next_recovered(reader, &record) : evtx_next(reader, &record))
                        if (event_of(view, &record, &ev))
                            detect_pass_step(pass, &ev);
        detect_sink sink = { to, add_act, add_tally, add_block, add_claim, NULL };
        detect_pass_end(pass, &sink);
        event_view_free(view);
        evtx_reader_free(reader);
    }
    arena_done(&own);
    close(fd);
}

static int visit(const char *path, const struct stat *about, int type, struct FTW *at)
{
    (void)about;
    (void)at;
    size_t len = strlen(path);
    if (type == FTW_F && len > 5 && strcmp(path + len - 5, ".evtx") == 0) {
        read_log(path, &all);
        files++;
    }
    return 0;
}

static void every_log_is_read_without_a_fault(void **state)
{
    (void)state;
    nftw(root, visit, 16, FTW_PHYS);
    print_message("%zu logs, %llu records, %llu acts, %llu of them findings, %llu counted\n", files, (unsigned long long)all.records, (unsigned long long)all.acts,
                  (unsigned long long)all.findings, (unsigned long long)all.counted);
    assert_true(files > 100 && all.acts > 500);
}

/* How often a log of the samples tells this. */
static uint64_t told(const char *log, const char *kind, const char *fact, const char *value)
{
    char path[8192];
    snprintf(path, sizeof path, "%s/%s", root, log);
    if (access(path, R_OK) != 0)
        skip();
    totals t = { .kind = kind, .fact = fact, .value = value };
    read_log(path, &t);
    return t.found;
}

static void a_laptop_that_stopped_twice(void **state)
{
    (void)state;
    const char *log = "extra/incidents/shieldbase/WKS-WIN764BITB-system.evtx";
    assert_int_equal(told(log, "crash.unexpected", "stopped", "2012-04-06T13:59:13.0290000Z"), 1);
    assert_int_equal(told(log, "crash.unexpected", "zone_minutes", "-240"), 2);
    assert_int_equal(told(log, "crash.bugcheck", "code", "0x00010001"), 1);
    assert_int_equal(told(log, "boot.planned", "account", "SHIELDBASE\\rsydow"), 2);
}

static void a_program_with_the_number_of_a_bug_check_is_none(void **state)
{
    (void)state;
    assert_int_equal(told("extra/crash/events-Manuel-PC.evtx", "crash.bugcheck", NULL, NULL), 0);
}

static void guessing_over_smb_under_client_names_made_by_dice(void **state)
{
    (void)state;
    const char *log = "evtx/hayabusa/DeepBlueCLI/smb-password-guessing-security.evtx";
    assert_int_equal(told(log, "logon.failure", "source", "192.168.198.149"), 3561);
    assert_int_equal(told(log, "logon.failure", "account", "Administrator"), 3559);
}

static void a_database_server_that_was_given_a_shell(void **state)
{
    (void)state;
    assert_true(told("evtx/hayabusa/EVTX-to-MITRE-Attack/TA0003-Persistence/T1505.001-SQL_Stored_Procedures/ID15457-SQL_Server_CMDshell_enabled.evtx", "remote.exec", "tool",
                     "xp_cmdshell") > 0);
}

int main(void)
{
    const char *samples = getenv("SUYUAN_SAMPLES");
    snprintf(root, sizeof root, "%s", samples ? samples : SOURCE_ROOT "/../shared/samples");
    if (access(root, R_OK) != 0) {
        printf("samples are not at %s: skipped\n", root);
        return 77;
    }
    arena_init(&mem, 0);
    templates = binxml_templates_new();
    profile *facts;
    status s = profile_open(NULL, &mem, &facts);
    if (status_is_ok(s))
        s = detect_run_new(facts, &mem, &run);
    if (!status_is_ok(s)) {
        printf("%s\n", s.words);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_log_is_read_without_a_fault),
        cmocka_unit_test(a_laptop_that_stopped_twice),
        cmocka_unit_test(a_program_with_the_number_of_a_bug_check_is_none),
        cmocka_unit_test(guessing_over_smb_under_client_names_made_by_dice),
        cmocka_unit_test(a_database_server_that_was_given_a_shell),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    binxml_templates_free(templates);
    arena_done(&mem);
    return failed;
}
