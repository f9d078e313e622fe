/* Writes Windows registry hives (regf) and their transaction logs as Windows itself leaves them: for evidence that is made,
 * and for tests.
 *
 * Format    M. Suhanov, "Windows registry file format specification"; J. Metz, "Windows NT Registry File (REGF) format".
 * Shapes    Texts are UTF-8. A hive has a clock: what is made or changed gets its time as last write, the key above it too.
 *           Keys are laid out by hive_commit, which gives each of them its cells once; what a later commit changes or drops
 *           leaves its old cells free with their bytes in them, as on a machine.
 * Owns      Keys, names and data live in the arena; the image is the hive's until hive_done.
 * Fails     Files only. Names too long, and keys that are no longer there, are the caller's mistake (assert).
 *
 * A hive in five lines:
 *     hive *h = hive_new(&mem, &(hive_options){ .minor = 5, .root = "ROOT", .file = "SYSTEM", .clock = t });
 *     hive_key *k = hive_at(h, hive_root(h), "ControlSet001\\Services\\Tcpip");
 *     hive_dword(h, k, "Start", 0);
 *     hive_commit(h);
 *     status s = hive_save(h, "SYSTEM"); */
#pragma once
#include "base/base.h"

typedef struct hive hive;
typedef struct hive_key hive_key;

typedef enum { HIVE_NONE, HIVE_SZ, HIVE_EXPAND, HIVE_BINARY, HIVE_DWORD, HIVE_DWORD_BE, HIVE_LINK, HIVE_MULTI, HIVE_QWORD = 11 } hive_type;

typedef struct {
    unsigned minor;               /* 3: lf lists, and large data in one cell; 5, 6: lh lists, and large data in pieces */
    const char *root, *file;      /* name of the root key; tail of the path that the base block tells */
    moment clock;
    uint32_t sequence;            /* of the base block; 0: 1 */
    bool plain_lists;             /* subkeys in li lists, without hashes */
    bool base_dates;              /* the base block's time is kept up, as before 8.1 */
} hive_options;

hive     *hive_new(arena *mem, const hive_options *o);
void      hive_done(hive *h);
void      hive_clock(hive *h, moment t);
hive_key *hive_root(hive *h);
hive_key *hive_find(hive *h, hive_key *from, const char *path);      /* "A\\B", letters in any case; NULL when not there */
hive_key *hive_at(hive *h, hive_key *from, const char *path);        /* made where it is not there */
hive_key *hive_add(hive *h, hive_key *parent, span name);            /* a name as it is, '\\' and NUL too; must not be there */
void      hive_time(hive_key *k, moment written);                    /* its last write, whatever the clock says */
void      hive_class(hive *h, hive_key *k, const char *text);
void      hive_secure(hive *h, hive_key *k, span descriptor);        /* itself and what is made below it later */
size_t    hive_key_count(const hive *h);
size_t    hive_value_count(const hive *h);

/* A value under a name that is set again has its data replaced. name "": the default value. */
void      hive_value(hive *h, hive_key *k, span name, uint32_t type, span data);
void      hive_sz(hive *h, hive_key *k, const char *name, const char *text);
void      hive_expand(hive *h, hive_key *k, const char *name, const char *text);
void      hive_multi(hive *h, hive_key *k, const char *name, const char *parts);      /* '\n' between them */
void      hive_dword(hive *h, hive_key *k, const char *name, uint32_t n);
void      hive_qword(hive *h, hive_key *k, const char *name, uint64_t n);
void      hive_binary(hive *h, hive_key *k, const char *name, span data);
bool      hive_drop_value(hive *h, hive_key *k, const char *name);
void      hive_drop(hive *h, hive_key *k);                           /* with all below it */

void      hive_commit(hive *h);
/* From here on each commit goes to the transaction log only: the file that hive_save_dirty writes stays as it is now. */
void      hive_log(hive *h);
typedef enum { HIVE_LOG_OLD, HIVE_LOG_NEW } hive_log_kind;            /* DIRT in LOG1; HvLE, split over LOG1 and LOG2 */

void      hive_bytes(const hive *h, buf *out);                        /* clean, as committed last */
void      hive_bytes_dirty(const hive *h, hive_log_kind kind, buf *file, buf *log1, buf *log2);       /* log2 stays empty for one log */
status    hive_save(const hive *h, const char *path);
status    hive_save_dirty(const hive *h, hive_log_kind kind, const char *path);                       /* and path.LOG1, path.LOG2 */
