/* Crash dumps of the Windows kernel (PAGEDUMP, PAGEDU64), and through them the memory of the machine at that moment.
 *
 * Format    DUMP_HEADER and DUMP_HEADER64, SUMMARY_DUMP, BITMAP_DUMP, TRIAGE_DUMP, RDMP, secondary data: layouts and their
 *           sources in docs/formats/crashdump.md. User minidumps (MDMP) are format/minidump.h.
 * Shapes    Addresses are virtual and 64 bits wide; those of 32-bit systems are not sign-extended. Offsets are of the file.
 *           A field that the writer left unset holds the text PAGE: such a field is unknown here, never a number. Times are
 *           moments, spans of time 100 ns.
 * Owns      What crashdump_open gives lives in its arena; the source must outlive it. Pages are read when they are asked for
 *           (never mapped, a small cache): memory does not grow with the file. One thread at a time reads one dump.
 * Hostile   Everything: runs, bitmaps, counts and offsets are held against the file's size, each walk through page tables
 *           reads each level once, lists end at their head, at a repeat, at an unreadable page or at CRASHDUMP_LIST_MOST.
 * Fails     crashdump_open when there is no header. Damage after that is a problem (kinds in docs/formats/crashdump.md) and
 *           costs only what it touches. */
#pragma once
#include "base/base.h"
#include "base/source.h"

#define CRASHDUMP_LIST_MOST 65536u
#define CRASHDUMP_NO_TYPE 0u

typedef enum { CRASHDUMP_FULL = 1, CRASHDUMP_SUMMARY = 2, CRASHDUMP_HEADER_ONLY = 3, CRASHDUMP_TRIAGE = 4, CRASHDUMP_BITMAP_FULL = 5, CRASHDUMP_BITMAP_KERNEL = 6,
               CRASHDUMP_AUTOMATIC = 7, CRASHDUMP_LIVE_KERNEL = 8, CRASHDUMP_LIVE_KERNEL_USER = 9, CRASHDUMP_LIVE_FULL = 10 } crashdump_type;
typedef enum { CRASHDUMP_X86, CRASHDUMP_X86_PAE, CRASHDUMP_X64, CRASHDUMP_ARM64, CRASHDUMP_OTHER_MACHINE } crashdump_machine;

typedef struct {
    uint32_t code, flags; uint64_t record, address;
    uint32_t count; uint64_t information[15];
} crashdump_exception;

typedef struct {                     /* the processor when it stopped */
    bool known;
    uint64_t ip, sp, fp, flags;      /* Eip/Rip/Pc, Esp/Rsp/Sp, Ebp/Rbp/Fp */
    uint64_t general[32];            /* x86: eax ecx edx ebx esp ebp esi edi; x64: rax .. r15 in the order of their numbers; ARM64: x0 .. x30 */
    uint32_t general_count;
} crashdump_context;

typedef struct {
    bool wide;                       /* PAGEDU64 */
    crashdump_machine machine; uint32_t machine_code;
    uint32_t type;                   /* crashdump_type, or what else the field holds; CRASHDUMP_NO_TYPE: unset */
    uint32_t os_build; bool checked_build;
    uint64_t table;                  /* DirectoryTableBase, low bits as they are */
    uint64_t loaded_modules, active_processes, debugger_block;      /* addresses; 0: not given */
    uint32_t processors;
    uint32_t code_raw, code;         /* with and without the bit 28 that small dumps add */
    bool code_known;
    uint64_t parameters[4];
    crashdump_exception exception;   /* as the header has it: not always the one that counts (crashdump_cause) */
    crashdump_context context;
    moment crashed;                  /* SystemTime */
    uint64_t uptime; bool uptime_known;
    uint32_t product, suite, writer_status; bool product_known, suite_known;
    const char *comment;             /* NULL: none */
    uint64_t required_space;         /* as told; 0: not told */
} crashdump_header;

typedef struct {
    uint64_t base; uint32_t size, time_stamp, checksum;
    const char *path;                /* as the list has it, UTF-8; "" when it cannot be read */
    const char *name;                /* its last part */
    const char *version;             /* of its resource; NULL: not in the dump */
} crashdump_module;

typedef struct { const char *name; uint64_t from, to; moment unloaded; } crashdump_unloaded;

typedef struct {
    uint64_t object;                 /* EPROCESS */
    uint32_t pid, parent; bool parent_known;
    const char *name;                /* 15 bytes at most */
    const char *path;                /* full NT path; NULL: not readable */
    const char *command;             /* NULL: not readable (user pages are not in the dump, or paged out) */
    const char *computer;            /* COMPUTERNAME of its environment; NULL: not readable */
    moment created, exited;          /* MOMENT_UNKNOWN: not read, or still running */
    uint64_t table;
    bool current;                    /* of the processor that stopped */
} crashdump_process;

typedef struct { uint64_t address, size; span bytes; } crashdump_block;
typedef struct { uint8_t tag[16]; uint64_t size, at; } crashdump_blob;                      /* secondary data */
typedef struct { uint64_t at, value; uint32_t module; } crashdump_caller;                   /* a stack slot whose value lies in a module */

/* Offsets within structures of one Windows version, in bytes; from profiles/kernel-layouts.yml. */
typedef struct {
    const char *name;                /* "6.0", "10.0.17763": for words */
    uint32_t build_from, build_to; bool wide;
    uint32_t process_size[2];        /* known sizes of EPROCESS; 0: none */
    uint32_t pid, links, image, parent, created, exited, peb, audit_name, table;
} crashdump_layout;

typedef struct crashdump crashdump;

bool   crashdump_is(span first_bytes);
uint32_t crashdump_type_of(source from);                   /* without opening it; CRASHDUMP_NO_TYPE: not told */
status crashdump_open(arena *mem, source from, problems *noted, crashdump **out);
const crashdump_header *crashdump_about(const crashdump *d);
const char *crashdump_type_word(uint32_t type);            /* "complete", "kernel", "small", ...; NULL: not a known one */

/* Memory. False when any byte of it is not in the dump; *why (may be NULL) says in a word which: "absent", "paged-out",
 * "unmapped", "torn". `table` 0: that of the header. */
bool   crashdump_read(crashdump *d, uint64_t table, uint64_t address, void *out, size_t len, const char **why);
bool   crashdump_has_memory(const crashdump *d);           /* more than a triage dump's pieces: pages */
uint64_t crashdump_page_count(const crashdump *d);         /* pages that it says to hold */

/* Lists: read once, the same afterwards. What ends one before its time is a problem. */
size_t crashdump_modules(crashdump *d, const crashdump_module **out);          /* in order of the list: the kernel first */
size_t crashdump_unloaded_modules(crashdump *d, const crashdump_unloaded **out);
size_t crashdump_blobs(crashdump *d, const crashdump_blob **out);
const crashdump_module *crashdump_module_at(crashdump *d, uint64_t address);   /* NULL: in none */

/* Of the kernel's processes by these layouts: the one whose build and width fit and which the debugger block does not
 * contradict; else offsets that the block gives, *layout_name "inferred"; else none, and *layout_name NULL. */
size_t crashdump_processes(crashdump *d, const crashdump_layout *layouts, size_t layout_count, const crashdump_process **out, const char **layout_name);
/* The process that ran when it stopped; false: not known. */
bool   crashdump_current(crashdump *d, const crashdump_layout *layouts, size_t layout_count, crashdump_process *out);

/* What the bug check's own parameters lead to: for a code whose parameters are addresses of an exception record and a context
 * (bugchecks.yml says which), these; else the header's. `record` and `context` 0: not given. */
void   crashdump_cause(crashdump *d, uint64_t record, uint64_t context, crashdump_exception *e, crashdump_context *c);
/* Possible callers: stack slots from sp upwards that point into modules (x86: by ebp first). Never called a call stack. */
size_t crashdump_callers(crashdump *d, const crashdump_context *c, size_t most, crashdump_caller *out);
/* The kernel's build string (NtBuildLab), NULL when not in the dump. */
const char *crashdump_build_lab(crashdump *d);
