#include "cmocka_all.h"
#include "made.h"

#include <stdlib.h>

/* One record <X>...</X> of one template, with the values given. Tests write what stands in X between these two. */
static size_t begin_x(made *m)
{
    made_log(m);
    made_record(m, 1);
    size_t t = made_template(m, 7);
    made_open(m, "X", -1);
    return t;
}

static const char *end_x(made *m, size_t t, size_t count, const made_value *values)
{
    made_close(m);
    made_values(m, t, count, values);
    made_record_end(m);
    return made_json(m, 0);
}

static int setup(void **state)
{
    *state = calloc(1, sizeof(made));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* ---- values ---- */

static const char *json_of(made *m, made_value v)
{
    size_t t = begin_x(m);
    made_slot(m, 0);
    return end_x(m, t, 1, &v);
}

static void numbers_stand_without_quotes_and_identifiers_with(void **state)
{
    made *m = *state;
    assert_string_equal(json_of(m, made_number(m, BINXML_I8, 1, 0x80)), "{\"X\":-128}");
    assert_string_equal(json_of(m, made_number(m, BINXML_U8, 1, 255)), "{\"X\":255}");
    assert_string_equal(json_of(m, made_number(m, BINXML_I16, 2, 0xffff)), "{\"X\":-1}");
    assert_string_equal(json_of(m, made_number(m, BINXML_U16, 2, 0xffff)), "{\"X\":65535}");
    assert_string_equal(json_of(m, made_number(m, BINXML_I32, 4, 0x80000000)), "{\"X\":-2147483648}");
    assert_string_equal(json_of(m, made_number(m, BINXML_U32, 4, 1234567)), "{\"X\":1234567}");
    assert_string_equal(json_of(m, made_number(m, BINXML_I64, 8, 1ull << 63)), "{\"X\":-9223372036854775808}");
    assert_string_equal(json_of(m, made_number(m, BINXML_U64, 8, UINT64_MAX)), "{\"X\":18446744073709551615}");
    assert_string_equal(json_of(m, made_number(m, BINXML_BOOL, 4, 1)), "{\"X\":true}");
    assert_string_equal(json_of(m, made_number(m, BINXML_BOOL, 4, 0)), "{\"X\":false}");
    assert_string_equal(json_of(m, made_number(m, BINXML_BOOL, 4, 16)), "{\"X\":16}");
    assert_string_equal(json_of(m, made_number(m, BINXML_HEX32, 4, 0xdeadBEEF)), "{\"X\":\"0xdeadbeef\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_HEX64, 8, 0)), "{\"X\":\"0x0\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_SIZE, 4, 0x1000)), "{\"X\":\"0x1000\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_SIZE, 8, 1ull << 60)), "{\"X\":\"0x1000000000000000\"}");
}

static uint64_t bits(double d)
{
    uint64_t n;
    memcpy(&n, &d, 8);
    return n;
}

static uint32_t short_bits(float f)
{
    uint32_t n;
    memcpy(&n, &f, 4);
    return n;
}

static void doubles_have_the_fewest_digits_that_read_back(void **state)
{
    made *m = *state;
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, bits(0.1))), "{\"X\":\"0.1\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, bits(-0.0))), "{\"X\":\"-0.0\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, bits(1e15))), "{\"X\":\"1000000000000000.0\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, bits(1e16))), "{\"X\":\"1e16\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, bits(0.00001))), "{\"X\":\"0.00001\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, bits(1.5e-7))), "{\"X\":\"1.5e-7\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, bits(5e-324))), "{\"X\":\"5e-324\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, bits(1.7976931348623157e308))), "{\"X\":\"1.7976931348623157e308\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F32, 4, short_bits(0.1f))), "{\"X\":\"0.1\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F32, 4, short_bits(16777216.0f))), "{\"X\":\"16777216.0\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, 0x7ff8000000000000)), "{\"X\":\"NaN\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_F64, 8, 0xfff0000000000000)), "{\"X\":\"-inf\"}");
}

static void times_have_seven_digits_and_are_shown_whatever_they_say(void **state)
{
    made *m = *state;
    assert_string_equal(json_of(m, made_number(m, BINXML_FILETIME, 8, 131000000000000001)), "{\"X\":\"2016-02-15T08:53:20.0000001Z\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_FILETIME, 8, 0)), "{\"X\":\"1601-01-01T00:00:00.0000000Z\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_FILETIME, 8, UINT64_MAX)), "{\"X\":\"0000-00-00T00:00:00.0000000Z\"}");
    assert_string_equal(json_of(m, made_number(m, BINXML_FILETIME, 8, INT64_MAX)), "{\"X\":\"0828-09-14T02:48:05.4775807Z\"}");
    uint16_t good[] = { 2019, 3, 5, 1, 12, 34, 56, 789 }, bad[] = { 2019, 2, 0, 29, 0, 0, 0, 0 };
    assert_string_equal(json_of(m, made_bytes(BINXML_SYSTEMTIME, good, 16)), "{\"X\":\"2019-03-01T12:34:56.7890000Z\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_SYSTEMTIME, bad, 16)), "{\"X\":\"1601-01-01T00:00:00.0000000Z\"}");
}

static void identifiers_are_as_windows_writes_them(void **state)
{
    made *m = *state;
    uint8_t guid[] = { 0x25, 0x96, 0x84, 0x54, 0x78, 0x54, 0x94, 0x49, 0xa5, 0xba, 0x3e, 0x3b, 0x03, 0x28, 0xc3, 0x0d };
    uint8_t sid[] = { 1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0 };
    assert_string_equal(json_of(m, made_bytes(BINXML_GUID, guid, 16)), "{\"X\":\"{54849625-5478-4994-a5ba-3e3b0328c30d}\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_SID, sid, 16)), "{\"X\":\"S-1-5-32-544\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_BINARY, "\x00\xab", 2)), "{\"X\":\"00AB\"}");
}

static void texts_keep_what_they_hold(void **state)
{
    made *m = *state;
    assert_string_equal(json_of(m, made_text(m, "a\"b\\c\n\x01 ")), "{\"X\":\"a\\\"b\\\\c\\n\\u0001 \"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_WSTRING, "a\0\0\0b\0", 6)), "{\"X\":\"a\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_WSTRING, "\x3d\xd8\x00\xde", 4)), "{\"X\":\"\xf0\x9f\x98\x80\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_WSTRING, "\x3d\xd8" "a\0", 4)), "{\"X\":\"\xef\xbf\xbd" "a\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_WSTRING, "\x00\xde", 2)), "{\"X\":\"\xef\xbf\xbd\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_WSTRING, "\x1a\x90\xa8\x52", 4)), "{\"X\":\"\xe9\x80\x9a\xe5\x8a\xa8\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_WSTRING, "a\0b", 3)), "{\"X\":\"a\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_ASTRING, "a\x80\xe9\0", 4)), "{\"X\":\"a\xe2\x82\xac\xc3\xa9\"}");
}

static void a_value_that_is_not_what_its_type_says_is_shown_as_bytes(void **state)
{
    made *m = *state;
    assert_string_equal(json_of(m, made_bytes(BINXML_U32, "\x01\x02", 2)), "{\"X\":\"0102\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_SID, "\x01\x05\0\0\0\0\0\x05", 8)), "{\"X\":\"0105000000000005\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_GUID, "\x01", 1)), "{\"X\":\"01\"}");
    assert_string_equal(json_of(m, made_bytes(0x7e, "\x01", 1)), "{\"X\":\"01\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_U32 | BINXML_ARRAY, "\x01\x02\x03", 3)), "{\"X\":\"010203\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_U32, "", 0)), "{\"X\":null}");
}

/* ---- slots ---- */

static void an_element_that_depends_on_null_is_left_out(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    for (uint16_t i = 0; i < 3; i++) {
        made_open(m, (const char *[]){ "A", "B", "C" }[i], i);
        made_optional(m, i);
        made_close(m);
    }
    made_value values[] = { made_text(m, "one"), MADE_NULL, made_text(m, "") };
    assert_string_equal(end_x(m, t, 3, values), "{\"X\":{\"A\":\"one\",\"C\":null}}");
    assert_string_equal(made_xml(m, 0), "<X><A>one</A><C></C></X>");
}

static void when_all_are_left_out_nothing_is_null(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    made_open(m, "A", 0);
    made_slot(m, 0);
    made_close(m);
    assert_string_equal(end_x(m, t, 1, (made_value[]){ MADE_NULL }), "{\"X\":null}");
    assert_string_equal(made_xml(m, 0), "<X></X>");
}

static void an_element_may_depend_on_another_slot_than_its_own(void **state)
{
    made *m = *state;
    for (int is_null = 0; is_null < 2; is_null++) {
        size_t t = begin_x(m);
        made_open(m, "A", 1);
        made_slot(m, 0);
        made_close(m);
        made_value values[] = { made_text(m, "a"), is_null ? MADE_NULL : made_text(m, "b") };
        assert_string_equal(end_x(m, t, 2, values), is_null ? "{\"X\":null}" : "{\"X\":{\"A\":\"a\"}}");
    }
}

static void a_slot_beyond_the_values_is_nothing(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    made_open(m, "A", 900);
    made_slot(m, 800);
    made_close(m);
    assert_string_equal(end_x(m, t, 1, (made_value[]){ made_text(m, "a") }), "{\"X\":{\"A\":null}}");
}

static void attributes_without_a_value_are_left_out(void **state)
{
    made *m = *state;
    for (int is_null = 0; is_null < 2; is_null++) {
        size_t t = begin_x(m);
        made_open_with(m, "A", -1);
        made_attribute(m, "n");
        made_optional(m, 0);
        made_start_end(m);
        made_optional(m, 1);
        made_close(m);
        made_value values[] = { is_null ? MADE_NULL : made_number(m, BINXML_U16, 2, 5), made_text(m, "t") };
        assert_string_equal(end_x(m, t, 2, values),
                            is_null ? "{\"X\":{\"A\":\"t\"}}" : "{\"X\":{\"A\":{\"#attributes\":{\"n\":5},\"#text\":\"t\"}}}");
        assert_string_equal(made_xml(m, 0), is_null ? "<X><A>t</A></X>" : "<X><A n='5'>t</A></X>");
    }
}

static void a_value_among_text_is_text(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    made_constant(m, "<");
    made_slot(m, 0);
    made_constant(m, ">");
    assert_string_equal(end_x(m, t, 1, (made_value[]){ made_number(m, BINXML_U8, 1, 7) }), "{\"X\":\"<7>\"}");
    assert_string_equal(made_xml(m, 0), "<X>&lt;7&gt;</X>");
}

static void the_same_slot_may_stand_in_two_places(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    for (int i = 0; i < 2; i++) {
        made_open(m, i ? "B" : "A", -1);
        made_slot(m, 0);
        made_close(m);
    }
    assert_string_equal(end_x(m, t, 1, (made_value[]){ made_text(m, "x") }), "{\"X\":{\"A\":\"x\",\"B\":\"x\"}}");
}

static void names_that_repeat_are_numbered(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    for (uint16_t i = 0; i < 3; i++) {
        made_open(m, "A", -1);
        made_slot(m, i);
        made_close(m);
    }
    made_value values[] = { made_text(m, "x"), made_text(m, "y"), made_text(m, "z") };
    assert_string_equal(end_x(m, t, 3, values), "{\"X\":{\"A\":\"x\",\"A_1\":\"y\",\"A_2\":\"z\"}}");
}

static void hostile_names_are_escaped(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    made_open(m, "a\"><script", -1);
    made_slot(m, 0);
    made_close(m);
    assert_string_equal(end_x(m, t, 1, (made_value[]){ made_text(m, "x") }), "{\"X\":{\"a\\\"><script\":\"x\"}}");
    assert_string_equal(made_xml(m, 0), "<X><a___script>x</a___script></X>");
}

/* ---- arrays ---- */

static void an_array_repeats_the_element_around_it(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    made_open(m, "A", -1);
    made_slot(m, 0);
    made_close(m);
    uint32_t numbers[] = { 1, 2 };
    assert_string_equal(end_x(m, t, 1, (made_value[]){ made_bytes(BINXML_U32 | BINXML_ARRAY, numbers, 8) }), "{\"X\":{\"A\":1,\"A_1\":2}}");
    assert_string_equal(made_xml(m, 0), "<X><A>1</A><A>2</A></X>");
}

static void an_array_of_one_is_its_text(void **state)
{
    made *m = *state;
    uint32_t number = 5;
    assert_string_equal(json_of(m, made_bytes(BINXML_U32 | BINXML_ARRAY, &number, 4)), "{\"X\":\"5\"}");
    assert_string_equal(json_of(m, made_bytes(BINXML_U32 | BINXML_ARRAY, "", 0)), "{\"X\":null}");
}

static void two_arrays_in_an_element_are_taken_one_after_the_other(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    made_open(m, "A", -1);
    made_slot(m, 0);
    made_constant(m, "-");
    made_slot(m, 1);
    made_close(m);
    made_value values[] = { made_bytes(BINXML_U8 | BINXML_ARRAY, "\1\2", 2), made_bytes(BINXML_U8 | BINXML_ARRAY, "\3\4", 2) };
    end_x(m, t, 2, values);
    assert_string_equal(made_xml(m, 0), "<X><A>1-3</A><A>1-4</A><A>2-3</A><A>2-4</A></X>");
}

static void begin_event_data(made *m, size_t *t)
{
    made_log(m);
    made_record(m, 1);
    *t = made_template(m, 7);
    made_open(m, "EventData", -1);
}

static void a_named_data(made *m, const char *name, uint16_t slot, int depends)
{
    made_open_with(m, "Data", depends);
    made_attribute(m, "Name");
    made_constant(m, name);
    made_start_end(m);
    made_slot(m, slot);
    made_close(m);
}

static void an_array_under_a_name_is_one(void **state)
{
    made *m = *state;
    size_t t;
    begin_event_data(m, &t);
    a_named_data(m, "n", 0, -1);
    a_named_data(m, "o", 1, -1);
    made_value values[] = { made_bytes(BINXML_WSTRING | BINXML_ARRAY, "a\0\0\0\0\0c\0\0\0", 10), made_number(m, BINXML_I8, 1, 3) };
    assert_string_equal(end_x(m, t, 2, values), "{\"EventData\":{\"n\":[\"a\",\"\",\"c\"],\"o\":3}}");
    assert_string_equal(made_xml(m, 0), "<EventData><Data Name='n'>a</Data><Data Name='n'></Data><Data Name='n'>c</Data>"
                                        "<Data Name='o'>3</Data></EventData>");
}

static void data_of_one_name_are_an_array_or_numbered(void **state)
{
    made *m = *state;
    size_t t;
    begin_event_data(m, &t);
    a_named_data(m, "n", 0, -1);
    a_named_data(m, "n", 1, -1);
    a_named_data(m, "o", 2, -1);
    a_named_data(m, "n", 3, -1);
    made_value values[] = { made_text(m, "1"), made_text(m, ""), MADE_NULL, made_text(m, "4") };
    assert_string_equal(end_x(m, t, 4, values), "{\"EventData\":{\"n\":[\"1\",\"\"],\"o\":\"\",\"n_1\":\"4\"}}");
}

static void data_without_names_stand_together(void **state)
{
    made *m = *state;
    for (int count = 0; count < 3; count++) {
        size_t t;
        begin_event_data(m, &t);
        for (uint16_t i = 0; i < 2; i++) {
            made_open(m, "Data", i);
            made_slot(m, i);
            made_close(m);
        }
        made_open(m, "Binary", 2);
        made_slot(m, 2);
        made_close(m);
        made_value array = made_bytes(BINXML_WSTRING | BINXML_ARRAY, "a\0\0\0b\0\0\0", 8);
        made_value values[] = { count == 2 ? array : count == 1 ? made_text(m, "t") : MADE_NULL, count == 2 ? made_text(m, "t") : MADE_NULL,
                                made_bytes(BINXML_BINARY, "\1", 1) };
        assert_string_equal(end_x(m, t, 3, values),
                            count == 2 ? "{\"EventData\":{\"Data\":{\"#text\":[\"a\",\"b\",\"t\"]},\"Binary\":\"01\"}}"
                            : count == 1 ? "{\"EventData\":{\"Data\":{\"#text\":\"t\"},\"Binary\":\"01\"}}"
                                         : "{\"EventData\":{\"Binary\":\"01\"}}");
    }
}

static void unnamed_data_beside_named_is_not_lost(void **state)
{
    made *m = *state;
    size_t t;
    begin_event_data(m, &t);
    a_named_data(m, "n", 0, -1);
    made_open(m, "Data", -1);
    made_slot(m, 1);
    made_close(m);
    made_value values[] = { made_text(m, "1"), made_text(m, "2") };
    assert_string_equal(end_x(m, t, 2, values), "{\"EventData\":{\"n\":\"1\",\"Data\":{\"#text\":\"2\"}}}");
}

/* ---- documents in documents ---- */

/* The bytes of an instance of the template at `of`, as they stand in a slot. */
static made_value document_of(made *m, size_t of, uint32_t id, const char *text)
{
    static uint8_t bytes[512];
    uint8_t *at = bytes;
    size_t len = strlen(text);
    const uint8_t head[] = { 0x0f, 1, 1, 0, 0x0c, 1 };
    uint32_t where = (uint32_t)of, one = 1, descriptor = (uint32_t)(2 * len) | 1u << 16;
    (void)m;
    memcpy(at, head, 6);
    memcpy(at + 6, &id, 4);
    memcpy(at + 10, &where, 4);
    memcpy(at + 14, &one, 4);
    memcpy(at + 18, &descriptor, 4);
    at += 22;
    for (size_t i = 0; i < len; i++, at += 2) {
        at[0] = (uint8_t)text[i];
        at[1] = 0;
    }
    *at++ = 0;
    return made_bytes(BINXML_BINXML, bytes, (size_t)(at - bytes));
}

/* Record 1 defines <EventData><Data Name="n">%0</Data></EventData>; gives where. */
static size_t define_event_data(made *m)
{
    size_t t;
    begin_event_data(m, &t);
    a_named_data(m, "n", 0, -1);
    made_close(m);
    made_values(m, t, 1, (made_value[]){ made_text(m, "first") });
    made_record_end(m);
    return t;
}

static void a_document_in_a_slot_is_a_member(void **state)
{
    made *m = *state;
    size_t inner = define_event_data(m);
    made_record(m, 2);
    size_t t = made_template(m, 8);
    made_open(m, "Event", -1);
    made_open(m, "System", -1);
    made_open(m, "EventID", -1);
    made_slot(m, 0);
    made_close(m);
    made_close(m);
    made_optional(m, 1);
    made_close(m);
    made_values(m, t, 2, (made_value[]){ made_number(m, BINXML_U16, 2, 9), document_of(m, inner, 7, "in") });
    made_record_end(m);
    made_record(m, 3);
    made_again(m, t, 8);
    made_values(m, t, 2, (made_value[]){ made_number(m, BINXML_U16, 2, 9), MADE_NULL });
    made_record_end(m);
    assert_string_equal(made_json(m, 1), "{\"Event\":{\"System\":{\"EventID\":9},\"EventData\":{\"n\":\"in\"}}}");
    assert_string_equal(made_xml(m, 1), "<Event><System><EventID>9</EventID></System><EventData><Data Name='n'>in</Data></EventData></Event>");
    assert_string_equal(made_json(m, 2), "{\"Event\":{\"System\":{\"EventID\":9}}}");
}

static void a_document_whose_root_has_a_siblings_name_is_numbered(void **state)
{
    made *m = *state;
    size_t inner = define_event_data(m);
    made_record(m, 2);
    size_t t = made_template(m, 8);
    made_open(m, "Event", -1);
    made_open(m, "EventData", -1);
    made_constant(m, "c");
    made_close(m);
    made_slot(m, 0);
    made_close(m);
    made_values(m, t, 1, (made_value[]){ document_of(m, inner, 7, "in") });
    made_record_end(m);
    assert_string_equal(made_json(m, 1), "{\"Event\":{\"EventData\":\"c\",\"EventData_1\":{\"n\":\"in\"}}}");
}

static void a_document_without_template_is_read_too(void **state)
{
    made *m = *state;
    made_log(m);
    made_record(m, 1);
    made_open_with(m, "Event", -1);
    made_attribute(m, "a");
    made_constant(m, "'<&");
    made_start_end(m);
    made_open(m, "E", -1);
    made_byte(m, 0x05);                             /* a constant that is a number */
    made_byte(m, BINXML_U32);
    made_u32(m, 77);
    made_close(m);
    made_open_with(m, "F", -1);
    made_empty_end(m);
    made_close(m);
    made_byte(m, 0);
    made_record_end(m);
    assert_string_equal(made_json(m, 0), "{\"Event\":{\"#attributes\":{\"a\":\"'<&\"},\"E\":77,\"F\":null}}");
    assert_string_equal(made_xml(m, 0), "<Event a='&apos;&lt;&amp;'><E>77</E><F/></Event>");
}

static void an_instance_within_elements_is_read_too(void **state)
{
    made *m = *state;
    size_t inner = define_event_data(m);
    made_record(m, 2);
    made_open(m, "Event", -1);
    made_again(m, inner, 7);
    made_values(m, inner, 1, (made_value[]){ made_text(m, "in") });
    m->at--;                                        /* no end: the element goes on */
    made_close(m);
    made_byte(m, 0);
    made_record_end(m);
    assert_string_equal(made_json(m, 1), "{\"Event\":{\"EventData\":{\"n\":\"in\"}}}");
}

/* ---- what else a document may hold ---- */

static void references_sections_and_instructions_are_kept(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    made_byte(m, 0x09);
    made_name(m, "amp");
    made_byte(m, 0x08);
    made_u16(m, 'A');
    made_byte(m, 0x07);                             /* CDATA */
    made_u16(m, 2);
    made_u16(m, '<');
    made_u16(m, 'c');
    made_byte(m, 0x0a);
    made_name(m, "pi");
    made_byte(m, 0x0b);
    made_u16(m, 1);
    made_u16(m, 'd');
    made_byte(m, 0x09);
    made_name(m, "other");
    assert_string_equal(end_x(m, t, 0, NULL), "{\"X\":\"&A<c&other;\"}");
    assert_string_equal(made_xml(m, 0), "<X>&amp;&#65;<![CDATA[<c]]><?pi d?>&amp;other;</X>");
}

static void an_empty_element_is_written_as_it_stands(void **state)
{
    made *m = *state;
    size_t t = begin_x(m);
    made_open_with(m, "A", -1);
    made_empty_end(m);
    made_open(m, "B", -1);
    made_close(m);
    assert_string_equal(end_x(m, t, 0, NULL), "{\"X\":{\"A\":null,\"B\":null}}");
    assert_string_equal(made_xml(m, 0), "<X><A/><B></B></X>");
}

static void characters_that_xml_does_not_know_are_underscores(void **state)
{
    made *m = *state;
    json_of(m, made_bytes(BINXML_WSTRING, "\x01\0\xfe\xff\x3d\xd8" "a\0", 8));
    assert_string_equal(made_xml(m, 0), "<X>___a</X>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stand_without_quotes_and_identifiers_with),
        cmocka_unit_test(doubles_have_the_fewest_digits_that_read_back),
        cmocka_unit_test(times_have_seven_digits_and_are_shown_whatever_they_say),
        cmocka_unit_test(identifiers_are_as_windows_writes_them),
        cmocka_unit_test(texts_keep_what_they_hold),
        cmocka_unit_test(a_value_that_is_not_what_its_type_says_is_shown_as_bytes),
        cmocka_unit_test(an_element_that_depends_on_null_is_left_out),
        cmocka_unit_test(when_all_are_left_out_nothing_is_null),
        cmocka_unit_test(an_element_may_depend_on_another_slot_than_its_own),
        cmocka_unit_test(a_slot_beyond_the_values_is_nothing),
        cmocka_unit_test(attributes_without_a_value_are_left_out),
        cmocka_unit_test(a_value_among_text_is_text),
        cmocka_unit_test(the_same_slot_may_stand_in_two_places),
        cmocka_unit_test(names_that_repeat_are_numbered),
        cmocka_unit_test(hostile_names_are_escaped),
        cmocka_unit_test(an_array_repeats_the_element_around_it),
        cmocka_unit_test(an_array_of_one_is_its_text),
        cmocka_unit_test(two_arrays_in_an_element_are_taken_one_after_the_other),
        cmocka_unit_test(an_array_under_a_name_is_one),
        cmocka_unit_test(data_of_one_name_are_an_array_or_numbered),
        cmocka_unit_test(data_without_names_stand_together),
        cmocka_unit_test(unnamed_data_beside_named_is_not_lost),
        cmocka_unit_test(a_document_in_a_slot_is_a_member),
        cmocka_unit_test(a_document_whose_root_has_a_siblings_name_is_numbered),
        cmocka_unit_test(a_document_without_template_is_read_too),
        cmocka_unit_test(an_instance_within_elements_is_read_too),
        cmocka_unit_test(references_sections_and_instructions_are_kept),
        cmocka_unit_test(an_empty_element_is_written_as_it_stands),
        cmocka_unit_test(characters_that_xml_does_not_know_are_underscores),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
