#include "cmocka_all.h"
#include "event/export.h"
#include "made.h"

#include <stdio.h>
#include <stdlib.h>

typedef struct { made m; buf out; char notes[1024]; size_t fails_at; } paper;

static bool put(void *context, span bytes)
{
    paper *p = context;
    buf_span(&p->out, bytes);
    return p->out.len < p->fails_at;
}

static void note(void *context, const char *log, const problem *of)
{
    paper *p = context;
    assert_string_equal(log, "made");
    size_t used = strlen(p->notes);
    snprintf(p->notes + used, sizeof p->notes - used, "%s ", of->kind);
}

static int setup(void **state)
{
    paper *p = calloc(1, sizeof *p);
    buf_init(&p->out, 64 << 20);
    p->fails_at = SIZE_MAX;
    *state = p;
    return 0;
}

static int teardown(void **state)
{
    paper *p = *state;
    buf_done(&p->out);
    free(p);
    return 0;
}

/* <EventData><Data>%0</Data></EventData>, once for each text. */
static void make(paper *p, size_t count, const char *const texts[])
{
    size_t t = 0;
    made_log(&p->m);
    for (size_t i = 0; i < count; i++) {
        made_record(&p->m, i + 1);
        if (i == 0) {
            t = made_template(&p->m, 7);
            made_open(&p->m, "Event", -1);
            made_open(&p->m, "EventData", -1);
            made_open(&p->m, "Data", 0);
            made_slot(&p->m, 0);
            made_close(&p->m);
            made_close(&p->m);
            made_close(&p->m);
        } else {
            made_again(&p->m, t, 7);
        }
        made_values(&p->m, t, 1, (made_value[]){ made_text(&p->m, texts[i]) });
        made_record_end(&p->m);
    }
}

static const char *written(paper *p, export_format format, unsigned threads, bool recover)
{
    arena mem;
    problems noted;
    evtx log;
    span bytes = made_file(&p->m);
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    buf_clear(&p->out);
    p->notes[0] = '\0';
    assert_int_equal(evtx_open(&mem, evtx_source_bytes(&bytes), &noted, &log).code, STATUS_OK);
    exporter e = { .format = format, .threads = threads, .recover = recover, .templates = binxml_templates_new(), .write = put,
                   .note = note, .context = p };
    bool ok = export_log(&e, &log, "made");
    assert_int_equal(export_end(&e), ok);
    assert_int_equal(e.failed, !ok);
    binxml_templates_free(e.templates);
    arena_done(&mem);
    return buf_text(&p->out);
}

static void each_format_is_whole(void **state)
{
    paper *p = *state;
    make(p, 2, (const char *[]){ "a", "b" });
    assert_string_equal(written(p, EXPORT_JSONL, 1, false), "{\"Event\":{\"EventData\":{\"Data\":{\"#text\":\"a\"}}}}\n"
                                                            "{\"Event\":{\"EventData\":{\"Data\":{\"#text\":\"b\"}}}}\n");
    assert_string_equal(written(p, EXPORT_JSON, 1, false), "[\n{\"Event\":{\"EventData\":{\"Data\":{\"#text\":\"a\"}}}},\n"
                                                           "{\"Event\":{\"EventData\":{\"Data\":{\"#text\":\"b\"}}}}\n]\n");
    assert_string_equal(written(p, EXPORT_XML, 1, false), "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<Events>\n"
                                                          "<Event><EventData><Data>a</Data></EventData></Event>\n"
                                                          "<Event><EventData><Data>b</Data></EventData></Event>\n</Events>\n");
    assert_string_equal(p->notes, "");
}

static void a_log_without_records_is_whole_too(void **state)
{
    paper *p = *state;
    made_log(&p->m);
    p->m.first_id = 1;
    assert_string_equal(written(p, EXPORT_JSONL, 2, false), "");
    assert_string_equal(written(p, EXPORT_JSON, 2, false), "[]\n");
    assert_string_equal(written(p, EXPORT_XML, 2, false),
                        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?>\n<Events>\n</Events>\n");
}

/* The cells of a row's text columns, which a spreadsheet must not run. */
static void a_cell_is_never_a_formula(void **state)
{
    paper *p = *state;
    static const char *const texts[] = { "=1+1", "+cmd|' /C calc'!A0", "-1", "@SUM(1)", "plain, \"quoted\"" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t t;
        made_log(&p->m);
        made_record(&p->m, 1);
        t = made_template(&p->m, 7);
        made_open(&p->m, "Event", -1);
        made_open(&p->m, "System", -1);
        made_open(&p->m, "Computer", -1);
        made_slot(&p->m, 0);
        made_close(&p->m);
        made_close(&p->m);
        made_close(&p->m);
        made_values(&p->m, t, 1, (made_value[]){ made_text(&p->m, texts[i]) });
        made_record_end(&p->m);
        const char *row = strstr(written(p, EXPORT_CSV, 1, false), "\r\n") + 2;
        const char *cell = strstr(row, ",\"\",\"\",\"");             /* no provider, no channel; the computer follows */
        assert_non_null(cell);
        cell += strlen(",\"\",\"\",\"");
        assert_int_equal(*cell, i < 4 ? '\'' : 'p');
        if (i == 4)
            assert_memory_equal(cell, "plain, \"\"quoted\"\"\",", 19);
    }
}

static void recovered_records_are_marked(void **state)
{
    paper *p = *state;
    make(p, 2, (const char *[]){ "a", "b" });
    p->m.first_id = 1;                              /* a chunk that was cleared */
    p->m.last_id = 0;
    p->m.at = 512;
    assert_string_equal(written(p, EXPORT_JSONL, 1, false), "");
    const char *text = written(p, EXPORT_JSONL, 1, true);
    assert_memory_equal(text, "{\"recovered\":true,\"Event\":{", 27);
    assert_memory_equal(strstr(written(p, EXPORT_XML, 1, true), "<Events>\n") + 9, "<!-- recovered --><Event>", 25);
    assert_non_null(strstr(written(p, EXPORT_CSV, 1, true), ",yes\r\n"));
}

static void what_is_lost_is_told_in_its_place(void **state)
{
    paper *p = *state;
    make(p, 3, (const char *[]){ "a", "b", "c" });
    uint32_t second = 512 + le32(p->m.chunk + 512 + 4);
    p->m.chunk[second + 42] = 0xff;                 /* the size of its value */
    assert_string_equal(written(p, EXPORT_JSONL, 1, false), "{\"Event\":{\"EventData\":{\"Data\":{\"#text\":\"a\"}}}}\n"
                                                            "{\"Event\":{\"EventData\":{\"Data\":{\"#text\":\"c\"}}}}\n");
    assert_string_equal(p->notes, "record.document ");
}

static void a_write_that_fails_ends_the_work(void **state)
{
    paper *p = *state;
    make(p, 2, (const char *[]){ "a", "b" });
    p->fails_at = 1;
    written(p, EXPORT_JSONL, 2, false);
    assert_true(p->out.len > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_format_is_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_log_without_records_is_whole_too, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cell_is_never_a_formula, setup, teardown),
        cmocka_unit_test_setup_teardown(recovered_records_are_marked, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_lost_is_told_in_its_place, setup, teardown),
        cmocka_unit_test_setup_teardown(a_write_that_fails_ends_the_work, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
