#include "survey/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PACKED_BYTES = 80 << 20 };            /* more than DIGEST_BYTES that did not compress */

typedef struct {
    const char *folder;
    const survey_options *o;
    status (*each)(void *context, digest *d, const char *name);
    void *context;
} folder_sink;

static status refused(const char *what)
{
    return status_fail(STATUS_IO, "%.150s: %s", what, strerror(errno));
}

static status write_all(int fd, span bytes, const char *path)
{
    while (bytes.len) {
        ssize_t n = write(fd, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return refused(path);
        bytes = span_part(bytes, (size_t)n, SIZE_MAX);
    }
    return fsync(fd) == 0 ? status_ok() : refused(path);
}

/* All of it or nothing is there under the final name, whenever the power goes. */
static status write_file(const char *folder, const char *name, span bytes)
{
    char path[PATH_MAX], part[PATH_MAX];
    int len = snprintf(path, sizeof path, "%s/%s.digest", folder, name);
    int part_len = snprintf(part, sizeof part, "%s/%s.%ld.part", folder, name, (long)getpid());
    if (len < 0 || part_len < 0 || (size_t)len >= sizeof path || (size_t)part_len >= sizeof part)
        return status_fail(STATUS_IO, "the path of the folder is too long");
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return refused(part);
    status s = write_all(fd, bytes, part);
    if (close(fd) != 0 && status_is_ok(s))
        s = refused(part);
    if (status_is_ok(s) && rename(part, path) != 0)
        s = refused(path);
    if (!status_is_ok(s)) {
        unlink(part);
        return s;
    }
    int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir >= 0) {
        fsync(dir);
        close(dir);
    }
    return s;
}

status survey_write(const char *folder, digest *d, char name[65])
{
    buf packed;
    buf_init(&packed, PACKED_BYTES);
    status s = digest_write(d, &packed);
    digest_name(d, name);
    if (status_is_ok(s))
        s = write_file(folder, name, buf_bytes(&packed));
    buf_done(&packed);
    return s;
}

static digest *read_file(const char *path)
{
    digest *d = NULL;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    buf bytes;
    buf_init(&bytes, PACKED_BYTES);
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size < PACKED_BYTES && buf_room(&bytes, (size_t)st.st_size + 1)) {
        ssize_t n = 1;
        while (n > 0 && bytes.len < bytes.room) {
            n = read(fd, bytes.at + bytes.len, bytes.room - bytes.len);
            bytes.len += n > 0 ? (size_t)n : 0;
        }
        if (n < 0 || !status_is_ok(digest_read(buf_bytes(&bytes), &d)))
            d = NULL;
    }
    close(fd);
    buf_done(&bytes);
    return d;
}

/* What the system refused may be given the next time, and a password that is right this time. */
static bool is_final(const digest *d, bool has_password)
{
    size_t count;
    const evidence_file *e = digest_evidence(d, &count);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < e[i].problem_count; j++) {
            const char *kind = e[i].problems[j].kind;
            if (strcmp(kind, "file.io") == 0 || (has_password && strcmp(kind, "file.encrypted") == 0))
                return false;
        }
    return true;
}

static digest *have(void *context, const char *name)
{
    const folder_sink *f = context;
    char path[PATH_MAX], told[65];
    int len = snprintf(path, sizeof path, "%s/%s.digest", f->folder, name);
    if (len < 0 || (size_t)len >= sizeof path)
        return NULL;
    digest *d = read_file(path);
    if (!d)
        return NULL;
    digest_name(d, told);
    if (strcmp(told, name) == 0 && is_final(d, f->o->password != NULL))
        return d;
    digest_free(d);
    return NULL;
}

static status each(void *context, digest *d, bool was_there)
{
    folder_sink *f = context;
    char name[65];
    status s = status_ok();
    if (was_there)
        digest_name(d, name);
    else
        s = survey_write(f->folder, d, name);
    if (status_is_ok(s) && f->each)
        return f->each(f->context, d, name);
    digest_free(d);
    return s;
}

static status make_folder(const char *folder)
{
    struct stat st;
    if (mkdir(folder, 0755) == 0)
        return status_ok();
    if (errno == EEXIST && stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
        return status_ok();
    if (errno == EEXIST)
        errno = ENOTDIR;
    return refused(folder);
}

/* The real path of what is there of it, and the rest behind it. */
static bool real_path(const char *path, char out[PATH_MAX])
{
    char there[PATH_MAX];
    if (realpath(path, out))
        return true;
    int len = snprintf(there, sizeof there, "%s", path);
    if (len < 0 || (size_t)len >= sizeof there)
        return false;
    while (len > 1 && there[len - 1] == '/')
        there[--len] = '\0';
    char *slash = strrchr(there, '/');
    const char *last = slash ? slash + 1 : there;
    if (slash == there) {
        snprintf(out, PATH_MAX, "%s", there);
        return true;
    }
    if (slash)
        *slash = '\0';
    if (!realpath(slash ? there : ".", out))
        return false;
    size_t used = strlen(out);
    return snprintf(out + used, PATH_MAX - used, "/%s", last) < (int)(PATH_MAX - used);
}

status survey_outside(const char *const *paths, size_t count, const char *folder)
{
    char out[PATH_MAX], in[PATH_MAX];
    if (!real_path(folder, out))
        return refused(folder);
    for (size_t i = 0; i < count; i++) {
        if (!realpath(paths[i], in))
            continue;
        size_t len = strcmp(in, "/") == 0 ? 0 : strlen(in);
        if (strncmp(out, in, len) == 0 && (out[len] == '\0' || out[len] == '/'))
            return status_fail(STATUS_BAD_INPUT, "%.90s lies in the evidence (%.90s): nothing is written there", folder, paths[i]);
    }
    return status_ok();
}

status survey_folder(const survey_options *o, const char *folder, status (*give)(void *context, digest *d, const char *name), void *context, survey_counts *out)
{
    folder_sink f = { .folder = folder, .o = o, .each = give, .context = context };
    const survey_sink sink = { .context = &f, .have = have, .each = each };
    status s = survey_outside(o->paths, o->path_count, folder);
    if (status_is_ok(s))
        s = make_folder(folder);
    if (status_is_ok(s))
        s = survey_run(o, &sink, out);
    return s;
}
