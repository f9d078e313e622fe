/* A scheduled task, in the one shape that its three writings share: XML files, .job files, values of the task cache.
 *
 * Source    [MS-TSCH] 2.3 to 2.5; the Task Scheduler schema, http://schemas.microsoft.com/windows/2004/02/mit/task.
 * Shapes    Texts are UTF-8, "" when not given; commands are as written, nothing in them is expanded. Durations stay as ISO 8601
 *           ("PT5M"). A flag that is not given is TASK_UNSAID: what Windows takes then is not in the evidence.
 * Owns      Texts and lists live in the arena of whoever read the task.
 * Fails     Nothing here does. */
#pragma once
#include "base/base.h"

#define TASK_LIST 1024u               /* triggers, principals, actions of one task */

typedef enum { TASK_UNSAID, TASK_NO, TASK_YES } task_flag;

/* A time as tasks have it. Most are the host's local time, and no zone stands by. */
typedef struct {
    moment at;                       /* MOMENT_UNKNOWN: not given, or no date */
    bool local;                      /* `at` is what the host's clock showed, not UTC */
    const char *text;                /* as written; "" when it was binary */
} task_time;

typedef enum { TASK_TRIGGER_BOOT, TASK_TRIGGER_LOGON, TASK_TRIGGER_TIME, TASK_TRIGGER_CALENDAR, TASK_TRIGGER_IDLE, TASK_TRIGGER_REGISTRATION,
               TASK_TRIGGER_EVENT, TASK_TRIGGER_SESSION, TASK_TRIGGER_WNF, TASK_TRIGGER_OTHER } task_trigger_kind;

typedef struct {
    task_trigger_kind kind;
    const char *name;                /* element as written ("CalendarTrigger"), or the kind's word */
    const char *id;
    task_flag enabled;
    task_time start, end;
    const char *interval, *duration; /* of the repetition */
    const char *delay, *limit;       /* wait before it starts; ExecutionTimeLimit */
    const char *schedule;            /* "daily 1", "weekly 1 monday,friday", "monthly 1,15 january", "monthly second tuesday march"; "" for others */
    const char *user;                /* of logon and session triggers; "": anybody */
    const char *subscription;        /* of event triggers: the query */
    const char *state;               /* "RemoteConnect"; of WNF: the state's name in hex */
} task_trigger;

typedef enum { TASK_ACTION_EXEC, TASK_ACTION_COM, TASK_ACTION_EMAIL, TASK_ACTION_MESSAGE, TASK_ACTION_OTHER } task_action_kind;

typedef struct {
    task_action_kind kind;
    const char *id;
    const char *command, *arguments, *folder;                  /* exec */
    const char *class_id, *data;                               /* com: "{...}", and what its handler is given */
    const char *from, *to, *cc, *bcc, *reply_to, *server;      /* e-mail */
    const char *subject, *body;                                /* e-mail; of a message its title and text */
    const char *attachments;                                   /* e-mail: file names, '\n' between them */
} task_action;

typedef struct {
    const char *id, *user, *group, *name;    /* user, group: name or SID as written */
    const char *logon_type;                  /* "Password", "S4U", "InteractiveToken", "ServiceAccount", ... */
    const char *run_level;                   /* "HighestAvailable", "LeastPrivilege" */
    const char *sid_type, *privileges;       /* ProcessTokenSidType; required ones, ',' between them */
} task_principal;

typedef struct {
    task_flag enabled, hidden, on_demand, wake, start_when_available, only_if_idle, only_if_network, no_batteries, stop_on_batteries,
              hard_terminate, unified, maintenance;
    const char *instances;           /* MultipleInstancesPolicy */
    const char *limit;               /* ExecutionTimeLimit */
    const char *delete_after;        /* DeleteExpiredTaskAfter */
    const char *restart_interval;
    uint32_t restart_count;          /* 0: not given */
    int priority;                    /* -1: not given; 0 to 10, of .job files the priority class as the XML would have it */
} task_settings;

typedef enum { TASK_RUN_UNKNOWN, TASK_RUN_READY, TASK_RUN_RUNNING, TASK_RUN_DISABLED, TASK_RUN_QUEUED, TASK_RUN_NEVER } task_run_state;

/* What a host noted of a task's life. */
typedef struct {
    moment registered, last_run, last_success;       /* UTC, but for .job files */
    bool local;                                      /* last_run is the host's local time */
    task_run_state state;
    bool has_result; uint32_t result;                /* last exit code or HRESULT */
} task_life;

typedef struct {
    const char *version;             /* of the XML schema ("1.2"), or of the binary writing */
    const char *uri, *author, *description, *source, *documentation, *security;      /* security: SDDL */
    task_time date;
    task_trigger *triggers;     size_t trigger_count;
    task_principal *principals; size_t principal_count;
    task_action *actions;       size_t action_count;
    const char *context;             /* which principal runs the actions */
    task_settings settings;
    task_life life;
    const char *data;                /* free text beside the actions */
} task;

void        task_init(task *t);                              /* all texts "", all times unknown */
const char *task_trigger_word(task_trigger_kind k);          /* "boot", "logon", "time", "calendar", "idle", "registration", "event", "session", "wnf", "other" */
const char *task_action_word(task_action_kind k);            /* "exec", "com", "email", "message", "other" */
