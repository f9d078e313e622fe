#include "range/dump_inside.h"

#include "range/pe_write.h"
#include "range/put.h"

static const dump_offsets offsets[] = {
    { 6002, false, 0x270, 0x9c, 0xa0, 0x14c, 0x124, 0x88, 0x90, 0x188, 0x1cc, 0x168, 0x20c, 0x48 },
    { 6002, true, 0x3e8, 0xe0, 0xe8, 0x238, 0x1f0, 0xc8, 0xd0, 0x290, 0x2e8, 0x260, 0x380, 0x68 },
    { 7601, false, 0x2c0, 0xb4, 0xb8, 0x16c, 0x140, 0xa0, 0xa8, 0x1a8, 0x1ec, 0x188, 0x22c, 0x50 },
    { 7601, true, 0x4d0, 0x180, 0x188, 0x2e0, 0x290, 0x168, 0x170, 0x338, 0x390, 0x308, 0x3b0, 0x70 },
    { 9200, false, 0x2e8, 0xb4, 0xb8, 0x170, 0x134, 0xa8, 0x2b8, 0x140, 0x184, 0x194, 0x214, 0x80 },
    { 9200, true, 0x660, 0x2e0, 0x2e8, 0x438, 0x3d0, 0x2d0, 0x610, 0x3e8, 0x450, 0x470, 0x398, 0xb8 },
    { 9600, false, 0x2f8, 0xb4, 0xb8, 0x170, 0x134, 0xa8, 0x2b0, 0x140, 0x184, 0x194, 0x364, 0x80 },
    { 9600, true, 0x6b8, 0x2e0, 0x2e8, 0x438, 0x3d0, 0x2d0, 0x640, 0x3e8, 0x450, 0x470, 0x620, 0xb8 },
    { 14393, false, 0x388, 0xb4, 0xb8, 0x174, 0x138, 0xc8, 0x2c8, 0x144, 0x188, 0x198, 0x374, 0x80 },
    { 14393, true, 0x7b0, 0x2e8, 0x2f0, 0x450, 0x3e0, 0x308, 0x688, 0x3f8, 0x468, 0x488, 0x630, 0xb8 },
    { 17763, false, 0x408, 0xb4, 0xb8, 0x17c, 0x140, 0xd0, 0x2d8, 0x14c, 0x190, 0x1a0, 0x37c, 0x80 },
    { 17763, true, 0x850, 0x2e0, 0x2e8, 0x450, 0x3e0, 0x308, 0x690, 0x3f8, 0x468, 0x488, 0x638, 0xb8 },
    { 19041, true, 0xa40, 0x440, 0x448, 0x5a8, 0x540, 0x468, 0x840, 0x550, 0x5c0, 0x5e0, 0x478, 0xb8 },
    { 20348, true, 0xa40, 0x440, 0x448, 0x5a8, 0x540, 0x468, 0x840, 0x550, 0x5c0, 0x5e0, 0x478, 0xb8 },
    { 26100, true, 0x840, 0x1d0, 0x1d8, 0x338, 0x2d0, 0x1f8, 0x5c0, 0x2e0, 0x350, 0x370, 0x508, 0xb8 },
};

static const dump_offsets *offsets_find(unsigned build, bool wide)
{
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++)
        if (offsets[i].build == build && offsets[i].wide == wide)
            return &offsets[i];
    return NULL;
}

const dump_offsets *dump_offsets_of(const dump_plan *p)
{
    const dump_offsets *o = offsets_find(p->build, p->machine == DUMP_X64);
    return o ? o : offsets_find(nt_table[p->nt].build, p->machine == DUMP_X64);
}

/* Where things lie in the kernel's image. */
enum { CODE_PAGE = 0x3000, SYMBOLS = 0x4000, DATA = 0x5000, DEBUGGER = DATA + 0x70, HEADS = DATA + 0x500, POINTERS = DATA + 0x600, LAB = DATA + 0x700, PRCB = 0x6000 };

static void put_text16(dump_memory *m, uint64_t table, uint64_t at, const char *text, size_t *bytes)
{
    buf b;
    buf_init(&b, 1 << 17);
    put_utf16(&b, span_str(text));
    *bytes = b.len;
    put16(&b, 0);
    dump_put(m, table, at, b.at, b.len);
    buf_done(&b);
}

static size_t length16(const char *text)
{
    buf b;
    buf_init(&b, 1 << 17);
    put_utf16(&b, span_str(text));
    size_t n = b.len;
    buf_done(&b);
    return n;
}

/* A UNICODE_STRING at `at`, its text at `where`. */
static void put_string(dump_memory *m, uint64_t table, uint64_t at, uint64_t where, const char *text)
{
    size_t n = 0;
    put_text16(m, table, where, text, &n);
    dump_put_number(m, table, at, n, 2);
    dump_put_number(m, table, at + 2, n + 2, 2);
    dump_put_number(m, table, at + (m->wide ? 8 : 4), where, m->pointer);
}

/* The string, its text in the pool. */
static void put_pool_string(dump_memory *m, uint64_t at, const char *text) { put_string(m, m->table, at, dump_pool(m, length16(text) + 2), text); }

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '\\');
    return slash ? slash + 1 : path;
}

/* Header and resources of a program, as they lie in memory. The kernel's has a debug entry that names its symbols. */
static void put_image(dump_memory *m, const dump_driver *d, bool kernel)
{
    buf file, b;
    buf_init(&file, 1 << 17);
    buf_init(&b, DUMP_PAGE);
    bool has_version = d->version[0] || d->version[1] || d->version[2] || d->version[3];
    uint32_t resource = 0;
    if (has_version) {
        char text[48];
        snprintf(text, sizeof text, "%u.%u.%u.%u", d->version[0], d->version[1], d->version[2], d->version[3]);
        pe_driver(&file, last_part(d->path), d->version, text, moment_from_unix(d->stamp, 0));
        resource = (uint32_t)file.len - 0x400;
    }
    put_text(&b, "MZ");
    put_zeros(&b, 58);
    put32(&b, 0x80);
    put_zeros(&b, 64);
    buf_put(&b, "PE\0\0", 4);
    put16(&b, m->wide ? 0x8664 : 0x14c);
    put16(&b, 1);
    put32(&b, d->stamp);
    put64(&b, 0);
    put16(&b, m->wide ? 240 : 224);
    put16(&b, m->wide ? 0x22 : 0x102);
    size_t optional = b.len;
    put16(&b, m->wide ? 0x20b : 0x10b);
    put_zeros(&b, 14);
    put32(&b, 0x3000);
    put32(&b, 0x1000);
    if (m->wide)
        put64(&b, d->base);
    else
        put32(&b, 0), put32(&b, (uint32_t)d->base);
    put32(&b, 0x1000);
    put32(&b, 0x200);
    put16(&b, m->plan->nt == NT_100 ? 10 : 6);
    put16(&b, nt_table[m->plan->nt].minor);
    put32(&b, 0);
    put16(&b, 6);
    put16(&b, 1);
    put32(&b, 0);
    put32(&b, d->size);
    put32(&b, 0x400);
    put32(&b, 0x10000 + d->stamp % 0x8000);
    put16(&b, 1);
    put16(&b, 0);
    put_zeros(&b, m->wide ? 32 : 16);
    put32(&b, 0);
    put32(&b, 16);
    for (unsigned i = 0; i < 16; i++) {
        bool debug = i == 6 && kernel, res = i == 2 && has_version;
        put32(&b, debug ? SYMBOLS : res ? 0x1000 : 0);
        put32(&b, debug ? 28 : res ? resource : 0);
    }
    assert(b.len - optional == (m->wide ? 240 : 224));
    put_text(&b, ".rsrc");
    put_zeros(&b, 3);
    put32(&b, resource);
    put32(&b, 0x1000);
    put32(&b, (resource + 511) / 512 * 512);
    put32(&b, 0x400);
    put_zeros(&b, 12);
    put32(&b, 0x40000040);
    dump_put(m, m->table, d->base, b.at, b.len);
    if (has_version)
        dump_put(m, m->table, d->base + 0x1000, file.at + 0x400, resource);
    if (kernel) {
        const char *pdb = m->wide ? "ntkrnlmp.pdb" : m->plan->machine == DUMP_PAE ? "ntkrpamp.pdb" : "ntkrnlmp.pdb";
        buf_clear(&b);
        put_zeros(&b, 12);
        put32(&b, 2);
        put32(&b, 24 + (uint32_t)strlen(pdb) + 1);
        put32(&b, SYMBOLS + 0x20);
        put32(&b, 0x420);
        put_zeros(&b, 4);
        put_text(&b, "RSDS");
        for (unsigned i = 0; i < 16; i++)
            put8(&b, 0x11 * i);
        put32(&b, 1);
        put_text(&b, pdb);
        put8(&b, 0);
        dump_put(m, m->table, d->base + SYMBOLS, b.at, b.len);
    }
    buf_done(&b);
    buf_done(&file);
}

typedef struct { uint64_t head, last; } list;

static void list_begin(dump_memory *m, list *l, uint64_t head)
{
    *l = (list){ head, head };
    dump_put_pointer(m, head, head);
    dump_put_pointer(m, head + m->pointer, head);
}
static void list_add(dump_memory *m, list *l, uint64_t entry)
{
    dump_put_pointer(m, l->last, entry);
    dump_put_pointer(m, entry, l->head);
    dump_put_pointer(m, entry + m->pointer, l->last);
    dump_put_pointer(m, l->head + m->pointer, entry);
    l->last = entry;
}

static void put_modules(dump_memory *m)
{
    list l;
    list_begin(m, &l, m->modules);
    for (size_t i = 0; i < m->plan->drivers.count; i++) {
        const dump_driver *d = vec_at(&m->plan->drivers, i);
        put_image(m, d, i == 0);
        uint64_t e = dump_pool(m, m->wide ? 0xa0 : 0x5c);
        list_add(m, &l, e);
        dump_put_pointer(m, e + (m->wide ? 0x30 : 0x18), d->base);
        dump_put_pointer(m, e + (m->wide ? 0x38 : 0x1c), d->base + 0x3000);
        dump_put_number(m, m->table, e + (m->wide ? 0x40 : 0x20), d->size, 4);
        put_pool_string(m, e + (m->wide ? 0x48 : 0x24), d->path);
        put_pool_string(m, e + (m->wide ? 0x58 : 0x2c), last_part(d->path));
        dump_put_number(m, m->table, e + (m->wide ? 0x68 : 0x34), 0x09104000, 4);
        dump_put_number(m, m->table, e + (m->wide ? 0x6c : 0x38), 1, 2);
        dump_put_number(m, m->table, e + (m->wide ? 0x78 : 0x40), 0x10000 + d->stamp % 0x8000, 4);
        dump_put_number(m, m->table, e + (m->wide ? 0x80 : 0x44), d->stamp, 4);
    }
}

/* The array is a ring of 50: the next to be written is told by a counter. */
static void put_unloaded(dump_memory *m)
{
    enum { RING = 50 };
    size_t each = m->wide ? 0x28 : 0x18, n = m->plan->unloaded.count;
    m->unloaded_array = dump_pool(m, each * RING);
    dump_put_number(m, m->table, m->unloaded_array, 0, 4);
    for (size_t i = 0; i < n; i++) {
        const dump_unloaded *u = vec_at(&m->plan->unloaded, i);
        uint64_t e = m->unloaded_array + each * (i % RING);
        put_pool_string(m, e, u->name);
        dump_put_pointer(m, e + (m->wide ? 0x10 : 8), u->from);
        dump_put_pointer(m, e + (m->wide ? 0x18 : 12), u->from + u->size);
        dump_put_number(m, m->table, e + (m->wide ? 0x20 : 16), u->at, 8);
    }
    dump_put_pointer(m, m->nt + POINTERS, m->unloaded_array);
    dump_put_number(m, m->table, m->nt + POINTERS + 8, n, 4);
}

/* PEB and parameters in the process's own memory. */
static uint64_t put_user(dump_memory *m, uint64_t table, const dump_process *p)
{
    uint64_t peb = m->wide ? 0x7fffffdf000 : 0x7ffdf000, parameters = m->wide ? 0x2a1000 : 0x151000, text = parameters + 0x800;
    dump_put_number(m, table, peb + (m->wide ? 0x10 : 8), m->wide ? 0x140000000 : 0x400000, m->pointer);
    dump_put_number(m, table, peb + (m->wide ? 0x20 : 0x10), parameters, m->pointer);
    dump_put_number(m, table, parameters, 0x1000, 4);
    dump_put_number(m, table, parameters + 4, 0x1000, 4);
    dump_put_number(m, table, parameters + 8, 1, 4);
    const char *image = p->path, *drive = strstr(p->path, "HarddiskVolume");
    if (drive && strchr(drive, '\\'))
        image = arena_printf(m->plan->mem, "C:%s", strchr(drive, '\\'));
    put_string(m, table, parameters + (m->wide ? 0x60 : 0x38), text, image);
    text += (length16(image) + 2 + 7) / 8 * 8;
    put_string(m, table, parameters + (m->wide ? 0x70 : 0x40), text, p->command);
    if (m->plan->computer) {
        uint64_t environment = parameters - 0x8000;
        size_t n;
        put_text16(m, table, environment, "ALLUSERSPROFILE=C:\\ProgramData", &n);
        environment += n + 2;
        put_text16(m, table, environment, arena_printf(m->plan->mem, "COMPUTERNAME=%s", m->plan->computer), &n);
        environment += n + 2;
        put_text16(m, table, environment, "OS=Windows_NT", &n);
        dump_put_number(m, table, environment + n + 2, 0, 2);
        dump_put_number(m, table, parameters + (m->wide ? 0x80 : 0x48), parameters - 0x8000, m->pointer);
    }
    if (p->paged_out) {
        uint64_t entry = m->plan->machine == DUMP_X86 ? 0x12345080 : 0x1234500000080;
        for (uint64_t page = parameters; page < text + length16(p->command); page += DUMP_PAGE)
            dump_set_entry(m, table, page, entry);
    } else if (p->pid / 4 % 3 == 1)                          /* trimmed from the working set, and still in memory */
        dump_set_entry(m, table, parameters, (dump_entry(m, table, parameters) & ~0xfffull) | 0x8c0);
    return peb;
}

static void put_processes(dump_memory *m)
{
    const dump_offsets *o = m->at;
    list l;
    list_begin(m, &l, m->processes);
    for (size_t i = 0; i < m->plan->processes.count; i++) {
        const dump_process *p = vec_at(&m->plan->processes, i);
        uint64_t e = dump_pool(m, o->size), table = p->path ? dump_table_new(m, false) : m->table;
        if (p->path)
            dump_map(m, table, 0x7ffe0000, m->shared, true);
        list_add(m, &l, e + o->links);
        dump_put_number(m, m->table, e, 3, 1);
        dump_put_pointer(m, e + (m->wide ? 0x28 : 0x18), table);
        dump_put_pointer(m, e + o->pid, p->pid);
        dump_put_pointer(m, e + o->parent, p->parent);
        dump_put(m, m->table, e + o->name, p->path ? last_part(p->path) : "System", strnlen(p->path ? last_part(p->path) : "System", 14));
        dump_put_number(m, m->table, e + o->created, p->created, 8);
        dump_put_number(m, m->table, e + o->exited, moment_known(p->exited) ? p->exited : 0, 8);
        if (p->path) {
            uint64_t name = dump_pool(m, 2 * m->pointer + length16(p->path) + 2);
            put_string(m, m->table, name, name + 2 * m->pointer, p->path);
            dump_put_pointer(m, e + o->audit, name);
        }
        if (p->command)
            dump_put_pointer(m, e + o->peb, put_user(m, table, p));
        uint64_t thread = dump_pool(m, 0x700);
        dump_put_number(m, m->table, thread, 6, 1);
        dump_put_pointer(m, thread + o->apc_process, e);
        dump_put_pointer(m, thread + o->cid, p->pid);
        dump_put_pointer(m, thread + o->cid + m->pointer, p->pid + 4 * (p->pid % 5 + 1));
        list threads;
        list_begin(m, &threads, e + o->threads);
        if (i == 0 || p->pid == m->plan->current) {
            m->process = e;
            m->thread = thread;
        }
    }
}

static void put_stack(dump_memory *m)
{
    m->stack_size = 0x400;
    m->stack = (dump_pool(m, 2 * m->stack_size) + 0x1ff) & ~0x1ffull;
    dump_put_number(m, m->table, m->stack + m->stack_size - 1, 0, 1);
    uint64_t at = m->stack + (m->wide ? 0x20 : 0x10);
    for (size_t i = 0; i < m->plan->caller_count; i++, at += m->wide ? 0x38 : 0x18) {
        if (!m->wide)                                        /* frames linked by ebp: the saved one, then the return address */
            dump_put_pointer(m, at, i + 1 < m->plan->caller_count ? at + 0x18 : 0);
        dump_put_pointer(m, at + m->pointer, m->plan->callers[i]);
    }
}

static void put_debugger(dump_memory *m)
{
    struct { unsigned at; uint64_t value; unsigned bytes; } fields[] = {
        { 0x10, 0x4742444b, 4 }, { 0x14, m->plan->nt >= NT_61 ? 0x340 : 0x328, 4 }, { 0x18, m->nt, 8 }, { 0x48, m->modules, 8 }, { 0x50, m->processes, 8 },
        { 0x208, m->nt + LAB, 8 }, { 0x218, m->nt + POINTERS + 0x10, 8 }, { 0x220, m->nt + POINTERS, 8 }, { 0x228, m->nt + POINTERS + 8, 8 },
        { 0x268, m->nt + POINTERS + 0x40, 8 }, { 0x2a0, m->at->apc_process, 2 }, { 0x2a8, m->at->size, 2 }, { 0x2aa, m->at->peb, 2 }, { 0x2ac, m->at->parent, 2 },
        { 0x2ae, m->wide ? 0x28 : 0x18, 2 }, { 0x2b4, m->wide ? 8 : 4, 2 },
    };
    bool extend = !m->wide;                                  /* 32-bit kernels write their addresses sign-extended */
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint64_t v = fields[i].value;
        if (extend && fields[i].bytes == 8)
            v = (uint64_t)(int64_t)(int32_t)(uint32_t)v;
        dump_put_number(m, m->table, m->debugger + fields[i].at, v, fields[i].bytes);
    }
    dump_put_number(m, m->table, m->nt + POINTERS + 0x40, nt_table[m->plan->nt].pack * 0x100u, 4);
    dump_put(m, m->table, m->nt + LAB, m->plan->lab, strlen(m->plan->lab) + 1);
    dump_put_pointer(m, m->nt + POINTERS + 0x10, m->prcb);
    dump_put_pointer(m, m->prcb + (m->wide ? 8 : 4), m->thread);
}

static void put_shared(dump_memory *m)
{
    uint32_t f = m->shared = dump_frame(m, false);
    uint64_t kernel = m->wide ? 0xfffff78000000000 : 0xffdf0000;
    dump_map(m, m->table, kernel, f, false);
    dump_map(m, m->table, 0x7ffe0000, f, true);
    const nt_info *nt = &nt_table[m->plan->nt];
    size_t n;
    put_text16(m, m->table, kernel + 0x30, "C:\\Windows", &n);
    dump_put_number(m, m->table, kernel + 8, m->plan->uptime, 8);
    dump_put_number(m, m->table, kernel + 0x14, m->plan->crashed, 8);
    dump_put_number(m, m->table, kernel + 0x264, 3, 4);
    dump_put_number(m, m->table, kernel + 0x268, 1, 1);
    dump_put_number(m, m->table, kernel + 0x26c, nt->major, 4);
    dump_put_number(m, m->table, kernel + 0x270, nt->minor, 4);
}

void dump_kernel_make(dump_memory *m)
{
    const dump_plan *p = m->plan;
    const dump_driver *kernel = vec_at(&p->drivers, 0);
    m->at = dump_offsets_of(p);
    m->nt = kernel->base;
    m->pool = m->wide ? 0xfffffa8001a00010 : 0x86000010;
    m->modules = m->nt + HEADS;
    m->processes = m->nt + HEADS + 0x20;
    m->debugger = m->nt + DEBUGGER;
    m->prcb = m->nt + PRCB;
    if (p->large_pages) {
        m->large_count = p->machine == DUMP_X86 ? 0x400 : 0x200;
        m->large_first = p->machine == DUMP_X86 ? 0x400 : 0x600;
    }
    m->table = dump_table_new(m, true);
    if (p->large_pages)
        dump_map_large(m, m->table, m->nt & ~(m->large_count * DUMP_PAGE - 1), (uint32_t)m->large_first);
    put_shared(m);
    put_modules(m);
    put_unloaded(m);
    put_stack(m);
    if ((p->code & ~0x10000000u) == 0x7e && p->parameters[2] == 0) {
        uint8_t context[3000], exception[0x98];
        m->record = dump_pool(m, sizeof exception);
        m->context = dump_pool(m, sizeof context);
        dump_exception(m, exception);
        dump_context(m, context);
        dump_put(m, m->table, m->record, exception, m->wide ? 0x98 : 0x50);
        dump_put(m, m->table, m->context, context, dump_context_size(m));
    }
    dump_put_number(m, m->table, m->pool + 0x40000, 0, 1);   /* the tables of the pool are there before processes share them */
    put_processes(m);
    put_debugger(m);
    static const uint8_t stop[] = { 0xcc, 0xcc, 0xcc, 0xcc };
    dump_put(m, m->table, m->nt + CODE_PAGE, stop, sizeof stop);
}
