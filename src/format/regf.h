/* Windows registry hives (regf): base block, hive bins, cells; transaction logs replayed in memory; deleted records.
 *
 * Format    M. Suhanov, "Windows registry file format specification"; J. Metz, "Windows NT Registry File (REGF) format".
 * Shapes    Offsets of cells are relative to the first hive bin (file offset 4096); REGF_NONE: none. A name is Latin-1 (`latin`)
 *           or UTF-16LE, as the cell has it; regf_name_text makes UTF-8 of it. Times are moments. Keys and values are small
 *           structs by value; iterators live on the stack.
 * Owns      The hive's bytes are the caller's and must outlive it; when logs are replayed the replayed copy lives in the arena.
 *           Spans point into the bytes; big data is put together in the arena that is passed.
 * Hostile   Everything: every offset, count and size; lists may loop, point into free cells or anywhere, bins may be missing,
 *           shifted or zero. regf_open goes through the whole hive once, takes each cell once and tells what is wrong; names
 *           and data together are at most four times as large as the hive, depth is bounded by REGF_DEPTH. Afterwards the
 *           hive does not change: any number of threads may read it.
 * Secrets   Where a value holds a secret, or a part of a key to one, regf_withheld says so; nobody asks for its bytes then.
 * Fails     regf_open when nothing of it can be read. Damage after that is a problem: kinds in docs/formats/regf.md. */
#pragma once
#include "base/base.h"

#define REGF_NONE UINT32_MAX
#define REGF_DEPTH 512

enum { REGF_SZ = 1, REGF_EXPAND_SZ = 2, REGF_BINARY = 3, REGF_DWORD = 4, REGF_DWORD_BE = 5, REGF_LINK = 6, REGF_MULTI_SZ = 7, REGF_QWORD = 11 };

typedef struct regf regf;

typedef struct {
    uint32_t cell;                   /* of its nk */
    span name; bool latin;
    uint16_t flags;
    moment written;
    uint32_t parent;                 /* as the cell says; REGF_NONE for the root */
    uint32_t subkey_count, value_count;      /* as the cell says */
    uint32_t subkey_list, value_list, security, class_at, class_len;
    bool deleted;                    /* recovered from bytes that nothing refers to */
    uint32_t node;                   /* regf's own: its place among the keys; REGF_NONE: not below the root */
} regf_key;

typedef struct {
    uint32_t cell;                   /* of its vk */
    span name; bool latin;           /* empty: the default value */
    uint32_t type, size;             /* bytes of data */
    uint32_t data;                   /* where; REGF_NONE: lost (of a value that is not `inside`) */
    bool inside, deleted, uncertain; /* uncertain: its data lie in a cell that is in use again */
} regf_value;

typedef struct {
    uint32_t minor;
    moment written;                  /* of the base block; newer Windows does not keep it up */
    uint32_t primary, secondary;     /* sequence numbers, as in the file */
    uint32_t bins_size;
    bool checksum_ok, dirty;         /* dirty: checksum wrong or sequence numbers differ */
    bool transaction;                /* one was pending, or expected: what it changes stands in .regtrans-ms files, which are not read */
    uint32_t log_entries;            /* that were replayed (HvLE entries, or DIRT pages) */
    uint32_t last_sequence;          /* after replay */
    span file_name;                  /* UTF-16LE tail of the path it was loaded from */
} regf_info;

bool      regf_is(span first_bytes);
bool      regf_log_is(span first_bytes);                        /* a transaction log: base block of type 1, 2 or 6 */
/* logs: of LOG, LOG1, LOG2 those that there are, in any order; ones that do not fit are refused and noted. */
status    regf_open(arena *mem, span hive, const span *logs, size_t log_count, problems *noted, regf **out);
regf_info regf_about(const regf *h);
regf_key  regf_root(const regf *h);                             /* cell REGF_NONE: it is gone, nothing hangs on it */
bool      regf_key_at(const regf *h, uint32_t cell, regf_key *out);

/* Subkeys in order of name, values in order of the list; those of a deleted key: none (see regf_deleted). */
typedef struct { const regf *hive; uint32_t at, end; } regf_keys, regf_values;
regf_keys regf_keys_of(const regf *h, const regf_key *key);
bool      regf_keys_next(regf_keys *i, regf_key *out);
bool      regf_parent(const regf *h, const regf_key *key, regf_key *out);      /* false for the root */
regf_values regf_values_of(const regf *h, const regf_key *key);
bool      regf_values_next(regf_values *i, regf_value *out);

/* By path below `from` ("Select", "ControlSet001\\Services\\Tcpip"), UTF-8, letters in any case. "": itself. */
bool      regf_find(const regf *h, const regf_key *from, const char *path, regf_key *out);
bool      regf_find_value(const regf *h, const regf_key *key, const char *name, regf_value *out);
span      regf_data(const regf *h, const regf_value *v, arena *mem);           /* what is there of it */
span      regf_class(const regf *h, const regf_key *key);                      /* UTF-16LE; empty: none */
span      regf_security(const regf *h, const regf_key *key);                   /* self-relative descriptor; empty: none */
char     *regf_name_text(span name, bool latin, arena *mem);                   /* UTF-8; a NUL in it is shown as U+2400 */
char     *regf_path(const regf *h, const regf_key *key, arena *mem);           /* below the root, without the root's name */

/* What values say: text of SZ kinds (of MULTI_SZ parts between '\n'), "" when it is none; false when it is no number. */
char     *regf_text(const regf *h, const regf_value *v, arena *mem);
bool      regf_number(const regf *h, const regf_value *v, uint64_t *out);      /* DWORD, DWORD_BE, QWORD; BINARY of 4 or 8 bytes */
/* The two in one: by path of the key below `from` and the value's name; NULL, false when there is none. */
char     *regf_text_at(const regf *h, const regf_key *from, const char *path, const char *value, arena *mem);
bool      regf_number_at(const regf *h, const regf_key *from, const char *path, const char *value, uint64_t *out);

/* Which hive it is, by what stands in it. */
typedef enum { REGF_OTHER, REGF_SYSTEM, REGF_SOFTWARE, REGF_SAM, REGF_SECURITY, REGF_USER, REGF_CLASSES, REGF_AMCACHE, REGF_BCD, REGF_COMPONENTS, REGF_DRIVERS } regf_kind;
regf_kind regf_which(const regf *h);
const char *regf_kind_word(regf_kind k);                                       /* "SYSTEM", ... */

/* Whether the value (or with NULL the class name) of a key holds a secret or a part of a key to one: only name, type and size of
 * it may be told, whatever hive it turns up in. */
bool      regf_withheld(const regf *h, const regf_key *key, const regf_value *v);
bool      regf_names_withheld(const regf_key *key);                            /* the names of its values are secrets: communities of SNMP */

/* Deleted keys with the values that hang on them; live keys with values that they had; values that hang on nothing any more
 * (key.cell REGF_NONE): in order of place. path: below the root, "\\<unknown>\\name" where a parent is gone. What lost its
 * parents to damage looks the same. */
typedef struct { regf_key key; const char *path; regf_value *values; size_t value_count; } regf_lost;
size_t    regf_deleted(const regf *h, arena *mem, regf_lost **out);
