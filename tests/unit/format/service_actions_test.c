/* What a service does when it fails, and what its triggers mean. */
#include "cmocka_all.h"
#include "bytes.h"
#include "format/service_actions.h"

typedef struct { arena mem; buf value; } ground;

static int setup(void **state)
{
    static ground g;
    arena_init(&g.mem, 0);
    buf_init(&g.value, 1 << 20);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    ground *g = *state;
    buf_done(&g->value);
    arena_done(&g->mem);
    return 0;
}

static void make(buf *b, uint32_t told, size_t there)
{
    put32(b, 86400);
    put32(b, 0);
    put32(b, 1);
    put32(b, told);
    put32(b, 20);
    for (size_t i = 0; i < there; i++) {
        put32(b, (uint32_t)i);
        put32(b, 60000);
    }
}

static void actions_are_read_in_their_order(void **state)
{
    ground *g = *state;
    service_failure f;
    make(&g->value, 6, 6);
    assert_true(service_failure_read(&g->mem, buf_bytes(&g->value), &f));
    assert_int_equal(f.reset_seconds, 86400);
    assert_true(f.command);
    assert_false(f.message || f.torn);
    static const char *const words[] = { "none", "restart", "reboot", "command", "own-restart", "other" };
    assert_int_equal(f.count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(service_action_word(f.actions[i].kind), words[i]);
        assert_int_equal(f.actions[i].delay_ms, 60000);
    }
    assert_true(service_failure_runs(&f));
    f.count = 3;
    assert_false(service_failure_runs(&f));
}

static void a_count_is_believed_as_far_as_there_are_bytes(void **state)
{
    ground *g = *state;
    service_failure f;
    make(&g->value, UINT32_MAX, 2);
    assert_true(service_failure_read(&g->mem, buf_bytes(&g->value), &f));
    assert_int_equal(f.count, 2);
    assert_true(f.torn);
    assert_false(service_failure_read(&g->mem, span_part(buf_bytes(&g->value), 0, 19), &f));
    assert_true(service_failure_read(&g->mem, span_part(buf_bytes(&g->value), 0, 20), &f));
    assert_int_equal(f.count, 0);
    assert_true(f.torn);
}

static void triggers_have_words(void **state)
{
    ground *g = *state;
    static const uint8_t first_address[] = { 0xde,0xf2,0x27,0x4f, 0xe2,0x14, 0x0b,0x43, 0xa5,0x49,0x7c,0xd4,0x8c,0xbc,0x82,0x45 };
    static const uint8_t pipe[] = { 0x31,0xd1,0x81,0x1f, 0xac,0x3f, 0x37,0x45, 0x9e,0x0c,0x7e,0x7b,0x0c,0x2f,0x4b,0x55 };
    assert_string_equal(service_trigger_meaning(span_of(first_address, 16)), "first-address");
    assert_string_equal(service_trigger_meaning(span_of(pipe, 16)), "pipe");
    assert_string_equal(service_guid(&g->mem, span_of(pipe, 16)), "{1F81D131-3FAC-4537-9E0C-7E7B0C2F4B55}");
    assert_string_equal(service_guid(&g->mem, span_of(pipe, 15)), "");
    assert_null(service_trigger_meaning(span_of("0123456789abcdef", 16)));
    assert_null(service_trigger_meaning((span){ 0 }));
    assert_string_equal(service_trigger_word(SERVICE_TRIGGER_ETW), "etw");
    assert_string_equal(service_trigger_word(8), "other");
    assert_string_equal(service_trigger_word(1000), "other");
}

static void data_of_triggers_in_words(void **state)
{
    ground *g = *state;
    put_units(&g->value, "445");
    put16(&g->value, 0);
    put_units(&g->value, "TCP");
    put_zeros(&g->value, 4);
    assert_string_equal(service_trigger_data(&g->mem, buf_bytes(&g->value), SERVICE_DATA_STRING), "445\nTCP");
    assert_string_equal(service_trigger_data(&g->mem, span_of("\5", 1), SERVICE_DATA_LEVEL), "5");
    assert_string_equal(service_trigger_data(&g->mem, span_of("\1\0\0\0\0\0\0\x80", 8), SERVICE_DATA_ANY), "0x8000000000000001");
    assert_string_equal(service_trigger_data(&g->mem, span_of("\1\xff", 2), SERVICE_DATA_BINARY), "01ff");
    assert_string_equal(service_trigger_data(&g->mem, (span){ 0 }, SERVICE_DATA_STRING), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(actions_are_read_in_their_order),
        TEST(a_count_is_believed_as_far_as_there_are_bytes),
        TEST(triggers_have_words),
        TEST(data_of_triggers_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
