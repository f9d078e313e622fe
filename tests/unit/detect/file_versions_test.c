/* The version of srv.sys where it lies in the evidence, and what the audit says by it. */
#include "audit/audit.h"
#include "detect/artifact.h"
#include "range/pe_write.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#define DRIVER "C/Windows/System32/drivers/srv.sys"

static const log_ref driver_log = { "0123456789abcdef", DRIVER, "", "program" }, hive_log = { "fedcba9876543210", "C/Windows/System32/config/SYSTEM", "", "registry/SYSTEM" };

static arena run_mem, mem;
static profile *facts;
static detect_run *run;
static buf bytes;
static act noted;
static size_t count;

static int begin_all(void **state)
{
    (void)state;
    arena_init(&run_mem, 0);
    return status_is_ok(profile_open(NULL, &run_mem, &facts)) && status_is_ok(detect_run_new(facts, &run_mem, &run)) ? 0 : 1;
}

static int end_all(void **state)
{
    (void)state;
    arena_done(&run_mem);
    return 0;
}

static int begin(void **state)
{
    (void)state;
    arena_init(&mem, 0);
    buf_init(&bytes, 1 << 20);
    return 0;
}

static int end(void **state)
{
    (void)state;
    buf_done(&bytes);
    arena_done(&mem);
    return 0;
}

static void keep(void *context, const act *a)
{
    (void)context;
    noted = *a;
    noted.log = &driver_log;
    noted.kind = arena_str(&mem, a->kind);
    fact *copy = arena_array(&mem, a->fact_count + 1, sizeof(fact));
    for (size_t i = 0; i < a->fact_count; i++)
        copy[i] = (fact){ arena_str(&mem, a->facts[i].name), arena_str(&mem, a->facts[i].value) };
    noted.facts = copy;
    count++;
}

static const char *fact_named(const char *name)
{
    for (size_t i = 0; i < noted.fact_count; i++)
        if (strcmp(noted.facts[i].name, name) == 0)
            return noted.facts[i].value;
    return "";
}

static status ask(const char *path, span content)
{
    problems wrong;
    problems_init(&wrong, &mem);
    count = 0;
    detect_artifact *a = detect_artifact_new(run, "0123456789abcdef", path, "program");
    status s = detect_artifact_file(a, ARTIFACT_PROGRAM, content, NULL, &wrong);
    detect_artifact_end(a, &(detect_sink){ .act = keep });
    return s;
}

static void make(const unsigned version[4])
{
    bytes.len = 0;
    pe_driver(&bytes, "srv.sys", version, "6.1.7601.1 (a text that lies)", 131000000000000000);
}

static audit_state judged(const char *build)
{
    fact server[] = { { "name", "os.product-type" }, { "value", "ServerNT" } };     /* no host is asked anything without a hive */
    const act setting = { .log = &hive_log, .kind = "setting", .record = 1, .time = MOMENT_UNKNOWN, .facts = server, .fact_count = 2 };
    const act *acts[] = { &setting, &noted };
    audit_host h = { .os_build = build, .role = "", .acts = acts, .act_count = 2, .as_of = MOMENT_UNKNOWN };
    audit_result *all;
    audit_score score;
    size_t n = audit_run(facts, "seed", &h, &mem, &all, &score);
    for (size_t i = 0; i < n; i++)
        if (strcmp(all[i].check, "ms17-010") == 0) {
            assert_string_equal(all[i].found, arena_printf(&mem, "srv.sys %s", fact_named("version")));
            return all[i].state;
        }
    fail_msg("the check was not asked");
    return AUDIT_UNDECIDED;
}

static void the_version_is_noted_and_decides(void **state)
{
    (void)state;
    static const struct { unsigned v[4]; const char *build, *text; audit_state state; } rows[] = {
        { { 6, 1, 7601, 23517 }, "6.1.7601", "6.1.7601.23517", AUDIT_FAILED }, { { 6, 1, 7601, 24499 }, "6.1.7601", "6.1.7601.24499", AUDIT_PASSED },
        { { 6, 2, 9200, 21976 }, "6.2.9200", "6.2.9200.21976", AUDIT_FAILED }, { { 6, 2, 9200, 22376 }, "6.2.9200", "6.2.9200.22376", AUDIT_PASSED },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        make(rows[i].v);
        assert_true(status_is_ok(ask(DRIVER, buf_bytes(&bytes))));
        assert_int_equal(count, 1);
        assert_string_equal(noted.kind, "file.version");
        assert_false(moment_known(noted.time));
        assert_null(noted.finding);
        assert_string_equal(fact_named("file"), "C:\\Windows\\System32\\drivers\\srv.sys");
        assert_string_equal(fact_named("version"), rows[i].text);
        assert_string_equal(fact_named("original"), "srv.sys");
        assert_int_equal(judged(rows[i].build), rows[i].state);
    }
}

static void it_is_found_by_how_its_path_ends(void **state)
{
    (void)state;
    static const struct { const char *path; bool wanted; } rows[] = {
        { DRIVER, true }, { "uploads/auto/C%3A/Windows/System32/drivers/srv.sys", true }, { "host1\\C\\WINDOWS\\SYSTEM32\\DRIVERS\\SRV.SYS", true },
        { "System32/drivers/srv.sys", true }, { "C/Windows/System32/drivers/mysrv.sys", false }, { "C/Windows/NotSystem32/drivers/srv.sys", false },
        { "C/Windows/System32/drivers/srv.sys.bak", false }, { "C/Windows/winsxs/amd64_x/srv.sys", false }, { "srv.sys", false }, { "", false },
        { "C/Windows.old/Windows/System32/drivers/srv.sys", false }, { "C/Windows.old.000/WINDOWS/System32/drivers/srv.sys", false },
        { "my-windows.old/C/Windows/System32/drivers/srv.sys", true },
    };
    make((const unsigned[4]){ 6, 1, 7601, 24499 });
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(detect_artifact_wants(run, ARTIFACT_PROGRAM, rows[i].path), rows[i].wanted);
        assert_false(detect_artifact_wants(run, ARTIFACT_FILE, rows[i].path));
        assert_true(status_is_ok(ask(rows[i].path, buf_bytes(&bytes))));
        assert_int_equal(count, rows[i].wanted);
        if (rows[i].wanted)
            assert_int_equal(judged("6.1.7601"), AUDIT_PASSED);
    }
}

/* Cut anywhere, it says its version or nothing; what is no program is told as damaged. */
static void a_damaged_one_says_nothing(void **state)
{
    (void)state;
    make((const unsigned[4]){ 6, 1, 7601, 24499 });
    assert_false(status_is_ok(ask(DRIVER, span_str("MZ, and no program"))));
    assert_int_equal(count, 0);
    bool silent = false;
    for (size_t len = 0; len < bytes.len; len++) {
        uint8_t *copy = arena_alloc(&mem, len + 1);
        if (len)
            memcpy(copy, bytes.at, len);
        status s = ask(DRIVER, span_of(copy, len));
        assert_true(status_is_ok(s) || count == 0);
        if (count)
            assert_string_equal(fact_named("version"), "6.1.7601.24499");
        silent |= status_is_ok(s) && count == 0;
    }
    assert_true(silent);
    uint8_t *signature = memmem(bytes.at, bytes.len, "\xBD\x04\xEF\xFE", 4);
    assert_non_null(signature);
    *signature = 0;
    assert_true(status_is_ok(ask(DRIVER, buf_bytes(&bytes))));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_version_is_noted_and_decides, begin, end),
        cmocka_unit_test_setup_teardown(it_is_found_by_how_its_path_ends, begin, end),
        cmocka_unit_test_setup_teardown(a_damaged_one_says_nothing, begin, end),
    };
    return cmocka_run_group_tests(tests, begin_all, end_all);
}
