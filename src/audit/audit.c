#include "audit/inside.h"

#include <stdio.h>
#include <strings.h>

static const profile_node *baseline_root(const profile *facts, const char *name, arena *mem)
{
    const char *file = arena_printf(mem, "baselines/%s", name);
    return file ? profile_root(facts, file) : NULL;
}

status audit_baseline(const profile *facts, const char *name, arena *mem)
{
    if (baseline_root(facts, name, mem))
        return status_ok();
    char known[160];
    size_t len = 0;
    const char *file;
    for (size_t i = 0; (file = profile_name(facts, i)); i++)
        if (strncmp(file, "baselines/", 10) == 0 && len < sizeof known)
            len += (size_t)snprintf(known + len, sizeof known - len, "%s%.*s", len ? ", " : "", (int)(strlen(file) - 14), file + 10);
    return status_fail(STATUS_NOT_FOUND, "there is no baseline of this name; there are: %s", len ? known : "none");
}

const char *audit_baseline_for(const profile *facts, const char *os_build)
{
    audit a = { 0 };
    audit_version_from(os_build, a.version, &a.version_parts);
    const char *file;
    for (size_t i = 0; a.version_parts >= 2 && (file = profile_name(facts, i)); i++) {
        if (strncmp(file, "baselines/", 10) != 0)
            continue;
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - 4), file);
        const profile_node *root = profile_root(facts, name);
        for (const profile_node *n = profile_list(root, "for"); n; n = n->next)
            if (audit_version_order(&a, n->text) == 0)
                return profile_text(root, "name");
    }
    return "seed";
}

static const profile_node *check_named(const profile_node *checks, const char *id)
{
    for (const profile_node *n = profile_list(checks, "checks"); n; n = n->next)
        if (strcmp(profile_text(n, "id"), id) == 0)
            return n;
    return NULL;
}

/* Whether the check is asked of this host at all. */
static bool applies(const audit *a, const profile_node *check)
{
    const char *since = profile_text(check, "since"), *until = profile_text(check, "until"), *role = profile_text(check, "role");
    const char *joined = profile_text(check, "joined"), *when = profile_text(check, "when");
    if (a->version_parts && since && audit_version_order(a, since) < 0)
        return false;
    if (until && (!a->version_parts || audit_version_order(a, until) > 0))
        return false;
    if (role && strcmp(role, a->h->role ? a->h->role : "") != 0)
        return false;
    if (joined && *a->joined && strcmp(joined, a->joined) != 0)
        return false;
    if (when) {
        answer r = audit_one(a, when, NULL, NULL);
        if (r.seen ? !r.set : strcmp(a->h->role ? a->h->role : "", "database") != 0)
            return false;
    }
    return true;
}

static const char *wanted_words(const audit *a, const profile_node *check, const char *wanted)
{
    static const struct { const char *compare, *format; } forms[] = {
        { "least", "\xe2\x89\xa5 %s" }, { "each-least", "\xe2\x89\xa5 %s" }, { "most", "\xe2\x89\xa4 %s" }, { "within", "1\xe2\x80\x93%s" }, { "least-or-zero", "\xe2\x89\xa5 %s" }, { "each-not", "\xe2\x89\xa0 %s" },
    };
    const char *how = profile_text(check, "compare"), *shape = profile_text(check, "shape");
    for (size_t i = 0; how && i < sizeof forms / sizeof *forms; i++)
        if (strcmp(how, forms[i].compare) == 0)
            return arena_printf(a->mem, forms[i].format, wanted);
    bool days = shape && (strcmp(shape, "updates") == 0 || strcmp(shape, "signatures") == 0 || strcmp(shape, "spare") == 0);
    return days ? arena_printf(a->mem, "\xe2\x89\xa4 %s d", wanted) : wanted;
}

/* ---- The command ---- */

static void put_command(buf *out, const char *form, const char *wanted, const char *name)
{
    int64_t kilobytes = 0;
    audit_number(wanted, &kilobytes);
    if (buf_bytes(out).len)
        buf_char(out, '\n');
    for (const char *at = form; *at;) {
        if (strncmp(at, "{wanted}", 8) == 0) {
            buf_printf(out, "%.*s", (int)strcspn(wanted, "|"), wanted);
            at += 8;
        } else if (strncmp(at, "{bytes}", 7) == 0) {
            buf_printf(out, "%lld", (long long)kilobytes * 1024);
            at += 7;
        } else if (strncmp(at, "{audit}", 7) == 0) {
            buf_printf(out, "%s%s%s", strstr(wanted, "success") ? "/success:enable" : "", strcmp(wanted, "success,failure") == 0 ? " " : "", strstr(wanted, "failure") ? "/failure:enable" : "");
            at += 7;
        } else if (name && strncmp(at, "{names}", 7) == 0) {
            buf_printf(out, "\"%s\"", name);
            at += 7;
        } else if (name && strncmp(at, "{quoted}", 8) == 0) {
            buf_printf(out, "'%s'", name);
            at += 8;
        } else {
            buf_char(out, *at++);
        }
    }
}

/* Names come from evidence: what a shell would read as more than a name is done by hand. */
static bool safe_name(const audit *a, const char *name)
{
    const char *safe = profile_text(profile_root(a->facts, "plan"), "safe");
    return *name && safe && strspn(name, safe) == strlen(name);
}

static const char *commands(const audit *a, const asking *q, const char *wanted)
{
    const profile_node *node = NULL;
    audit_for_version(a, profile_get(q->check, "commands"), &node);
    if (!node)
        return "";
    buf out;
    buf_init(&out, NOTE_VALUE * 4);
    for (const profile_node *n = node->kind == PROFILE_WORD ? node : node->first; n; n = node->kind == PROFILE_WORD ? NULL : n->next) {
        bool named = strstr(n->text, "{names}") || strstr(n->text, "{quoted}");
        for (size_t i = 0; named && i < q->name_count; i++)
            if (safe_name(a, q->names[i]))
                put_command(&out, n->text, wanted, q->names[i]);
        if (!named)
            put_command(&out, n->text, wanted, NULL);
    }
    const char *text = arena_text(a->mem, buf_bytes(&out));
    buf_done(&out);
    return text ? text : "";
}

/* ---- All of it ---- */

unsigned audit_points(severity s)
{
    static const unsigned weights[] = { [SEVERITY_INFO] = 0, [SEVERITY_LOW] = 1, [SEVERITY_MEDIUM] = 2, [SEVERITY_HIGH] = 5, [SEVERITY_CRITICAL] = 10 };
    return weights[s];
}

static bool ask(const audit *a, const profile_node *want, audit_result *r)
{
    const profile_node *check = check_named(a->checks, profile_text(want, "check"));
    if (!check || !applies(a, check))
        return false;
    const char *id = profile_text(check, "id"), *wanted = profile_text(want, "wanted"), *level = profile_text(want, "severity");
    const char *finding = profile_text(check, "finding");
    *r = (audit_result){
        .check = id, .state = AUDIT_UNDECIDED, .found = "", .wanted = wanted, .note = "", .command = "", .finding = finding ? finding : "weak-setting",
        .source = profile_text(want, "source"), .title = arena_printf(a->mem, "word.check.%s", id), .why = arena_printf(a->mem, "check.%s.why", id), .fix = arena_printf(a->mem, "check.%s.fix", id),
    };
    severity_from(level ? level : profile_text(check, "severity"), &r->severity);
    asking q = { .r = r, .check = check, .want = want };
    if (!(profile_text(check, "shape") ? audit_by_shape(a, &q) : audit_by_setting(a, &q)))
        return false;
    if (profile_true(check, "local") && strcmp(a->joined, "yes") == 0 && !*r->note)
        r->note = "check.note.local";
    if (profile_text(check, "joined") && !*a->joined && !*r->note)
        r->note = "check.note.domain-unknown";
    if (r->state != AUDIT_PASSED)
        r->command = commands(a, &q, wanted);
    r->wanted = wanted_words(a, check, wanted);
    r->sources = arena_array(a->mem, q.act_count ? q.act_count : 1, sizeof *r->sources);
    memcpy(r->sources, q.acts, q.act_count * sizeof *r->sources);
    r->source_count = q.act_count;
    return true;
}

size_t audit_run(const profile *facts, const char *baseline, const audit_host *h, arena *mem, audit_result **out, audit_score *score)
{
    audit a = { .facts = facts, .checks = profile_root(facts, "checks"), .h = h, .mem = mem };
    const profile_node *root = baseline_root(facts, baseline, mem), *wants = profile_get(root, "checks");
    *score = (audit_score){ 0 };
    *out = arena_array(mem, wants && wants->count ? wants->count : 1, sizeof **out);
    map_init(&a.defaults);
    audit_take(&a);
    size_t count = 0;
    for (const profile_node *n = wants && a.setting_count ? wants->first : NULL; n; n = n->next) {
        audit_result *r = &(*out)[count];
        if (!ask(&a, n, r))
            continue;
        count++;
        score->failed += r->state == AUDIT_FAILED;
        score->passed += r->state == AUDIT_PASSED;
        score->undecided += r->state == AUDIT_UNDECIDED;
        if (r->state != AUDIT_UNDECIDED)
            score->of += audit_points(r->severity);
        if (r->state == AUDIT_PASSED)
            score->points += audit_points(r->severity);
    }
    map_done(&a.defaults);
    return count;
}
