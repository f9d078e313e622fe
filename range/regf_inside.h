/* What the files of the hive writer share: the tree of keys, and the image that they are laid out in. */
#pragma once
#include "range/put.h"
#include "range/regf_write.h"

#include <assert.h>

#define NONE       UINT32_MAX
#define BASE       4096u
#define PAGE       4096u
#define SECTOR     512u
#define CLASSES    512u    /* free cells by size, in steps of 8; the last: all that are larger */
#define LEAF       500u    /* elements of a list before Windows splits it */
#define PIECE      16344u  /* of large data */
#define IMAGE_MOST (1u << 30)

typedef struct {
    span name;                    /* UTF-8 */
    uint32_t type;
    span data;
    uint32_t cell, at, pieces;    /* vk; its data; 0 or how many cells of large data */
    bool changed;
} value;

struct hive_key {
    hive_key *parent;
    span name;
    const char *class_name;
    moment written;
    uint32_t cell, class_at, list_at, values_at, sk;
    hive_key **below; uint32_t count, room;
    value *values; uint32_t value_count, value_room;
    vec leaves;                   /* uint32_t: lists under an ri; empty when list_at is the only one */
    bool changed, list_changed, values_changed;
};

typedef struct { span descriptor; uint32_t cell, uses; } security;
typedef struct { uint32_t sequence, bins; vec pages; buf bytes; } log_entry;      /* pages: runs of {offset, size} */
typedef struct { uint32_t offset, size; } run;

struct hive {
    arena *mem;
    hive_options o;
    moment clock;
    hive_key *root;
    map names;                    /* parent and folded name: the key's address */
    size_t keys, values;
    vec secured;                  /* security */
    buf image;                    /* the hive bins */
    vec starts;                   /* one bit for each 8 bytes: a cell begins there */
    vec free_cells[CLASSES + 1];
    vec released;                 /* cells to be freed when the commit is over */
    bool logging;
    uint32_t sequence;
    buf before, seen;             /* the image as it stands in the file; as of the last log entry */
    moment before_clock;
    vec log;                      /* log_entry */
};

static inline uint32_t get32(const hive *h, uint32_t at) { uint32_t v; memcpy(&v, h->image.at + at, 4); return v; }
static inline void set32(hive *h, uint32_t at, uint32_t v) { memcpy(h->image.at + at, &v, 4); }
static inline void set16(hive *h, uint32_t at, unsigned v) { h->image.at[at] = (uint8_t)v; h->image.at[at + 1] = (uint8_t)(v >> 8); }
static inline void set64(hive *h, uint32_t at, uint64_t v) { memcpy(h->image.at + at, &v, 8); }


/* Cells: one with room for so many bytes, all zero; one that a commit no longer wants; freed when it is over. */
uint32_t hive_cell(hive *h, size_t bytes);
void     hive_release(hive *h, uint32_t at);
void     hive_free_released(hive *h);
static inline uint32_t hive_cell_room(const hive *h, uint32_t at) { return -get32(h, at) - 4; }
void     hive_log_changes(hive *h);           /* since the last entry */
