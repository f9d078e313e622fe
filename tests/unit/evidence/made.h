/* Folders and archives made for tests, in a temporary folder that is removed at the end. */
#pragma once
#include "evidence/evidence.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

typedef struct { char path[256]; } made_folder;

static inline int make_folder(void **state)
{
    static made_folder f;
    const char *tmp = getenv("TMPDIR");
    snprintf(f.path, sizeof f.path, "%s/suyuan-test-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    *state = &f;
    return mkdtemp(f.path) ? 0 : -1;
}

static inline int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static inline int remove_folder(void **state)
{
    made_folder *f = *state;
    return nftw(f->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes a file, with the folders above it. */
static inline void put_file(const made_folder *f, const char *path, const void *bytes, size_t len)
{
    char full[1024];
    snprintf(full, sizeof full, "%s/%s", f->path, path);
    for (char *slash = strchr(full + strlen(f->path) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(full, 0700);
        *slash = '/';
    }
    FILE *to = fopen(full, "wb");
    assert_non_null(to);
    assert_int_equal(fwrite(bytes, 1, len, to), len);
    fclose(to);
}

static inline void put_text(const made_folder *f, const char *path, const char *text)
{
    put_file(f, path, text, strlen(text));
}

#define EVTX_BEGIN "ElfFile\0 not really, but it begins like a log"

static inline void put_evtx(const made_folder *f, const char *path)
{
    put_file(f, path, EVTX_BEGIN, sizeof EVTX_BEGIN);
}

/* An archive in memory. */
typedef struct { struct archive *to; uint8_t *bytes; size_t room, *len; } made_archive;

static inline made_archive archive_new(int (*format)(struct archive *), int (*filter)(struct archive *), size_t room, const char *options)
{
    made_archive a = { .to = archive_write_new(), .bytes = malloc(room), .room = room, .len = calloc(1, sizeof(size_t)) };
    assert_int_equal(format(a.to), ARCHIVE_OK);
    if (filter)
        assert_int_equal(filter(a.to), ARCHIVE_OK);
    if (options)
        assert_int_equal(archive_write_set_options(a.to, options), ARCHIVE_OK);
    return a;
}

static inline void archive_begin(made_archive *a)
{
    archive_write_set_bytes_in_last_block(a->to, 1);
    assert_int_equal(archive_write_open_memory(a->to, a->bytes, a->room, a->len), ARCHIVE_OK);
}

static inline void archive_add_zeros_behind(made_archive *a, const char *name, mode_t type, const void *bytes, size_t len, size_t zeros)
{
    if (utf8_valid(span_str(name)))
        setlocale(LC_CTYPE, "C.UTF-8");      /* for writing; reading must do without */
    struct archive_entry *e = archive_entry_new();
    archive_entry_copy_pathname(e, name);
    archive_entry_set_filetype(e, type);
    archive_entry_set_perm(e, 0644);
    archive_entry_set_size(e, (la_int64_t)(len + zeros));
    if (type == AE_IFLNK)
        archive_entry_copy_symlink(e, "/etc/passwd");
    assert_true(archive_write_header(a->to, e) >= ARCHIVE_WARN);
    if (len)
        assert_int_equal(archive_write_data(a->to, bytes, len), len);
    static const uint8_t nothing[1 << 16];
    for (size_t part; zeros; zeros -= part) {
        part = zeros < sizeof nothing ? zeros : sizeof nothing;
        assert_int_equal(archive_write_data(a->to, nothing, part), part);
    }
    archive_entry_free(e);
    setlocale(LC_CTYPE, "C");
}

static inline void archive_add(made_archive *a, const char *name, const void *bytes, size_t len)
{
    archive_add_zeros_behind(a, name, AE_IFREG, bytes, len, 0);
}

static inline span archive_end(made_archive *a)
{
    assert_true(archive_write_close(a->to) >= ARCHIVE_WARN);
    archive_write_free(a->to);
    a->to = NULL;
    return span_of(a->bytes, *a->len);
}

static inline void archive_drop(made_archive *a)
{
    free(a->bytes);
    free(a->len);
}

/* All items of a walk over one path of the made folder ("" for itself). */
typedef struct { evidence_walk *walk; evidence_item items[256]; size_t count; } walked;

static inline walked walk_with(const made_folder *f, const char *path, evidence_options o)
{
    walked w = { 0 };
    char full[1024];
    snprintf(full, sizeof full, "%s/%s", f->path, path);
    const char *paths[] = { full };
    assert_true(status_is_ok(evidence_open(paths, 1, &o, &w.walk)));
    while (w.count < 256 && evidence_next(w.walk, &w.items[w.count]))
        w.count++;
    return w;
}

static inline walked walk(const made_folder *f, const char *path)
{
    return walk_with(f, path, (evidence_options){ 0 });
}

static inline const evidence_item *item_at(const walked *w, const char *path)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcmp(w->items[i].path, path) == 0)
            return &w->items[i];
    for (size_t i = 0; i < w->count; i++)
        print_message("there is %s: %s\n", w->items[i].path, w->items[i].state.words);
    fail_msg("no item %s", path);
    return NULL;
}

static inline void assert_holds(const evidence_item *item, const void *bytes, size_t len)
{
    assert_true(status_is_ok(item->state));
    assert_int_equal(item->size, len);
    assert_int_equal(item->source.size, len);
    uint8_t *got = malloc(len + 1);
    assert_int_equal(item->source.read(item->source.context, 0, got, len + 1), len);
    assert_memory_equal(got, bytes, len);
    free(got);
}

static inline void walked_done(walked *w)
{
    for (size_t i = 0; i < w->count; i++)
        evidence_release(&w->items[i]);
    evidence_close(w->walk);
}
