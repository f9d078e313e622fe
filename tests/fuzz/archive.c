/* Any bytes as a file of evidence: recognised, and, where they are an archive, read with all that is nested in it. Every name
 * stays inside, is UTF-8 without control characters, and no member says more bytes than it gives. */
#include "evidence/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[] = "/tmp/suyuan-fuzz-XXXXXX", path[sizeof folder + 8];

static void remove_made(void)
{
    unlink(path);
    rmdir(folder);
}

static const char *made_path(void)
{
    if (!*path) {
        if (!mkdtemp(folder))
            abort();
        snprintf(path, sizeof path, "%s/file", folder);
        atexit(remove_made);
    }
    return path;
}

static void check_name(const char *name)
{
    if (!*name || *name == '/' || !utf8_valid(span_str(name)))
        abort();
    for (const char *c = name; *c; c++)
        if ((uint8_t)*c < 0x20 || *c == 0x7f)
            abort();
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
            abort();
    }
}

static void check_bytes(const evidence_item *item)
{
    static uint8_t block[1 << 16];
    uint64_t at = 0;
    int64_t n = 1;
    while (n > 0) {
        n = item->source.read(item->source.context, at, block, sizeof block);
        at += n > 0 ? (uint64_t)n : 0;
    }
    if (n < 0 || at != item->source.size || at != item->size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    FILE *to = fopen(made_path(), "wb");
    if (!to || fwrite(data, 1, size, to) != size || fclose(to) != 0)
        abort();
    const char *const paths[] = { path };
    const evidence_options options = { .password = "infected", .max_expanded = 16 << 20 };
    evidence_walk *walk;
    evidence_item item;
    if (!status_is_ok(evidence_open(paths, 1, &options, &walk)))
        abort();
    while (evidence_next(walk, &item)) {
        check_name(item.path);
        if (item.source.read)
            check_bytes(&item);
        else if (status_is_ok(item.state))
            abort();
        if (status_is_ok(item.state) && strlen(item.sha256) != 64)
            abort();
        evidence_release(&item);
    }
    evidence_close(walk);
    return 0;
}
