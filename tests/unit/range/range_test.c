/* Simulated incidents: what each switch promises, held against the logs as our own reader sees them. */
#include "event/event.h"
#include "range/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static char folder[] = "/tmp/suyuan-range-XXXXXX";

typedef struct { arena mem; const char *path; const json *truth; } made;

static span file_bytes(arena *mem, const char *path)
{
    FILE *f = fopen(path, "rb");
    buf b;
    char piece[65536];
    assert_non_null(f);
    buf_init(&b, 256 << 20);
    for (size_t n; (n = fread(piece, 1, sizeof piece, f)) > 0;)
        buf_put(&b, piece, n);
    fclose(f);
    span out = arena_span(mem, buf_bytes(&b));
    buf_done(&b);
    return out;
}

static switches small(uint64_t seed)
{
    switches sw = switches_none();
    sw.seed = seed;
    sw.size = 2;
    sw.days = 4;
    sw.hosts = 2;
    sw.undelivered = sw.source_empty = sw.slow = sw.cleared = sw.rolled = sw.audit_off = sw.renamed = sw.overlap = sw.no_attack = 0;
    sw.intruders = 1;
    sw.clock_given = true;
    return sw;
}

static void make(made *m, const char *name, switches sw)
{
    json *truth;
    arena_init(&m->mem, 0);
    m->path = arena_printf(&m->mem, "%s/%s", folder, name);
    sw.out = m->path;
    status st = range_make(&sw);
    assert_string_equal(st.words, "");
    st = json_parse(&m->mem, file_bytes(&m->mem, arena_printf(&m->mem, "%s/truth.json", m->path)), &truth);
    assert_true(status_is_ok(st));
    m->truth = truth;
}

static const json *questions(const made *m) { return json_get(m->truth, "questions"); }
static const json *first_of(const json *list) { assert_non_null(list); return list->first; }
static const char *value_of(const json *question, const char *part) { return json_str(json_get(question, part), "value"); }
static bool decidable(const json *question, const char *part) { const json *d = json_get(json_get(question, part), "decidable"); return d && d->truth; }

/* Calls back for each record of a log; returns how many there are. The only thing that may be wrong with it is that it was
 * copied from a running machine. */
typedef void (*each_event)(void *context, const event *ev);
static size_t read_log(made *m, const char *host, const char *log, each_event each, void *context)
{
    span bytes = file_bytes(&m->mem, arena_printf(&m->mem, "%s/hosts/%s/Logs/%s.evtx", m->path, host, log));
    problems noted;
    evtx file;
    evtx_record record;
    event ev;
    size_t count = 0;
    problems_init(&noted, &m->mem);
    assert_true(status_is_ok(evtx_open(&m->mem, evtx_source_bytes(&bytes), &noted, &file)));
    evtx_reader *reader = evtx_reader_new(NULL);
    fields *names = fields_new(&m->mem);
    event_view *view = event_view_new(names);
    for (size_t c = 0; c < file.chunk_count; c++) {
        assert_true(evtx_chunk_load(reader, &file, c, &noted));
        while (evtx_next(reader, &record)) {
            assert_true(event_of(view, &record, &ev));
            count++;
            if (each)
                each(context, &ev);
        }
    }
    event_view_free(view);
    evtx_reader_free(reader);
    assert_int_equal(noted.count, file.dirty);
    assert_true(!file.dirty || problems_has(&noted, "header.dirty"));
    return count;
}

typedef struct { uint32_t id; size_t count; uint32_t first; } tally;
static void count_id(void *context, const event *ev)
{
    tally *t = context;
    t->count += ev->event_id == t->id;
    if (!t->first)
        t->first = ev->event_id;
}
static tally tally_of(made *m, const char *host, const char *log, uint32_t id)
{
    tally t = { .id = id };
    read_log(m, host, log, count_id, &t);
    return t;
}

static bool same_files(const made *a, const made *b)
{
    char command[256];
    snprintf(command, sizeof command, "diff -r '%s' '%s' >/dev/null", a->path, b->path);
    return system(command) == 0;
}

static void the_same_number_gives_the_same_bytes(void **state)
{
    (void)state;
    made a, b, other;
    switches sw = switches_none();
    sw.seed = 77;
    make(&a, "same-a", sw);
    make(&b, "same-b", sw);
    sw.seed = 78;
    make(&other, "same-other", sw);
    assert_true(same_files(&a, &b));
    assert_false(same_files(&a, &other));
    arena_done(&a.mem);
    arena_done(&b.mem);
    arena_done(&other.mem);
}

static void every_log_reads_as_the_truth_counts_it(void **state)
{
    static const struct { const char *key, *file; } logs[] = {
        { "Security", "Security" }, { "System", "System" }, { "Application", "Application" }, { "PowerShell", "Windows PowerShell" },
        { "TaskScheduler", "Microsoft-Windows-TaskScheduler%4Operational" }, { "Firewall", "Microsoft-Windows-Windows Firewall With Advanced Security%4Firewall" },
        { "LocalSessionManager", "Microsoft-Windows-TerminalServices-LocalSessionManager%4Operational" }, { "RdpCoreTS", "Microsoft-Windows-RemoteDesktopServices-RdpCoreTS%4Operational" },
        { "RemoteConnectionManager", "Microsoft-Windows-TerminalServices-RemoteConnectionManager%4Operational" } };
    (void)state;
    size_t read = 0;
    for (uint64_t seed = 200; seed < 206; seed++) {
        made m;
        char name[16];
        switches sw = switches_none();
        sw.seed = seed;
        sw.size = 4;
        snprintf(name, sizeof name, "read-%u", (unsigned)seed);
        make(&m, name, sw);
        for (const json *h = first_of(json_get(m.truth, "hosts")); h; h = h->next) {
            for (size_t i = 0; i < sizeof logs / sizeof *logs; i++) {
                const json *log = json_get(json_get(h, "logs"), logs[i].key);
                uint64_t first = 0, next = 0;
                if (!log)
                    continue;
                assert_true(json_uint(json_get(log, "first"), &first) && json_uint(json_get(log, "next"), &next));
                assert_int_equal(read_log(&m, json_str(h, "name"), logs[i].file, NULL, NULL), next - first);
                read++;
            }
        }
        arena_done(&m.mem);
    }
    assert_true(read > 60);
}

static void number_one_is_the_incident_of_the_field_report(void **state)
{
    (void)state;
    made m;
    switches sw = switches_none();
    sw.seed = 1;
    sw.size = 8;
    make(&m, "one", sw);
    const json *entry = first_of(json_get(questions(&m), "entries")), *host = first_of(json_get(m.truth, "hosts"));
    assert_string_equal(value_of(entry, "access"), "guessed-password");
    assert_string_equal(value_of(entry, "means"), "rdp");
    assert_string_equal(value_of(entry, "account"), "Administrator");
    assert_string_equal(json_str(entry, "time"), "2020-05-12T00:29:31.4180000Z");
    assert_string_equal(json_str(host, "address"), "192.168.188.199");
    const json *crashes = json_get(questions(&m), "crash_times");
    assert_int_equal(crashes->count, 4);
    for (const json *c = crashes->first; c; c = c->next) {
        assert_true(json_get(c, "decidable")->truth);
        moment at;
        assert_true(moment_parse(span_str(json_str(c, "time")), &at));
        assert_in_range(at % MOMENT_HOUR, 5 * MOMENT_MINUTE, 35 * MOMENT_MINUTE);
    }
    assert_int_equal(json_get(questions(&m), "edges")->count, 3);
    for (const char *const *part = (const char *const[]){ "host", "access", "means", "account", "source", NULL }; *part; part++)
        assert_true(decidable(entry, *part));

    size_t wrong = 0, screens = 0;
    const char *told = arena_text(&m.mem, file_bytes(&m.mem, arena_printf(&m.mem, "%s/scene.yml", m.path)));
    const json *crash = crashes->first;
    for (const char *p = told; (p = strstr(p, "what: blue-screen")) != NULL; p++, crash = crash->next) {
        moment at, said;
        const char *value = strchr(p, '"') + 1;
        assert_true(moment_parse(span_str(json_str(crash, "time")), &at));
        assert_true(moment_parse(span_of(value, strcspn(value, "\"")), &said));
        moment local = at + 8 * MOMENT_HOUR;
        wrong += said > local || local - said > MOMENT_MINUTE;
        screens++;
    }
    assert_int_equal(screens, 4);
    assert_int_equal(wrong, 1);
    arena_done(&m.mem);
}

static const char *attacked(const made *m) { return value_of(first_of(json_get(questions(m), "entries")), "host"); }

static void a_cleared_log_begins_with_its_clearing(void **state)
{
    (void)state;
    made m;
    switches sw = small(31);
    sw.entry = WAY_SMB;
    sw.cleared = 1;
    make(&m, "cleared", sw);
    tally t = tally_of(&m, attacked(&m), "Security", 1102);
    assert_int_equal(t.first, 1102);
    assert_int_equal(t.count, 1);
    assert_false(decidable(first_of(json_get(questions(&m), "entries")), "access"));
    arena_done(&m.mem);
}

static void a_rolled_log_has_lost_the_way_in(void **state)
{
    (void)state;
    made m;
    switches sw = small(32);
    sw.entry = WAY_SMB;
    sw.rolled = 1;
    make(&m, "rolled", sw);
    assert_false(decidable(first_of(json_get(questions(&m), "entries")), "access"));
    const json *u = first_of(json_get(questions(&m), "unknowns"));
    assert_string_equal(json_str(u, "what"), "log-rolled");
    assert_string_equal(json_str(u, "host"), attacked(&m));
    arena_done(&m.mem);
}

static void without_auditing_no_logon_is_logged(void **state)
{
    (void)state;
    made m;
    switches sw = small(33);
    sw.entry = WAY_SMB;
    sw.audit_off = 1;
    make(&m, "audit-off", sw);
    for (const uint32_t *id = (const uint32_t[]){ 4624, 4625, 4776, 4688, 4720, 0 }; *id; id++)
        assert_int_equal(tally_of(&m, attacked(&m), "Security", *id).count, 0);
    assert_true(tally_of(&m, attacked(&m), "System", 7036).count > 0);
    arena_done(&m.mem);
}

static void a_system_logs_only_what_its_version_knows(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        made m;
        switches sw = small(41);
        sw.entry = WAY_SMB;
        sw.os[0] = i ? NT_61 : NT_60;
        sw.os_count = 1;
        make(&m, i ? "version-61" : "version-60", sw);
        bool crashed = json_get(questions(&m), "crash_times")->count > 0;
        const char *host = crashed ? json_str(first_of(json_get(questions(&m), "crash_times")), "host") : attacked(&m);
        assert_int_equal(tally_of(&m, host, "System", 7045).count > 0, i);
        assert_int_equal(tally_of(&m, host, "System", 41).count > 0, i && crashed);
        assert_int_equal(tally_of(&m, host, "System", 6008).count, crashed);
        arena_done(&m.mem);
    }
}

static void a_source_that_the_log_leaves_empty_is_nowhere_in_it(void **state)
{
    (void)state;
    made m;
    switches sw = small(51);
    sw.entry = WAY_SMB;
    sw.source_empty = 1;
    make(&m, "empty", sw);
    const json *entry = first_of(json_get(questions(&m), "entries"));
    span log = file_bytes(&m.mem, arena_printf(&m.mem, "%s/hosts/%s/Logs/Security.evtx", m.path, attacked(&m)));
    const char *source = value_of(entry, "source");
    uint8_t units[64];
    for (size_t i = 0; source[i]; i++) {
        units[2 * i] = (uint8_t)source[i];
        units[2 * i + 1] = 0;
    }
    assert_false(decidable(entry, "source"));
    assert_true(decidable(entry, "access"));
    assert_null(memmem(log.at, log.len, units, 2 * strlen(source)));
    arena_done(&m.mem);
}

static void without_an_attack_nothing_is_left_behind(void **state)
{
    (void)state;
    made m;
    switches sw = small(61);
    sw.no_attack = 1;
    make(&m, "peace", sw);
    assert_false(json_get(m.truth, "attack")->truth);
    assert_int_equal(json_get(questions(&m), "entries")->count, 0);
    assert_int_equal(json_get(questions(&m), "persistence")->count, 0);
    assert_int_equal(json_get(questions(&m), "first_host")->kind, JSON_NULL);
    arena_done(&m.mem);
}

static void a_host_that_was_not_delivered_has_no_folder_and_still_attacks(void **state)
{
    (void)state;
    made m;
    switches sw = small(71);
    sw.undelivered = 2;
    make(&m, "dark", sw);
    size_t dark = 0;
    for (const json *h = first_of(json_get(m.truth, "hosts")); h; h = h->next) {
        if (json_get(h, "collected")->truth)
            continue;
        dark++;
        FILE *f = fopen(arena_printf(&m.mem, "%s/hosts/%s/Logs/System.evtx", m.path, json_str(h, "name")), "rb");
        assert_null(f);
    }
    assert_int_equal(dark, 2);
    assert_int_equal(json_get(questions(&m), "edges")->count, 3);
    arena_done(&m.mem);
}

static int make_folder(void **state) { (void)state; return mkdtemp(folder) ? 0 : -1; }
static int remove_folder(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_number_gives_the_same_bytes),
        cmocka_unit_test(every_log_reads_as_the_truth_counts_it),
        cmocka_unit_test(number_one_is_the_incident_of_the_field_report),
        cmocka_unit_test(a_cleared_log_begins_with_its_clearing),
        cmocka_unit_test(a_rolled_log_has_lost_the_way_in),
        cmocka_unit_test(without_auditing_no_logon_is_logged),
        cmocka_unit_test(a_system_logs_only_what_its_version_knows),
        cmocka_unit_test(a_source_that_the_log_leaves_empty_is_nowhere_in_it),
        cmocka_unit_test(without_an_attack_nothing_is_left_behind),
        cmocka_unit_test(a_host_that_was_not_delivered_has_no_folder_and_still_attacks),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
