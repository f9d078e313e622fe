/* The join from inside: what the files of this room share.
 *
 * Shapes    A run goes through its stages in order (join.c): gather, identity, logs, notes; then one file a question, each
 *           adding findings; then the story, the plan and what cannot be known. A stage reads what earlier ones left.
 *           Hosts are indices into `hosts` and stay so from identity to the case; hosts that delivered nothing are added
 *           behind the others by dark.c, after the questions and before the story.
 *           Everything that is iterated is sorted by content. No stage may depend on the order or number of digests.
 * Owns      `joined` and all it points to live in its arena; only vec and map members are on the heap, freed by join.c.
 * Facts     Every weight and threshold comes from profiles/reasoning.yml by name: weight(j, "guessing.burst-tries"). */
#pragma once
#include "incident/incident.h"

typedef struct joined joined;

/* ---- What was gathered ------------------------------------------------------------------------------------------- */

/* One log of one file under one computer name, as survey saw it; told once however many digests and paths bring it. */
typedef struct {
    const char *file, *path, *computer, *channel;
    const log_block **blocks; size_t block_count;        /* by block, each once */
    uint64_t first_record, last_record, records;         /* 0 records: no block tells of it */
    moment first, last;
    uint32_t host, log;                                  /* its host, and its index in `logs` */
    const uint32_t *also; size_t also_count;             /* of an artifact that lies on several hosts, byte for byte: the others */
} raw_log;

/* A file that is no log (a hive, a task, ...) where it lies. `root`: its path up to what every Windows has in the same place,
 * in lower case; anchored: that was found. */
typedef struct { const evidence_file *e; const char *root; bool anchored; uint32_t place, host; } artifact_file;

/* One channel of one host, copies put together: what can be known from it. A host that was set back to an earlier state, or
 * installed anew, has several of a channel. */
typedef enum { GAP_MISSING, GAP_SILENT } gap_kind;       /* record ids are missing; nothing was written while other channels speak */
typedef struct { gap_kind kind; moment from, to; uint64_t after, before, missing; } log_gap;   /* between records `after` and `before` */
typedef struct {
    uint32_t host;
    const char *channel;
    moment from, to;
    uint64_t first_record, last_record, records, missing;
    bool rolled;                                         /* begins with an id above 1 that no clearing explains */
    bool cleared;                                        /* begins with its own clearing */
    bool partial;                                        /* so many ids are missing that it is a selection, not a log */
    log_gap *gaps; size_t gap_count;                     /* in order of record */
    block_anchor *anchors; size_t anchor_count;          /* in order of record */
    const char **files; size_t file_count;               /* evidence ids */
} joined_log;

typedef struct { moment start, width; uint32_t count; uint64_t record; moment first, last; const log_ref *log; } joined_bucket;
typedef struct {
    uint32_t host;
    const char *kind, *channel;
    const fact *key; size_t key_count;
    joined_bucket *buckets; size_t bucket_count;         /* in order of start; each record counted once */
    uint64_t total;
    moment first, last;
} joined_tally;

/* ---- Hosts ------------------------------------------------------------------------------------------------------- */

enum { SAYINGS = 5 };                                    /* what claims say of a host beside its name */
typedef struct { const char *name; moment from, to; uint64_t records; } name_span;                 /* as records bear it */
/* Grades: what claims an address for a host, best first. */
typedef enum { ADDRESS_TOLD = 1, ADDRESS_NTLM, ADDRESS_SESSION, ADDRESS_STRONG, ADDRESS_OWN } address_grade;
typedef struct { const char *address; moment from, to; address_grade grade; } address_span;

typedef struct {
    const char *id;
    bool collected;
    name_span *names; size_t name_count;                 /* newest first; [0] is shown */
    address_span *addresses; size_t address_count;       /* best grade first */
    const char **sids; size_t sid_count;                 /* of the machine */
    const char *os, *build, *role, *domain, *time_zone, *protection;   /* NULL: not known */
    int zone_minutes; bool zone_known;
    const act **acts; size_t act_count;                  /* by kind, then time, channel, record */
    joined_tally **tallies; size_t tally_count;          /* by kind, then first, then key */
    uint32_t *logs; size_t log_count;                    /* by channel, then time */
    moment first, last;                                  /* of all its records */
    vec notes;                                           /* of sentence: why it is taken for one host */
    uint32_t class;                                      /* identity.c */
    const uint32_t *older; size_t older_count;           /* raw logs of copies that a newer one replaces (host_state.c) */
    bool by_folder;                                      /* nothing names it: it is called as the folder its artifacts lie in */
    moment os_said, build_said, zone_said, role_said, domain_said;       /* when the claim was true last; 0: nothing said it */
    uint8_t said_by[SAYINGS];                            /* how strong the claim was, of each in that order */

    /* Left by the verdict (verdict.c), before the story. */
    infection infected;
    double weight;                                       /* log-odds that the attacker acted on it */
    bool named_hostile;                                  /* not collected, and others were attacked from it */
    moment first_hostile;                                /* earliest act that is held against it */

    /* Left by the story. */
    int64_t clock_shift;                                 /* seconds to add to its times before they are held against others' */
    int64_t clock_low, clock_high;                       /* seconds its clock may differ from the reference */
} joined_host;

/* ---- Findings ---------------------------------------------------------------------------------------------------- */

/* How far an act got. The order matters: each says more than the one before. */
typedef enum { REACH_NONE, REACH_ATTEMPT, REACH_ACCESS, REACH_EXECUTION, REACH_PERSISTENCE } reach;

/* A finding on its way, with what the story needs and the case does not show. */
typedef struct {
    finding f;
    const act *of;                 /* the act that it was made from; NULL: made of many */
    const char *subject;           /* what makes it another one than the next of its kind and time; goes into its id */
    const char *cause;             /* findings with one cause (session, tool run, package, scan) give one vote; NULL: its own */
    double weight;                 /* log-odds that the attacker acted on this host; negative: speaks for innocence */
    reach how_far;
    bool entities_dropped;         /* it names more than are kept */
    bool innocent;                 /* a pattern of ordinary administration: shown, and left out of the story */
    const char *source;            /* address it came from; NULL: not told */
    const char *workstation;       /* what the client called itself */
    const char *account, *logon;   /* "DOMAIN\name"; logon id on this host */
    const char *access, *means;    /* words of case.md; NULL: not told */
    vec entities, evidence, facts, techniques;           /* of entity, evidence_ref, fact, const char * */
} told;

/* A stop that was not orderly, found by crashes.c, weighed by causes.c. */
typedef struct {
    uint32_t host;
    moment time, booted;           /* of the stop, as well as it is known; of the start after it */
    moment slack;                  /* the stop may lie so far from `time`, either way */
    const char *basis;             /* what gives the time: "dump", "binary", "text", "last-record", "after" */
    const char *code;              /* "0x0000007e"; NULL: no bug check is told */
    const char *parameters[4];
    const act *bugcheck, *power, *unexpected, *boot, *planned;   /* records it is told from; NULL: none */
    const act *dump;               /* what its dump says (crash.dump); a stop that only a dump tells of was `booted` at its own time */
} stop;

/* ---- The run ----------------------------------------------------------------------------------------------------- */

struct joined {
    const incident_outside *outside;                     /* what hosts are held against beside digests */
    arena *mem;
    const profile *facts;
    const scene *scene;                                  /* NULL: none */
    digest *const *digests; size_t digest_count;
    vec evidence;                                        /* of const evidence_file *, sorted, each once */
    vec cuts;                                            /* of digest_cut, sorted */
    vec claims;                                          /* of const identity_claim *, sorted, each once */
    vec acts;                                            /* of const act *, sorted by computer, channel, record, time, kind; each once */
    vec counted;                                         /* of const tally *, sorted by log, kind, block, key; each once */
    vec raw;                                             /* of raw_log, sorted by file, computer, channel, path */
    vec artifacts;                                       /* of artifact_file, sorted by file, path, unit */
    vec logs;                                            /* of joined_log, sorted by host, channel, time */
    vec hosts;                                           /* of joined_host */
    vec tallies;                                         /* of joined_tally */
    vec sessions;                                        /* of remote logons, by host, logon id, time; direct.c */
    vec stops;                                           /* of stop, by host, then time */
    vec told;                                            /* of told; sorted by settle_findings */
    vec matches;                                         /* of told: what rules matched; behind the others in the case, and no reason for anything */
    size_t *rules_more;                                  /* of each host: rules that matched and are not told; rules.c */
    uint32_t *told_by_host; size_t *told_from; size_t told_hosts;      /* findings of host h: told_by_host[told_from[h]] up to told_from[h + 1]; settle_findings */
    vec classes;                                         /* whose file is told, by host, class and user; class_files.c */
    map task_marks; vec marked;                          /* host and act to what task_places.c says of it */
    map host_of_root;                                    /* unit and root of artifacts and logs to host; places.c */
    map host_of;                                         /* file and folded computer name to host */
    map raw_of;                                          /* log_key to index in `raw` */
    size_t scattered;                                    /* unrelated hostile episodes, when none is the beginning of the others; left by the story */
    map weights;                                         /* of reasoning.yml: name to the bits of a double */
    suyuan_case *out;                                    /* what the stages fill */
};

/* Stages, most in the file of their name. */
void   weights_read(joined *j);
status gather(joined *j);
void   identity(joined *j);
void   addresses(joined *j);                             /* of hosts; after notes_sort */
void   logs_put_together(joined *j);                     /* logs.c: copies, blocks, gaps, tallies */
void   notes_sort(joined *j);                            /* notes.c: acts and tallies by host */
void   crashes_find(joined *j);
void   guessing_find(joined *j);
void   direct_find(joined *j);                           /* acts that prove a finding alone */
void   accounts_find(joined *j);
void   logons_find(joined *j);                           /* logons that break the host's pattern */
void   host_state_find(joined *j);                       /* what hives prove alone; which copies are old */
void   tasks_find(joined *j);                            /* task_places.c: where a task's places do not agree */
void   exposure_find(joined *j);                         /* the host's settings against the baseline */
void   exploits_find(joined *j);                         /* what ran without a logon, and who came just before */
void   defence_find(joined *j);                          /* gaps that somebody may have made */
void   innocent_mark(joined *j);                         /* habits and administration; before settle_findings */
void   causes_group(joined *j);                          /* common causes; before settle_findings */
void   persistence_tell(joined *j);
void   settle_findings(joined *j);                       /* folds what one cause made twice, gives ids, sorts */
void   rules_tell(joined *j);                            /* what Sigma rules matched; when all else is concluded */
void   findings_done(joined *j);                         /* gives their heap back */
void   dark_hosts(joined *j);
void   verdict_hosts(joined *j);
void   crashes_weigh(joined *j);
void   claims_check(joined *j);
void   processes_tell(joined *j);
void   story_tell(joined *j);                            /* clocks, edges, first host, entry, episodes, story[] */
void   plan_make(joined *j);
void   unknowns_tell(joined *j);
void   headline_tell(joined *j);

/* artifacts.c */
void        artifacts_gather(joined *j);
bool        log_is_artifact(const log_ref *log);
const char *root_of_path(const joined *j, const char *path, bool *anchored);
char       *windows_path(const joined *j, const char *path);               /* "c:/windows/x.exe", as the host had it; NULL: not to be told */
artifact_file *artifacts_of(const joined *j, const char *file, const char *path, size_t *count);   /* path NULL: any */
uint32_t    host_of_place(const joined *j, const char *unit, const char *path);      /* of whatever lies there; HOST_NONE: not known */
size_t      claim_hosts(const joined *j, const identity_claim *k, uint32_t *out, size_t most);     /* whose claim it is */

/* host_sheet.c */
size_t      hives_covered(const joined *j, uint32_t at, coverage *out);     /* out NULL: how many there are */
void        accounts_of_host(const joined *j, uint32_t at, host *to);

/* host_state.c */
#define ENTRY_SERVICES "HKLM\\SYSTEM\\CurrentControlSet\\Services"
#define ENTRY_TASKS "C:\\Windows\\System32\\Tasks"
#define ENTRY_WMI "root\\subscription"
const char *below_root(const char *path);                                   /* from what every Windows has in the same place on; else the last part */
bool        act_is_state(const act *a);                                     /* of an artifact: tells a state, no event */
bool        act_is_older(const joined *j, uint32_t host, const act *a);     /* of a copy that a newer one replaces */
const char *entry_key(const joined *j, uint32_t host, const act *a);        /* one name of an autostart, whoever tells of it */
moment      hive_kept(const joined *j, uint32_t host, const char *channel); /* its newest write; MOMENT_UNKNOWN: no such hive */

/* class_files.c; after host_state_find */
void        classes_index(joined *j);
const act  *class_of_entry(const joined *j, uint32_t host, const act *a);   /* what tells the file of an entry that names only a class; NULL: nothing does */
const act  *class_shadowed(const joined *j, uint32_t host, const act *a);   /* the machine's class, of another file, that a user's takes the place of; NULL: none */

/* task_places.c */
typedef struct { const char *hidden; bool grave; } task_mark;
const task_mark *task_mark_of(const joined *j, uint32_t host, const act *a); /* NULL: its places agree, or cannot be compared */

uint32_t    host_of_name_in(const joined *j, const char *file, const char *computer);   /* of records of this file with this Computer; HOST_NONE */
raw_log    *raw_of_log(const joined *j, const log_ref *log);                /* never NULL for a log that was gathered */

/* ---- Access ------------------------------------------------------------------------------------------------------ */

static inline size_t       host_total(const joined *j) { return j->hosts.count; }
static inline joined_host *host_of(const joined *j, uint32_t i) { return vec_at(&j->hosts, i); }
const char *host_name(const joined *j, uint32_t host);                      /* as shown */

/* Of one host: acts in order of time, tallies in order of first count. */
const act *const    *acts_of(const joined *j, uint32_t host, const char *kind, size_t *count);
joined_tally *const *tallies_of(const joined *j, uint32_t host, const char *kind, size_t *count);
uint32_t    act_host(const joined *j, const act *a);                        /* HOST_NONE: its log belongs to none */
const char *act_fact(const act *a, const char *name);                       /* "" when absent */
bool        act_looks(const act *a, const char *word);                      /* a word of its `looks` */
bool        act_before(const joined *j, const act *a, const act *b);        /* by record within a log, else by time */
const char *tally_key(const joined_tally *t, const char *name);             /* "" when absent */
moment      clock_true(const joined *j, uint32_t host, moment t);            /* the host's time, its clock put right as far as it is known */
bool        fact_moment(const fact *facts, size_t count, const char *name, moment *out);
bool        fact_number(const fact *facts, size_t count, const char *name, uint64_t *out);

/* What a channel could have told over a time. */
typedef enum { LOOK_SEEN, LOOK_PART, LOOK_BLIND } look;                     /* kept without a gap; in part; not at all */
look        log_looks(const joined *j, uint32_t host, const char *channel, moment from, moment to);
bool        logons_told(const joined *j, uint32_t host, moment from, moment to);      /* the Security log was kept, and logons are written to it */
moment      log_begins(const joined *j, uint32_t host, const char *channel);          /* MOMENT_UNKNOWN: no such log */

/* Addresses. A place is a host, an address, or outside. */
const char *address_speaks(const joined *j, const char *address);           /* the one name that clients there give, of no host of ours; NULL */
bool        address_inside(const joined *j, const char *address);           /* private, or in a network of our hosts */
size_t      hosts_at(const joined *j, const char *address, moment t, uint32_t out[4]);   /* best claims, in order of host; 0: none */
uint32_t    host_named(const joined *j, const char *name, moment t);        /* by name or first label; HOST_NONE: none or several */
/* The remote session of an account (NULL: of anybody) that began at or shortly before t, on this host; NULL: none. */
const act  *session_before(const joined *j, uint32_t host, const char *account, moment t, moment window);
const act  *session_of(const joined *j, uint32_t host, const char *logon, moment t);       /* the latest remote session with this logon id that had begun by t; after direct_find */
bool        address_hostile(const joined *j, const char *address);          /* source of a finding of high severity; after settle_findings */
place       place_of(const joined *j, const char *address, const char *workstation, moment t);
bool        account_same(const char *a, const char *b);                     /* without case; a bare name equals any domain's */
bool        account_is_system(const char *account, const char *sid);        /* the system's own and machine accounts */
const char *account_name(const char *account);                              /* behind the backslash */

/* ---- Making ------------------------------------------------------------------------------------------------------ */

sentence    say(const joined *j, const char *id, ...) __attribute__((sentinel));   /* triples name, arg_kind, value; then NULL. A NULL or "" value is not given */
sentence    say_more(const joined *j, sentence s, const char *name, arg_kind kind, const char *value);
sentence    say_facts(const joined *j, const char *id, const fact *facts, size_t count);   /* arguments are the facts, each as its kind wants */
const char *write_u64(const joined *j, uint64_t n);
const char *write_time(const joined *j, moment t);                          /* NULL for unknown */
const char *write_list(const joined *j, const char *const *items, size_t count, size_t most);   /* '\n' between; "…" when cut */
const char *write_hash(const joined *j, const char *prefix, ...) __attribute__((sentinel));     /* 16 hex digits of the texts */

/* The pointer is valid until the next finding is made. */
told       *finding_new(joined *j, uint32_t host, const char *kind, moment time, const char *subject);
told       *finding_in(vec *all, uint32_t host, const char *kind, moment time, const char *subject);   /* of told */
void        finding_finish(joined *j, told *t);                                           /* sorts what it has, and gives its id */
told       *finding_from_act(joined *j, uint32_t host, const act *a, const char *kind);   /* direct.c */
severity    severity_as_sure(const joined *j, severity s, unsigned confidence);           /* nothing is grave that is hardly sure; direct.c */
void        finding_fact(joined *j, told *t, const char *name, const char *value);        /* NULL or "": not added */
void        finding_entity(joined *j, told *t, const char *type, const char *value);      /* each once */
void        finding_technique(joined *j, told *t, const char *ids);                       /* blank between */
void        finding_ref(told *t, evidence_ref r);                                         /* each once */
void        finding_act(joined *j, told *t, const act *a);                                /* as evidence; each once */
void        finding_tally(joined *j, told *t, const joined_tally *of, moment from, moment to);   /* its first and last bucket as evidence */
evidence_ref ref_of_act(const joined *j, const act *a);
const told *finding_at(const joined *j, size_t i);
const uint32_t *findings_of_host(const joined *j, uint32_t host, size_t *count);          /* their numbers, in order of time; after settle_findings */
const told *findings_of(const joined *j, uint32_t host, const char *kind, size_t nth);    /* nth of the kind in order of time; after settle_findings */

bool        told_hard(const joined *j, const told *t);                       /* grave, and sure enough to stand alone */
bool        told_worth(const told *t);                                       /* the story tells of it; narrate.c */

/* ---- Weighing ---------------------------------------------------------------------------------------------------- */

double      weight(const joined *j, const char *name);                      /* of profiles/reasoning.yml; an unknown name is our mistake */
moment      weight_span(const joined *j, const char *name);                 /* a weight that is told in seconds */
bool        stop_is_sign_of_life(const stop *s);                            /* its time is when it was last seen alive; crashes.c */
const char *bugcheck_name(const joined *j, const char *code);               /* NULL when not known */
const profile_node *bugcheck_node(const joined *j, const char *code);       /* its line of profiles/bugchecks.yml */
double      odds_to_percent(double log_odds);                               /* 0..100 */
/* Halving within a cause, caps of a group and in all. */
typedef struct { const char *cause; double weight; } vote;
double      votes_sum(const joined *j, vote *votes, size_t count);          /* sorts them */
