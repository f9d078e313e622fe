/* A log made in memory, and what the detectors note of it.
 *
 * Shapes    Records follow each other by a second, from 2020-05-11T04:00:00Z, on the computer DB1, unless told otherwise.
 *           One log may mix channels: detectors see each channel as its own log.
 * Owns      Everything lives until made_end.
 *
 *     made *m = made_begin();
 *     made_event(m, "Security", 4688, evtx_size("NewProcessId", 0x1a4), evtx_str("NewProcessName", "C:\\Windows\\Temp\\svchost.exe"));
 *     made_read(m);
 *     const act *a = made_act(m, "process.start", 0);
 *     assert_fact(a, "role", "suspect");
 *     made_end(m); */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/detect.h"
#include "range/evtx_write.h"

#define SECURITY "Security"
#define SYSTEM "System"
#define SYSMON "Microsoft-Windows-Sysmon/Operational"
#define MADE_START 132336432000000000ull        /* 2020-05-11T04:00:00Z */

typedef struct {
    arena mem;
    buf bytes;
    evtx_writer *writer;
    const char *computer;
    moment time;                    /* of the next record; put then moves it on by a second */
    vec acts, tallies, claims;      /* act, tally, identity_claim: copies */
    uint64_t records, cut;          /* records read; how much all caps dropped */
} made;

int   made_set_up(void **state);    /* for cmocka_run_group_tests: profiles, and one run of all detectors */
int   made_tear_down(void **state);

made *made_begin(void);
void  made_put(made *m, evtx_out e);            /* fills in provider, computer and time where they are absent */
/* Records of one kind as an attacker writes them: each of the fields in turn of the wrong type, empty, of 20,000 letters, with NULs,
 * broken surrogates, an array; the others hold a text that might be there. What is noted of them is checked like everything. */
void  made_hostile(made *m, const char *channel, const char *provider, uint32_t id, const char *const *fields, size_t count);
#define made_hostile_fields(m, CHANNEL, PROVIDER, ID, ...) \
    made_hostile(m, CHANNEL, PROVIDER, ID, (const char *const[]){ __VA_ARGS__ }, sizeof (const char *const[]){ __VA_ARGS__ } / sizeof(const char *))
void  made_read(made *m);                       /* once, after all records */
void  made_end(made *m);

size_t       made_acts(const made *m, const char *kind);                     /* how many; NULL: of all kinds */
size_t       made_found(const made *m, const char *finding);                 /* acts with this finding; NULL: with any */
const act   *made_act(const made *m, const char *kind, size_t nth);          /* fails the test when there is none */
const act   *made_act_of(const made *m, const char *kind, const char *fact, const char *value);   /* the first with this fact; NULL when there is none */
uint64_t     made_tally(const made *m, const char *kind, const char *fact, const char *value);    /* how often counted; fact NULL: under any key */
const char  *fact_of(const act *a, const char *name);                        /* "" when absent */
bool         fact_lists(const act *a, const char *name, const char *word);   /* a comma list holds the word */

#define made_event(m, CHANNEL, ID, ...) made_put(m, (evtx_out){ .channel = (CHANNEL), .id = (ID), .fields = EVTX_FIELDS(__VA_ARGS__) })
#define assert_fact(a, name, value) assert_string_equal(fact_of(a, name), value)
#define assert_no_fact(a, name) assert_string_equal(fact_of(a, name), "")
#define assert_lists(a, name, word) do { if (!fact_lists(a, name, word)) fail_msg("'%s' is not in %s: '%s'", word, name, fact_of(a, name)); } while (0)
#define assert_finding(a, kind, least) do { assert_non_null((a)->finding); assert_string_equal((a)->finding, kind); assert_true((a)->severity >= (least)); } while (0)
