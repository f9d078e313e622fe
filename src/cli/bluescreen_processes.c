/* The processes in a dump's memory: as a tree for a person, as a list for programs. Passwords of command lines are masked. */
#include "cli/bluescreen_print.h"

#include <stdio.h>

enum { SHOWN = 64, DEEPEST = 12, NONE = -1 };

static size_t processes_of(const dump_reading *r, const crashdump_process **all, const char **layout)
{
    return crashdump_processes(r->dump, NULL, 0, all, layout);      /* dump_read asked with layouts: the list is kept */
}

static const char *command_of(const crashdump_process *p, const bluescreen_options *o, arena *mem)
{
    return p->command ? mask_passwords(o->mask, p->command, mem) : NULL;
}

static void put_field(json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_text(w, value);
}

static void time_of(json_writer *w, const char *key, moment t)
{
    char text[MOMENT_TEXT];
    put_field(w, key, moment_known(t) ? moment_iso(t, text) : NULL);
}

void bluescreen_json_processes(json_writer *w, const dump_reading *r, const bluescreen_options *o)
{
    const crashdump_process *all;
    const char *layout;
    size_t count = processes_of(r, &all, &layout);
    arena mem;
    arena_init(&mem, 0);
    put_field(w, "process_offsets", layout);
    json_key(w, "processes");
    json_array(w);
    for (size_t i = 0; i < count; i++) {
        json_object(w);
        json_key(w, "pid");
        json_u64(w, all[i].pid);
        json_key(w, "parent");
        if (all[i].parent_known)
            json_u64(w, all[i].parent);
        else
            json_null(w);
        put_field(w, "name", all[i].name);
        put_field(w, "path", all[i].path);
        put_field(w, "command", command_of(&all[i], o, &mem));
        time_of(w, "created", all[i].created);
        time_of(w, "exited", all[i].exited);
        json_key(w, "current");
        json_bool(w, all[i].current);
        json_end_object(w);
    }
    json_end_array(w);
    arena_done(&mem);
}

/* Children of each, in order of the list; whoever started before and has the number is the parent. Returns the first without one. */
typedef struct { int parent, first, last, next; } branch;

static void link_places(const crashdump_process *all, size_t count, branch *at, int *roots)
{
    map by_pid;
    map_init(&by_pid);
    int last = NONE;
    *roots = NONE;
    for (size_t i = 0; i < count; i++) {
        bool was;
        uint64_t *n = map_put(&by_pid, span_of(&all[i].pid, sizeof all[i].pid), &was);
        *n = was ? *n : i;
        at[i] = (branch){ NONE, NONE, NONE, NONE };
    }
    for (size_t i = 0; i < count; i++) {
        const uint64_t *n = all[i].parent_known && all[i].parent ? map_find(&by_pid, span_of(&all[i].parent, sizeof all[i].parent)) : NULL;
        bool before = n && moment_known(all[*n].created) && moment_known(all[i].created) &&
                      (all[*n].created < all[i].created || (all[*n].created == all[i].created && *n < i));      /* an order: no circles */
        at[i].parent = before ? (int)*n : NONE;
        int *first = before ? &at[*n].first : roots, *end = before ? &at[*n].last : &last;
        if (*end == NONE)
            *first = (int)i;
        else
            at[*end].next = (int)i;
        *end = (int)i;
    }
    map_done(&by_pid);
}

static void put_process(const crashdump_process *p, unsigned depth, const bluescreen_options *o, buf *out)
{
    arena mem;
    char start[MOMENT_TEXT];
    arena_init(&mem, 0);
    const char *command = command_of(p, o, &mem);
    moment_iso(p->created, start);
    start[10] = start[10] == 'T' ? ' ' : start[10];
    buf_printf(out, "    %.19s%*s  %5u  %s", *start ? start : "-                  ", (int)(2 * (depth < DEEPEST ? depth : DEEPEST)), "", p->pid, p->path ? p->path : p->name);
    if (command)
        buf_printf(out, "  %s", command);
    buf_char(out, '\n');
    arena_done(&mem);
}

void bluescreen_put_processes(const dump_reading *r, const bluescreen_options *o, buf *out)
{
    const crashdump_process *all;
    const char *layout;
    size_t count = processes_of(r, &all, &layout), put = 0;
    if (count == 0)
        return;
    char number[24];
    snprintf(number, sizeof number, "%zu", count);
    bool inferred = layout && strcmp(layout, "inferred") == 0;
    buf_str(out, "  ");
    text_sentence(&(sentence){ inferred ? "dump.processes-inferred" : "dump.processes", (arg[]){ { "count", ARG_TEXT, number } }, 1 }, o->l, (text_zone){ 0, "UTC" }, out);
    buf_char(out, '\n');
    arena mem;
    int at;
    arena_init(&mem, 0);
    branch *places = arena_array(&mem, count, sizeof *places);
    link_places(all, count, places, &at);
    for (unsigned depth = 0; at != NONE && (o->all || put < SHOWN); put++) {
        put_process(&all[at], depth, o, out);
        if (places[at].first != NONE) {
            at = places[at].first;
            depth++;
            continue;
        }
        while (at != NONE && places[at].next == NONE) {
            at = places[at].parent;
            depth -= at != NONE;
        }
        at = at == NONE ? NONE : places[at].next;
    }
    if (put < count) {
        snprintf(number, sizeof number, "%zu", count - put);
        buf_str(out, "    ");
        text_sentence(&(sentence){ "dump.processes-more", (arg[]){ { "count", ARG_TEXT, number } }, 1 }, o->l, (text_zone){ 0, "UTC" }, out);
        buf_char(out, '\n');
    }
    arena_done(&mem);
}
