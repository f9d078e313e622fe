/* A small world for tests of the join: logs are lists of records, files are ranges of them, digests are sets of files. What a
 * survey would tell of a file is made from its records alone, so files can be cut, copied and handed out in any way. */
#pragma once
#include "incident/incident.h"
#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

typedef struct { moment time; const char *computer, *kind; bool counted; fact facts[16]; size_t fact_count; const char *finding; severity severity; unsigned confidence; } world_record;
typedef struct { const char *channel; vec records; uint64_t first_id, seed; } world_log;      /* record i has id first_id + i */
typedef struct { const char *name, *unit; const world_log *of; uint64_t from, to, skip_from, skip_to, every; } world_file;
typedef struct { const char *file, *computer, *key, *value, *strength; moment from, to; } world_claim;
typedef struct { arena mem; vec logs, files, claims, digests; profile *facts; const scene *scene; } world;

world     *world_new(void);
void       world_free(world *w);
world_log *world_add_log(world *w, const char *channel, uint64_t first_id);
/* Ordinary records, evenly spread. */
void       world_fill(world_log *log, const char *computer, moment from, moment to, size_t count);
/* One record that is noted; facts are names and values, ended by NULL. */
world_record *world_act(world_log *log, const char *computer, moment t, const char *kind, ...) __attribute__((sentinel));
/* Records that are counted under one key. */
void       world_count(world_log *log, const char *computer, moment from, moment step, size_t count, const char *kind, ...) __attribute__((sentinel));
void       world_finding(world_record *r, const char *finding, severity s, unsigned confidence);
/* A hive ("SYSTEM"): its records are acts, under no computer name; claims of it have the computer "". */
world_log *world_add_hive(world *w, const char *kind);
/* A file with the records of ids from..to (0, UINT64_MAX: all). */
void       world_add_file(world *w, const char *unit, const char *name, const world_log *of, uint64_t from, uint64_t to);
/* Of a file's records: leave those of ids from..to out; keep only each so manieth. */
void       world_skip(world *w, size_t file, uint64_t from, uint64_t to);
void       world_thin(world *w, size_t file, uint64_t every);
void       world_claims(world *w, const char *file, const char *computer, const char *key, const char *value, const char *strength, moment from, moment to);

digest    *world_digest(const world *w, const char *unit, const size_t *files, size_t count);    /* of these files, in this order */
suyuan_case *world_join(world *w, digest *const *digests, size_t count);
suyuan_case *world_case(world *w);                                   /* all files in one digest, which lives as long as w */
const char *world_json(world *w, const suyuan_case *c);
void       world_scene(world *w, const char *yaml);
moment     at(const char *iso);                                      /* "2020-05-11T04:05:10Z" */

const finding *find_nth(const suyuan_case *c, const char *kind, const char *host, size_t nth);   /* NULL: none */
const finding *find_one(const suyuan_case *c, const char *kind, const char *host);               /* fails the test when there is not exactly one */
size_t     count_findings(const suyuan_case *c, const char *kind);
const char *fact_of(const finding *f, const char *name);
const char *arg_of(const sentence *s, const char *name);             /* "" when not given */
const host *host_called(const suyuan_case *c, const char *name);     /* fails when there is not exactly one */
