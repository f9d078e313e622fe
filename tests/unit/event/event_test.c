#include "cmocka_all.h"
#include "event/event.h"
#include "made.h"

#include <stdlib.h>

/* What a test reads a record with. */
typedef struct { made m; arena mem; fields *names; event_view *view; evtx_reader *reader; problems noted; span bytes; evtx log; } reading;

static int setup(void **state)
{
    reading *r = calloc(1, sizeof *r);
    arena_init(&r->mem, 0);
    r->names = fields_new(&r->mem);
    *state = r;
    return 0;
}

static int teardown(void **state)
{
    reading *r = *state;
    event_view_free(r->view);
    evtx_reader_free(r->reader);
    arena_done(&r->mem);
    free(r);
    return 0;
}

/* The nth record of what was made; its event points into the reader, and lives until the next call. */
static event nth(reading *r, size_t n)
{
    evtx_record record;
    event ev;
    event_view_free(r->view);
    evtx_reader_free(r->reader);
    problems_init(&r->noted, &r->mem);
    r->bytes = made_file(&r->m);
    r->view = event_view_new(r->names);
    r->reader = evtx_reader_new(NULL);
    assert_int_equal(evtx_open(&r->mem, evtx_source_bytes(&r->bytes), &r->noted, &r->log).code, STATUS_OK);
    assert_true(evtx_chunk_load(r->reader, &r->log, 0, &r->noted));
    for (size_t i = 0; i <= n; i++) {
        assert_true(evtx_next(r->reader, &record));
        assert_true(event_of(r->view, &record, &ev));
    }
    return ev;
}

static void element(made *m, const char *name, uint16_t slot)
{
    made_open(m, name, slot);
    made_optional(m, slot);
    made_close(m);
}

/* <Event><System>...</System>%5</Event> with what detectors look at first. */
static size_t begin_event(made *m)
{
    size_t t = made_template(m, 7);
    made_open(m, "Event", -1);
    made_open(m, "System", -1);
    made_open_with(m, "Provider", -1);
    made_attribute(m, "Name");
    made_constant(m, "Microsoft-Windows-Security-Auditing");
    made_empty_end(m);
    element(m, "EventID", 0);
    element(m, "Level", 1);
    made_open_with(m, "TimeCreated", -1);
    made_attribute(m, "SystemTime");
    made_slot(m, 2);
    made_empty_end(m);
    element(m, "EventRecordID", 3);
    made_open(m, "Channel", -1);
    made_constant(m, "Security");
    made_close(m);
    element(m, "Computer", 4);
    made_close(m);
    made_optional(m, 5);
    made_close(m);
    return t;
}

static void end_event(made *m, size_t t, uint16_t id, made_value data)
{
    made_value values[] = { made_number(m, BINXML_U16, 2, id), made_number(m, BINXML_U8, 1, 4),
                            made_number(m, BINXML_FILETIME, 8, 132000000000000000), made_number(m, BINXML_U64, 8, 4711),
                            made_text(m, "DB1"), data };
    made_values(m, t, 6, values);
}

/* An instance of the template at `of` with its values, as it stands in a slot. */
static made_value document(made *m, size_t of, uint32_t id, size_t count, const made_value *values)
{
    size_t at = m->room_used, len = 0;
    uint8_t bytes[2048];
    uint32_t where = (uint32_t)of, n = (uint32_t)count;
    memcpy(bytes, "\x0f\x01\x01\0\x0c\x01", 6);
    memcpy(bytes + 6, &id, 4);
    memcpy(bytes + 10, &where, 4);
    memcpy(bytes + 14, &n, 4);
    len = 18;
    for (size_t i = 0; i < count; i++) {
        uint32_t descriptor = (uint32_t)values[i].bytes.len | (uint32_t)values[i].type << 16;
        memcpy(bytes + len, &descriptor, 4);
        len += 4;
    }
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes + len, values[i].bytes.at, values[i].bytes.len);
        len += values[i].bytes.len;
    }
    bytes[len++] = 0;
    memcpy(m->room + at, bytes, len);
    m->room_used += len;
    return made_bytes(BINXML_BINXML, m->room + at, len);
}

/* Record 1, never looked at, defines <EventData><Data Name="TargetUserName">%0</Data><Data Name="LogonType">%1</Data></EventData>. */
static size_t define_data(made *m)
{
    made_record(m, 1);
    size_t t = made_template(m, 9);
    made_open(m, "EventData", -1);
    for (uint16_t i = 0; i < 2; i++) {
        made_open_with(m, "Data", -1);
        made_attribute(m, "Name");
        made_constant(m, i ? "LogonType" : "TargetUserName");
        made_start_end(m);
        made_slot(m, i);
        made_close(m);
    }
    made_close(m);
    made_values(m, t, 2, (made_value[]){ made_text(m, "-"), MADE_NULL });
    made_record_end(m);
    return t;
}

static void system_is_in_the_struct(void **state)
{
    reading *r = *state;
    made_log(&r->m);
    made_record(&r->m, 1);
    end_event(&r->m, begin_event(&r->m), 4625, MADE_NULL);
    made_record_end(&r->m);
    event ev = nth(r, 0);
    assert_int_equal(ev.event_id, 4625);
    assert_int_equal(ev.level, 4);
    assert_int_equal(ev.record_id, 4711);
    assert_int_equal(ev.time, 132000000000000000);
    assert_true(utf16_is(ev.provider, "Microsoft-Windows-Security-Auditing"));
    assert_true(utf16_is(ev.channel, "security"));
    assert_true(utf16_is(ev.computer, "DB1"));
    assert_int_equal(ev.user_sid.len, 0);
    assert_int_equal(event_data_count(&ev), 0);
    assert_true(value_absent(event_get(&ev, fields_intern(r->names, "Nothing"))));
}

static void fields_are_found_by_the_name_of_their_data(void **state)
{
    reading *r = *state;
    field user = fields_intern(r->names, "TargetUserName"), type = fields_intern(r->names, "LogonType");
    field other = fields_intern(r->names, "targetusername");
    made_log(&r->m);
    size_t data = define_data(&r->m);
    made_record(&r->m, 2);
    made_value values[] = { made_text(&r->m, "sa "), made_number(&r->m, BINXML_U32, 4, 3) };
    end_event(&r->m, begin_event(&r->m), 4624, document(&r->m, data, 9, 2, values));
    made_record_end(&r->m);
    event ev = nth(r, 1);
    uint64_t n;
    assert_true(value_is(event_get(&ev, user), "SA"));
    assert_string_equal(value_text(event_get(&ev, user), &r->mem), "sa");
    assert_true(value_u64(event_get(&ev, type), &n));
    assert_int_equal(n, 3);
    assert_true(value_absent(event_get(&ev, other)));
    assert_null(event_get(&ev, other).bytes.at);
    assert_string_equal(fields_name(r->names, user), "TargetUserName");
}

static void null_in_evidence_is_told_from_absent(void **state)
{
    reading *r = *state;
    field type = fields_intern(r->names, "LogonType");
    made_log(&r->m);
    define_data(&r->m);
    event ev = nth(r, 0);
    assert_true(value_absent(event_get(&ev, type)));
    assert_non_null(event_get(&ev, type).bytes.at);
}

static void elements_of_user_data_are_fields_and_their_attributes_too(void **state)
{
    reading *r = *state;
    field user = fields_intern(r->names, "SubjectUserName"), attribute = fields_intern(r->names, "LogFileCleared@kind");
    field channel = fields_intern(r->names, "Channel");
    made *m = &r->m;
    made_log(m);
    made_record(m, 1);
    size_t t = made_template(m, 7);
    made_open(m, "Event", -1);
    made_open(m, "System", -1);
    made_open(m, "Channel", -1);
    made_constant(m, "System");
    made_close(m);
    made_close(m);
    made_open(m, "UserData", -1);
    made_open_with(m, "LogFileCleared", -1);
    made_attribute(m, "kind");
    made_constant(m, "k");
    made_start_end(m);
    element(m, "SubjectUserName", 0);
    element(m, "Channel", 1);
    made_close(m);
    made_close(m);
    made_close(m);
    made_values(m, t, 2, (made_value[]){ made_text(m, "bob"), made_text(m, "Security") });
    made_record_end(m);
    event ev = nth(r, 0);
    assert_true(value_is(event_get(&ev, user), "bob"));
    assert_true(value_is(event_get(&ev, attribute), "k"));
    assert_true(value_is(event_get(&ev, channel), "Security"));      /* the cleared log, not the log it stands in */
    assert_true(utf16_is(ev.channel, "System"));
}

static void data_without_names_are_a_list(void **state)
{
    reading *r = *state;
    made *m = &r->m;
    made_log(m);
    made_record(m, 1);
    size_t t = made_template(m, 7);
    made_open(m, "Event", -1);
    made_open(m, "EventData", -1);
    for (uint16_t i = 0; i < 3; i++)
        element(m, "Data", i);
    made_close(m);
    made_close(m);
    made_value values[] = { made_bytes(BINXML_WSTRING | BINXML_ARRAY, "a\0\0\0b\0\0\0", 8), MADE_NULL, made_text(m, "c") };
    made_values(m, t, 3, values);
    made_record_end(m);
    event ev = nth(r, 0);
    assert_int_equal(event_data_count(&ev), 3);
    assert_true(value_is(event_data(&ev, 0), "a"));
    assert_true(value_is(event_data(&ev, 1), "b"));
    assert_true(value_is(event_data(&ev, 2), "c"));
    assert_true(value_absent(event_data(&ev, 3)));
}

static void a_document_without_template_is_an_event_too(void **state)
{
    reading *r = *state;
    made *m = &r->m;
    field user = fields_intern(r->names, "TargetUserName");
    made_log(m);
    made_record(m, 77);
    made_open(m, "Event", -1);
    made_open(m, "System", -1);
    made_open(m, "EventID", -1);
    made_constant(m, "4625");
    made_close(m);
    made_close(m);
    made_open(m, "EventData", -1);
    made_open_with(m, "Data", -1);
    made_attribute(m, "Name");
    made_constant(m, "TargetUserName");
    made_start_end(m);
    made_constant(m, "eve");
    made_close(m);
    made_close(m);
    made_close(m);
    made_byte(m, 0);
    made_record_end(m);
    event ev = nth(r, 0);
    assert_int_equal(ev.event_id, 4625);
    assert_int_equal(ev.record_id, 77);             /* System does not say: the record's header does */
    assert_true(moment_known(ev.time));
    assert_true(value_is(event_get(&ev, user), "eve"));
}

static void numbers_are_read_from_text_too(void **state)
{
    made *m = &((reading *)*state)->m;
    uint64_t n = 0;
    assert_true(value_u64(made_text(m, " 42 "), &n) && n == 42);
    assert_true(value_u64(made_text(m, "0x3E7"), &n) && n == 0x3e7);
    assert_true(value_u64(made_text(m, "18446744073709551615"), &n) && n == UINT64_MAX);
    assert_false(value_u64(made_text(m, "18446744073709551616"), &n));
    assert_false(value_u64(made_text(m, "0x"), &n));
    assert_false(value_u64(made_text(m, ""), &n));
    assert_false(value_u64(made_text(m, "4 2"), &n));
    assert_true(value_u64(made_bytes(BINXML_ASTRING, "7\0", 2), &n) && n == 7);
    assert_true(value_u64(made_number(m, BINXML_HEX64, 8, 5), &n) && n == 5);
    assert_false(value_u64(MADE_NULL, &n));
}

static void times_are_read_from_text_too(void **state)
{
    made *m = &((reading *)*state)->m;
    moment t;
    assert_true(value_moment(made_text(m, "2016-02-15 08:53:20.000"), &t) && t == 131000000000000000);
    assert_true(value_moment(made_number(m, BINXML_FILETIME, 8, 5), &t) && t == 5);
    assert_false(value_moment(made_text(m, "yesterday"), &t));
    assert_false(value_moment(MADE_NULL, &t));
}

static binxml_value filetime(uint8_t bytes[8], uint64_t n)
{
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(n >> 8 * i);
    return (binxml_value){ BINXML_FILETIME, span_of(bytes, 8) };
}

static void a_time_that_windows_does_not_take_is_none(void **state)
{
    (void)state;
    uint8_t bytes[8];
    moment t = 7;
    assert_true(value_moment(filetime(bytes, 1), &t));
    assert_int_equal(t, 1);
    assert_true(value_moment(filetime(bytes, MOMENT_LAST), &t));
    assert_int_equal(t, MOMENT_LAST);
    const uint64_t none[] = { 0, MOMENT_LAST + 1, UINT64_MAX - 1, UINT64_MAX };
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(value_moment(filetime(bytes, none[i]), &t));
    assert_int_equal(t, MOMENT_LAST);                    /* left as it was */
}

static void texts_are_compared_without_case_and_blanks_at_the_end(void **state)
{
    reading *r = *state;
    made_value v = made_text(&r->m, "NtLmSsp ");
    assert_true(value_is(v, "ntlmssp"));
    assert_false(value_is(v, "ntlm"));
    assert_true(value_has(v, "LMS"));
    assert_int_equal(value_utf16(v).len, 14);
    assert_null(value_text(MADE_NULL, &r->mem));
    assert_string_equal(value_text(made_number(&r->m, BINXML_HEX32, 4, 16), &r->mem), "0x10");
    assert_string_equal(sid_text(span_of("\1\1\0\0\0\0\0\5\x12\0\0\0", 12), &r->mem), "S-1-5-18");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(system_is_in_the_struct, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_are_found_by_the_name_of_their_data, setup, teardown),
        cmocka_unit_test_setup_teardown(null_in_evidence_is_told_from_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(elements_of_user_data_are_fields_and_their_attributes_too, setup, teardown),
        cmocka_unit_test_setup_teardown(data_without_names_are_a_list, setup, teardown),
        cmocka_unit_test_setup_teardown(a_document_without_template_is_an_event_too, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_are_read_from_text_too, setup, teardown),
        cmocka_unit_test_setup_teardown(times_are_read_from_text_too, setup, teardown),
        cmocka_unit_test(a_time_that_windows_does_not_take_is_none),
        cmocka_unit_test_setup_teardown(texts_are_compared_without_case_and_blanks_at_the_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
