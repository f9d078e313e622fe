/* The case: what Suyuan knows, in the words of case.json (docs/case.schema.json). Made by `incident`, written by `store`.
 *
 * Shapes    Sentences are a text id with arguments, not words: `text` makes {en, zh} of them. Percentages are 0..100.
 *           Arrays are (pointer, count). Host references are indices into `hosts`, or HOST_NONE; a place outside is a `place`.
 * Owns      Everything lives in the case's arena. */
#pragma once
#include "model/evidence.h"
#include "model/note.h"

#define HOST_NONE UINT32_MAX

typedef enum { ARG_TEXT, ARG_NUMBER, ARG_TIME, ARG_HOST, ARG_PERCENT, ARG_DURATION, ARG_WORD, ARG_LIST } arg_kind;   /* ARG_WORD: a word of the catalogue ("rdp"); LIST: '\n' between; DURATION: seconds; TIME: ISO; HOST: its display name */
typedef struct { const char *name; arg_kind kind; const char *value; } arg;
typedef struct { const char *id; arg *args; size_t arg_count; } sentence;      /* id NULL: no sentence */

typedef struct { uint32_t host; const char *address; bool outside; } place;      /* host, else address, else outside; all unset: unknown */
typedef struct { const char *type, *value; } entity;

typedef enum { INFECTED_NO, INFECTED_SUSPECTED, INFECTED_YES, INFECTED_UNKNOWN } infection;

typedef struct { const char *channel; moment from, to; uint64_t records, missing; sentence note; } coverage;     /* of a hive: its newest write is `to`, its keys are `records` */

/* An account as the host keeps it. Unknown: not told. */
typedef struct {
    const char *name, *rid, *sid, *full_name, *comment, *flags, *groups, *looks;     /* comma lists; "" when there is none */
    bool enabled, administrator;
    moment created, last_logon, password_set;
    const char *logons;                 /* decimal; "" */
} host_account;

typedef struct {
    const char *id;                     /* hash of its strongest identity */
    const char **names; size_t name_count;          /* newest first; [0] is shown */
    const char **addresses; size_t address_count;
    const char *os, *role, *domain;
    moment first_seen;                  /* first hostile act on it */
    const char *time_zone;
    infection infected;
    bool collected;
    uint32_t crash_count;
    coverage *covered; size_t covered_count;
    host_account *accounts; size_t account_count;
    sentence *notes; size_t note_count; /* why it is taken for one host, clock remarks */
    int64_t clock_low, clock_high;      /* seconds its clock may differ from the reference; both 0: as told */
} host;

typedef struct {
    const char *id, *kind;
    uint32_t host;
    moment time, end;
    uint64_t count;
    severity severity;
    unsigned confidence;
    const char **techniques; size_t technique_count;
    sentence title, text;
    fact *facts; size_t fact_count;
    entity *entities; size_t entity_count;
    evidence_ref *evidence; size_t evidence_count;
    const char *source;
    uint32_t episode;                   /* 0: none */
} finding;

typedef struct { uint32_t episode; uint32_t host; moment time; sentence text; unsigned confidence; uint32_t *findings; size_t finding_count; evidence_ref *evidence; size_t evidence_count; } story_step;
typedef struct { uint32_t host; const char *id, *parent; moment start; const char *image, *command, *account, *session; const char *verdict; sentence why; evidence_ref *evidence; size_t evidence_count; } process;
/* Why a system stopped. Points are log-odds: the prior and all terms come to `points`, and the points of all causes to the scores.
 * hosts: of a cluster, on how many of its hosts this was found; 0: of one stop. */
typedef struct { sentence why; double points; uint32_t hosts; } cause_term;
typedef struct { const char *cause; int score; double prior, points; cause_term *for_, *against; size_t for_count, against_count; } hypothesis;     /* score: percent */
/* What the dump of a stop says; "" and NULL where it does not. */
typedef struct { const char *path, *type, *module, *module_path, *address, *process, *build, *uptime; const char **callers, **signs; size_t caller_count, sign_count; evidence_ref evidence; } crash_dump;
typedef struct {
    uint32_t host;
    moment time, booted;                /* booted unknown: no start after it is known */
    const char *code, *code_name; const char *parameters[4];
    const char *means_en, *means_zh;    /* of the code; NULL: not known */
    const char *module;                 /* at fault, as the dump has it; NULL: no dump names one */
    hypothesis *hypotheses; size_t hypothesis_count;
    const char *state;                  /* likely, proven, two, undecided */
    sentence verdict, time_basis, decides;          /* decides: which evidence would */
    bool sign_of_life;                  /* the stop came after `time` */
    crash_dump *dump;                   /* NULL: none was read */
    evidence_ref *evidence; size_t evidence_count;
} crash;
typedef struct {
    uint32_t *hosts; size_t host_count;
    moment from, to;
    double probability;                 /* below 0: cannot be judged */
    uint32_t of_hosts; moment window;   /* hosts that were looked at; the width of time that the chance is reckoned for */
    hypothesis *hypotheses; size_t hypothesis_count;
    const char *state;                  /* likely, two, undecided */
    sentence verdict;
} crash_cluster;
typedef struct { uint32_t host; const char *what, *told, *precision, *found; const char *verdict; sentence why; evidence_ref *evidence; size_t evidence_count; } claim;

typedef struct entry_way {
    uint32_t host; moment time; const char *access, *means, *account; place source;
    unsigned confidence; sentence why; evidence_ref *evidence; size_t evidence_count;
    struct entry_way *alternatives; size_t alternative_count;
    uint32_t episode;
} entry_way;
typedef struct { place from; uint32_t to; moment time; const char *access, *means, *account; unsigned confidence; sentence why; evidence_ref *evidence; size_t evidence_count; uint32_t episode; struct { place from; unsigned confidence; } *alternatives; size_t alternative_count; } edge;
/* time: the first hostile act on that host in that episode. */
typedef struct { uint32_t host; moment time; uint32_t episode; unsigned confidence; sentence why; struct { place where; unsigned confidence; } *alternatives; size_t alternative_count; } first_host;
typedef struct {
    uint32_t host;
    const char *location, *name, *command, *file, *signed_, *verdict;
    sentence why;
    moment time;                        /* when it was made, as well as it is known; else the last write of its key */
    evidence_ref *evidence; size_t evidence_count;
    /* What the host itself tells of it; NULL, unknown and false where it does not. */
    const char *point, *reason;         /* of profiles/autostarts.yml; the word of the verdict's reason */
    const char *state;                  /* present, disabled, deleted; unknown: only logs tell of it, and nothing that could say it is still there */
    const char *origin;                 /* log, artifact, both; free-cell, older-copy: what told of it is there no more */
    const char *value;                  /* of the registry, that names it */
    const char *target;                 /* of a start-up file: what it starts in its turn; for the plan */
    const char *user, *runs_as, *start, *hidden;
    const char *sha256;                 /* of the file, when it is in the evidence */
    bool in_evidence;
    moment written, created;            /* of its key; by a log */
    const char *by, *logon, *from;      /* who made it, in which session, from which address */
} persistence;
typedef struct {
    uint32_t host;
    const char *check, *found, *wanted;
    severity severity;
    const char *state;                  /* failed, passed, undecided */
    sentence title, why, note, fix;     /* note: what limits the answer, or why there is none; fix: the policy's path */
    const char *command;                /* exact, '\n' between several; "" when there is none */
    const char *baseline, *source;      /* whose value is wanted, and where it comes from */
    evidence_ref *evidence; size_t evidence_count;
} exposure;
typedef struct { const char *system, *command; } plan_command;                     /* system: "6.0", "6.2" = that and newer, "any" */
typedef struct { uint32_t host; const char *phase; sentence action; const char *target; sentence why, risk, undo; plan_command *commands; size_t command_count; uint32_t finding; } plan_step;
typedef struct { uint32_t host; const char *what; sentence text; sentence decides; } unknown;     /* decides: which evidence would */
typedef struct { uint32_t number; const char *label; moment from, to; uint32_t *hosts; size_t host_count; sentence title; bool hostile; first_host *first; } episode;     /* first: NULL, not told */

typedef struct suyuan_case {
    const char *tool_version, *rules_hash, *profiles_hash;
    const struct scene *scene;            /* profile/scene.h; NULL: none given */
    const char *zone; int zone_minutes;   /* times are shown in it first; "UTC", 0 when none was told */
    claim *claims; size_t claim_count;
    evidence_file *evidence; uint32_t *evidence_host; size_t evidence_count;       /* host of each, or HOST_NONE */
    host *hosts; size_t host_count;
    finding *findings; size_t finding_count;
    episode *episodes; size_t episode_count;
    story_step *story; size_t story_count;
    process *processes; size_t process_count;
    crash *crashes; size_t crash_count;
    crash_cluster *clusters; size_t cluster_count;
    entry_way *entry; sentence entry_unknown; entry_way *entries; size_t entries_count;
    edge *spread; size_t spread_count;
    first_host *first; sentence first_unknown;
    persistence *persistence; size_t persistence_count;
    exposure *exposure; size_t exposure_count;
    plan_step *plan; size_t plan_count;
    unknown *unknowns; size_t unknown_count;
    sentence headline;                    /* one sentence: what happened here */
} suyuan_case;
