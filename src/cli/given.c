#include "cli/given.h"

#include "cli/console.h"
#include "format/evtx.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const uint8_t zstd_magic[] = { 0x28, 0xb5, 0x2f, 0xfd };

static bool ends_with(const char *name, const char *suffix)
{
    size_t n = strlen(name), s = strlen(suffix);
    return n > s && strcmp(name + n - s, suffix) == 0;
}

static given file_is(const char *path)
{
    uint8_t head[512];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t got = fd < 0 ? -1 : read(fd, head, sizeof head);
    if (fd >= 0)
        close(fd);
    if (ends_with(path, ".digest"))
        return GIVEN_DIGEST;
    if (got <= 0)
        return GIVEN_FILE;
    span bytes = span_of(head, (size_t)got);
    if (evtx_is(bytes))
        return GIVEN_LOG;
    if (bytes.len >= sizeof zstd_magic && memcmp(head, zstd_magic, sizeof zstd_magic) == 0)
        return GIVEN_DIGEST;
    return head[0] == '{' && memmem(head, bytes.len, "\"suyuan.case/", 13) ? GIVEN_CASE_FILE : GIVEN_FILE;
}

static given folder_is(const char *path)
{
    char file[PATH_MAX];
    struct stat about;
    if (snprintf(file, sizeof file, "%s/case.json", path) < PATH_MAX && stat(file, &about) == 0 && S_ISREG(about.st_mode) && file_is(file) == GIVEN_CASE_FILE)
        return GIVEN_CASE;
    DIR *dir = opendir(path);
    bool digests = false;
    for (struct dirent *e; dir && !digests && (e = readdir(dir)) != NULL; )
        digests = ends_with(e->d_name, ".digest");
    if (dir)
        closedir(dir);
    return digests ? GIVEN_DIGESTS : GIVEN_FOLDER;
}

given given_is(const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return GIVEN_NOTHING;
    return S_ISDIR(about.st_mode) ? folder_is(path) : S_ISREG(about.st_mode) ? file_is(path) : GIVEN_FILE;
}

int given_wrong(const call *c, const char *path, given is, const char *wanted)
{
    static const struct { const char *what, *takes; } kinds[] = {
        [GIVEN_NOTHING] = { "not there", "" },
        [GIVEN_CASE] = { "a case", "suyuan report takes it, and suyuan join the folder digests in it" },
        [GIVEN_CASE_FILE] = { "the case.json of a case", "suyuan report takes it" },
        [GIVEN_DIGEST] = { "a digest", "suyuan join takes it" },
        [GIVEN_DIGESTS] = { "a folder of digests", "suyuan join takes it" },
        [GIVEN_LOG] = { "an event log", "suyuan investigate takes it" },
        [GIVEN_FOLDER] = { "a folder of something else", "suyuan investigate takes evidence" },
        [GIVEN_FILE] = { "something else", "suyuan investigate takes evidence" },
    };
    return call_usage(c, "%s is %s, and not %s; %s", path, kinds[is].what, wanted, kinds[is].takes);
}

int given_there(const call *c, size_t count) { return given_there_from(c, 0, count); }

int given_there_from(const call *c, size_t first, size_t count)
{
    struct stat about;
    for (size_t i = first; i < first + count; i++)
        if (stat(call_paths(c)[i], &about) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
            console_say(stderr, "suyuan: %s: %s", call_paths(c)[i], strerror(errno));
            return VERB_USAGE;
        }
    return VERB_OK;
}

int given_evidence(const call *c)
{
    int there = given_there(c, call_path_count(c));
    if (there != VERB_OK)
        return there;
    for (size_t i = 0; i < call_path_count(c); i++) {
        const char *path = call_paths(c)[i];
        given is = given_is(path);
        if (is == GIVEN_CASE || is == GIVEN_CASE_FILE || is == GIVEN_DIGESTS || (is == GIVEN_DIGEST && ends_with(path, ".digest")))
            return given_wrong(c, path, is, "evidence");
    }
    return VERB_OK;
}
