/* suyuan registry: the keys of registry hives. */
#include "cli/console.h"
#include "cli/given.h"
#include "cli/registry_print.h"
#include "cli/verb.h"
#include "evidence/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOGS = 3 };
#define HIVE_BYTES ((size_t)UINT32_MAX)

/* A hive, or a log of one, wherever it lies. */
typedef struct { const char *path; evidence_item item; } found;

typedef struct {
    registry_printer print;
    arena mem;
    const char *key, *nearest;
    bool deleted, no_logs, terminal;
    bool unreadable, broken, any_hive, any_key;
} registry;

static bool put(void *context, span bytes)
{
    registry *r = context;
    if (r->terminal && r->print.format == REGISTRY_REG) {
        buf text;
        buf_init(&text, SIZE_MAX / 4);
        utf16_utf8(bytes, &text);
        console_escape(stdout, buf_bytes(&text), true);
        buf_done(&text);
    } else if (r->terminal || r->print.format == REGISTRY_TABLE) {
        console_escape(stdout, bytes, true);     /* nothing in a name or value may steer the terminal */
    } else if (fwrite(bytes.at, 1, bytes.len, stdout) != bytes.len) {
        r->broken = true;
    }
    r->broken = r->broken || ferror(stdout) || (r->terminal && !console_ended());
    return !r->broken;
}

static void cannot_read(registry *r, const char *path, const char *why)
{
    console_say(stderr, "%s: not read: %s", path, why);
    r->unreadable = true;
}

enum { PROBLEMS_SHOWN = 20 };

static void tell(registry *r, const char *path, const problems *noted)
{
    /* A damaged hive has the same few things wrong in many places. */
    size_t shown = noted->count < PROBLEMS_SHOWN ? noted->count : PROBLEMS_SHOWN;
    for (size_t i = 0; i < shown; i++)
        console_say(stderr, "%s: %s at offset %llu: %s", path, noted->items[i].kind, (unsigned long long)noted->items[i].offset, noted->items[i].text);
    if (noted->count - shown + noted->dropped)
        console_say(stderr, "%s: %llu more problems", path, (unsigned long long)(noted->count - shown + noted->dropped));
    r->unreadable = r->unreadable || noted->count;
}

static void tell_state(const char *path, const regf *h, bool no_logs)
{
    regf_info about = regf_about(h);
    if (about.log_entries)
        console_say(stderr, "%s: %u log entries replayed, the last one is %u", path, about.log_entries, about.last_sequence);
    else if (about.dirty)
        console_say(stderr, "%s: dirty (sequence numbers %u and %u): its last changes %s", path, about.primary, about.secondary,
                    no_logs ? "were not taken from its logs" : "are in logs that are not here");
    if (about.transaction)
        console_say(stderr, "%s: a transaction was pending or expected; what it changes stands in .regtrans-ms files, which are not read", path);
}

/* ---- one hive ---- */

static bool is_below(const char *path, const char *key)
{
    span whole = span_str(path), part = span_str(key);
    return part.len == 0 || (whole.len >= part.len && strncasecmp(path, key, part.len) == 0 && (whole.len == part.len || path[part.len] == '\\'));
}

static const char *after_part(const char *path, const char *part)
{
    size_t len = strlen(part);
    return strncasecmp(path, part, len) == 0 && (path[len] == '\\' || path[len] == '\0') ? path + len + (path[len] == '\\') : NULL;
}

static const char *after_any_part(const char *path)
{
    size_t len = strcspn(path, "\\");
    return path + len + (path[len] == '\\');
}

/* A key as Windows calls it, below the root of this hive: without HKEY_LOCAL_MACHINE\SYSTEM, with the control set that is the
 * current one. NULL when it lies in another hive. */
static const char *below_root(const regf *h, const char *key, arena *mem)
{
    static const struct { const char *name; bool user; bool has_part; } roots[] = {
        { "HKEY_LOCAL_MACHINE", false, true }, { "HKLM", false, true }, { "HKEY_USERS", true, true }, { "HKU", true, true },
        { "HKEY_CURRENT_USER", true, false }, { "HKCU", true, false },
    };
    regf_kind kind = regf_which(h);
    const char *at = after_part(key, "Computer"), *rest = NULL;
    key = at ? at : key;
    for (size_t i = 0; i < sizeof roots / sizeof *roots && !rest; i++) {
        if (!(rest = after_part(key, roots[i].name)))
            continue;
        if (kind != REGF_OTHER && roots[i].user != (kind == REGF_USER))
            return NULL;
        if (!roots[i].user && kind != REGF_OTHER)
            rest = after_part(rest, regf_kind_word(kind));
        else if (roots[i].has_part)
            rest = after_any_part(rest);
        if (!rest)
            return NULL;
    }
    key = rest ? rest : key;
    regf_key root = regf_root(h);
    uint64_t current;
    const char *set = kind == REGF_SYSTEM ? after_part(key, "CurrentControlSet") : NULL;
    if (set && regf_number_at(h, &root, "Select", "Current", &current) && current <= 999)
        return arena_printf(mem, "ControlSet%03u%s%s", (unsigned)current, *set ? "\\" : "", set);
    return key;
}

static const char *with_backslashes(const char *key, arena *mem)
{
    char *out = arena_str(mem, key);
    for (char *p = out; *p; p++)
        *p = *p == '/' ? '\\' : *p;
    return out;
}

/* The longest beginning of a key that is in the hive: what the user is told when the whole is not. */
static void keep_nearest(registry *r, const regf *h, const char *key)
{
    regf_key root = regf_root(h), found;
    char *part = arena_str(&r->mem, key);
    for (char *cut; (cut = strrchr(part, '\\')) != NULL; ) {
        *cut = '\0';
        if (*part && regf_find(h, &root, part, &found)) {
            if (!r->nearest || strlen(part) > strlen(r->nearest))
                r->nearest = part;
            return;
        }
    }
}

static void print_hive(registry *r, const regf *h, arena *mem)
{
    regf_key root = regf_root(h), from;
    const char *forms[] = { r->key, below_root(h, r->key, mem), below_root(h, with_backslashes(r->key, mem), mem) };
    size_t form_count = sizeof forms / sizeof *forms;
    bool any = false;
    r->any_hive = true;
    for (size_t i = 0; i < form_count && !any; i++)
        if (forms[i] && regf_find(h, &root, forms[i], &from)) {
            any = true;
            registry_tree(&r->print, &from);
        }
    regf_lost *lost;
    size_t count = r->deleted ? regf_deleted(h, mem, &lost) : 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < form_count; k++)
            if (forms[k] && is_below(lost[i].path, forms[k])) {
                any = true;
                registry_lost(&r->print, &lost[i]);
                break;
            }
    r->any_key = r->any_key || any;
    for (size_t i = 1; i < form_count && !any; i++)
        if (forms[i])
            keep_nearest(r, h, forms[i]);
}

static void read_hive(registry *r, const char *path, span hive, const span *logs, size_t log_count)
{
    arena mem;
    problems noted;
    regf *h = NULL;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    status s = regf_log_is(hive) ? status_fail(STATUS_UNSUPPORTED, "a transaction log: name the hive that it belongs to")
                                 : regf_open(&mem, hive, logs, log_count, &noted, &h);
    if (status_is_ok(s)) {
        r->print.hive = h;
        print_hive(r, h, &mem);
        tell_state(path, h, r->no_logs);
        tell(r, path, &noted);
    } else {
        cannot_read(r, path, s.words);
    }
    arena_done(&mem);
}

/* ---- a hive that is a file, and logs beside it ---- */

static status read_file(int folder, const char *name, buf *out)
{
    struct stat st;
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    buf_init(out, HIVE_BYTES);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        status s = status_fail(STATUS_IO, "%s", fd < 0 ? strerror(errno) : "not a file");
        if (fd >= 0)
            close(fd);
        return s;
    }
    status s = status_ok();
    if (st.st_size < 0 || (uint64_t)st.st_size > HIVE_BYTES || !buf_room(out, (size_t)st.st_size + 1))
        s = status_fail(STATUS_LIMIT, "larger than a hive can be");
    while (status_is_ok(s) && out->len < (size_t)st.st_size) {
        ssize_t got = read(fd, out->at + out->len, (size_t)st.st_size - out->len);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            s = status_fail(STATUS_IO, "%s", strerror(errno));
        if (got <= 0)
            break;
        out->len += (size_t)got;
    }
    close(fd);
    return s;
}

/* Whether `name` is that of a log of `hive`: the same with .LOG, .LOG1, .LOG2 behind it, in any case of letters. */
static bool is_log_of(const char *name, const char *hive)
{
    static const char *const ends[] = { ".LOG", ".LOG1", ".LOG2" };
    size_t len = strlen(hive);
    if (strncasecmp(name, hive, len) != 0)
        return false;
    for (size_t i = 0; i < LOGS; i++)
        if (strcasecmp(name + len, ends[i]) == 0)
            return true;
    return false;
}

static size_t read_logs(const char *path, buf logs[LOGS])
{
    const char *slash = strrchr(path, '/'), *hive = slash ? slash + 1 : path;
    arena mem;
    arena_init(&mem, 0);
    DIR *folder = opendir(slash ? arena_text(&mem, span_of(path, (size_t)(slash - path) + 1)) : ".");
    size_t count = 0;
    for (struct dirent *at; folder && count < LOGS && (at = readdir(folder));)
        if (is_log_of(at->d_name, hive)) {
            if (status_is_ok(read_file(dirfd(folder), at->d_name, &logs[count])))
                count++;
            else
                buf_done(&logs[count]);
        }
    if (folder)
        closedir(folder);
    arena_done(&mem);
    return count;
}

static bool try_file(registry *r, const char *path)
{
    buf hive, logs[LOGS];
    span log_bytes[LOGS];
    status s = read_file(AT_FDCWD, path, &hive);
    bool is_hive = status_is_ok(s) && regf_is(buf_bytes(&hive));
    if (is_hive) {
        size_t count = r->no_logs ? 0 : read_logs(path, logs);
        for (size_t i = 0; i < count; i++)
            log_bytes[i] = buf_bytes(&logs[i]);
        read_hive(r, path, buf_bytes(&hive), log_bytes, count);
        for (size_t i = 0; i < count; i++)
            buf_done(&logs[i]);
    }
    buf_done(&hive);
    return is_hive;
}

/* ---- hives of a folder or an archive ---- */

static bool read_item(const found *f, buf *out)
{
    buf_init(out, HIVE_BYTES);
    if (f->item.size > HIVE_BYTES || !buf_room(out, f->item.size))
        return false;
    while (out->len < f->item.size) {
        int64_t got = f->item.source.read(f->item.source.context, out->len, out->at + out->len, f->item.size - out->len);
        if (got <= 0)
            break;
        out->len += (size_t)got;
    }
    return out->len == f->item.size;
}

static void read_found(registry *r, const vec *all, const found *f)
{
    buf hive, logs[LOGS];
    span log_bytes[LOGS];
    size_t count = 0;
    if (!read_item(f, &hive)) {
        cannot_read(r, f->path, "cannot be read to its end");
    } else if (!regf_log_is(buf_bytes(&hive))) {
        for (size_t i = 0; i < all->count && count < LOGS && !r->no_logs; i++) {
            const found *other = vec_at(all, i);
            if (!is_log_of(other->path, f->path))
                continue;
            if (read_item(other, &logs[count])) {
                log_bytes[count] = buf_bytes(&logs[count]);
                count++;
            } else {
                buf_done(&logs[count]);
            }
        }
        r->print.name = f->path;
        read_hive(r, f->path, buf_bytes(&hive), log_bytes, count);
        for (size_t i = 0; i < count; i++)
            buf_done(&logs[i]);
    }
    buf_done(&hive);
}

static void read_all(registry *r, const char *path)
{
    evidence_options options = { .kinds = EVIDENCE_KIND(EVIDENCE_REGISTRY) };
    evidence_walk *walk;
    evidence_item item;
    vec all;
    status s = evidence_open(&path, 1, &options, &walk);
    if (!status_is_ok(s)) {
        cannot_read(r, path, s.words);
        return;
    }
    vec_init(&all, sizeof(found));
    while (evidence_next(walk, &item)) {
        const char *name = arena_printf(&r->mem, "%s%s%s", item.unit, *item.unit ? "/" : "", item.path);
        if (item.type == EVIDENCE_REGISTRY && item.source.read) {
            *(found *)vec_push(&all) = (found){ .path = name, .item = item };
            continue;
        }
        if (!status_is_ok(item.state) && item.state.code != STATUS_UNSUPPORTED)
            cannot_read(r, name, item.state.words);
        evidence_release(&item);
    }
    for (size_t i = 0; i < all.count && !r->print.failed; i++)
        read_found(r, &all, vec_at(&all, i));
    for (size_t i = 0; i < all.count; i++)
        evidence_release(&((found *)vec_at(&all, i))->item);
    vec_done(&all);
    evidence_close(walk);
}

/* ---- the verb ---- */

static int no_key(const call *c, const registry *r)
{
    console_say(stderr, "suyuan registry: %s: no key %s%s%s", call_paths(c)[0], r->key, r->nearest ? "; the nearest above it is " : "", r->nearest ? r->nearest : "");
    return VERB_FAILED;
}

static int run(const call *c)
{
    unsigned format = REGISTRY_TABLE;
    call_word(c, "format", &format);
    const char *path = call_paths(c)[0];
    int there = given_there(c, 1);
    if (there != VERB_OK)
        return there;
    registry r = { .deleted = call_flag(c, "deleted"), .no_logs = call_flag(c, "no-logs"), .terminal = console_is_terminal(stdout) };
    arena_init(&r.mem, 0);
    r.key = call_path_count(c) > 1 ? call_paths(c)[1] : "";
    r.print = (registry_printer){ .format = (registry_format)format, .write = put, .context = &r };
    registry_begin(&r.print);
    if (!try_file(&r, path))
        read_all(&r, path);
    if (!registry_end(&r.print) || !console_ended())
        r.broken = true;
    int result = r.unreadable ? VERB_UNREADABLE : VERB_OK;
    if (r.broken)
        result = VERB_FAILED;
    else if (!r.any_hive && !r.unreadable)
        result = call_failed(c, status_fail(STATUS_NOT_FOUND, "%s: no registry hive", path));
    else if (r.any_hive && !r.any_key && *r.key)
        result = no_key(c, &r);
    arena_done(&r.mem);
    return result;
}

static const option options[] = {
    { 'f', "format", "table|jsonl|reg", "how keys are written; table when not given" },
    { 0, "deleted", NULL, "also keys and values that nothing refers to any more: deleted ones, and ones whose parents are lost" },
    { 0, "no-logs", NULL, "the hive as it lies, without what its transaction logs hold" },
};

const verb verb_registry = {
    .name = "registry",
    .summary = "write the keys and values of registry hives, with their last write times",
    .arguments = "PATH [KEY]",
    .description = "A PATH is a hive, or a folder or archive in which every hive is taken, by its content. A KEY is a path below the "
                   "root, such as ControlSet001\\Services\\Tcpip; it is written with all that lies below it. As Windows calls it will do: "
                   "HKLM\\SYSTEM\\CurrentControlSet\\Services is found in a SYSTEM hive, in the control set that is the current one, and / "
                   "separates as \\ does.\n\n"
                   "A hive that was copied while it was in use is completed from its transaction logs (.LOG, .LOG1, .LOG2 beside it) in "
                   "memory. Damage is told on standard error and costs what it must; the exit status is then 3.\n\n"
                   "Values that hold secrets or parts of the keys to them (password hashes, LSA secrets, cached logons, saved passwords) "
                   "are named with type and size, and withheld.\n\n"
                   "reg is UTF-16LE, as regedit writes it, below HKEY_LOCAL_MACHINE\\suyuan: imported there, it changes nothing that works.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = 2,
    .run = run,
};
