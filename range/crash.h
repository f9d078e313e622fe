/* Why it blue-screened: scenarios with one known cause of each stop, beside the simulated incidents.
 *
 * Shapes    A scenario is laid over a world (crash_plan.c): which hosts stop, when, why, and what that leaves. Hosts then live
 *           through their days as always (crash_life.c writes what is left in logs), and dumps and hives follow (crash_evidence.c).
 *           The number decides system, language, code, and whether dumps and hives were delivered. A cause is decidable when
 *           something that only it leaves was delivered. */
#pragma once
#include "range/dump_write.h"
#include "range/host.h"

typedef enum {
    CRASH_SMB_ATTACK, CRASH_MINER_DRIVER, CRASH_BAD_MEMORY, CRASH_NEW_DRIVER, CRASH_UPDATE, CRASH_POWER_CUT, CRASH_OPERATOR, CRASH_TWO_CAUSES,
    CRASH_ONE_HOST, CRASH_BEFORE_ATTACK, CRASH_LOGS_CLEARED, CRASH_DUMP_ONLY, CRASH_SCENARIOS
} crash_scenario;
extern const char *const crash_scenarios[CRASH_SCENARIOS + 1];       /* "smb-attack", ...; ends with NULL */

/* One stop. Causes are words of case.json, with commas between when there are two. */
typedef struct crash_stop {
    int host;
    moment at, back;                              /* UTC; it runs again */
    unsigned code; uint64_t parameters[4];        /* code 0: none was written */
    bool button;                                  /* the power button was held */
    const char *causes, *why;                     /* why: what decides, or what is missing */
    bool decidable;
    const char *driver;                           /* at fault, as the kernel has its path; NULL: the kernel itself */
    bool in_callers;                              /* only on the stack */
    bool dumped, small;                           /* its dump was delivered; as a small one */
    int memory_errors;                            /* WHEA 47 in the days before */
    bool fatal, heat, tested;                     /* WHEA 18 or 46 at the start; shut down by heat; memory test afterwards */
    bool driver_new, miner, updated, supply;      /* what was installed or told shortly before */
    bool nmi;                                     /* hives: NMICrashDump */
} crash_stop;

void   crash_scene(switches *sw);                 /* what a scenario asks of the world; before world_make */
void   crash_roll(world *w, rng *r);              /* after the attack was rolled */
bool   crash_keeps(const world *w, channel_id c); /* the channel was delivered */
void   crash_begin(sim *s);
void   crash_hives(estate *e);
status crash_dumps(world *w, host *h, arena *mem);
void   crash_truth(const world *w, json_writer *j);
void   crash_plan_dump(world *w, const crash_stop *c, arena *mem, dump_plan *out);
