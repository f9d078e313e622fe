#include "text/catalogue.h"

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define TEXT(id, en, zh) { id, en, zh },
static const text_entry entries[] = {
#include "text/catalogue/all.h"
};
#undef TEXT

#define ENTRIES (sizeof entries / sizeof *entries)
static uint16_t by_id[ENTRIES];
static pthread_once_t sorted = PTHREAD_ONCE_INIT;
_Static_assert(ENTRIES <= UINT16_MAX, "by_id holds 16 bits");

static int compare(const void *a, const void *b)
{
    return strcmp(entries[*(const uint16_t *)a].id, entries[*(const uint16_t *)b].id);
}

static void sort(void)
{
    for (size_t i = 0; i < ENTRIES; i++)
        by_id[i] = (uint16_t)i;
    qsort(by_id, ENTRIES, sizeof *by_id, compare);
}

const text_entry *catalogue_find(const char *id)
{
    pthread_once(&sorted, sort);
    size_t low = 0, high = ENTRIES;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(id, entries[by_id[middle]].id);
        if (order == 0)
            return &entries[by_id[middle]];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const text_entry *catalogue_entries(size_t *count)
{
    *count = ENTRIES;
    return entries;
}
