/* The processes of a dump's memory.
 *
 * Where a field lies in EPROCESS differs with each version of Windows; a table of them is the caller's (profiles). It is not
 * trusted before the dump itself agrees: the debugger's block tells three of the offsets, and the first process is System. Where
 * no row agrees, the block's own offsets and what is known of System (its number, name, start) lead to the others. */
#include "format/crashdump_inside.h"

#define COMMAND_MOST 65534u
#define PATH_MOST    4096u
#define OBJECT_MOST  8192u
#define ENVIRONMENT_MOST 16384u
#define COMPUTER_MOST 63u                     /* letters of a computer's name */
#define PROCESSORS_MOST 2048u
#define BOOT_SLACK   (10 * MOMENT_MINUTE)     /* between the start of the machine and that of System, clock set meanwhile */

typedef struct { uint64_t at; uint8_t bytes[OBJECT_MOST]; size_t len; } object;

static uint64_t pointer_of(const crashdump *d, const object *o, uint32_t at)
{
    size_t n = d->head.wide ? 8 : 4;
    if (at > o->len || n > o->len - at)
        return 0;
    return d->head.wide ? le64(o->bytes + at) : le32(o->bytes + at);
}

static moment moment_of(const object *o, uint32_t at)
{
    return at && at + 8 <= o->len ? moment_from_filetime(le64(o->bytes + at)) : MOMENT_UNKNOWN;
}

/* So much of the object as one layout needs. */
static bool object_read(crashdump *d, uint64_t at, size_t len, object *o)
{
    o->at = at;
    o->len = len < OBJECT_MOST ? len : OBJECT_MOST;
    return crashdump_read(d, 0, at, o->bytes, o->len, NULL);
}

static size_t needed(const crashdump *d, const crashdump_layout *l)
{
    const uint32_t ends[] = { l->pid + 8, l->links + 16, l->image + 16, l->parent + 8, l->created + 8, l->exited + 8, l->peb + 8, l->audit_name + 8, l->table + 8 };
    size_t most = 0;
    (void)d;
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (ends[i] > most)
            most = ends[i];
    return most;
}

static bool is_system(crashdump *d, const crashdump_layout *l, uint64_t first)
{
    object o;
    return object_read(d, first - l->links, needed(d, l), &o) && pointer_of(d, &o, l->pid) == 4 && memcmp(o.bytes + l->image, "System\0", 7) == 0;
}

static bool block_agrees(const crashdump_debugger *kd, const crashdump_layout *l) { return kd->peb == l->peb && kd->parent == l->parent && kd->table == l->table; }

static const crashdump_layout *layout_of(crashdump *d, const crashdump_layout *layouts, size_t count, const crashdump_debugger *kd, uint64_t first, const char **name)
{
    bool told = kd->parent != 0;
    for (size_t i = 0; i < count; i++) {
        const crashdump_layout *l = &layouts[i];
        if (l->wide != d->head.wide || d->head.os_build < l->build_from || d->head.os_build > l->build_to)
            continue;
        if ((!told || block_agrees(kd, l)) && is_system(d, l, first)) {
            *name = l->name;
            return l;
        }
    }
    for (size_t i = 0; i < count && told; i++) {
        if (layouts[i].wide == d->head.wide && block_agrees(kd, &layouts[i]) && is_system(d, &layouts[i], first)) {
            *name = "inferred";
            return &layouts[i];
        }
    }
    return NULL;
}

/* ---- Offsets from the dump alone ---- */

static bool starts_when_booted(const crashdump *d, uint64_t t)
{
    if (!d->head.uptime_known || !moment_known(d->head.crashed) || d->head.uptime > d->head.crashed)
        return false;
    moment boot = d->head.crashed - d->head.uptime;
    return t + BOOT_SLACK > boot && t < boot + BOOT_SLACK;
}

/* System is the first: its number lies before its links, its object begins like a process, its page tables map the kernel. */
static bool find_system(crashdump *d, const crashdump_debugger *kd, uint64_t first, crashdump_layout *l)
{
    unsigned pointer = d->head.wide ? 8 : 4;
    uint64_t number;
    uint8_t probe;
    if (!crashdump_pointer(d, 0, first - pointer, &number) || number != 4)
        return false;
    for (uint32_t links = 0x40; links < kd->process_size && links < OBJECT_MOST; links += pointer) {
        object o;
        if (!object_read(d, first - links, kd->process_size, &o) || (o.bytes[0] & 0x7f) != 3 || pointer_of(d, &o, kd->parent) != 0)
            continue;
        uint64_t table = pointer_of(d, &o, kd->table);
        if (table == 0 || !crashdump_read(d, table, first, &probe, 1, NULL))
            continue;
        for (uint32_t at = links; at + 16 <= o.len; at++) {
            if (memcmp(o.bytes + at, "System\0\0", 8) == 0) {
                l->image = at;
                break;
            }
        }
        if (l->image == 0)
            continue;
        l->links = links;
        l->pid = links - pointer;
        for (uint32_t at = 0x20; at + 16 <= o.len && l->created == 0; at += 8) {
            if (starts_when_booted(d, le64(o.bytes + at)))
                l->created = at;
        }
        return true;
    }
    return false;
}

/* Of the second process: the one pointer that leads to a name of an object whose text is a path of a device. */
static void find_name(crashdump *d, uint64_t process, size_t size, crashdump_layout *l)
{
    object o;
    unsigned pointer = d->head.wide ? 8 : 4;
    if (!object_read(d, process, size, &o))
        return;
    for (uint32_t at = 0x40; at + pointer <= o.len; at += pointer) {
        uint64_t to = pointer_of(d, &o, at);
        const char *text = to && to % pointer == 0 ? crashdump_string(d, 0, to, 0, PATH_MOST) : NULL;
        if (text && strncmp(text, "\\Device\\", 8) == 0) {
            l->audit_name = at;
            return;
        }
    }
}

static bool infer(crashdump *d, const crashdump_debugger *kd, uint64_t first, uint64_t second, crashdump_layout *l)
{
    *l = (crashdump_layout){ .name = "inferred", .wide = d->head.wide, .peb = kd->peb, .parent = kd->parent, .table = kd->table };
    if (kd->parent == 0 || kd->table == 0 || kd->process_size < 0x100 || kd->parent >= kd->process_size || kd->peb >= kd->process_size || !find_system(d, kd, first, l))
        return false;
    if (second)
        find_name(d, second - l->links, kd->process_size, l);
    return true;
}

/* ---- The processes ---- */

/* Of texts "NAME=value", one after another, as far as they can be read. */
static const char *computer_of(crashdump *d, uint64_t table, uint64_t environment)
{
    static const char name[] = "COMPUTERNAME=";
    uint8_t units[ENVIRONMENT_MOST];
    size_t len = 0, step = 256;
    while (len < sizeof units && crashdump_read(d, table, environment + len, units + len, step - (environment + len) % step, NULL))
        len += step - (environment + len) % step;
    for (size_t at = 0, end; at + 2 <= len; at = end + 2) {
        for (end = at; end + 2 <= len && le16(units + end); end += 2)
            ;
        span one = span_of(units + at, end - at);
        if (one.len == 0)
            break;
        if (utf16_starts(one, name)) {
            span value = span_part(one, 2 * (sizeof name - 1), SIZE_MAX);
            return value.len && value.len <= 2 * COMPUTER_MOST ? utf16_text(d->mem, value) : NULL;
        }
    }
    return NULL;
}

/* What the process's own memory tells: PEB, parameters, strings. A 32-bit program on a 64-bit system has it there too. */
static void read_parameters(crashdump *d, uint64_t table, uint64_t peb, crashdump_process *out)
{
    bool wide = d->head.wide;
    uint64_t parameters, environment;
    uint8_t flags[4];
    if (peb == 0 || table == 0 || !crashdump_pointer(d, table, peb + (wide ? 0x20 : 0x10), &parameters) || parameters == 0 ||
        !crashdump_read(d, table, parameters + 8, flags, sizeof flags, NULL))
        return;
    out->command = crashdump_string(d, table, parameters + (wide ? 0x70 : 0x40), le32(flags) & 1 ? 0 : parameters, COMMAND_MOST);
    if (crashdump_pointer(d, table, parameters + (wide ? 0x80 : 0x48), &environment) && environment)
        out->computer = computer_of(d, table, environment);
}

static const char *name_of(crashdump *d, const object *o, uint32_t at)
{
    char text[16] = { 0 };
    for (size_t i = 0; i < 15 && at + i < o->len && o->bytes[at + i]; i++)
        text[i] = o->bytes[at + i] >= 0x20 && o->bytes[at + i] < 0x7f ? (char)o->bytes[at + i] : '?';
    return arena_str(d->mem, text);
}

static void read_process(crashdump *d, const crashdump_layout *l, const object *o, crashdump_process *out)
{
    uint64_t pid = pointer_of(d, o, l->pid), parent = pointer_of(d, o, l->parent), name = l->audit_name ? pointer_of(d, o, l->audit_name) : 0;
    *out = (crashdump_process){ .object = o->at, .pid = (uint32_t)pid, .parent = (uint32_t)parent, .parent_known = parent <= UINT32_MAX,
                                .name = name_of(d, o, l->image), .created = moment_of(o, l->created), .exited = moment_of(o, l->exited),
                                .table = pointer_of(d, o, l->table) };
    if (name)
        out->path = crashdump_string(d, 0, name, 0, PATH_MOST);
    if (l->peb)
        read_parameters(d, out->table, pointer_of(d, o, l->peb), out);
}

static uint64_t table_of(const crashdump *d, uint64_t table) { return d->head.machine == CRASHDUMP_X86_PAE ? table & ~0x1full : table & ~0xfffull; }

/* What each processor ran; the one that stopped used the header's page tables. NULL: it cannot be told. */
static crashdump_process *find_current(crashdump *d, const crashdump_debugger *kd, crashdump_process *all, size_t count)
{
    crashdump_process *only = NULL, *by_table = NULL;
    uint32_t processors = d->head.processors < PROCESSORS_MOST ? d->head.processors : PROCESSORS_MOST;
    size_t ran = 0, same = 0;
    for (uint32_t i = 0; i < processors && kd->processor_blocks && kd->current_thread && kd->thread_process; i++) {
        uint64_t block, thread, process;
        if (!crashdump_pointer(d, 0, kd->processor_blocks + (d->head.wide ? 8ull : 4ull) * i, &block) || !crashdump_pointer(d, 0, block + kd->current_thread, &thread) ||
            !crashdump_pointer(d, 0, thread + kd->thread_process, &process))
            continue;
        for (size_t k = 0; k < count; k++) {
            if (all[k].object != process)
                continue;
            ran++;
            only = &all[k];
            if (table_of(d, all[k].table) == table_of(d, d->head.table))
                return &all[k];
        }
    }
    if (processors == 1 && ran == 1)
        return only;
    for (size_t k = 0; k < count; k++) {
        if (table_of(d, all[k].table) == table_of(d, d->head.table)) {
            by_table = &all[k];
            same++;
        }
    }
    return same == 1 ? by_table : NULL;
}

static void read_processes(crashdump *d, const crashdump_layout *layouts, size_t layout_count)
{
    crashdump_debugger kd;
    crashdump_layout own;
    crashdump_debugger_block(d, &kd);
    uint64_t head = d->head.active_processes ? d->head.active_processes : kd.active_processes;
    if (head == 0) {
        problems_note(d->noted, "dump.list", PROBLEM_NO_CHUNK, 0, "nothing says where its list of processes begins");
        return;
    }
    vec entries;
    crashdump_list(d, head, "processes", &entries);
    uint64_t first = entries.count > 0 ? *(uint64_t *)vec_at(&entries, 0) : 0, second = entries.count > 1 ? *(uint64_t *)vec_at(&entries, 1) : 0;
    const crashdump_layout *l = first ? layout_of(d, layouts, layout_count, &kd, first, &d->layout_name) : NULL;
    if (first && !l && infer(d, &kd, first, second, &own)) {
        l = &own;
        d->layout_name = own.name;
    }
    if (first && !l)
        problems_note(d->noted, "dump.layout", PROBLEM_NO_CHUNK, 0, "how build %u of Windows keeps its processes is not known, and the dump does not tell", d->head.os_build);
    crashdump_process *all = l ? arena_array(d->mem, entries.count, sizeof *all) : NULL;
    size_t n = 0;
    for (size_t i = 0; all && i < entries.count; i++) {
        object o;
        if (object_read(d, *(uint64_t *)vec_at(&entries, i) - l->links, needed(d, l), &o))
            read_process(d, l, &o, &all[n++]);
        else
            problems_note(d->noted, "dump.process", PROBLEM_NO_CHUNK, 0, "a process of the list is not whole in the dump");
    }
    vec_done(&entries);
    crashdump_process *current = find_current(d, &kd, all, n);
    if (current)
        current->current = true;
    d->processes = all;
    d->process_count = n;
}

size_t crashdump_processes(crashdump *d, const crashdump_layout *layouts, size_t layout_count, const crashdump_process **out, const char **layout_name)
{
    if (!d->processes_read && d->pages) {
        d->processes_read = true;
        read_processes(d, layouts, layout_count);
    }
    *out = d->processes;
    *layout_name = d->layout_name;
    return d->process_count;
}
