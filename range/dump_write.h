/* Writes crash dumps of Windows kernels that never ran: a small memory with page tables, the kernel's debugger block, its lists
 * of modules, processes and unloaded drivers, and the header that leads to them; or the pieces of it that a small dump keeps.
 *
 * Format    DUMP_HEADER, SUMMARY_DUMP, BITMAP_DUMP, TRIAGE_DUMP and the kernel's structures, as published debuggers and readers
 *           of such files describe them. Of a structure only the fields are set that the crash tells or a reader asks for.
 * Shapes    A plan says what the dump shall tell. dump_plan_new makes that of a healthy server, stopped by 0x50 in its kernel;
 *           then the caller changes what is different. Driver bases of 0 are chosen by dump_place, which must be called after
 *           the last driver was added and before an address is asked for. Addresses are the machine's own: of 32-bit systems
 *           below 4 GiB. Paths as the kernel has them ("\\SystemRoot\\system32\\drivers\\srv.sys").
 *           The same plan gives the same bytes.
 * Owns      Lists of a plan live in the arena given; texts are the caller's. */
#pragma once
#include "range/windows.h"

typedef enum { DUMP_X86, DUMP_PAE, DUMP_X64 } dump_machine;
typedef enum { DUMP_COMPLETE = 1, DUMP_KERNEL = 2, DUMP_SMALL = 4, DUMP_BITMAP_COMPLETE = 5, DUMP_BITMAP_KERNEL = 6, DUMP_AUTOMATIC = 7,
               DUMP_LIVE_KERNEL = 8, DUMP_LIVE_KERNEL_USER = 9, DUMP_LIVE_COMPLETE = 10 } dump_kind;       /* the last three: by a debugger, of x64 only */

typedef struct {
    const char *path;
    uint64_t base;                    /* 0: dump_place chooses */
    uint32_t size, stamp;
    unsigned version[4];              /* of its resource; all 0: it has none */
} dump_driver;

typedef struct { const char *name; uint64_t from; uint32_t size; moment at; } dump_unloaded;

typedef struct {
    uint32_t pid, parent;
    const char *path;                 /* "\\Device\\HarddiskVolume1\\Windows\\System32\\svchost.exe"; NULL: System */
    const char *command;              /* NULL: none */
    moment created, exited;           /* exited MOMENT_UNKNOWN: running */
    bool paged_out;                   /* its command line is in the page file */
} dump_process;

typedef struct {
    arena *mem;
    dump_machine machine; dump_kind kind;
    nt_version nt;
    unsigned build; const char *lab;  /* of nt; 17763, 19041, 20348 and 26100 have their own structures, any other those of nt */
    uint32_t code; uint64_t parameters[4];
    moment crashed; uint64_t uptime;  /* 100 ns */
    uint64_t at;                      /* the instruction that it stopped at; 0: in the kernel */
    uint32_t exception;               /* NTSTATUS of the exception record; 0: 0x80000003 */
    uint64_t callers[16]; size_t caller_count;        /* addresses that lie on the stack, the nearest first */
    const char *computer;             /* its name, in the environment of its processes; NULL: not there */
    uint32_t current;                 /* process that ran: its pid; 0: System */
    vec drivers;                      /* of dump_driver; the kernel first */
    vec unloaded;                     /* of dump_unloaded */
    vec processes;                    /* of dump_process, in order of the list; System first */
    uint64_t memory;                  /* bytes of RAM of a complete dump; 0: no more than is used. What is not used is a hole of the file */
    bool user_pages;                  /* a kernel dump keeps user pages too */
    bool large_pages;                 /* the kernel's image lies in large pages */
} dump_plan;

void         dump_plan_new(arena *mem, dump_machine machine, dump_kind kind, nt_version nt, moment crashed, dump_plan *out);
dump_driver *dump_add_driver(dump_plan *p, const char *path, uint32_t size, uint32_t stamp);          /* valid until the next */
void         dump_add_process(dump_plan *p, uint32_t pid, uint32_t parent, const char *path, const char *command, moment created);
void         dump_place(dump_plan *p);
uint64_t     dump_address(const dump_plan *p, const char *name, uint32_t offset);         /* in the driver whose path ends so; 0: there is none */
status       dump_write(const dump_plan *p, const char *path);
void         dump_plan_done(dump_plan *p);
int          dump_command(int count, char **list);                   /* suyuan-range --dump KIND ...: its exit status */
