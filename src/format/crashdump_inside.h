/* What the files of format/crashdump share. crashdump.c opens a dump and reads its header; crashdump_triage.c what a small dump
 * holds; crashdump_pages.c finds page frames in the file (complete, kernel, bitmap, RDMP); crashdump_memory.c translates addresses;
 * crashdump_kernel.c walks the kernel's lists; crashdump_process.c its processes; crashdump_stack.c reads registers and stack. */
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
    size_t text_spent;               /* what texts of its memory took: bounded */
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

const uint8_t *crashdump_page_lend(crashdump *d, uint64_t frame);   /* 4096 bytes, valid until the next is asked for; NULL: the dump does not hold it */
uint64_t crashdump_frames(const crashdump *d);                      /* one behind the highest */
typedef struct { uint64_t table, page, frame; bool held; } crashdump_walked;    /* a translation that was made before */
crashdump_walked *crashdump_walk_slot(crashdump *d, uint64_t key);              /* where it is kept, by a number of the caller's making */
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

/* The kernel's memory, read for the lists. */
bool   crashdump_pointer(crashdump *d, uint64_t table, uint64_t address, uint64_t *out);
const char *crashdump_string(crashdump *d, uint64_t table, uint64_t at, uint64_t relative_to, size_t most);     /* UNICODE_STRING; NULL: not readable */
/* Addresses of the entries of a list, its head not among them, in a heap vec of uint64_t that the caller empties. Where the chain
 * forward breaks, the chain backward tells the rest. */
void   crashdump_list(crashdump *d, uint64_t head, const char *what, vec *out);

/* KDDEBUGGER_DATA64, decoded; false: not in the dump. crashdump_kernel.c */
typedef struct { uint64_t kernel_base, loaded_modules, active_processes, unloaded, unloaded_last, build_lab, processor_blocks; uint16_t process_size, peb, parent, table, current_thread, thread_process; uint32_t service_pack; } crashdump_debugger;
bool   crashdump_debugger_block(crashdump *d, crashdump_debugger *out);
