/* Is MS17-010 there? Were updates installed lately, and does anybody still make any?
 *
 * The driver in the evidence is the fact; the revision of Windows and of its rollups comes next, names of updates last: later ones
 * supersede them, and a patched host may list none of the names. A listed name proves; a missing one does not, unless nothing that
 * is listed is as new as the correction. */
#include "audit/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

typedef struct { const profile_node *row; const char *build; int64_t least; bool never; } fix;

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcasecmp(text + n - m, end) == 0;
}

static const profile_node *row_of(const audit *a, const uint32_t version[4])
{
    char build[48];
    snprintf(build, sizeof build, "%u.%u.%u", version[0], version[1], version[2]);
    for (const profile_node *n = profile_list(a->checks, "ms17_010"); n; n = n->next)
        if (strcmp(profile_text(n, "build"), build) == 0)
            return n;
    return NULL;
}

static int64_t least_of(const profile_node *row, int64_t revision)
{
    bool found;
    int64_t branch = profile_number(row, "branch", &found);
    if (found && revision >= branch)
        return profile_number(row, "branch_least", &found);
    return profile_number(row, "least", &found);
}

/* The service pack before the update: without it none fits. */
static bool pack_missing(const audit *a, const profile_node *row, asking *q)
{
    bool found;
    int64_t pack = profile_number(row, "service_pack", &found), has;
    if (!found)
        return profile_true(row, "never");
    answer r = audit_one(a, "os.service-pack", NULL, q);
    return r.value && audit_number(r.value, &has) && has / 256 < pack;
}

static bool born_fixed(const audit *a)
{
    return a->version_parts >= 3 && audit_version_order(a, profile_text(a->checks, "ms17_010_born_fixed")) >= 0;
}

/* By srv.sys itself: of several copies the one that Windows loads. */
static bool by_driver(const audit *a, asking *q)
{
    const act *driver = NULL;
    size_t place = 0;
    for (size_t i = 0; i < a->other_count; i++) {
        const act *x = audit_act(a, a->others[i]);
        const char *file = audit_fact(x, "file");
        bool loaded = ends_with(file, "drivers\\srv.sys") || ends_with(file, "drivers/srv.sys");
        if (strcmp(x->kind, "file.version") == 0 && loaded && *audit_fact(x, "version")) {
            driver = x;
            place = a->others[i];
            break;
        }
    }
    uint32_t v[4] = { 0 };
    size_t parts;
    if (!driver || !audit_version_from(audit_fact(driver, "version"), v, &parts) || parts < 4)
        return false;
    audit_rests_on(q, place);
    const char *found = arena_printf(a->mem, "srv.sys %s", audit_fact(driver, "version"));
    const profile_node *row = row_of(a, v);
    if (!row) {
        bool fixed = v[0] == 10 && v[2] >= 15063;
        audit_answer(q, fixed ? AUDIT_PASSED : AUDIT_UNDECIDED, found, fixed ? "check.note.by-version" : "check.note.version-unknown");
    } else if (pack_missing(a, row, q)) {
        audit_answer(q, AUDIT_FAILED, found, "check.note.never");
    } else {
        audit_answer(q, v[3] >= least_of(row, v[3]) ? AUDIT_PASSED : AUDIT_FAILED, found, "");
    }
    return true;
}

static bool by_revision(const audit *a, asking *q, const profile_node *row)
{
    int64_t revision;
    answer r = audit_one(a, "os.revision", NULL, q);
    if (!profile_true(row, "revision") || !r.value || !audit_number(r.value, &revision))
        return false;
    audit_answer(q, revision >= least_of(row, revision) ? AUDIT_PASSED : AUDIT_FAILED, arena_printf(a->mem, "%s.%lld", a->h->os_build, (long long)revision), "check.note.by-revision");
    return true;
}

static bool effective(const char *state)
{
    static const char *const words[] = { "installed", "permanent", "superseded" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(state, words[i]) == 0)
            return true;
    return false;
}

/* "RollupFix 7601.23714.1.4": whether it is new enough to hold the correction. */
static bool rollup_holds(const audit *a, const char *package, const profile_node *row)
{
    unsigned build, revision;
    return profile_true(row, "rollup") && sscanf(package, "RollupFix %u.%u", &build, &revision) == 2 && a->version_parts >= 3 && build == a->version[2]
        && (int64_t)revision >= least_of(row, revision);
}

/* Whether a package is new enough to hold the correction: numbers of updates grow, and rollups tell their revision. */
static bool may_hold(const audit *a, const char *package)
{
    bool found;
    int64_t number;
    unsigned build, revision;
    if (strncasecmp(package, "KB", 2) == 0 && audit_number(package + 2, &number))
        return number >= profile_number(a->checks, "ms17_010_first", &found);
    return sscanf(package, "RollupFix %u.%u", &build, &revision) == 2 && a->version_parts >= 3 && build != a->version[2];
}

static moment patch_time(const act *x)
{
    moment t = MOMENT_UNKNOWN;
    const char *installed = audit_fact(x, "installed");
    if (*installed)
        moment_parse(span_str(installed), &t);
    return moment_known(t) ? t : x->time;
}

static void by_packages(const audit *a, asking *q, const profile_node *row)
{
    size_t seen = 0, later = 0;
    moment newest = 0;
    const char *pending = NULL, *latest = "";
    for (size_t i = 0; i < a->other_count; i++) {
        const act *x = audit_act(a, a->others[i]);
        if (strcmp(x->kind, "patch") != 0)
            continue;
        const char *package = audit_fact(x, "package"), *state = audit_fact(x, "state");
        bool named = profile_has(row, "updates", package) || rollup_holds(a, package, row);
        seen++;
        if (named && effective(state)) {
            audit_rests_on(q, a->others[i]);
            audit_answer(q, AUDIT_PASSED, package, "check.note.by-package");
            return;
        }
        if (named && (strcmp(state, "install-pending") == 0 || strcmp(state, "partial") == 0)) {
            audit_rests_on(q, a->others[i]);
            pending = package;
        }
        moment t = patch_time(x);
        if (effective(state) && moment_known(t) && t > newest) {
            newest = t;
            latest = package;
        }
        later += effective(state) && may_hold(a, package);
    }
    moment since = MOMENT_UNKNOWN;
    moment_parse(span_str(profile_text(a->checks, "ms17_010_since")), &since);
    char day[MOMENT_TEXT] = "";
    if (newest) {
        moment_iso(newest, day);
        day[10] = 0;
    }
    const char *found = newest ? arena_printf(a->mem, "update.newest: %s (%s)", latest, day) : seen ? a->h->os_build : "";
    if (pending)
        audit_answer(q, AUDIT_FAILED, pending, "check.note.pending");
    else if (!seen)
        audit_answer(q, AUDIT_UNDECIDED, a->h->os_build, "check.note.unseen");
    else if (newest && newest < since)
        audit_answer(q, AUDIT_FAILED, found, "check.note.no-update-since");
    else if (!later)
        audit_answer(q, AUDIT_FAILED, found, "check.note.no-later");
    else
        audit_answer(q, AUDIT_UNDECIDED, found, "check.note.superseded");
}

/* SMBv1 that nobody answers on this host: what is missing cannot be reached through it. */
static bool smb1_off(const audit *a, asking *q)
{
    answer driver = audit_one(a, "smb1.driver", NULL, NULL), start = audit_one(a, "smb1.driver-start", NULL, NULL), server = audit_one(a, "smb1.server", NULL, NULL);
    if ((driver.seen && !driver.set) || (start.value && strcmp(start.value, "4") == 0)) {
        audit_one(a, "smb1.driver", NULL, q);
        audit_one(a, "smb1.driver-start", NULL, q);
        return true;
    }
    if (!server.value || strcmp(server.value, "0") != 0)
        return false;
    /* It counts from the next start on: the key must be older than the last shutdown. */
    asking own = { 0 };
    audit_one(a, "smb1.server", NULL, &own);
    answer stopped = audit_one(a, "os.shutdown", NULL, NULL);
    moment down = MOMENT_UNKNOWN, set = own.act_count ? audit_act(a, own.acts[0])->time : MOMENT_UNKNOWN;
    if (!stopped.value || !moment_parse(span_str(stopped.value), &down) || !moment_known(set) || set > down)
        return false;
    audit_rests_on(q, own.acts[0]);
    return true;
}

static bool scanned_vulnerable(const audit *a, asking *q)
{
    for (size_t i = 0; i < a->other_count; i++) {
        const act *x = audit_act(a, a->others[i]);
        if (strcmp(x->kind, "port.open") == 0 && strcmp(audit_fact(x, "vulnerable"), "ms17-010") == 0) {
            audit_rests_on(q, a->others[i]);
            audit_answer(q, AUDIT_FAILED, "smb-vuln-ms17-010", "check.note.scanned");
            return true;
        }
    }
    return false;
}

static void ms17_010(const audit *a, asking *q)
{
    const profile_node *row = a->version_parts >= 3 ? row_of(a, a->version) : NULL;
    if (scanned_vulnerable(a, q) || by_driver(a, q))
        ;
    else if (born_fixed(a))
        audit_answer(q, AUDIT_PASSED, a->h->os_build, "check.note.by-version");
    else if (!row)
        audit_answer(q, AUDIT_UNDECIDED, a->h->os_build, "check.note.version-unknown");
    else if (pack_missing(a, row, q))
        audit_answer(q, AUDIT_FAILED, a->h->os_build, "check.note.never");
    else if (!by_revision(a, q, row))
        by_packages(a, q, row);
    if (q->r->state != AUDIT_PASSED && smb1_off(a, q)) {
        q->r->severity = SEVERITY_MEDIUM;
        q->r->note = "check.note.not-reachable";
    }
}

static void updates(const audit *a, asking *q)
{
    moment newest = 0;
    size_t place = 0, seen = 0;
    for (size_t i = 0; i < a->other_count; i++) {
        const act *x = audit_act(a, a->others[i]);
        if (strcmp(x->kind, "patch") != 0)
            continue;
        seen++;
        moment t = patch_time(x);
        if (effective(audit_fact(x, "state")) && moment_known(t) && t > newest) {
            newest = t;
            place = a->others[i];
        }
    }
    answer last = audit_one(a, "update.installed", NULL, NULL);
    moment told = MOMENT_UNKNOWN;
    if (last.value && moment_parse(span_str(last.value), &told) && moment_known(told) && told > newest) {
        newest = told;
        audit_one(a, "update.installed", NULL, q);
    } else if (newest) {
        audit_rests_on(q, place);
    }
    int64_t days;
    if (!newest || !audit_number(q->r->wanted, &days)) {
        audit_answer(q, AUDIT_UNDECIDED, "", seen ? "check.note.no-time" : "check.note.unseen");
        return;
    }
    char text[MOMENT_TEXT];
    moment_iso(newest, text);
    text[10] = 0;
    if (!moment_known(a->as_of) || a->as_of < newest)
        audit_answer(q, AUDIT_UNDECIDED, arena_str(a->mem, text), "check.note.no-time");
    else
        audit_answer(q, (a->as_of - newest) / MOMENT_DAY <= (uint64_t)days ? AUDIT_PASSED : AUDIT_FAILED, arena_str(a->mem, text), "");
}

static void supported(const audit *a, asking *q)
{
    const char *end = NULL;
    for (const profile_node *n = profile_list(a->checks, "support"); n && a->version_parts >= 2; n = n->next) {
        uint32_t v[4];
        size_t parts;
        const char *build = profile_text(n, "build");
        if (audit_version_from(build, v, &parts) && parts <= a->version_parts && audit_version_order(a, build) == 0)
            end = profile_text(n, "end");
    }
    moment last = MOMENT_UNKNOWN;
    if (!end || !moment_parse(span_str(end), &last))
        audit_answer(q, AUDIT_UNDECIDED, a->h->os_build, "check.note.version-unknown");
    else if (!moment_known(a->as_of))
        audit_answer(q, AUDIT_UNDECIDED, end, "check.note.no-time");
    else
        audit_answer(q, a->as_of < last + MOMENT_DAY ? AUDIT_PASSED : AUDIT_FAILED, arena_printf(a->mem, "%s (%s)", a->h->os_build, end), "");
}

bool audit_patches(const audit *a, asking *q, const char *shape)
{
    if (strcmp(shape, "ms17-010") == 0)
        ms17_010(a, q);
    else if (strcmp(shape, "updates") == 0)
        updates(a, q);
    else if (strcmp(shape, "supported") == 0)
        supported(a, q);
    else
        return false;
    return true;
}
