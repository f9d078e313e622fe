#include "cmocka_all.h"

#include "base/map.h"

#include <stdio.h>

enum { MANY = 100000 };

static span key_of(uint32_t i, char out[32])
{
    int len = snprintf(out, 32, "key %x", i * 2654435761u);
    return span_of(out, (size_t)len);
}

static void a_hundred_thousand_keys_are_found_in_order(void **state)
{
    (void)state;
    map m;
    char text[32];
    bool there;
    map_init(&m);
    for (uint32_t i = 0; i < MANY; i++) {
        uint64_t *value = map_put(&m, key_of(i, text), &there);
        assert_false(there);
        assert_int_equal(*value, 0);
        *value = i;
    }
    assert_int_equal(m.count, MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_int_equal(*map_find(&m, key_of(i, text)), i);
        assert_int_equal(*map_put(&m, key_of(i, text), &there), i);
        assert_true(there);
        assert_true(span_eq(m.entries[i].key, key_of(i, text)));
    }
    for (uint32_t i = MANY; i < MANY + 1000; i++)
        assert_null(map_find(&m, key_of(i, text)));
    assert_int_equal(m.count, MANY);
    map_done(&m);
}

static void any_bytes_are_a_key_and_are_copied(void **state)
{
    (void)state;
    map m;
    map_init(&m);
    assert_null(map_find(&m, span_str("nothing yet")));
    char key[] = "a\0b";
    *map_put(&m, span_of(key, 3), NULL) = 1;
    *map_put(&m, span_of(key, 2), NULL) = 2;
    *map_put(&m, (span){ 0 }, NULL) = 3;
    key[2] = 'x';
    assert_int_equal(*map_find(&m, span_of("a\0b", 3)), 1);
    assert_int_equal(*map_find(&m, span_of("a\0", 2)), 2);
    assert_int_equal(*map_find(&m, span_str("")), 3);
    assert_null(map_find(&m, span_of(key, 3)));
    map_done(&m);
    map_done(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_hundred_thousand_keys_are_found_in_order),
        cmocka_unit_test(any_bytes_are_a_key_and_are_copied),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
