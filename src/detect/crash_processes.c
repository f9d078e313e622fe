/* What ran when the machine stopped? The processes in a dump's memory, judged as their starts in a log would be: those that
 * matter, with their ancestors and descendants. The dump shows what no log kept: it needs no auditing to have been on.
 *
 * A process whose path the dump does not hold is not judged by it: its short name says nothing of where it lies. */
#include "detect/artifact.h"
#include "detect/kernel_layouts.h"
#include "detect/process.h"

#include <strings.h>

enum { UP = 6, DOWN = 6, DRIVES = 32, NONE = -1 };

typedef struct { process_judge *judge; const crashdump_layout *layouts; size_t layout_count; } processes_run;

typedef struct {
    const crashdump_process *of;
    const char *image;                   /* with a drive's letter where the dump tells which volume it is */
    int parent;
    unsigned below;                      /* generations under a suspect, 1 for itself; 0: none */
    bool suspect, ancestor;
    process_verdict verdict;
} running;

static const char device[] = "\\Device\\";

/* Volumes and their letters. "\Device\HarddiskVolume2\x" and "C:\x" of one process are one file. */
typedef struct { struct { const char *volume; size_t len; char letter; } known[DRIVES]; size_t count; } drives;

static size_t volume_length(const char *path)
{
    if (strncasecmp(path, device, sizeof device - 1) != 0)
        return 0;
    const char *end = strchr(path + sizeof device - 1, '\\');
    return end ? (size_t)(end - path) : 0;
}

static char letter_of(const drives *d, const char *path, size_t volume)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->known[i].len == volume && strncasecmp(d->known[i].volume, path, volume) == 0)
            return d->known[i].letter;
    return 0;
}

static void learn(drives *d, const char *path, const char *dos)
{
    size_t volume = path ? volume_length(path) : 0, rest = volume ? strlen(path + volume) : 0;
    if (dos && *dos == '"')
        dos++;
    bool drive = dos && ((dos[0] >= 'A' && dos[0] <= 'Z') || (dos[0] >= 'a' && dos[0] <= 'z')) && dos[1] == ':';
    if (volume == 0 || !drive || strncasecmp(dos + 2, path + volume, rest) != 0 || letter_of(d, path, volume) || d->count == DRIVES)
        return;
    d->known[d->count].volume = path;
    d->known[d->count].len = volume;
    d->known[d->count++].letter = (char)(dos[0] & ~0x20);
}

/* The Windows folder as the system told all programs, in the page that they share with the kernel. */
static const char *windows_folder(crashdump *dump, arena *mem)
{
    uint8_t units[520];
    uint64_t at = crashdump_about(dump)->wide ? 0xfffff78000000030 : 0xffdf0030;
    return crashdump_read(dump, 0, at, units, sizeof units, NULL) ? utf16_text(mem, utf16_trim(span_of(units, sizeof units))) : NULL;
}

static void learn_drives(drives *d, crashdump *dump, const crashdump_process *all, size_t count, arena *mem)
{
    const char *folder = windows_folder(dump, mem);
    for (size_t i = 0; i < count; i++) {
        learn(d, all[i].path, all[i].command);
        const char *name = all[i].path ? strrchr(all[i].path, '\\') : NULL;
        if (folder && name && strcasecmp(name, "\\smss.exe") == 0)
            learn(d, all[i].path, arena_printf(mem, "%s\\System32%s", folder, name));
    }
}

static const char *image_of(const drives *d, const crashdump_process *p, arena *mem)
{
    size_t volume = p->path ? volume_length(p->path) : 0;
    char letter = volume ? letter_of(d, p->path, volume) : 0;
    if (letter)
        return arena_printf(mem, "%c:%s", letter, p->path + volume);
    return p->path ? p->path : p->name;
}

/* The parent by number: the one of that number that had started before. The number may be another's by now. */
static void find_parents(running *all, size_t count)
{
    map by_pid;
    map_init(&by_pid);
    for (size_t i = 0; i < count; i++) {
        bool was;
        uint64_t *at = map_put(&by_pid, span_of(&all[i].of->pid, sizeof all[i].of->pid), &was);
        *at = was ? *at : i;
    }
    for (size_t i = 0; i < count; i++) {
        const crashdump_process *p = all[i].of;
        const uint64_t *at = p->parent_known && p->parent ? map_find(&by_pid, span_of(&p->parent, sizeof p->parent)) : NULL;
        const crashdump_process *parent = at ? all[*at].of : NULL;
        bool before = parent && parent != p && moment_known(parent->created) && moment_known(p->created) && parent->created <= p->created;
        all[i].parent = before ? (int)*at : NONE;
    }
    map_done(&by_pid);
}

static void judge(const processes_run *run, running *all, size_t count, arena *mem)
{
    process_room *room = process_room_new(mem);
    for (size_t i = 0; i < count; i++) {
        const crashdump_process *p = all[i].of;
        const running *parent = all[i].parent != NONE ? &all[all[i].parent] : NULL;
        process_start s = { .record = i + 1, .time = p->created, .pid = p->pid, .parent_pid = p->parent_known ? p->parent : 0, .image = all[i].image, .command = p->command };
        if (parent && (parent->of->path || parent->of->pid == 4)) {
            s.parent = parent->image;
            s.parent_command = parent->of->command;
        }
        if (p->path)
            process_judge_start(run->judge, room, &s, mem, &all[i].verdict);
        all[i].suspect = all[i].verdict.suspect;
        all[i].below = all[i].suspect;
    }
    process_room_done(room);
}

static void mark_relatives(running *all, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (int up = 0, at = all[i].parent; all[i].suspect && up < UP && at != NONE && !all[at].ancestor; up++, at = all[at].parent)
            all[at].ancestor = true;
        unsigned depth = 1;
        for (int at = all[i].parent; !all[i].suspect && depth <= DOWN && at != NONE; at = all[at].parent, depth++) {
            if (all[at].suspect) {
                all[i].below = depth + 1;
                break;
            }
        }
    }
}

static void note(const running *all, size_t i, detect_log *out)
{
    const running *r = &all[i];
    const crashdump_process *p = r->of;
    const process_verdict *v = &r->verdict;
    if (!r->suspect && !r->ancestor && !r->below)
        return;
    detect_act_builder *a = detect_act_at(out, "process.start", i + 1, p->created, false);
    detect_fact_u64(a, "pid", p->pid);
    if (p->parent_known && p->parent)
        detect_fact_u64(a, "parent_pid", p->parent);
    detect_fact(a, "image", r->image);
    detect_fact(a, "command", p->command);
    if (r->parent != NONE) {
        detect_fact(a, "parent", all[r->parent].image);
        detect_fact(a, "parent_command", all[r->parent].of->command);
    }
    detect_fact(a, "role", r->suspect ? "suspect" : r->ancestor ? "ancestor" : "descendant");
    detect_fact(a, "looks", v->looks);
    detect_fact(a, "basis", "memory-dump");
    detect_fact_time(a, "exited", p->exited);
    if (r->suspect) {
        detect_fact(a, "family", v->family);
        detect_fact(a, "role_in_family", v->family_role);
        detect_fact(a, "decoded", v->decoded);
        detect_fact(a, "why", v->reasons);
        if (v->finding)
            detect_finding(a, v->finding, v->severity, v->confidence, v->techniques, v->text);
    }
    if (v->means) {
        a = detect_act_at(out, "remote.exec", i + 1, p->created, false);
        detect_fact(a, "means", v->means);
        detect_fact(a, "tool", v->tool);
        detect_fact(a, "command", p->command ? p->command : r->image);
        detect_fact(a, "file", r->image);
        detect_fact(a, "technique", v->means_technique);
        detect_fact(a, "client", v->client);
        detect_fact(a, "basis", "memory-dump");
        detect_finding(a, "remote-execution", v->means_severity, v->means_confidence, v->means_technique, v->means_text);
    }
}

/* The name that most of them have in their environment: a program may have been given another. */
static const char *computer_of(const crashdump_process *all, size_t count)
{
    map names;
    map_init(&names);
    const char *most = NULL;
    uint64_t times = 0;
    for (size_t i = 0; i < count; i++) {
        if (!all[i].computer)
            continue;
        uint64_t *n = map_put(&names, span_str(all[i].computer), &(bool){ false });
        if (++*n > times) {
            times = *n;
            most = all[i].computer;
        }
    }
    map_done(&names);
    return most;
}

static status setup(const detect_setup *s, void **out)
{
    processes_run *run = arena_alloc(s->mem, sizeof *run);
    status st = kernel_layouts_new(s->facts, s->mem, &run->layouts, &run->layout_count);
    *out = run;
    return status_is_ok(st) ? process_judge_new(s->facts, s->mem, &run->judge) : st;
}

/* What is wrong with the dump is noted where the crash is read from it (crash_dump.c). */
static status read_dump(const void *context, const dump_view *v, detect_log *out)
{
    const processes_run *run = context;
    if (v->user)
        return status_ok();
    crashdump *dump;
    problems noted;
    problems_init(&noted, v->mem);
    status st = crashdump_open(v->mem, v->from, &noted, &dump);
    if (!status_is_ok(st) || !crashdump_has_memory(dump))
        return st;
    const crashdump_process *list;
    const char *layout;
    size_t count = crashdump_processes(dump, run->layouts, run->layout_count, &list, &layout);
    running *all = arena_array(v->mem, count, sizeof *all);
    drives known = { .count = 0 };
    learn_drives(&known, dump, list, count, v->mem);
    for (size_t i = 0; i < count && all; i++)
        all[i] = (running){ .of = &list[i], .image = image_of(&known, &list[i], v->mem), .parent = NONE };
    if (!all)
        return st;
    find_parents(all, count);
    judge(run, all, count, v->mem);
    mark_relatives(all, count);
    for (size_t i = 0; i < count; i++)
        note(all, i, out);
    const char *computer = computer_of(list, count);
    if (computer && moment_known(crashdump_about(dump)->crashed))
        detect_claim_at(out, crashdump_about(dump)->crashed, 1, "name", computer, "crash dump", "strong");
    return st;
}

const artifact_question question_crash_processes = { .name = "crash-processes", .setup = setup, .dump = read_dump };
