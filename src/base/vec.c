#include "base/vec.h"

#include "base/memory.h"

#include <stdlib.h>

enum { FIRST_ROOM = 8, RUN = 8 };

void vec_init(vec *v, size_t each)
{
    *v = (vec){ .each = each };
}

void *vec_push(vec *v)
{
    if (v->count == v->room) {
        v->room = v->room ? v->room * 2 : FIRST_ROOM;
        v->at = memory_grow(v->at, v->room, v->each);
    }
    return memset(vec_at(v, v->count++), 0, v->each);
}

static void insertion_sort(uint8_t *at, size_t count, size_t each, uint8_t *spare, int (*compare)(const void *, const void *))
{
    for (size_t i = 1; i < count; i++) {
        size_t to = i;
        while (to > 0 && compare(at + (to - 1) * each, at + i * each) > 0)
            to--;
        if (to == i)
            continue;
        memcpy(spare, at + i * each, each);
        memmove(at + (to + 1) * each, at + to * each, (i - to) * each);
        memcpy(at + to * each, spare, each);
    }
}

static void merge(const uint8_t *left, size_t left_count, const uint8_t *right, size_t right_count, size_t each, uint8_t *out,
                  int (*compare)(const void *, const void *))
{
    while (left_count && right_count) {
        bool from_right = compare(left, right) > 0;       /* equal: the left one came first */
        memcpy(out, from_right ? right : left, each);
        out += each;
        if (from_right) {
            right += each;
            right_count--;
        } else {
            left += each;
            left_count--;
        }
    }
    memcpy(out, left_count ? left : right, (left_count ? left_count : right_count) * each);
}

void vec_sort(vec *v, int (*compare)(const void *, const void *))
{
    if (v->count < 2)
        return;
    size_t each = v->each;
    uint8_t *from = v->at, *to = memory_grow(NULL, v->room, each);     /* either may be the one that stays */
    for (size_t i = 0; i < v->count; i += RUN)
        insertion_sort(from + i * each, v->count - i < RUN ? v->count - i : RUN, each, to, compare);
    for (size_t run = RUN; run < v->count; run *= 2) {
        for (size_t i = 0; i < v->count; i += 2 * run) {
            size_t left = v->count - i < run ? v->count - i : run;
            size_t right = v->count - i - left < run ? v->count - i - left : run;
            merge(from + i * each, left, from + (i + left) * each, right, each, to + i * each, compare);
        }
        uint8_t *swap = from;
        from = to;
        to = swap;
    }
    free(to);
    v->at = from;
}

void vec_done(vec *v)
{
    free(v->at);
    *v = (vec){ .each = v->each };
}
