/* A delivered host as a collector brings it: hives, task files, start-up folders, beside its logs (hosts/NAME/C/Windows/...).
 *
 * Shapes    Everything stands as it was at the end of the days (world.to), by the host's own clock. What is in the hives was put
 *           there by the same life that wrote the logs: services, tasks, accounts and rules carry the times at which it made them.
 *           What nothing in the logs decides - settings, patches, which other marks an intruder left - a stream of its own rolls,
 *           so that hives can be left out without changing a log.
 * Owns      An estate lives while its host is written; what goes to the truth is copied into the world's arena. */
#pragma once
#include "range/range.h"
#include "range/regf_write.h"

#include <stdio.h>
#include <stdlib.h>

typedef enum { HIVE_SYSTEM, HIVE_SOFTWARE, HIVE_SAM, HIVE_SECURITY, HIVE_DEFAULT, HIVES } hive_id;

typedef struct { const char *name, *sid; hive *user, *classes; } profile;      /* a user with a folder under Users */

typedef struct {
    const char *path, *guid;                     /* "\\Microsoft\\Windows\\Defrag\\ScheduledDefrag", "{...}" */
    const char *command, *arguments, *clsid;     /* clsid: a COM handler, and no command */
    const char *user;                            /* SID, or a group's */
    const char *interval, *author;
    moment at;                                   /* registered */
    bool boot, logon, hidden, highest, no_file, no_descriptor, index_zero, no_tree;
} task;

typedef struct {
    world *w;
    host *h;
    arena *mem;                                  /* dies with the host's writing */
    rng r, plant;
    const char *folder;                          /* .../hosts/NAME/C */
    const char *computer;                        /* its name at the end */
    moment installed, updated, end;              /* by the host's clock */
    hive *hives[HIVES];
    hive_key *control, *services;                /* ControlSet001\Control, \Services */
    hive_key *windows, *nt;                      /* Microsoft\Windows\CurrentVersion, Microsoft\Windows NT\CurrentVersion */
    profile users[4]; size_t user_count;
    status why;
} estate;

status host_write(world *w, host *h, arena *mem);

/* Helpers that all of them use. */
const char *host_print(estate *e, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *host_guid(estate *e, const char *of);                     /* the same for the same text on the same host */
moment      host_clock(const estate *e, moment t);                    /* what the host's clock showed */
void        host_file(estate *e, const char *path, span bytes);       /* below C/, folders are made */
span        host_sid(arena *mem, const char *text);
unsigned    host_rid(const char *sid);                                /* its last number */
span        host_descriptor(arena *mem, const char *const *sids, const uint32_t *masks, size_t count);    /* allowed, in turn; owned by SYSTEM */

/* Each fills its part; times go by the hives' clocks. */
void host_services(estate *e);            /* SYSTEM: services and drivers */
void host_system(estate *e);              /* SYSTEM: the rest */
void host_software(estate *e);
void host_patches(estate *e);             /* SOFTWARE: packages, and what they decide */
void host_accounts(estate *e);            /* SAM, SECURITY */
void host_users(estate *e);               /* DEFAULT, NTUSER.DAT, UsrClass.dat */
void host_tasks(estate *e);
void host_task(estate *e, const task *t); /* keys and file */
void host_wmi(estate *e);
void host_plant(estate *e);               /* what the intruders left beside what the logs tell */
hive_key *host_service(estate *e, const char *name, unsigned type, unsigned start, const char *image, const char *account, const char *shown, moment at);
void host_firewall_rule(estate *e, const char *id, const char *rule);

/* For the truth. */
void told_planted(estate *e, planted p);
void told_secret(estate *e, const char *what, span bytes, const char *text);
void told_exposed(estate *e, const char *check, const char *found, const char *state);
