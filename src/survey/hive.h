/* A hive of evidence, with its transaction logs: one artifact. Its keys through the questions, their notes into a digest.
 *
 * Shapes    A hive and the logs beside it (the same folder and name, ".LOG", ".LOG1", ".LOG2" behind it) are read together, and their
 *           lines are the hive's. Of an archive members come one by one: hive_pairs keeps those that wait for each other.
 * Owns      hive_pairs owns the items put into it until it gives them back in a group.
 * Hostile   A hive over HIVE_MOST bytes is named and not read; hive_room keeps the hives that are in memory at one time small.
 *           An archive may hold back HIVES_HELD items: beyond that the one that came first is read with the logs that are there. */
#pragma once
#include "detect/artifact.h"
#include "digest/digest.h"
#include "evidence/evidence.h"

#include <pthread.h>

#define HIVE_MOST (512u << 20)
#define HIVE_LOGS 3u
#define HIVES_HELD 384u

typedef struct { pthread_mutex_t lock; pthread_cond_t changed; uint64_t used; } hive_room;
void hive_room_init(hive_room *r);
void hive_room_done(hive_room *r);

typedef struct {
    evidence_item hive, logs[HIVE_LOGS];
    bool has_hive;
    bool late;                                                   /* logs whose hive was given before */
    size_t log_count;
} hive_group;
void hive_group_release(hive_group *g);

/* Adds the hive's notes to `out`, and to *e what is known of the file; problems go to `noted`. */
status hive_read(const detect_run *run, hive_room *room, const hive_group *g, problems *noted, evidence_file *e, digest *out);

/* The path of the hive whose transaction log this path names, in lower case; NULL: it names none. */
char *hive_of_log(arena *mem, const char *path);
bool  hive_is_log(const evidence_item *item);                    /* by its bytes */

typedef struct hive_pairs hive_pairs;
hive_pairs *hive_pairs_new(void);
void        hive_pairs_free(hive_pairs *p);
/* Takes the item over; true when a group is complete (or must not wait longer), which is given. */
bool        hive_pairs_put(hive_pairs *p, evidence_item *item, hive_group *ready);
bool        hive_pairs_next(hive_pairs *p, hive_group *out);     /* at the end: those left, in the order they came */
