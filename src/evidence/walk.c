/* Lists what lies under the given paths and cuts it into units. Which unit a file falls into changes nothing of what is known
 * about it; but a digest should be one host's, and be called what the responder called the folder. */
#include "evidence/walk.h"

#include "base/progress.h"
#include "evidence/names.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DEEPEST = 128 };

/* A folder that is being listed: its unit, and where it lies in it (as bytes of the file system). */
typedef struct {
    const char *path;            /* of the file system */
    const char *unit, *unit_path;
    const char *inside;          /* "" at the unit's root */
    unsigned depth;
} place;

typedef struct { const char *name; mode_t mode; uint64_t size; status_code why; const char *words; } child;

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static char *parent_of(arena *mem, const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash != path ? arena_text(mem, span_of(path, (size_t)(slash - path))) : arena_str(mem, "/");
}

static const char *unit_name(evidence_walk *w, const char *path, bool archive)
{
    static const char *const endings[] = { ".zip", ".7z", ".rar", ".tar", ".tgz", ".txz", ".tbz2", ".gz", ".xz", ".bz2", ".zst", ".lz4", ".cab" };
    span name = span_str(last_part(path));
    for (bool again = archive; again;) {
        again = false;
        for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
            size_t len = strlen(endings[i]);
            if (name.len > len && strncasecmp((const char *)name.at + name.len - len, endings[i], len) == 0) {
                name.len -= len;
                again = true;
            }
        }
    }
    const char *wrong;
    return name.len ? name_logical(&w->mem, name, &wrong) : "root";
}

static walk_entry *add_entry(evidence_walk *w, const place *at, const char *name, uint64_t size)
{
    walk_entry *e = vec_push(&w->entries);
    const char *raw = *at->inside ? arena_printf(&w->mem, "%s/%s", at->inside, name) : name;
    e->pub = (evidence_entry){ .unit = at->unit, .unit_path = at->unit_path, .path = name_logical(&w->mem, span_str(raw), &e->wrong), .size = size };
    e->folder = at->path;
    e->name = arena_str(&w->mem, name);
    return e;
}

static void add_unread(evidence_walk *w, const place *at, const char *name, status_code why, const char *words)
{
    walk_entry *e = add_entry(w, at, name, 0);
    e->why = why;
    e->words = arena_str(&w->mem, words);
}

static int open_quietly(int folder, const char *name, int flags)
{
    /* Reading leaves no trace where the system allows that; only a file's owner may ask for it. */
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOATIME | flags);
    if (fd < 0 && errno == EPERM)
        fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | flags);
    return fd;
}

static int open_path(const char *folder, const char *name, int flags)
{
    char path[2 * PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s", strcmp(folder, "/") ? folder : "", name);
    if (len < 0 || (size_t)len >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open_quietly(AT_FDCWD, path, flags);
}

int walk_open_file(const walk_entry *e, uint64_t *size, status *why)
{
    struct stat st;
    int fd = open_path(e->folder, e->name, 0);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *size = (uint64_t)st.st_size;
        return fd;
    }
    *why = fd >= 0 ? status_fail(STATUS_UNSUPPORTED, "no file any more") : status_fail(STATUS_IO, "%s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return -1;
}

static const char *special_words(mode_t mode)
{
    if (S_ISLNK(mode))
        return "a link; not followed";
    return S_ISFIFO(mode) ? "a pipe; not opened" : S_ISSOCK(mode) ? "a socket; not opened" : "a device; not opened";
}

/* Lists a folder; false when it cannot be opened. The names live in `mem`. */
static bool list_folder(arena *mem, const char *path, vec *children)
{
    vec_init(children, sizeof(child));
    int fd = open_quietly(AT_FDCWD, path, O_DIRECTORY);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        int why = errno;
        if (fd >= 0)
            close(fd);
        errno = why;
        return false;
    }
    for (struct dirent *d = readdir(dir); d; d = readdir(dir)) {
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
            continue;
        struct stat st;
        child *c = vec_push(children);
        c->name = arena_str(mem, d->d_name);
        if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
            c->mode = st.st_mode;
            c->size = (uint64_t)st.st_size;
        } else {
            c->why = STATUS_IO;
            c->words = arena_str(mem, strerror(errno));
        }
    }
    closedir(dir);
    return true;
}

static place below(evidence_walk *w, const place *at, const char *name, bool new_unit)
{
    place p = *at;
    p.path = strcmp(at->path, "/") ? arena_printf(&w->mem, "%s/%s", at->path, name) : arena_printf(&w->mem, "/%s", name);
    p.depth = at->depth + 1;
    if (new_unit) {
        p.unit = unit_name(w, p.path, false);
        p.unit_path = p.path;
        p.inside = "";
    } else {
        p.inside = *at->inside ? arena_printf(&w->mem, "%s/%s", at->inside, name) : arena_str(&w->mem, name);
    }
    return p;
}

static evidence_type type_of(const char *folder, const char *name, uint64_t size)
{
    uint8_t first[EVIDENCE_FIRST];
    int fd = open_path(folder, name, 0);
    if (fd < 0)
        return EVIDENCE_OTHER;
    ssize_t len = pread(fd, first, sizeof first, 0);
    close(fd);
    return len < 0 ? EVIDENCE_OTHER : evidence_recognise(span_of(first, (size_t)len), size);
}

static void add_alone(evidence_walk *w, const char *folder, const char *name, uint64_t size)
{
    place p = { .path = folder, .inside = "" };
    p.unit_path = strcmp(folder, "/") ? arena_printf(&w->mem, "%s/%s", folder, name) : arena_printf(&w->mem, "/%s", name);
    p.unit = unit_name(w, p.unit_path, true);
    add_entry(w, &p, name, size)->alone = true;
}

/* True when the child is dealt with: named and no more. */
static bool add_special(evidence_walk *w, const place *at, const child *c)
{
    if (c->why != STATUS_OK)
        add_unread(w, at, c->name, c->why, c->words);
    else if (!S_ISREG(c->mode) && !S_ISDIR(c->mode))
        add_unread(w, at, c->name, STATUS_UNSUPPORTED, special_words(c->mode));
    else
        return false;
    return true;
}

static bool too_deep(evidence_walk *w, const place *at)
{
    if (at->depth < DEEPEST)
        return false;
    add_unread(w, at, "(deeper)", STATUS_LIMIT, "folders nested too deep; not entered");
    return true;
}

static bool cannot_list(evidence_walk *w, const place *at, vec *children, arena *names)
{
    if (list_folder(names, at->path, children))
        return false;
    add_unread(w, at, "(folder)", STATUS_IO, strerror(errno));
    return true;
}

/* All files below belong to one unit. */
static void add_whole(evidence_walk *w, const place *at)
{
    arena names;
    vec children;
    if (too_deep(w, at))
        return;
    arena_init(&names, 0);
    if (!cannot_list(w, at, &children, &names))
        for (size_t i = 0; i < children.count; i++) {
            const child *c = vec_at(&children, i);
            if (add_special(w, at, c))
                continue;
            if (S_ISDIR(c->mode)) {
                place p = below(w, at, c->name, false);
                add_whole(w, &p);
            } else {
                add_entry(w, at, c->name, c->size);
            }
        }
    vec_done(&children);
    arena_done(&names);
}

/* Whether this folder is one host's collection: it has the folders that every host has, or holds evidence itself. Notes and
 * archives that lie beside the folders of several hosts make no unit of them all. */
static bool is_unit(const place *at, const vec *children, evidence_type *types)
{
    bool is = false;
    for (size_t i = 0; i < children->count; i++) {
        const child *c = vec_at(children, i);
        if (S_ISDIR(c->mode) && name_is_system(c->name))
            return true;
        if (!S_ISREG(c->mode))
            continue;
        types[i] = type_of(at->path, c->name, c->size);
        is |= types[i] != EVIDENCE_ARCHIVE && types[i] != EVIDENCE_TEXT && types[i] != EVIDENCE_EMPTY && types[i] != EVIDENCE_OTHER
              && types[i] != EVIDENCE_PROGRAM && types[i] != EVIDENCE_LINK;          /* tools lie about everywhere */
    }
    return is;
}

static void add_units(evidence_walk *w, const place *at)
{
    arena names;
    vec children;
    if (too_deep(w, at))
        return;
    arena_init(&names, 0);
    if (cannot_list(w, at, &children, &names)) {
        vec_done(&children);
        arena_done(&names);
        return;
    }
    evidence_type *types = arena_array(&names, children.count + 1, sizeof *types);
    if (is_unit(at, &children, types)) {
        vec_done(&children);
        arena_done(&names);
        add_whole(w, at);
        return;
    }
    for (size_t i = 0; i < children.count; i++) {
        const child *c = vec_at(&children, i);
        if (add_special(w, at, c))
            continue;
        if (S_ISDIR(c->mode)) {
            place p = below(w, at, c->name, true);
            add_units(w, &p);
        } else if (types[i] == EVIDENCE_ARCHIVE) {
            add_alone(w, at->path, c->name, c->size);
        } else {
            add_entry(w, at, c->name, c->size);
        }
    }
    vec_done(&children);
    arena_done(&names);
}

/* The unit that a folder belongs to: itself, or, when it is called what it is called on every host, the folder above those.
 * So HOST1, HOST1/C/Windows/System32/winevt/Logs and a file in there give the same unit and the same logical paths. */
static place unit_of(evidence_walk *w, const char *folder)
{
    const char *top = folder;
    while (strcmp(top, "/") != 0 && name_is_system(last_part(top)))
        top = parent_of(&w->mem, top);
    const char *inside = folder + strlen(top);
    return (place){ .path = folder, .unit = unit_name(w, top, false), .unit_path = top, .inside = arena_str(&w->mem, *inside == '/' ? inside + 1 : inside) };
}

static void add_path(evidence_walk *w, const char *path)
{
    char real[PATH_MAX];
    struct stat st;
    if (!realpath(path, real) || stat(real, &st) != 0) {
        int why = errno;
        char *plain = arena_str(&w->mem, path);
        for (size_t len = strlen(plain); len > 1 && plain[len - 1] == '/';)
            plain[--len] = '\0';
        place p = { .path = "", .unit = unit_name(w, plain, false), .unit_path = plain, .inside = "" };
        add_unread(w, &p, last_part(plain), why == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, strerror(why));
        return;
    }
    if (S_ISDIR(st.st_mode)) {
        place p = unit_of(w, arena_str(&w->mem, real));
        if (*p.inside)
            add_whole(w, &p);
        else
            add_units(w, &p);
        return;
    }
    const char *folder = parent_of(&w->mem, real), *name = last_part(real);
    place p = unit_of(w, folder);
    if (!S_ISREG(st.st_mode))
        add_unread(w, &p, name, STATUS_UNSUPPORTED, special_words(st.st_mode));
    else if (type_of(folder, name, (uint64_t)st.st_size) == EVIDENCE_ARCHIVE)
        add_alone(w, folder, name, (uint64_t)st.st_size);
    else
        add_entry(w, &p, name, (uint64_t)st.st_size);
}

static int by_file(const void *a_, const void *b_)
{
    const walk_entry *a = a_, *b = b_;
    int order = strcmp(a->folder, b->folder);
    if (!order)
        order = strcmp(a->name, b->name);
    return order ? order : strcmp(a->pub.unit_path, b->pub.unit_path);
}

static int by_unit(const void *a_, const void *b_)
{
    const walk_entry *a = a_, *b = b_;
    int order = strcmp(a->pub.unit_path, b->pub.unit_path);
    if (!order)
        order = strcmp(a->pub.path, b->pub.path);
    return order ? order : by_file(a, b);
}

/* A file that two of the given paths lead to is there once. */
static void drop_doubles(evidence_walk *w)
{
    vec *v = &w->entries;
    vec_sort(v, by_file);
    size_t kept = v->count ? 1 : 0;
    for (size_t i = 1; i < v->count; i++) {
        const walk_entry *before = vec_at(v, kept - 1), *e = vec_at(v, i);
        if (strcmp(before->folder, e->folder) != 0 || strcmp(before->name, e->name) != 0 || !*e->folder)
            memmove(vec_at(v, kept++), e, v->each);
    }
    v->count = kept;
}

status evidence_open(const char *const *paths, size_t count, const evidence_options *o, evidence_walk **out)
{
    arena mem;
    arena_init(&mem, 0);
    evidence_walk *w = arena_alloc(&mem, sizeof *w);
    w->mem = mem;
    w->options = o ? *o : (evidence_options){ 0 };
    w->options.password = arena_str(&w->mem, w->options.password);
    if (w->options.max_expanded == 0)
        w->options.max_expanded = 1ull << 40;
    vec_init(&w->entries, sizeof(walk_entry));
    for (size_t i = 0; i < count; i++)
        add_path(w, paths[i]);
    drop_doubles(w);
    vec_sort(&w->entries, by_unit);
    for (size_t i = 0; i < w->entries.count; i++)
        w->total += ((const walk_entry *)vec_at(&w->entries, i))->pub.size;
    progress_expect(w->options.progress, w->total);
    *out = w;
    return status_ok();
}

void evidence_close(evidence_walk *w)
{
    if (!w)
        return;
    if (w->next_stream)
        evidence_stream_close(w->next_stream);
    vec_done(&w->entries);
    arena mem = w->mem;
    arena_done(&mem);
}

size_t evidence_count(const evidence_walk *w)
{
    return w->entries.count;
}

const evidence_entry *evidence_entry_at(const evidence_walk *w, size_t index)
{
    return &((const walk_entry *)vec_at(&w->entries, index))->pub;
}

uint64_t evidence_total(const evidence_walk *w)
{
    return w->total;
}
