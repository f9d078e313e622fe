/* What the files of regf share: the hive as it is held, cells, and the index that regf_open makes.
 *
 * Shapes    `bins` begins with the first bin, so a cell's offset is a place in it. Keys are numbered level by level from the
 *           root, so that subkeys of one key stand side by side: of key n they are first_key[n] to first_key[n + 1], in order
 *           of name; its values are first_value[n] to first_value[n + 1]. What is no multiple of 8 in an entry is a mark.
 *           A map of cells has one bit for every 8 bytes. */
#pragma once
#include "format/regf.h"

enum { REGF_BASE = 4096, REGF_PAGE = 4096, REGF_BIN_HEAD = 32, REGF_SECTOR = 512, REGF_SEGMENT = 16344 };
#define REGF_LARGEST (UINT32_MAX / REGF_PAGE * REGF_PAGE)    /* of all bins */
enum { REGF_KEY_HEAD = 76, REGF_VALUE_HEAD = 20, REGF_KEY_NAME = 1024 };
enum { REGF_FLAG_ROOT = 0x4, REGF_FLAG_LATIN = 0x20, REGF_FLAG_PREDEFINED = 0x40 };   /* of keys; values have their own 1 */
enum { REGF_MARKS = 7, REGF_SECRET = 1 /* a key below LSA's secrets */, REGF_CLASS_LOST = 2, REGF_DATA_LOST = 1 /* of a value */ };

typedef struct {
    bool there, checksum_ok;                 /* there: the signature stands */
    uint32_t primary, secondary, major, minor, type, root, bins_size, cluster, flags;
    moment written;
    span file_name;
} regf_base;

struct regf {
    arena *mem;
    problems *noted;
    regf_base base;
    regf_info about;
    regf_kind kind;
    span bins;                               /* the caller's, or a copy that was put together in `mem` */
    uint32_t live;                           /* of them; what lies behind is left from earlier, or from another hive */
    uint32_t *bin_end;                       /* of each page: where the bin ends that it lies in */
    uint64_t *signed_cells, *plain_cells;    /* what something refers to: keys, values, lists; and what has no signature */
    uint32_t *keys, *first_key, *values, *first_value;
    uint32_t *path_len;                      /* of each key, in bytes of names and separators */
    uint32_t key_count, value_count;
    uint32_t *rank, *node_of;                /* keys before each word of signed_cells, and key by its rank */
    uint64_t *key_cells;
};

void regf_note(const regf *h, const char *kind, uint32_t cell, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* What lies in a cell, behind its size; empty when there is no cell. */
static inline span regf_cell(const regf *h, uint32_t cell, bool *in_use)
{
    *in_use = false;
    if (cell % 8 || cell >= h->bins.len)
        return (span){ 0 };
    uint32_t size = le32(h->bins.at + cell), len = size & 0x80000000u ? 0 - size : size, end = h->bin_end[cell / REGF_PAGE];
    if (len < 8 || cell > end || len > end - cell)
        return (span){ 0 };
    *in_use = size & 0x80000000u;
    return span_of(h->bins.at + cell + 4, len - 4);
}
/* Cells lie anywhere, and memory is slow: asks for one that will be read soon. */
enum { REGF_AHEAD = 4 };
static inline void regf_expect(const regf *h, uint32_t cell)
{
    if (cell < h->bins.len) {
        __builtin_prefetch(h->bins.at + cell);
        __builtin_prefetch(h->bins.at + cell + 64);
    }
}
static inline bool regf_bit(const uint64_t *map, uint32_t cell) { return map[cell / 512] >> (cell / 8 % 64) & 1; }
static inline void regf_mark(uint64_t *map, uint32_t cell) { map[cell / 512] |= 1ull << (cell / 8 % 64); }

regf_base regf_read_base(span block);
/* A key, a value from what lies in a cell; false when it is none. `cut`: the name is longer than the cell, or than may be. */
bool regf_read_key(span in_cell, uint32_t cell, regf_key *out, bool *cut);
bool regf_read_value(span in_cell, uint32_t cell, regf_value *out, bool *cut);
int  regf_compare(span a, bool a_latin, span b, bool b_latin);     /* names, letters in any case */
bool regf_name_is(span name, bool latin, const char *ascii);       /* the same, for names that we know */

/* Where the segments of big data are, when v has such data; how many of them the list holds. */
size_t regf_segments(const regf *h, const regf_value *v, span *list);
/* Of a dirty hive: replays what fits of the logs over a copy of h->bins. False: no memory. */
bool   regf_replay(regf *h, const span *logs, size_t count);
status regf_index(regf *h);
regf_kind regf_find_kind(const regf *h);
bool   regf_secret_branch(const regf_key *parent, bool parent_is_root, const regf_key *key);
