/* The causes of a stop on the scales: who speaks (cause_*.c) puts terms on them, causes.c reads them off.
 *
 * Shapes    Points are log-odds. A term's weight, its kind of evidence and the reason stand in profiles/causes.yml by name; terms
 *           of one kind give a cause at most as much as the cap of a group, so that the sum is exactly what is shown.
 * Owns      Terms live in the join's arena; the lists on the heap until scales_end. */
#pragma once
#include "incident/internal.h"

typedef enum {
    CAUSE_ATTACK, CAUSE_MALWARE, CAUSE_DRIVER, CAUSE_ANTIVIRUS, CAUSE_HARDWARE, CAUSE_POWER, CAUSE_UPDATE, CAUSE_OPERATOR, CAUSE_RESOURCE,
    CAUSE_KILLED, CAUSE_VIRTUAL, CAUSE_CLUSTER, CAUSES
} cause;
extern const char *const cause_words[CAUSES];            /* "attack", ... */
cause cause_of_word(const char *word);                   /* CAUSES: none */

typedef struct { cause_term t; const char *name, *kind; } scale_term;
typedef struct { double sum[CAUSES], prior[CAUSES], unknown; vec terms[CAUSES]; } scales;       /* terms: of scale_term */

void scales_begin(const joined *j, scales *s, const char *prior);
void scales_done(scales *s);
/* A weight of 0 is not told. The last two: points that are given, and on how many hosts. */
void term(const joined *j, scales *s, cause c, const char *name, sentence why);
void term_points(const joined *j, scales *s, cause c, const char *name, sentence why, double points, uint32_t hosts);

typedef enum { VERDICT_UNDECIDED, VERDICT_ONE, VERDICT_TWO } verdict_kind;
/* Best first, those below the least share left out; a total beyond the cap is cut, and the cut is a term of its own. */
verdict_kind scales_end(const joined *j, scales *s, hypothesis **out, size_t *count);

/* What a file of a driver is, by its name ("klif.sys"): core, network, antivirus, storage, virtual (profiles/causes.yml), abused,
 * malicious (profiles/crash-dumps.yml); NULL: none of these. */
const char *module_kind(const joined *j, const char *module);
bool module_is(const joined *j, const char *module, const char *kind);
bool file_is_driver(const char *path);                   /* by its name */
bool driver_looks_hostile(const joined *j, const act *install);          /* a service.install; a name known for abuse is, where no vendor puts it */
bool module_same(const char *a, const char *b);          /* names of drivers, with or without folder and .sys */
const char *module_name(const joined *j, const char *path);

/* Whose code was at fault, as the dump has it: the module of the fault, or, where that is Windows' core, the first other one on
 * the stack. NULL: no dump, or it names none. */
const char *stop_module(const joined *j, const stop *s);
static inline moment before(moment t, moment span) { return t > span ? t - span : 0; }

/* hit: of its hosts those that the attacker was on before; changed: that were updated before; module: what most dumps name. */
typedef struct {
    const stop **stops; size_t count, able;
    double probability, days;
    bool judged;
    moment window, slack;
    uint32_t hit, changed;
    const char *module; size_t module_count;
} cluster;
const told *hostile_between(const joined *j, uint32_t host, moment from, moment to, reach least);      /* the last one */
const act  *last_act(const joined *j, uint32_t host, const char *kind, const char *name, const char *value, moment from, moment to);   /* name NULL: any */
uint64_t    troubles(const joined *j, uint32_t host, const char *what, moment from, moment to);       /* hardware.trouble; a '*' at the end: any rest */
const act  *setting_of(const joined *j, uint32_t host, const char *name);                              /* of the hives; NULL: not told */
bool        shut_down_by_heat(const joined *j, const stop *at);
moment      first_hostile(const joined *j);              /* of all hosts */

/* Who speaks of one stop. */
void attack_speaks(const joined *j, scales *s, const stop *at);
void malware_speaks(const joined *j, scales *s, const stop *at);
void code_speaks(const joined *j, scales *s, const stop *at);
void history_speaks(const joined *j, scales *s, const stop *at);
void dump_speaks(const joined *j, scales *s, const stop *at);
void drivers_speak(const joined *j, scales *s, const stop *at);
void hardware_speaks(const joined *j, scales *s, const stop *at);
void changes_speak(const joined *j, scales *s, const stop *at);
void people_speak(const joined *j, scales *s, const stop *at);
void surroundings_speak(const joined *j, scales *s, const stop *at);
void together_speaks(const joined *j, scales *s, const cluster *c);

/* Appends to out (of cluster), the least probable first. At most CLUSTERS_MOST of them, and no more than CLUSTER_LOOKS times a stop
 * is looked at: nobody reads more of them, and a log that somebody filled with stops must not hold the answer up. */
#define CLUSTERS_MOST 100u
#define CLUSTER_LOOKS (1u << 25)
void clusters_find(const joined *j, vec *out);
