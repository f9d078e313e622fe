/* What a user minidump says: which program, why it was written, and whether it is the memory of lsass, which holds credentials. Of
 * that memory nothing is read but lists. The verb prints it, the digest keeps it (docs/notes.md: crash.program).
 *
 * Shapes, Owns, Hostile    as detect/crash_dump.h and format/minidump.h. */
#pragma once
#include "detect/artifact.h"
#include "format/minidump.h"

#define PROGRAM_CALLERS 64u

typedef struct {
    minidump *dump;
    const char *process, *path;          /* the first module; NULL: no list of modules */
    const minidump_module *module;       /* of the fault; NULL: in none, or no exception */
    bool address_known; uint64_t address;
    bool lsass;
    minidump_caller callers[PROGRAM_CALLERS]; size_t caller_count;
} program_reading;

status program_read(arena *mem, source from, problems *noted, program_reading *out);
void   program_note(const program_reading *r, detect_log *out);
