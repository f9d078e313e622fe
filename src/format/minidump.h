/* User minidumps (MDMP): what a program left when it failed, or when somebody wrote its memory out.
 *
 * Format    MINIDUMP_HEADER and its streams as Microsoft documents them (minidumpapiset.h); of Breakpad's and Crashpad's writers
 *           on other systems the same streams. docs/formats/crashdump.md.
 * Shapes    Addresses are virtual, 64 bits wide. Texts are UTF-8. What a stream does not give is unknown, never zero.
 * Owns      Everything lives in the arena given; the source must outlive it. Memory is read where it is asked for.
 * Hostile   Everything: streams, counts and offsets are held against the file's size; MINIDUMP_LIST_MOST of a list are read.
 * Fails     minidump_open when there is no header or no directory. Damage after that is a problem ("mdmp.stream", "mdmp.text"). */
#pragma once
#include "format/crashdump.h"

#define MINIDUMP_LIST_MOST 65536u
#define MINIDUMP_STREAMS_MOST 4096u

typedef enum { MINIDUMP_WINDOWS, MINIDUMP_LINUX, MINIDUMP_ANDROID, MINIDUMP_MACOS, MINIDUMP_OTHER_SYSTEM, MINIDUMP_UNKNOWN_SYSTEM } minidump_system;

typedef struct {
    uint64_t base; uint32_t size, time_stamp, checksum;
    const char *path, *name;
    const char *version;             /* NULL: none told */
    const char *pdb;                 /* name of its symbols; NULL: none told */
} minidump_module;

typedef struct { const char *name; uint64_t base; uint32_t size, time_stamp; } minidump_unloaded;
typedef struct { uint32_t id; const char *name; uint64_t stack, stack_size, block; crashdump_context context; } minidump_thread;    /* name NULL: none; block: TEB */
typedef struct { uint64_t address, size, at; } minidump_piece;                /* of memory; at: in the file */
typedef struct { uint64_t at, value; uint32_t module; } minidump_caller;

typedef struct {
    moment written;                  /* the header's time, whole seconds */
    uint64_t flags;
    minidump_system system; bool system_known;
    crashdump_machine machine; uint16_t architecture;
    uint32_t major, minor, build, processors;
    const char *service_pack;        /* NULL: none */
    bool exception_known; crashdump_exception exception; uint32_t exception_thread;
    crashdump_context context;       /* of the exception, else not known */
    bool pid_known; uint32_t pid;
    moment started;                  /* of the process */
    uint64_t user_time, kernel_time; bool times_known;                        /* seconds */
    const char *comment;             /* NULL: none */
    const minidump_thread *threads; size_t thread_count;
    const minidump_module *modules; size_t module_count;      /* the program first */
    const minidump_unloaded *unloaded; size_t unloaded_count;
    const minidump_piece *memory; size_t memory_count; uint64_t memory_bytes;
    size_t region_count, handle_count;        /* as their streams tell */
    size_t stream_count;
} minidump;

bool   minidump_is(span first_bytes);
status minidump_open(arena *mem, source from, problems *noted, minidump **out);
bool   minidump_read(const minidump *m, uint64_t address, void *out, size_t len);     /* false when any byte is not in the dump */
const minidump_module *minidump_module_at(const minidump *m, uint64_t address);
size_t minidump_callers(const minidump *m, const crashdump_context *c, size_t most, minidump_caller *out);
bool   minidump_is_of_lsass(const minidump *m);               /* the process that keeps Windows' credentials, by its own modules */
const char *minidump_system_word(minidump_system s);          /* "windows", "linux", ... */
