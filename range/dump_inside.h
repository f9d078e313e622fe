/* What the files of range/dump share: dump_memory.c lays out a physical memory, dump_kernel.c puts a kernel into it, dump_small.c
 * writes the pieces of it that a small dump has, dump_write.c the header and the others. */
#pragma once
#include "range/dump_write.h"

#include <assert.h>

#define DUMP_PAGE   4096u
#define DUMP_FRAMES 0x4000u                   /* as many as a made machine uses */

/* Offsets in structures of one version; the writer's own, from the types that Microsoft publishes in its symbols. */
typedef struct {
    unsigned build; bool wide;
    uint16_t size, pid, links, name, parent, created, exited, peb, audit, threads;      /* EPROCESS */
    uint16_t cid, apc_process;                                                /* ETHREAD */
} dump_offsets;
const dump_offsets *dump_offsets_of(const dump_plan *p);

typedef struct {
    const dump_plan *plan; const dump_offsets *at;
    bool wide; unsigned pointer;              /* bytes of a pointer */
    uint8_t **frames; bool *user;             /* by frame; NULL: not used */
    uint32_t next_frame;
    uint64_t table;                           /* the system's page tables */
    uint64_t pool, pool_end;                  /* kernel addresses: the next free one */
    uint64_t nt;                              /* base of the kernel */
    uint64_t modules, processes, debugger, prcb, stack, stack_size, thread, process;      /* what the header names, and what ran */
    uint64_t unloaded_array, record, context;  /* 0: the bug check's parameters name none */
    uint32_t shared;                          /* frame of what user and kernel share */
    uint64_t large_first, large_count;        /* frames of the kernel's large page */
} dump_memory;

uint32_t dump_frame(dump_memory *m, bool user);                                            /* a new one, zeroed */
void     dump_map(dump_memory *m, uint64_t table, uint64_t address, uint32_t frame, bool user);
void     dump_map_large(dump_memory *m, uint64_t table, uint64_t address, uint32_t frame);
void     dump_set_entry(dump_memory *m, uint64_t table, uint64_t address, uint64_t entry);   /* of the last level, as it is */
uint64_t dump_entry(dump_memory *m, uint64_t table, uint64_t address);
uint64_t dump_table_new(dump_memory *m, bool system);                                       /* a process shares the system's half, as it is now */
void     dump_put(dump_memory *m, uint64_t table, uint64_t address, const void *bytes, size_t len);    /* maps what is not mapped */
void     dump_get(const dump_memory *m, uint64_t table, uint64_t address, void *out, size_t len);      /* zeros where nothing is */
void     dump_put_number(dump_memory *m, uint64_t table, uint64_t address, uint64_t value, unsigned bytes);
static inline void dump_put_pointer(dump_memory *m, uint64_t address, uint64_t value) { dump_put_number(m, m->table, address, value, m->pointer); }
uint64_t dump_pool(dump_memory *m, size_t size);
uint64_t dump_top_frame(const dump_memory *m);                                              /* one behind the last that is used */

void     dump_kernel_make(dump_memory *m);
/* Registers and exception, as the processor's structures; their sizes are what the header has room for. */
void     dump_context(const dump_memory *m, uint8_t out[3000]);
void     dump_exception(const dump_memory *m, uint8_t out[0x98]);
size_t   dump_context_size(const dump_memory *m);
/* What a small dump has behind its header, which `file` holds already. */
void     dump_small(dump_memory *m, buf *file);
