#include "cmocka_all.h"
#include "numbers.h"

#include "base/vec.h"


typedef struct { unsigned key, order; char filler[5]; } item;

static int by_key(const void *a, const void *b)
{
    unsigned x = ((const item *)a)->key, y = ((const item *)b)->key;
    return (x > y) - (x < y);
}

static void pushed_elements_are_zeroed_and_stay(void **state)
{
    (void)state;
    vec v;
    vec_init(&v, sizeof(item));
    for (unsigned i = 0; i < 1000; i++) {
        item *it = vec_push(&v);
        assert_int_equal(it->key, 0);
        assert_int_equal(it->filler[4], 0);
        *it = (item){ .key = i, .filler = "full" };
    }
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(((item *)vec_at(&v, i))->key, i);
    vec_done(&v);
    assert_int_equal(v.count, 0);
    vec_push(&v);
    vec_done(&v);
}

static void sorting_keeps_the_order_of_equals_at_every_length(void **state)
{
    (void)state;
    for (size_t count = 0; count < 300; count++) {
        vec v;
        vec_init(&v, sizeof(item));
        for (unsigned i = 0; i < count; i++)
            *(item *)vec_push(&v) = (item){ .key = number() % 16, .order = i };
        vec_sort(&v, by_key);
        assert_int_equal(v.count, count);
        for (size_t i = 1; i < count; i++) {
            item *a = vec_at(&v, i - 1), *b = vec_at(&v, i);
            assert_true(a->key < b->key || (a->key == b->key && a->order < b->order));
        }
        vec_push(&v);       /* it still can grow */
        vec_done(&v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pushed_elements_are_zeroed_and_stay),
        cmocka_unit_test(sorting_keeps_the_order_of_equals_at_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
