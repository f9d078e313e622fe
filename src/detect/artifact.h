/* Artifacts of a host - hives, tasks, WMI repositories, ... - through the questions asked of them: what they tell as acts and
 * claims, one artifact (file) at a time.
 *
 * Shapes    Notes of an artifact name a log whose computer is "" (an artifact does not say whose it is: join finds its host by
 *           what lies beside it, docs/notes.md) and whose channel is the artifact's kind: "registry/SYSTEM", "task", "job", "wmi",
 *           "bits", "link", "program", "file", "crash-dump". A hive and its transaction logs are one artifact, under the hive's name. An act's `record` tells acts of
 *           one kind in one artifact apart (of a hive: the cell of the value or key); 0 never. Its time is the key's last write.
 * Owns      As detect.h; of an artifact detect_scratch is emptied after each question. A fact's text is copied at once.
 * Hostile   As detect.h; ACTS_KEPT_OF_ARTIFACT acts of a kind are kept, the rest is a cut.
 * Secrets   Of a value that regf_withheld names, nothing but that it is there is noted. */
#pragma once
#include "detect/detect.h"
#include "format/regf.h"
#include "format/wmi.h"

#define ACTS_KEPT_OF_ARTIFACT 16384u

/* A hive as the questions see it. */
typedef struct hive_view {
    const regf *hive;
    regf_kind kind;
    const char *path;                    /* of the file in its unit: whose profile it is stands there */
    const char *user;                    /* of REGF_USER and REGF_CLASSES: folder name of the profile; "" when it cannot be told */
    regf_key control; bool has_control;  /* of REGF_SYSTEM: the current control set */
    regf_key software; bool has_software;    /* of REGF_USER: its Software key; of REGF_SOFTWARE: the root */
    arena *mem;                          /* lives as long as the pass */
} hive_view;

/* Any other artifact. `where`: its path as the host had it ("C:\\Windows\\System32\\Tasks\\x"), "" when that cannot be told. Only
 * ARTIFACT_WMI has `wmi`: OBJECTS.DATA with what lies beside it. ARTIFACT_FILE is a file of no kind of its own. */
typedef enum { ARTIFACT_TASK, ARTIFACT_JOB, ARTIFACT_WMI, ARTIFACT_BITS, ARTIFACT_LINK, ARTIFACT_PROGRAM, ARTIFACT_FILE } artifact_kind;
typedef struct file_view {
    artifact_kind kind;
    const char *path, *where;
    span bytes;
    const wmi_files *wmi;
    problems *noted;
    arena *mem;
} file_view;

/* A crash dump: too large to be held, so it is read where it is asked for. */
typedef struct dump_view {
    source from;
    bool user;                           /* of a program, not of the kernel */
    const char *path;
    problems *noted;
    arena *mem;
} dump_view;

typedef struct artifact_question {
    const char *name;
    status (*setup)(const detect_setup *s, void **run);              /* may be NULL */
    void (*hive)(const void *run, const hive_view *h, detect_log *out);      /* may be NULL */
    /* Files that it wants to read; both or neither. Not ok: it is not what it should be. */
    bool   (*wants)(const void *run, artifact_kind kind, const char *where, const char *path);
    status (*file)(const void *run, const file_view *f, detect_log *out);
    status (*dump)(const void *run, const dump_view *d, detect_log *out);    /* may be NULL */
} artifact_question;
extern const artifact_question *const artifact_questions[];          /* detect/table.c; ends with NULL */

detect_act_builder *detect_act_at(detect_log *out, const char *kind, uint64_t record, moment time, bool recovered);
void detect_claim_at(detect_log *out, moment time, uint64_t record, const char *key, const char *value, const char *source, const char *strength);

typedef struct detect_artifact detect_artifact;
detect_artifact *detect_artifact_new(const detect_run *run, const char *file_id, const char *path, const char *channel);
detect_log      *detect_artifact_log(detect_artifact *a);
void             detect_artifact_hive(detect_artifact *a, const regf *hive);
status           detect_artifact_file(detect_artifact *a, artifact_kind kind, span bytes, const wmi_files *wmi, problems *noted);
status           detect_artifact_dump(detect_artifact *a, source from, bool user, problems *noted);
bool             detect_artifact_wants(const detect_run *run, artifact_kind kind, const char *path);      /* any thread */
const char      *detect_artifact_word(artifact_kind kind);                             /* "task", ...: the channel */
char            *detect_artifact_where(const char *path, arena *mem);                  /* file_view.where */
void             detect_artifact_end(detect_artifact *a, const detect_sink *sink);     /* gives all notes, frees it */
