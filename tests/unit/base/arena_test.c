#include "cmocka_all.h"

#include "base/arena.h"

static bool is_zero(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i])
            return false;
    return true;
}

static void allocations_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 0);
    for (int round = 0; round < 3; round++) {
        uint8_t *before = NULL;
        size_t before_size = 0;
        for (size_t size = 0; size < 3000; size += 7) {
            uint8_t *at = arena_alloc(&mem, size);
            assert_int_equal((uintptr_t)at % 16, 0);
            assert_true(is_zero(at, size));
            memset(at, 0xA5, size);
            if (before)
                assert_true(before + before_size <= at || at + size <= before);
            before = at;
            before_size = size;
        }
        arena_reset(&mem);          /* what is given again is zeroed again */
    }
    arena_done(&mem);
}

static void an_allocation_larger_than_a_block_leaves_the_block_in_use(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 0);
    uint8_t *small = arena_alloc(&mem, 16);
    uint8_t *large = arena_alloc(&mem, 8 << 20);
    large[0] = large[(8 << 20) - 1] = 1;
    uint8_t *next = arena_alloc(&mem, 16);
    assert_true(next > small && next - small < 256);
    arena_done(&mem);
}

static void a_limit_is_kept_and_said(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 1000);
    size_t given = 0;
    while (arena_alloc(&mem, 16))
        given += 16;
    assert_int_equal(given, 992);
    assert_true(mem.spent);
    assert_int_equal(mem.used, 992);
    assert_null(arena_alloc(&mem, 1000));
    arena_reset(&mem);
    assert_false(mem.spent);
    assert_non_null(arena_alloc(&mem, 992));
    assert_null(arena_str(&mem, "nine more bytes"));
    arena_done(&mem);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 1 << 20);
    assert_null(arena_array(&mem, SIZE_MAX / 2, 3));
    assert_null(arena_alloc(&mem, SIZE_MAX));
    assert_null(arena_alloc(&mem, SIZE_MAX - 15));
    assert_non_null(arena_alloc(&mem, 1));
    arena_done(&mem);
}

static void the_nth_allocation_fails_on_demand_and_once(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 1 << 20);
    arena_fail_at(&mem, 3);
    assert_non_null(arena_alloc(&mem, 1));
    assert_non_null(arena_alloc(&mem, 1));
    assert_false(mem.spent);
    assert_null(arena_alloc(&mem, 1));
    assert_true(mem.spent);
    assert_non_null(arena_alloc(&mem, 1));
    arena_done(&mem);
}

static void texts_are_copied_with_their_end(void **state)
{
    (void)state;
    arena mem;
    arena_init(&mem, 0);
    char from[] = "abc";
    char *copy = arena_str(&mem, from);
    char *part = arena_text(&mem, span_of(from, 2));
    from[0] = 'x';
    assert_string_equal(copy, "abc");
    assert_string_equal(part, "ab");
    assert_null(arena_str(&mem, NULL));
    assert_string_equal(arena_text(&mem, (span){ 0 }), "");
    assert_string_equal(arena_printf(&mem, "%d-%s", 42, "x"), "42-x");
    assert_true(span_is(arena_span(&mem, span_str("span")), "span"));
    arena_done(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocations_are_zeroed_aligned_and_apart),
        cmocka_unit_test(an_allocation_larger_than_a_block_leaves_the_block_in_use),
        cmocka_unit_test(a_limit_is_kept_and_said),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(the_nth_allocation_fails_on_demand_and_once),
        cmocka_unit_test(texts_are_copied_with_their_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
