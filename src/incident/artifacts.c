/* Where do artifacts lie? A hive does not say whose it is, but all that lies under one root - the path up to what every Windows
 * has in the same place - is one machine's. Identity makes an atom of each such place (identity.c). */
#include "incident/internal.h"

#include <ctype.h>
#include <stdlib.h>

bool log_is_artifact(const log_ref *log)
{
    static const char *const kinds[] = { "task", "job", "wmi", "bits", "link", "program", "file" };
    if (!log->channel || (log->computer && log->computer[0]))
        return false;
    if (strncmp(log->channel, "registry/", 9) == 0 || strncmp(log->channel, "crash-dump", 10) == 0)      /* of a file also with its type behind it */
        return true;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i], log->channel) == 0)
            return true;
    return false;
}

static bool is_artifact(const evidence_file *e)
{
    log_ref log = { e->id, e->path, "", e->channel };
    return e->read && (log_is_artifact(&log) || strcmp(e->kind, "registry") == 0);         /* a transaction log is its hive's */
}

static bool part_is(span part, const char *name)
{
    return part.len == strlen(name) && strncasecmp((const char *)part.at, name, part.len) == 0;
}

static bool part_in(span part, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (part_is(part, names[i]))
            return true;
    return false;
}

/* Folders that lie at the root of a system's drive; below them nothing tells machines apart. */
static bool is_top(span part)
{
    static const char *const names[] = { "windows", "winnt", "system32", "users", "documents and settings", "programdata", "program files",
                                         "program files (x86)", "winevt" };
    return part_in(part, names, sizeof names / sizeof *names);
}

/* Folders of collectors: they say how something was taken, not from where. */
static bool is_collectors(span part)
{
    static const char *const names[] = { "uploads", "auto", "ntfs", "lazy_ntfs", "file" };
    return part_in(part, names, sizeof names / sizeof *names);
}

static bool is_drive(span part)
{
    return part.len && isalpha(part.at[0]) && (part.len == 1 || (part.len == 2 && part.at[1] == ':') || part_is(span_part(part, 1, SIZE_MAX), "_drive"));
}

const char *root_of_path(const joined *j, const char *path, bool *anchored)
{
    buf out;
    buf_init(&out, SIZE_MAX);
    *anchored = false;
    for (const char *at = path; *at && !*anchored;) {
        const char *slash = strchr(at, '/');
        if (!slash)
            break;
        span part = span_of(at, (size_t)(slash - at));
        *anchored = is_top(part);
        if (is_drive(part))
            buf_printf(&out, "%c:/", tolower(part.at[0]));
        else if (!*anchored && !is_collectors(part) && !part_is(part, "RegBack"))
            buf_printf(&out, "%.*s/", (int)part.len, (const char *)part.at);
        at = slash + 1;
    }
    char *root = arena_text(j->mem, buf_bytes(&out));
    buf_done(&out);
    utf8_lower_ascii(root);
    return root;
}

char *windows_path(const joined *j, const char *path)
{
    char drive = 'c';
    const char *rest = NULL;
    for (const char *at = path; at && !rest;) {
        const char *slash = strchr(at, '/');
        span part = slash ? span_of(at, (size_t)(slash - at)) : span_str("");
        if (slash && is_drive(part)) {
            drive = (char)part.at[0];
            rest = slash + 1;
        } else if (slash && is_top(part)) {
            rest = at;
        }
        at = slash ? slash + 1 : NULL;
    }
    if (!rest)
        return NULL;
    char *out = arena_printf(j->mem, "%c:/%s", drive, rest);
    utf8_lower_ascii(out);
    return out;
}

static int texts(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int by_file(const void *a, const void *b)
{
    const artifact_file *l = a, *r = b;
    int order = texts(l->e->id, r->e->id);
    if (order == 0)
        order = texts(l->e->path, r->e->path);
    return order ? order : texts(l->e->unit, r->e->unit);
}

void artifacts_gather(joined *j)
{
    const evidence_file *const *e = j->evidence.at;
    for (size_t i = 0; i < j->evidence.count; i++) {
        if (!is_artifact(e[i]))
            continue;
        artifact_file *a = vec_push(&j->artifacts);
        *a = (artifact_file){ .e = e[i], .host = HOST_NONE, .place = UINT32_MAX };
        a->root = root_of_path(j, e[i]->path, &a->anchored);
    }
    vec_sort(&j->artifacts, by_file);
}

static int compare(const artifact_file *a, const char *file, const char *path)
{
    int order = texts(a->e->id, file);
    return order || !path ? order : texts(a->e->path, path);
}

artifact_file *artifacts_of(const joined *j, const char *file, const char *path, size_t *count)
{
    size_t low = 0, high = j->artifacts.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (compare(vec_at(&j->artifacts, middle), file, path) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < j->artifacts.count && compare(vec_at(&j->artifacts, end), file, path) == 0)
        end++;
    *count = end - low;
    return *count ? vec_at(&j->artifacts, low) : NULL;
}

size_t claim_hosts(const joined *j, const identity_claim *k, uint32_t *out, size_t most)
{
    size_t n = 0, count = 0;
    log_ref log = { k->file, "", k->computer, k->channel };
    const artifact_file *a = log_is_artifact(&log) ? artifacts_of(j, k->file, NULL, &n) : NULL;
    if (!a) {
        out[0] = host_of_name_in(j, k->file, k->computer);
        return out[0] != HOST_NONE;
    }
    for (size_t i = 0; i < n && count < most; i++) {
        bool there = a[i].host == HOST_NONE;
        for (size_t m = 0; m < count && !there; m++)
            there = out[m] == a[i].host;
        if (!there)
            out[count++] = a[i].host;
    }
    return count;
}
