/* Archives over any bytes: a file that is walked as evidence is, every member read to its end. */
#include "evidence/evidence.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { EXPANDED_BYTES = 32 << 20, PART = 1 << 16 };

static void require(bool kept)
{
    if (!kept)
        abort();
}

static char folder[256], file[300];

static void remove_folder(void)
{
    unlink(file);
    rmdir(folder);
}

static void make_folder(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.200s/suyuan-fuzz-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    require(mkdtemp(folder) != NULL);
    snprintf(file, sizeof file, "%s/evidence.bin", folder);
    atexit(remove_folder);
}

static void put_file(const uint8_t *data, size_t size)
{
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    require(fd >= 0 && (size == 0 || write(fd, data, size) == (ssize_t)size) && close(fd) == 0);
}

/* A path that stays where it belongs, and that no terminal takes for more than a name. */
static void check_path(const char *path)
{
    require(utf8_valid(span_str(path)) && *path != '/');
    for (const char *part = path; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
        size_t len = strcspn(part, "/");
        require(!(len == 2 && memcmp(part, "..", 2) == 0) && !(len == 1 && *part == '.'));
    }
    for (const char *c = path; *c; c++)
        require((uint8_t)*c >= ' ' && *c != 0x7f && *c != '\\');
}

static void read_all(const evidence_item *item)
{
    uint64_t at = 0;
    uint8_t *part = malloc(PART);
    sha256 *sum = sha256_begin();
    for (int64_t n; (n = item->source.read(item->source.context, at, part, PART)) > 0; at += (uint64_t)n) {
        require(n <= PART);
        sha256_add(sum, span_of(part, (size_t)n));
    }
    uint8_t hash[32];
    char text[65];
    sha256_end(sum, hash);
    hex_of(span_of(hash, sizeof hash), text);
    require(at == item->source.size && at == item->size);
    require(strcmp(text, item->sha256) == 0);
    free(part);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const paths[] = { file };
    const evidence_options how = { .password = size % 2 ? "infected" : NULL, .max_expanded = EXPANDED_BYTES };
    evidence_walk *walk;
    evidence_item item;
    uint64_t total = 0;
    if (!*folder)
        make_folder();
    put_file(data, size);
    require(status_is_ok(evidence_open(paths, 1, &how, &walk)));
    while (evidence_next(walk, &item)) {
        check_path(item.path);
        require(status_is_ok(item.state) || *item.state.words);
        require(!status_is_ok(item.state) || (item.source.read && strlen(item.sha256) == 64));
        if (status_is_ok(item.state) && item.type != EVIDENCE_ARCHIVE) {
            read_all(&item);
            total += item.member ? item.size : 0;
        }
        evidence_release(&item);
    }
    require(total <= EXPANDED_BYTES);
    evidence_close(walk);
    return 0;
}
