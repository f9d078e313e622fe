/* What the files of format/crashdump share. crashdump.c opens a dump and reads its header; crashdump_triage.c what a small dump
 * holds; crashdump_pages.c finds page frames in the file (complete, kernel, bitmap, RDMP); crashdump_memory.c translates addresses;
 * crashdump_kernel.c walks the kernel's lists; crashdump_stack.c reads registers and stack. */
#pragma once
#include "format/crashdump.h"

typedef struct crashdump_pages crashdump_pages;     /* frame -> offset; crashdump_pages.c */
typedef struct crashdump_triage crashdump_triage;   /* crashdump_triage.c */

struct crashdump {
    arena *mem; problems *noted; source from;
    crashdump_header head;
    span head_bytes;                 /* 0x1000 or 0x2000 bytes */
    crashdump_pages *pages;          /* NULL: no memory in it */
    crashdump_triage *triage;        /* NULL: not a triage dump */
    const crashdump_module *modules; size_t module_count; bool modules_read;
    uint32_t *module_order;          /* places in `modules`, by base */
    const crashdump_unloaded *unloaded; size_t unloaded_count; bool unloaded_read;
    const crashdump_blob *blobs; size_t blob_count; bool blobs_read;
    const crashdump_process *processes; size_t process_count; const char *layout_name; bool processes_read;
};

uint64_t crashdump_address(const crashdump *d, uint64_t a);                                /* cut to 32 bits where addresses have no more */
const char *crashdump_last_part(const char *path);
void   crashdump_context_read(crashdump_machine machine, span context, crashdump_context *out);
bool   crashdump_bytes(const crashdump *d, uint64_t at, void *out, size_t len);           /* of the file; false when it does not hold them all */

/* Called by crashdump_open once the header is read; damage is noted, never fatal. */
void   crashdump_pages_open(crashdump *d);
void   crashdump_triage_open(crashdump *d);
/* Where what belongs to the dump ends in the file, and secondary data begins; 0: not known. */
uint64_t crashdump_pages_end(const crashdump *d);
uint64_t crashdump_triage_end(const crashdump *d);

/* A page frame's bytes, 4096 from `offset` in the file: false when the dump does not hold it. */
bool   crashdump_page(crashdump *d, uint64_t frame, uint8_t out[4096]);
bool   crashdump_pages_read(crashdump *d, uint64_t table, uint64_t address, void *out, size_t len, const char **why);   /* by translation */
bool   crashdump_triage_read(crashdump *d, uint64_t address, void *out, size_t len);                                       /* stack, data blocks, debugger data */

/* Lists of a small dump, and those of the kernel's memory. */
void   crashdump_triage_modules(crashdump *d);
void   crashdump_kernel_modules(crashdump *d);
void   crashdump_triage_unloaded(crashdump *d);
void   crashdump_kernel_unloaded(crashdump *d);
/* crashdump_current (crashdump.c) asks crashdump_triage_current, or takes the process that crashdump_processes marks.
 * The EPROCESS and ETHREAD that a small dump keeps; false: none. */
bool   crashdump_triage_process(crashdump *d, span *process, span *thread);
bool   crashdump_triage_current(crashdump *d, const crashdump_layout *layouts, size_t layout_count, crashdump_process *out);

/* KDDEBUGGER_DATA64, decoded; false: not in the dump. crashdump_kernel.c */
typedef struct { uint64_t kernel_base, loaded_modules, active_processes, unloaded, unloaded_last, build_lab, processor_blocks; uint16_t process_size, peb, parent, table, current_thread; uint32_t service_pack; } crashdump_debugger;
bool   crashdump_debugger_block(crashdump *d, crashdump_debugger *out);
