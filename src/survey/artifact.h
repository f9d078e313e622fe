/* Artifacts of evidence that are no logs: a hive with its transaction logs, a WMI repository with its index and maps, and files
 * that are one alone (tasks, ...). Their bytes through the questions, their notes into a digest.
 *
 * Shapes    What lies beside a main file - NAME.LOG, NAME.LOG1, NAME.LOG2 beside the hive NAME; INDEX.BTR and the maps beside
 *           OBJECTS.DATA - is read with it, and the lines are the main file's. Of an archive members come one by one:
 *           artifact_pairs keeps those that wait for each other.
 * Owns      artifact_pairs owns the items put into it until it gives them back in a group.
 * Hostile   A hive or repository over ARTIFACT_MOST bytes, or another file over SMALL_MOST, is named and not read; artifact_room
 *           keeps what is in memory at one time small. An archive may hold back ITEMS_HELD items: beyond that the one that came
 *           first is read with what is there. */
#pragma once
#include "detect/artifact.h"
#include "digest/digest.h"
#include "evidence/evidence.h"

#include <pthread.h>

#define ARTIFACT_MOST (512u << 20)
#define SMALL_MOST (64u << 20)
#define BESIDE_MOST 6u
#define ITEMS_HELD 384u

typedef struct { pthread_mutex_t lock; pthread_cond_t changed; uint64_t used; } artifact_room;
void artifact_room_init(artifact_room *r);
void artifact_room_done(artifact_room *r);

typedef struct {
    evidence_item main, beside[BESIDE_MOST];
    bool has_main;
    bool late;                                                   /* what lies beside a main file that was given before */
    size_t beside_count;
} artifact_group;
void artifact_group_release(artifact_group *g);

bool   artifact_has_beside(evidence_type type);                  /* a kind that is read with what lies beside it */
bool   artifact_wanted(const detect_run *run, evidence_type type, const char *path);
/* Adds the notes of the group's main file to `out`, and to *e what is known of it; problems go to `noted`. */
status artifact_read(const detect_run *run, artifact_room *room, const artifact_group *g, problems *noted, evidence_file *e, digest *out);

/* The path of the main file that this path's name belongs to, in lower case; NULL: its name belongs to none. */
char *artifact_main_of(arena *mem, const char *path);
bool  artifact_is_beside(const evidence_item *item);             /* by its bytes, where the name says so */
const char *artifact_stray(evidence_type type);                  /* why it is not read, when its main file is not there */

typedef struct artifact_pairs artifact_pairs;
artifact_pairs *artifact_pairs_new(void);
void        artifact_pairs_free(artifact_pairs *p);
/* Takes the item over; true when a group is complete (or must not wait longer), which is given. */
bool        artifact_pairs_put(artifact_pairs *p, evidence_item *item, artifact_group *ready);
bool        artifact_pairs_next(artifact_pairs *p, artifact_group *out);     /* at the end: those left, in the order they came */
