/* What our reader finds in the memory of a dump, one JSON object:  crash_lists FILE */
#define _POSIX_C_SOURCE 200809L
#include "detect/kernel_layouts.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t read_file(void *context, uint64_t at, void *out, size_t len) { return pread(*(const int *)context, out, len, (off_t)at); }

static void number(json_writer *w, const char *key, uint64_t n)
{
    json_key(w, key);
    json_u64(w, n);
}
static void text(json_writer *w, const char *key, const char *value)
{
    json_key(w, key);
    json_text(w, value);
}
static void time_of(json_writer *w, const char *key, moment t)
{
    json_key(w, key);
    if (moment_known(t))
        json_u64(w, t);
    else
        json_null(w);
}

static void put_lists(json_writer *w, crashdump *d, const crashdump_layout *layouts, size_t layout_count)
{
    const crashdump_module *modules;
    const crashdump_unloaded *gone;
    const crashdump_process *processes;
    const char *layout;
    size_t n = crashdump_modules(d, &modules);
    json_key(w, "modules");
    json_array(w);
    for (size_t i = 0; i < n; i++) {
        json_object(w);
        number(w, "base", modules[i].base);
        number(w, "size", modules[i].size);
        number(w, "stamp", modules[i].time_stamp);
        text(w, "path", modules[i].path);
        json_end_object(w);
    }
    json_end_array(w);
    n = crashdump_unloaded_modules(d, &gone);
    json_key(w, "unloaded");
    json_array(w);
    for (size_t i = 0; i < n; i++) {
        json_object(w);
        text(w, "name", gone[i].name);
        number(w, "from", gone[i].from);
        time_of(w, "at", gone[i].unloaded);
        json_end_object(w);
    }
    json_end_array(w);
    n = crashdump_processes(d, layouts, layout_count, &processes, &layout);
    text(w, "layout", layout);
    json_key(w, "processes");
    json_array(w);
    for (size_t i = 0; i < n; i++) {
        json_object(w);
        number(w, "pid", processes[i].pid);
        number(w, "parent", processes[i].parent);
        text(w, "name", processes[i].name);
        text(w, "path", processes[i].path);
        text(w, "command", processes[i].command);
        time_of(w, "created", processes[i].created);
        json_end_object(w);
    }
    json_end_array(w);
}

int main(int count, char **list)
{
    arena mem;
    profile *facts;
    const crashdump_layout *layouts;
    size_t layout_count;
    problems noted;
    crashdump *d;
    struct stat st;
    int file = count == 2 ? open(list[1], O_RDONLY) : -1;
    if (file < 0 || fstat(file, &st) != 0)
        return 2;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    if (!status_is_ok(profile_open(NULL, &mem, &facts)) || !status_is_ok(kernel_layouts_new(facts, &mem, &layouts, &layout_count)) ||
        !status_is_ok(crashdump_open(&mem, (source){ &file, read_file, (uint64_t)st.st_size }, &noted, &d)))
        return 1;
    buf out;
    buf_init(&out, 64 << 20);
    json_writer w;
    json_begin(&w, &out);
    json_object(&w);
    number(&w, "pages", crashdump_page_count(d));
    put_lists(&w, d, layouts, layout_count);
    number(&w, "problems", noted.count);
    json_end_object(&w);
    puts(buf_text(&out));
    buf_done(&out);
    arena_done(&mem);
    close(file);
    return 0;
}
