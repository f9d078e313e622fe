/* Memory dumps over any bytes: everything that is asked of one, as a dump of the kernel and of a program, in bounded time. */
#include "format/crashdump.h"
#include "format/minidump.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CALLERS = 64 };

static void require(bool kept)
{
    if (!kept)
        abort();
}

static int64_t read_bytes(void *context, uint64_t at, void *out, size_t len)
{
    const span *all = context;
    if (at >= all->len)
        return 0;
    span part = span_part(*all, (size_t)at, len);
    memcpy(out, part.at, part.len);
    return (int64_t)part.len;
}

static const crashdump_layout layouts[] = {
    { .name = "6.1", .build_from = 7600, .build_to = 7601, .wide = true, .pid = 0x180, .links = 0x188, .image = 0x2e0, .parent = 0x290, .created = 0x168, .exited = 0x170, .peb = 0x338, .audit_name = 0x390, .table = 0x28 },
    { .name = "6.1", .build_from = 7600, .build_to = 7601, .pid = 0xb4, .links = 0xb8, .image = 0x16c, .parent = 0x140, .created = 0xa0, .exited = 0xa8, .peb = 0x1a8, .audit_name = 0x1ec, .table = 0x18 },
};

static void ask_kernel(arena *mem, source from, problems *noted)
{
    crashdump *d;
    if (!status_is_ok(crashdump_open(mem, from, noted, &d)))
        return;
    const crashdump_header *h = crashdump_about(d);
    const crashdump_module *modules;
    const crashdump_unloaded *gone;
    const crashdump_blob *blobs;
    const crashdump_process *processes;
    const char *layout, *why;
    crashdump_process current;
    crashdump_exception e;
    crashdump_context c;
    crashdump_caller callers[CALLERS];
    uint8_t bytes[64];
    size_t count = crashdump_modules(d, &modules);
    require(count <= CRASHDUMP_LIST_MOST);
    for (size_t i = 0; i < count; i++)
        require(modules[i].name && modules[i].path && utf8_valid(span_str(modules[i].path)));
    require(crashdump_unloaded_modules(d, &gone) <= CRASHDUMP_LIST_MOST);
    size_t blob_count = crashdump_blobs(d, &blobs);
    for (size_t i = 0; i < blob_count; i++)
        require(blobs[i].at <= from.size && blobs[i].size <= from.size - blobs[i].at);
    size_t process_count = crashdump_processes(d, layouts, 2, &processes, &layout);
    require(process_count <= CRASHDUMP_LIST_MOST);
    crashdump_current(d, layouts, 2, &current);
    crashdump_cause(d, h->parameters[2], h->parameters[3], &e, &c);
    require(e.count <= 15 && c.general_count <= 32);
    size_t found = crashdump_callers(d, &c, CALLERS, callers);
    for (size_t i = 0; i < found; i++)
        require(callers[i].module < count && crashdump_module_at(d, callers[i].value) == &modules[callers[i].module]);
    crashdump_read(d, 0, h->parameters[0], bytes, sizeof bytes, &why);
    crashdump_read(d, 0, UINT64_MAX - 8, bytes, sizeof bytes, NULL);
    crashdump_build_lab(d);
    crashdump_page_count(d);
}

static void ask_program(arena *mem, source from, problems *noted)
{
    minidump *m;
    if (!status_is_ok(minidump_open(mem, from, noted, &m)))
        return;
    minidump_caller callers[CALLERS];
    uint8_t bytes[64];
    size_t found = minidump_callers(m, &m->context, CALLERS, callers);
    for (size_t i = 0; i < found; i++)
        require(callers[i].module < m->module_count);
    for (size_t i = 0; i < m->module_count; i++)
        require(m->modules[i].name && utf8_valid(span_str(m->modules[i].path)) && (!m->modules[i].pdb || utf8_valid(span_str(m->modules[i].pdb))));
    for (size_t i = 0; i < m->memory_count; i++)
        require(m->memory[i].at <= from.size && m->memory[i].size <= from.size - m->memory[i].at);
    require(!m->comment || utf8_valid(span_str(m->comment)));
    minidump_read(m, m->context.sp, bytes, sizeof bytes);
    minidump_is_of_lsass(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena mem;
    problems noted;
    span all = span_of(data, size);
    source from = { &all, read_bytes, size };
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    ask_kernel(&mem, from, &noted);
    ask_program(&mem, from, &noted);
    arena_done(&mem);
    return 0;
}
