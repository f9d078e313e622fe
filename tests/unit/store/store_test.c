#include "made_case.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define MADE 132500000000000000ull

typedef struct { arena mem; char folder[64]; } world;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    arena_init(&w->mem, 0);
    snprintf(w->folder, sizeof w->folder, "%s", "/tmp/suyuan-store-XXXXXX");
    *state = w;
    return mkdtemp(w->folder) ? 0 : -1;
}

static int teardown(void **state)
{
    world *w = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", w->folder);
    int gone = system(command);
    arena_done(&w->mem);
    free(w);
    return gone;
}

static json *parsed(world *w, const suyuan_case *c)
{
    buf out;
    buf_init(&out, STORE_BYTES);
    assert_true(status_is_ok(store_json(c, MADE, &out)));
    json *tree = NULL;
    status s = json_parse(&w->mem, buf_bytes(&out), &tree);
    if (!status_is_ok(s))
        fail_msg("%s", s.words);
    buf_done(&out);
    return tree;
}

static void a_case_is_whole_in_json(void **state)
{
    world *w = *state;
    json *c = parsed(w, made_case(&w->mem, 5, ""));
    assert_string_equal(json_str(c, "schema"), "suyuan.case/1");
    assert_string_equal(json_str(c, "made"), "2020-11-16T11:33:20.0000000Z");
    assert_int_equal(json_get(c, "hosts")->count, 5);
    assert_int_equal(json_get(c, "findings")->count, 125);
    assert_int_equal(json_get(c, "plan")->count, 40);
    const json *claim = json_get(c, "claims")->first;
    assert_string_equal(json_str(claim, "host"), "0000000000abc000");
    assert_string_equal(json_str(claim, "found"), "2020-05-11 12:05:10");
    const json *crash = json_get(c, "crashes")->first;
    assert_string_equal(json_str(crash, "time"), "2020-05-11T04:05:10.0000000Z");
    assert_int_equal(json_get(json_get(crash, "bugcheck"), "parameters")->count, 4);
}

static void unknown_is_null_and_never_zero(void **state)
{
    world *w = *state;
    suyuan_case *made = made_case(&w->mem, 1, "");
    made->entry = NULL;
    made->first = NULL;
    made->scene = NULL;
    made->hosts[0].first_seen = MOMENT_UNKNOWN;
    made->hosts[0].os = NULL;
    made->evidence[0].records = 0;
    made->crashes[0].code = NULL;
    json *c = parsed(w, made);
    assert_int_equal(json_get(c, "entry")->kind, JSON_NULL);
    assert_int_equal(json_get(c, "first_host")->kind, JSON_NULL);
    assert_int_equal(json_get(c, "scene")->kind, JSON_NULL);
    assert_int_equal(json_get(json_get(c, "hosts")->first, "first_seen")->kind, JSON_NULL);
    assert_int_equal(json_get(json_get(c, "hosts")->first, "os")->kind, JSON_NULL);
    assert_int_equal(json_get(json_get(c, "evidence")->first, "first")->kind, JSON_NULL);
    assert_int_equal(json_get(json_get(c, "evidence")->first, "first_record")->kind, JSON_NULL);
    assert_int_equal(json_get(json_get(c, "crashes")->first, "bugcheck")->kind, JSON_NULL);
}

static void places_are_host_address_outside_or_unknown(void **state)
{
    world *w = *state;
    suyuan_case *made = made_case(&w->mem, 4, "");
    made->spread[0].from = (place){ HOST_NONE, NULL, true };
    made->spread[1].from = (place){ HOST_NONE, "10.9.9.9", true };
    made->spread[2].from = (place){ HOST_NONE, NULL, false };
    made->spread[3].from = (place){ 2, "10.9.9.9", false };
    const json *e = json_get(parsed(w, made), "spread")->first;
    assert_string_equal(json_str(e, "from"), "outside");
    e = e->next;
    assert_string_equal(json_str(json_get(e, "from"), "address"), "10.9.9.9");
    e = e->next;
    assert_int_equal(json_get(e, "from")->kind, JSON_NULL);
    e = e->next;
    assert_string_equal(json_str(e, "from"), "0000000000abc002");
}

static void hostile_texts_come_back_as_they_were(void **state)
{
    world *w = *state;
    const char *hostile = "\"}],\n\x01</script>{x}%s'\\";
    json *c = parsed(w, made_case(&w->mem, 2, hostile));
    char wanted[64];
    snprintf(wanted, sizeof wanted, "DB-01%s", hostile);
    assert_string_equal((const char *)json_get(json_get(c, "hosts")->first, "names")->first->text.at, wanted);
}

static void a_limit_is_a_status(void **state)
{
    world *w = *state;
    buf out;
    buf_init(&out, 1000);
    assert_int_equal(store_json(made_case(&w->mem, 2, ""), MADE, &out).code, STATUS_LIMIT);
    buf_done(&out);
}

static size_t read_file(const char *folder, const char *name, uint8_t **bytes)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    struct stat about;
    assert_int_equal(fstat(fileno(f), &about), 0);
    *bytes = malloc((size_t)about.st_size);
    assert_int_equal(fread(*bytes, 1, (size_t)about.st_size, f), about.st_size);
    fclose(f);
    return (size_t)about.st_size;
}

static void the_same_case_gives_the_same_bytes(void **state)
{
    world *w = *state;
    static const char *const names[] = { "case.json", "case.sqlite" };
    uint8_t *first[2], *second[2];
    size_t len[2];
    suyuan_case *c = made_case(&w->mem, 5, "'\"");
    assert_true(status_is_ok(store_write(c, MADE, w->folder)));
    for (int i = 0; i < 2; i++)
        len[i] = read_file(w->folder, names[i], &first[i]);
    assert_true(status_is_ok(store_write(c, MADE, w->folder)));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(read_file(w->folder, names[i], &second[i]), len[i]);
        assert_memory_equal(first[i], second[i], len[i]);
        free(first[i]);
        free(second[i]);
    }
}

static int64_t ask(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *s;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

static void the_database_holds_all_of_the_case(void **state)
{
    world *w = *state;
    suyuan_case *c = made_case(&w->mem, 5, "'; DROP TABLE host; --");
    c->headline = (sentence){ .id = "word.smb-exploit" };
    c->spread[0].from = (place){ HOST_NONE, NULL, true };
    c->evidence[0].problems = &(problem){ "chunk.header", 0, UINT64_MAX, "" };
    assert_true(status_is_ok(store_write(c, MADE, w->folder)));
    char path[128];
    snprintf(path, sizeof path, "%s/case.sqlite", w->folder);
    sqlite3 *db;
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    static const struct { const char *sql; int64_t wanted; } asks[] = {
        { "SELECT count(*) FROM host", 5 },
        { "SELECT count(*) FROM host_name WHERE name LIKE 'DB-0_''; DROP%'", 5 },
        { "SELECT count(*) FROM finding", 125 },
        { "SELECT count(*) FROM fact WHERE name = 'tries'", 125 },
        { "SELECT count(*) FROM entity WHERE type = 'address'", 125 },
        { "SELECT count(*) FROM plan_command", 80 },
        { "SELECT count(*) FROM entry", 2 },
        { "SELECT count(*) FROM entry_alternative JOIN entry ON entry_alternative.of = entry.n", 1 },
        { "SELECT count(*) FROM spread WHERE origin_address = 'outside' AND origin_host IS NULL", 1 },
        { "SELECT count(*) FROM hypothesis WHERE about = 'crash'", 10 },
        { "SELECT count(*) FROM hypothesis WHERE about = 'crash_cluster'", 2 },
        { "SELECT count(*) FROM speaks_for", 12 },
        { "SELECT count(*) FROM crash_parameter WHERE of = 1", 4 },
        { "SELECT count(*) FROM reference JOIN finding ON reference.of = finding.n WHERE about = 'finding'", 250 },
        { "SELECT count(*) FROM reference WHERE about = 'entry_alternative'", 2 },
        { "SELECT offset = 9223372036854775807 FROM problem WHERE kind = 'chunk.header'", 1 },
        { "SELECT count(*) FROM coverage WHERE begins IS NULL", 5 },
        { "SELECT count(*) FROM about WHERE key = 'made' AND value = '2020-11-16T11:33:20.0000000Z'", 1 },
        { "SELECT count(*) FROM sentence WHERE zh MATCH '永恒之'", 1 },
        { "SELECT count(*) FROM sentence WHERE en MATCH 'ms17'", 1 },
        { "SELECT count(*) FROM sentence WHERE about = 'plan' AND field = 'undo'", 40 },
        { "SELECT count(*) FROM timeline", 125 + 30 },
        { "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'", 1 },
        { "SELECT count(*) FROM pragma_foreign_key_check", 0 },
        { "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%' AND name NOT LIKE 'sentence_%' AND sql NOT LIKE '%STRICT'", 0 },
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++)
        if (ask(db, asks[i].sql) != asks[i].wanted)
            fail_msg("%s: %lld, not %lld", asks[i].sql, (long long)ask(db, asks[i].sql), (long long)asks[i].wanted);
    sqlite3_close(db);
}

static void a_folder_that_cannot_be_written_is_named(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 0);
    status s = store_write(made_case(&mem, 1, ""), MADE, "/proc/no-such-folder");
    assert_int_equal(s.code, STATUS_IO);
    assert_non_null(strstr(s.words, "no-such-folder"));
    arena_done(&mem);
}

static void nothing_temporary_is_left(void **state)
{
    world *w = *state;
    char command[160];
    snprintf(command, sizeof command, "test \"$(ls -A '%s' | sort | tr '\\n' ' ')\" = 'case.json case.sqlite '", w->folder);
    assert_true(status_is_ok(store_write(made_case(&w->mem, 1, ""), MADE, w->folder)));
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_case_is_whole_in_json, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_is_null_and_never_zero, setup, teardown),
        cmocka_unit_test_setup_teardown(places_are_host_address_outside_or_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_texts_come_back_as_they_were, setup, teardown),
        cmocka_unit_test_setup_teardown(a_limit_is_a_status, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_case_gives_the_same_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(the_database_holds_all_of_the_case, setup, teardown),
        cmocka_unit_test(a_folder_that_cannot_be_written_is_named),
        cmocka_unit_test_setup_teardown(nothing_temporary_is_left, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
