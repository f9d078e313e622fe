/* Checks of accounts: by number, never by a name that Windows translates. */
#include "audit/inside.h"

#include <stdio.h>
#include <strings.h>

enum { SPARE_LEAST_RID = 1000 };

static bool flagged(const act *x, const char *flag)
{
    size_t len = strlen(flag);
    for (const char *at = audit_fact(x, "flags"); *at;) {
        size_t n = strcspn(at, ",");
        if (n == len && strncmp(at, flag, n) == 0)
            return true;
        at += n + (at[n] == ',');
    }
    return false;
}

static bool enabled(const act *x)
{
    return strcmp(audit_fact(x, "enabled"), "yes") == 0;
}

/* The next account from *at on; NULL behind the last. */
static const act *next_account(const audit *a, size_t *at, size_t *place)
{
    while (*at < a->other_count) {
        *place = a->others[(*at)++];
        const act *x = audit_act(a, *place);
        if (strcmp(x->kind, "account") == 0 && *audit_fact(x, "enabled"))
            return x;
    }
    return NULL;
}

static const act *account_of(const audit *a, const char *rid, size_t *place)
{
    size_t at = 0;
    for (const act *x; (x = next_account(a, &at, place));)
        if (strcmp(audit_fact(x, "rid"), rid) == 0)
            return x;
    return NULL;
}

static void name_it(asking *q, const act *x)
{
    if (q->name_count < AUDIT_NAMES)
        q->names[q->name_count++] = audit_fact(x, "account");
}

static void one_account(const audit *a, asking *q, const char *rid, bool administrator)
{
    size_t place;
    const act *x = account_of(a, rid, &place);
    if (!x) {
        audit_answer(q, AUDIT_UNDECIDED, "", "check.note.unseen");
        return;
    }
    audit_rests_on(q, place);
    const char *name = audit_fact(x, "account");
    bool renamed = administrator && *name && !profile_has(a->checks, "administrator_names", name);
    if (!enabled(x) || renamed) {
        audit_answer(q, AUDIT_PASSED, name, enabled(x) ? "" : "check.note.disabled");
        return;
    }
    name_it(q, x);
    audit_answer(q, AUDIT_FAILED, name, "check.note.enabled");
}

/* Nobody logged on to it for so many days, or ever; of one that was just made nothing is said. */
static bool unused(const audit *a, const act *x, int64_t days)
{
    moment last = MOMENT_UNKNOWN, made = MOMENT_UNKNOWN;
    const char *logon = audit_fact(x, "last_logon"), *created = audit_fact(x, "created");
    if (*created)
        moment_parse(span_str(created), &made);
    if (*logon)
        moment_parse(span_str(logon), &last);
    moment since = moment_known(last) ? last : made;
    return moment_known(since) && since < a->as_of && (a->as_of - since) / MOMENT_DAY >= (uint64_t)days;
}

static void list_answer(const audit *a, asking *q, size_t count, const char *names)
{
    if (count)
        audit_answer(q, AUDIT_FAILED, count > AUDIT_NAMES ? arena_printf(a->mem, "%s (+%zu)", names, count - AUDIT_NAMES) : names, "");
    else
        audit_answer(q, AUDIT_PASSED, "", "");
}

static void several(const audit *a, asking *q, const char *shape)
{
    bool spare = strcmp(shape, "spare") == 0;
    int64_t days = 0;
    size_t at = 0, place, seen = 0, count = 0;
    const char *names = "";
    if (spare && (!moment_known(a->as_of) || !audit_number(q->r->wanted, &days))) {
        audit_answer(q, AUDIT_UNDECIDED, "", "check.note.no-time");
        return;
    }
    for (const act *x; (x = next_account(a, &at, &place)); seen++) {
        int64_t rid = 0;
        audit_number(audit_fact(x, "rid"), &rid);
        bool bad = enabled(x) && (spare ? rid >= SPARE_LEAST_RID && unused(a, x, days) : flagged(x, "no-password-needed") && !profile_has(a->checks, "own_rids", audit_fact(x, "rid")));
        if (!bad)
            continue;
        audit_rests_on(q, place);
        name_it(q, x);
        if (++count <= AUDIT_NAMES)
            names = arena_printf(a->mem, "%s%s%s", names, *names ? ", " : "", audit_fact(x, "account"));
    }
    if (!seen)
        audit_answer(q, AUDIT_UNDECIDED, "", "check.note.unseen");
    else
        list_answer(a, q, count, names);
}

bool audit_accounts(const audit *a, asking *q, const char *shape)
{
    if (strcmp(shape, "guest") == 0)
        one_account(a, q, "501", false);
    else if (strcmp(shape, "administrator") == 0)
        one_account(a, q, "500", true);
    else if (strcmp(shape, "spare") == 0 || strcmp(shape, "no-password") == 0)
        several(a, q, shape);
    else
        return false;
    return true;
}
