/* Cells of a hive's image: hive bins, free cells by size, and the joining of free neighbours. */
#include "range/regf_inside.h"

static bool starts_at(const hive *h, uint32_t at) { return ((const uint8_t *)h->starts.at)[at / 64] >> (at / 8 % 8) & 1; }
static void mark_start(hive *h, uint32_t at, bool on)
{
    uint8_t *byte = (uint8_t *)h->starts.at + at / 64, bit = (uint8_t)(1u << (at / 8 % 8));
    *byte = (uint8_t)(on ? *byte | bit : *byte & ~bit);
}

static void set_free(hive *h, uint32_t at, uint32_t size)
{
    uint32_t class = size / 8 < CLASSES ? size / 8 : CLASSES;
    set32(h, at, size);
    mark_start(h, at, true);
    *(uint32_t *)vec_push(&h->free_cells[class]) = at;
}

static void add_bin(hive *h, uint32_t size)
{
    uint32_t at = (uint32_t)h->image.len;
    bool room = buf_room(&h->image, size);
    assert(room && size % PAGE == 0);
    (void)room;
    memset(h->image.at + at, 0, size);
    h->image.len += size;
    while (h->starts.count < h->image.len / 64)
        vec_push(&h->starts);
    memcpy(h->image.at + at, "hbin", 4);
    set32(h, at + 4, at);
    set32(h, at + 8, size);
    if (at == 0)
        set64(h, 20, h->clock);
    set_free(h, at + 32, size - 32);
}

static bool still_free(const hive *h, uint32_t at, uint32_t class)
{
    uint32_t size = get32(h, at);
    return starts_at(h, at) && (int32_t)size > 0 && (size / 8 < CLASSES ? size / 8 : CLASSES) == class;
}

static uint32_t take_free(hive *h, uint32_t size)
{
    for (uint32_t class = size / 8 < CLASSES ? size / 8 : CLASSES; class <= CLASSES; class ++) {
        vec *list = &h->free_cells[class];
        for (size_t i = list->count; i-- > 0;) {
            uint32_t at = *(uint32_t *)vec_at(list, i);
            bool good = still_free(h, at, class);
            if (good && get32(h, at) < size)
                continue;
            memmove(vec_at(list, i), vec_at(list, i + 1), (list->count - i - 1) * sizeof at);
            list->count--;
            if (good)
                return at;
        }
    }
    return NONE;
}

/* A cell with room for so many bytes; they are zero. */
uint32_t hive_cell(hive *h, size_t bytes)
{
    uint32_t size = (uint32_t)((bytes + 4 + 7) / 8 * 8), at = take_free(h, size);
    assert(bytes < IMAGE_MOST / 2);
    if (at == NONE) {
        add_bin(h, (size + 32 + PAGE - 1) / PAGE * PAGE);
        at = take_free(h, size);
    }
    uint32_t whole = get32(h, at);
    if (whole > size)
        set_free(h, at + size, whole - size);
    set32(h, at, -size);
    mark_start(h, at, true);
    memset(h->image.at + at + 4, 0, size - 4);
    return at;
}

static uint32_t bin_end(const hive *h, uint32_t at)
{
    uint32_t bin = at / PAGE * PAGE;
    while (memcmp(h->image.at + bin, "hbin", 4) != 0 || get32(h, bin + 4) != bin)
        bin -= PAGE;
    return bin + get32(h, bin + 8);
}

/* Its bytes stay; a free neighbour becomes one with it. */
static void free_cell(hive *h, uint32_t at)
{
    uint32_t size = -get32(h, at), end = bin_end(h, at), next = at + size, before = at;
    if (next < end && (int32_t)get32(h, next) > 0) {
        mark_start(h, next, false);
        size += get32(h, next);
    }
    for (uint32_t p = at; p >= 8 && p / PAGE == at / PAGE && p % PAGE > 32;) {
        p -= 8;
        if (starts_at(h, p)) {
            if ((int32_t)get32(h, p) > 0 && p + get32(h, p) == at)
                before = p;
            break;
        }
    }
    if (before != at) {
        mark_start(h, at, false);
        set32(h, at, size);
        size += get32(h, before);
    }
    set_free(h, before, size);
}

void hive_release(hive *h, uint32_t at)
{
    if (at != NONE)
        *(uint32_t *)vec_push(&h->released) = at;
}

void hive_free_released(hive *h)
{
    for (size_t i = 0; i < h->released.count; i++)
        free_cell(h, *(uint32_t *)vec_at(&h->released, i));
    h->released.count = 0;
}
