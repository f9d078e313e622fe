#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static status failed(const char *what, const char *path)
{
    return status_fail(STATUS_IO, "cannot %s %.120s: %s", what, path, strerror(errno));
}

static bool write_all(int to, span bytes)
{
    while (bytes.len) {
        ssize_t n = write(to, bytes.at, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = span_part(bytes, (size_t)n, SIZE_MAX);
    }
    return true;
}

/* So that a rename survives a power failure; where a file system cannot do it, nothing is lost that was promised. */
static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)!fsync(fd);
        close(fd);
    }
}

/* `meant` is what the file will be called, and is told of. */
static status write_and_sync(const char *path, const char *meant, span bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0)
        return failed("write", meant);
    bool ok = write_all(fd, bytes) && fsync(fd) == 0;
    int kept = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        kept = errno;
    }
    errno = kept;
    return ok ? status_ok() : failed("write", meant);
}

status store_path(const char *path, span bytes)
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) + 1 : 0;
    char made[PATH_MAX];
    if (snprintf(made, sizeof made, "%.*s.%s.new", folder, path, path + folder) >= PATH_MAX)
        return status_fail(STATUS_IO, "the name of the folder is too long");
    status s = write_and_sync(made, path, bytes);
    if (status_is_ok(s) && rename(made, path) != 0)
        s = failed("write", path);
    if (!status_is_ok(s)) {
        unlink(made);
        return s;
    }
    snprintf(made, sizeof made, "%.*s", folder ? folder : 1, folder ? path : ".");
    sync_folder(made);
    return s;
}

status store_file(const char *folder, const char *name, span bytes)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s/%s", folder, name) >= PATH_MAX)
        return status_fail(STATUS_IO, "the name of the folder is too long");
    return store_path(path, bytes);
}

status store_write(const suyuan_case *c, moment made, const char *folder)
{
    if (mkdir(folder, 0777) != 0 && errno != EEXIST)
        return failed("make", folder);
    buf text;
    buf_init(&text, STORE_BYTES);
    status s = store_json(c, made, &text);
    if (status_is_ok(s))
        s = store_file(folder, "case.json", buf_bytes(&text));
    if (status_is_ok(s)) {
        arena tree;
        arena_init(&tree, 0);
        json *parsed;
        s = json_parse(&tree, buf_bytes(&text), &parsed);
        if (status_is_ok(s))
            s = store_sqlite(parsed, folder);
        arena_done(&tree);
    }
    buf_done(&text);
    return s;
}
