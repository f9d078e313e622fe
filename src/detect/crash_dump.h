/* What a crash dump says of a crash: the bug check and what its parameters lead to, the module of the fault, what stands on the
 * stack, which drivers are worth a word. The verb prints it, the digest keeps it (docs/notes.md: crash.dump, crash.driver).
 *
 * Shapes    A module is a driver as the dump lists it. "Known" goes by name and folder: nobody has looked into the file.
 * Owns      A reading lives in the arena given, and needs the source of its dump for as long; dump_facts lives as long as the run.
 * Hostile   As format/crashdump.h. At most DUMP_CALLERS stack slots are looked at, DUMP_DRIVERS_NOTED drivers noted. */
#pragma once
#include "detect/artifact.h"
#include "format/crashdump.h"

#define DUMP_CALLERS 64u
#define DUMP_CALLERS_NAMED 8u
#define DUMP_DRIVERS_NOTED 64u

enum { DUMP_TEMP_DRIVER = 1, DUMP_USER_DRIVER = 2, DUMP_UNKNOWN_DRIVER = 4, DUMP_KNOWN_DRIVER = 8, DUMP_MALICIOUS_DRIVER = 16,
       DUMP_NETWORK_DRIVER = 32, DUMP_OUTSIDE_MODULES = 64 };
#define DUMP_SIGNS 7u
const char *dump_sign_word(unsigned which);                          /* 0 to DUMP_SIGNS - 1: "temp-driver", ... */

typedef struct dump_facts dump_facts;
status dump_facts_new(const profile *facts, arena *mem, dump_facts **out);

typedef struct {
    const crashdump_module *of;
    unsigned why;                        /* bits above; 0: nothing to say */
    bool windows;                        /* one of Windows' own, by its name and place */
    const profile_node *known;           /* its entry in profiles/crash-dumps.yml */
} dump_driver;

typedef struct {
    crashdump *dump;
    const crashdump_header *head;
    const profile_node *bugcheck;        /* its entry in profiles/bugchecks.yml; NULL: a code that is not documented */
    bool live;                           /* the machine went on */
    crashdump_exception exception;
    crashdump_context context;
    bool exception_known; uint32_t exception_code;
    bool address_known; uint64_t address; const char *address_from;          /* "parameter", "record", "context" */
    bool data_known; uint64_t data;      /* the memory that was touched */
    const crashdump_module *module;      /* NULL: the address lies in none, or is not known */
    const crashdump_module *other;       /* the first of fault and stack that is no part of Windows' core; NULL: none */
    const char *network; const crashdump_module *network_module;     /* the service of a network driver in fault or `other`; NULL */
    crashdump_caller callers[DUMP_CALLERS]; size_t caller_count;
    dump_driver *drivers; size_t driver_count;
    bool process_known; crashdump_process process;
    unsigned signs;
    const char *build_name;              /* NULL: not a build that is known */
} dump_reading;

status dump_read(const dump_facts *facts, arena *mem, source from, problems *noted, dump_reading *out);
void   dump_note(const dump_facts *facts, const dump_reading *r, detect_log *out);
const char *dump_machine_word(crashdump_machine m);                  /* "x86", "x86-pae", "x64", "arm64", "other" */
