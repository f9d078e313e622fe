/* One artifact's pass: the questions asked of it one after the other, and their notes given as a log's are. */
#include "detect/artifact.h"

#include "detect/log.h"

#include <stdio.h>
#include <strings.h>

struct detect_artifact {
    const detect_run *run;
    arena mem, scratch, facts;
    detect_log log;
};

detect_artifact *detect_artifact_new(const detect_run *run, const char *file_id, const char *path, const char *channel)
{
    arena mem;
    arena_init(&mem, 0);
    detect_artifact *a = arena_alloc(&mem, sizeof *a);
    a->mem = mem;
    a->run = run;
    arena_init(&a->scratch, 0);
    arena_init(&a->facts, 0);
    log_init(&a->log, &a->mem, &a->scratch, run_passwords(run));
    a->log.facts = &a->facts;
    a->log.acts_most = ACTS_KEPT_OF_ARTIFACT / 2;
    a->log.acts_bytes = ACTS_BYTES_OF_ARTIFACT;
    a->log.ref = (log_ref){ arena_str(&a->mem, file_id), arena_str(&a->mem, path), "", arena_str(&a->mem, channel) };
    return a;
}

detect_log *detect_artifact_log(detect_artifact *a)
{
    return &a->log;
}

void detect_claim_at(detect_log *out, moment time, uint64_t record, const char *key, const char *value, const char *source, const char *strength)
{
    claim_note(out, record, time, key, value, source, strength);
}

/* ---- Whose profile a user's hive is ---- */

/* The part of a path that ends at `end`, and where it begins. */
static span part_before(const char *path, size_t end, size_t *begins)
{
    size_t from = end;
    while (from > 0 && path[from - 1] != '/' && path[from - 1] != '\\')
        from--;
    *begins = from;
    return span_of(path + from, end - from);
}

static bool part_is(span part, const char *name)
{
    return part.len == strlen(name) && strncasecmp((const char *)part.at, name, part.len) == 0;
}

/* The folder below the one that holds all profiles; the hive of LocalSystem lies in config. */
static const char *user_of_path(const char *path, arena *mem)
{
    static const char *const above[] = { "Users", "Documents and Settings", "ServiceProfiles" };
    size_t at = strlen(path);
    span below = part_before(path, at, &at);
    if (part_is(below, "DEFAULT"))
        return "systemprofile";
    while (at > 0) {
        span part = part_before(path, at - 1, &at);
        if (part_is(part, "systemprofile"))
            return "systemprofile";
        for (size_t i = 0; i < sizeof above / sizeof *above; i++)
            if (part_is(part, above[i]) && !part_is(below, "NTUSER.DAT") && !part_is(below, "UsrClass.dat"))
                return arena_text(mem, below);
        below = part;
    }
    return "";
}

/* A hive that was copied away from its place may still say it: the tail of the path it was loaded from is in its first block,
 * and the folders of the shell are its own. */
static const char *user_of_hive(const regf *hive, arena *mem)
{
    const char *tail = utf16_text(mem, utf16_trim(regf_about(hive).file_name));
    const char *user = tail ? user_of_path(tail, mem) : "";
    if (*user)
        return user;
    regf_key root = regf_root(hive);
    static const char *const names[] = { "Desktop", "Personal", "AppData" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *folder = regf_text_at(hive, &root, "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders", names[i], mem);
        user = folder ? user_of_path(folder, mem) : "";
        if (*user)
            return user;
    }
    return "";
}

/* ---- The view ---- */

/* The set that Windows runs from; of a hive that does not say, the first that there is. */
static bool control_set(const regf *hive, arena *mem, regf_key *out)
{
    regf_key root = regf_root(hive);
    uint64_t number;
    if (regf_number_at(hive, &root, "Select", "Current", &number) && number > 0 && number < 1000
        && regf_find(hive, &root, arena_printf(mem, "ControlSet%03u", (unsigned)number), out))
        return true;
    for (unsigned i = 1; i < 10; i++)
        if (regf_find(hive, &root, arena_printf(mem, "ControlSet%03u", i), out))
            return true;
    return false;
}

void detect_artifact_hive(detect_artifact *a, const regf *hive)
{
    hive_view view = { .hive = hive, .kind = regf_which(hive), .path = a->log.ref.path, .user = "", .mem = &a->mem };
    regf_key root = regf_root(hive);
    if (view.kind == REGF_SYSTEM)
        view.has_control = control_set(hive, &a->mem, &view.control);
    if (view.kind == REGF_SOFTWARE) {
        view.software = root;
        view.has_software = true;
    }
    if (view.kind == REGF_USER || view.kind == REGF_CLASSES) {
        view.user = user_of_path(view.path, &a->mem);
        if (!*view.user)
            view.user = user_of_hive(hive, &a->mem);
        view.has_software = view.kind == REGF_USER && regf_find(hive, &root, "Software", &view.software);
    }
    for (size_t i = 0; artifact_questions[i]; i++) {
        if (artifact_questions[i]->hive)
            artifact_questions[i]->hive(run_artifacts(a->run)[i], &view, &a->log);
        acts_commit(&a->log);
        arena_reset(&a->scratch);
    }
}

/* ---- Other artifacts ---- */

const char *detect_artifact_word(artifact_kind kind)
{
    static const char *const words[] = {
        [ARTIFACT_TASK] = "task", [ARTIFACT_JOB] = "job", [ARTIFACT_WMI] = "wmi", [ARTIFACT_BITS] = "bits", [ARTIFACT_LINK] = "link",
        [ARTIFACT_PROGRAM] = "program", [ARTIFACT_FILE] = "file",
    };
    return words[kind];
}

static bool is_top(span part)
{
    static const char *const names[] = { "Windows", "WINNT", "Users", "Documents and Settings", "ProgramData", "Program Files", "Program Files (x86)" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (part_is(part, names[i]))
            return true;
    return false;
}

/* "C", "C:" or "C_drive": the letter; 0 for anything else. */
static char drive_of(span part)
{
    char letter = part.len ? (char)(part.at[0] & ~0x20) : 0;
    bool is = letter >= 'A' && letter <= 'Z' && (part.len == 1 || (part.len == 2 && part.at[1] == ':') || part_is(span_part(part, 1, SIZE_MAX), "_drive"));
    return is ? letter : 0;
}

char *detect_artifact_where(const char *path, arena *mem)
{
    for (const char *at = path, *slash; (slash = strchr(at, '/')) != NULL; at = slash + 1) {
        span part = span_of(at, (size_t)(slash - at));
        char drive = drive_of(part);
        if (!drive && !is_top(part))
            continue;
        char *where = arena_printf(mem, "%c:\\%s", drive ? drive : 'C', drive ? slash + 1 : at);
        for (char *c = where; *c; c++)
            *c = *c == '/' ? '\\' : *c;
        return where;
    }
    return arena_str(mem, "");
}

bool detect_artifact_wants(const detect_run *run, artifact_kind kind, const char *path)
{
    arena mem;
    arena_init(&mem, 0);
    const char *where = detect_artifact_where(path, &mem);
    bool wanted = false;
    for (size_t i = 0; artifact_questions[i] && !wanted; i++)
        wanted = artifact_questions[i]->file && artifact_questions[i]->wants(run_artifacts(run)[i], kind, where, path);
    arena_done(&mem);
    return wanted;
}

status detect_artifact_file(detect_artifact *a, artifact_kind kind, span bytes, const wmi_files *wmi, problems *noted)
{
    file_view view = { .kind = kind, .path = a->log.ref.path, .where = detect_artifact_where(a->log.ref.path, &a->mem), .bytes = bytes, .wmi = wmi,
                       .noted = noted, .mem = &a->mem };
    status s = status_ok();
    for (size_t i = 0; artifact_questions[i] && status_is_ok(s); i++) {
        const artifact_question *q = artifact_questions[i];
        if (q->file && q->wants(run_artifacts(a->run)[i], kind, view.where, view.path))
            s = q->file(run_artifacts(a->run)[i], &view, &a->log);
        acts_commit(&a->log);
        arena_reset(&a->scratch);
    }
    return s;
}

status detect_artifact_dump(detect_artifact *a, source from, bool user, problems *noted)
{
    dump_view view = { .from = from, .user = user, .path = a->log.ref.path, .noted = noted, .mem = &a->mem };
    status s = status_ok();
    for (size_t i = 0; artifact_questions[i] && status_is_ok(s); i++) {
        if (artifact_questions[i]->dump)
            s = artifact_questions[i]->dump(run_artifacts(a->run)[i], &view, &a->log);
        acts_commit(&a->log);
        arena_reset(&a->scratch);
    }
    return s;
}

void detect_artifact_end(detect_artifact *a, const detect_sink *sink)
{
    claims_give(&a->log, sink);
    acts_give(&a->log, sink);
    for (size_t i = 0; sink->cut && i < a->log.cuts.count; i++) {
        const log_cut *c = vec_at(&a->log.cuts, i);
        sink->cut(sink->context, &a->log.ref, c->kind, c->dropped);
    }
    log_done(&a->log);
    arena_done(&a->scratch);
    arena_done(&a->facts);
    arena mem = a->mem;
    arena_done(&mem);
}
