#include "artifact_samples.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void path_of(const char *path, char out[4096])
{
    const char *told = getenv("SUYUAN_SAMPLES");
    snprintf(out, 4096, "%s/%s", told ? told : SOURCE_ROOT "/../shared/samples", path);
}

bool samples_there(void)
{
    char path[4096];
    path_of("extra/wmi", path);
    return access(path, R_OK) == 0;
}

static size_t walk(const char *path, bool raw, void (*each)(const char *, span, void *), void *context)
{
    char full[4096];
    size_t members = 0;
    struct archive *a = archive_read_new();
    struct archive_entry *entry;
    path_of(path, full);
    archive_read_support_filter_all(a);
    if (raw)
        archive_read_support_format_raw(a);
    else
        archive_read_support_format_all(a);
    if (archive_read_open_filename(a, full, 1 << 16) == ARCHIVE_OK) {
        while (archive_read_next_header(a, &entry) == ARCHIVE_OK) {
            buf bytes;
            uint8_t part[1 << 16];
            la_ssize_t n;
            buf_init(&bytes, (size_t)1 << 30);
            while ((n = archive_read_data(a, part, sizeof part)) > 0)
                buf_put(&bytes, part, (size_t)n);
            const char *name = archive_entry_pathname(entry);
            if (n == 0 && (raw || archive_entry_filetype(entry) == AE_IFREG)) {
                each(name ? name : "", buf_bytes(&bytes), context);
                members++;
            }
            buf_done(&bytes);
        }
    }
    archive_read_free(a);
    return members;
}

size_t sample_members(const char *archive, void (*each)(const char *, span, void *), void *context)
{
    return walk(archive, false, each, context);
}

typedef struct { arena *mem; const char *ending; span found; } wanted;

static void take(const char *name, span bytes, void *context)
{
    wanted *w = context;
    size_t len = strlen(name), end = strlen(w->ending);
    if (w->found.at == NULL && len >= end && strcmp(name + len - end, w->ending) == 0)
        w->found = arena_span(w->mem, bytes);
}

span sample(arena *mem, const char *path)
{
    wanted w = { mem, "", { 0 } };
    walk(path, true, take, &w);
    return w.found;
}

span sample_member(arena *mem, const char *archive, const char *ending)
{
    wanted w = { mem, ending, { 0 } };
    walk(archive, false, take, &w);
    return w.found;
}
