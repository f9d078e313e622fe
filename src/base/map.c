#include "base/map.h"

#include "base/hash.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_SLOTS = 16 };

/* The key is drawn once a run: order never depends on it, and whoever writes evidence cannot know it. */
static uint8_t secret[16];
static pthread_once_t drawn = PTHREAD_ONCE_INIT;

static void draw(void)
{
    if (getentropy(secret, sizeof secret) != 0)
        abort();
}

void map_init(map *m)
{
    *m = (map){ 0 };
}

/* The slot where `key` lies, or the free one where it would. A slot holds the index of an entry plus one; 0 is free. */
static size_t slot_of(const map *m, span key)
{
    size_t mask = m->slot_count - 1, at = (size_t)hash64_keyed(secret, key) & mask;
    while (m->slots[at] && !span_eq(m->entries[m->slots[at] - 1].key, key))
        at = (at + 1) & mask;
    return at;
}

uint64_t *map_find(const map *m, span key)
{
    if (m->count == 0)
        return NULL;
    uint32_t slot = m->slots[slot_of(m, key)];
    return slot ? &m->entries[slot - 1].value : NULL;
}

static void grow_slots(map *m)
{
    pthread_once(&drawn, draw);
    m->slot_count = m->slot_count ? m->slot_count * 2 : FIRST_SLOTS;
    m->slots = memory_grow(m->slots, m->slot_count, sizeof *m->slots);
    memset(m->slots, 0, m->slot_count * sizeof *m->slots);
    for (size_t i = 0; i < m->count; i++)
        m->slots[slot_of(m, m->entries[i].key)] = (uint32_t)(i + 1);
}

uint64_t *map_put(map *m, span key, bool *was_there)
{
    if (m->count >= m->slot_count / 4 * 3)
        grow_slots(m);
    size_t slot = slot_of(m, key);
    bool there = m->slots[slot] != 0;
    if (was_there)
        *was_there = there;
    if (there)
        return &m->entries[m->slots[slot] - 1].value;

    if (m->count == UINT32_MAX - 1)
        abort();
    if (m->count == m->room) {
        m->room = m->room ? m->room * 2 : FIRST_SLOTS;
        m->entries = memory_grow(m->entries, m->room, sizeof *m->entries);
    }
    uint8_t *copy = memory_grow(NULL, key.len, 1);
    if (key.len)
        memcpy(copy, key.at, key.len);
    m->entries[m->count++] = (map_entry){ .key = { copy, key.len } };
    m->slots[slot] = (uint32_t)m->count;
    return &m->entries[m->count - 1].value;
}

void map_done(map *m)
{
    for (size_t i = 0; i < m->count; i++)
        free((void *)m->entries[i].key.at);
    free(m->entries);
    free(m->slots);
    *m = (map){ 0 };
}
