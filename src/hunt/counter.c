/* Counts under keys. */
#include "hunt/counter.h"

#include "base/hash.h"

void counter_init(counter *t)
{
    *t = (counter){ .most = UINT64_MAX };
    map_init(&t->index);
    vec_init(&t->rows, sizeof(counter_row));
}

void counter_done(counter *t)
{
    map_done(&t->index);
    vec_done(&t->rows);
}

static int by_hash(const void *a, const void *b)
{
    const counter_row *l = a, *r = b;
    return l->hash < r->hash ? -1 : l->hash > r->hash;
}

static void shrink(counter *t)
{
    map kept;
    map_init(&kept);
    vec_sort(&t->rows, by_hash);
    for (size_t i = COUNTER_ROWS; i < t->rows.count; i++)
        t->others += ((counter_row *)vec_at(&t->rows, i))->count;
    t->rows.count = COUNTER_ROWS;
    t->most = ((counter_row *)vec_at(&t->rows, COUNTER_ROWS - 1))->hash;
    for (size_t i = 0; i < COUNTER_ROWS; i++) {
        counter_row *r = vec_at(&t->rows, i);
        *map_put(&kept, r->key, NULL) = i;
        r->key = kept.entries[i].key;
    }
    map_done(&t->index);
    t->index = kept;
}

static void add_row(counter *t, const counter_row *r)
{
    if (r->hash > t->most) {
        t->others += r->count;
        return;
    }
    bool was;
    uint64_t *at = map_put(&t->index, r->key, &was);
    if (!was) {
        *at = t->rows.count;
        counter_row *made = vec_push(&t->rows);
        *made = *r;
        made->key = t->index.entries[t->index.count - 1].key;
        if (t->rows.count == 2 * COUNTER_ROWS)
            shrink(t);
        return;
    }
    counter_row *known = vec_at(&t->rows, (size_t)*at);
    known->count += r->count;
    if (moment_known(r->first) && (!moment_known(known->first) || r->first < known->first))
        known->first = r->first;
    if (moment_known(r->last) && (!moment_known(known->last) || r->last > known->last))
        known->last = r->last;
}

void counter_add(counter *t, span key, moment time)
{
    add_row(t, &(counter_row){ hash64(key), 1, time, time, key });
}

void counter_take(counter *t, const counter *other)
{
    t->others += other->others;
    if (other->most < t->most) {                         /* what the other has dropped is dropped here */
        t->most = other->most;
        size_t kept = 0;
        map index;
        map_init(&index);
        for (size_t i = 0; i < t->rows.count; i++) {
            counter_row r = *(counter_row *)vec_at(&t->rows, i);
            if (r.hash > t->most) {
                t->others += r.count;
                continue;
            }
            *map_put(&index, r.key, NULL) = kept;
            r.key = index.entries[kept].key;
            *(counter_row *)vec_at(&t->rows, kept++) = r;
        }
        t->rows.count = kept;
        map_done(&t->index);
        t->index = index;
    }
    for (size_t i = 0; i < other->rows.count; i++)
        add_row(t, vec_at(&other->rows, i));
}

void counter_settle(counter *t, int (*order)(const void *, const void *))
{
    if (t->rows.count > COUNTER_ROWS)
        shrink(t);
    vec_sort(&t->rows, order);
}
