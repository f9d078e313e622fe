/* Checks that settings answer: what is set held against what is wanted. */
#include "audit/inside.h"

#include <strings.h>

void audit_answer(asking *q, audit_state state, const char *found, const char *note)
{
    q->r->state = state;
    q->r->found = found ? found : "";
    q->r->note = note ? note : "";
}

static bool one_of(const char *alternatives, const char *value)
{
    for (const char *at = alternatives; *at;) {
        size_t len = strcspn(at, "|");
        if (strlen(value) == len && strncasecmp(at, value, len) == 0)
            return true;
        at += len + (at[len] == '|');
    }
    return false;
}

static bool lists(const char *list, const char *word, size_t len)
{
    for (const char *at = list; *at;) {
        size_t n = strcspn(at, ",");
        if (n == len && strncasecmp(at, word, n) == 0)
            return true;
        at += n + (at[n] == ',');
    }
    return false;
}

static bool has_all(const char *list, const char *wanted)
{
    for (const char *at = wanted; *at;) {
        size_t len = strcspn(at, ",");
        if (!lists(list, at, len))
            return false;
        at += len + (at[len] == ',');
    }
    return true;
}

/* False: the value is not of the kind that can be compared so. */
static bool compare(const char *how, const char *found, const char *wanted, bool *holds)
{
    int64_t n, w;
    if (strcmp(how, "is") == 0 || strcmp(how, "each") == 0)
        return *holds = one_of(wanted, found), true;
    if (strcmp(how, "each-not") == 0)
        return *holds = !one_of(wanted, found), true;
    if (strcmp(how, "has") == 0)
        return *holds = has_all(found, wanted), true;
    if (!audit_number(found, &n) || !audit_number(wanted, &w))
        return false;
    if (strcmp(how, "least") == 0 || strcmp(how, "each-least") == 0)
        *holds = n >= w;
    else if (strcmp(how, "most") == 0)
        *holds = n <= w;
    else if (strcmp(how, "within") == 0)
        *holds = n >= 1 && n <= w;
    else if (strcmp(how, "least-or-zero") == 0)
        *holds = n == 0 || n >= w;
    else
        return false;
    return true;
}

bool audit_decided_by(const audit *a, asking *q, const char *key)
{
    for (const profile_node *n = profile_list(q->check, key); n; n = n->next) {
        const char *value = profile_text(n, "value");
        asking own = { 0 };
        const profile_node *chain = profile_list(n, "settings");
        answer r = audit_chain(a, chain, &own);
        bool absent = strcmp(value, "absent") == 0;
        if (!r.seen || r.unseen_before || (absent ? r.set : !r.value || strcasecmp(r.value, value) != 0))
            continue;
        for (size_t i = 0; i < own.act_count; i++)
            audit_rests_on(q, own.acts[i]);
        const char *name = NULL;
        for (; chain; chain = chain->next)
            name = chain->text;
        bool met = strcmp(key, "met_by") == 0;
        audit_answer(q, met ? AUDIT_PASSED : AUDIT_FAILED, arena_printf(a->mem, "%s: %s", name, absent ? "-" : r.value), met ? "check.note.met" : "check.note.undone");
        return true;
    }
    return false;
}

/* Every one that there is. */
static bool each(const audit *a, asking *q, const char *how)
{
    const profile_node *item = profile_list(q->check, "settings");
    const char *name = profile_text(item, "name"), *worst = NULL, *note = "", *good = NULL;
    size_t seen = 0, bad = 0, unknown = 0;
    for (size_t i = 0; i < a->setting_count; i++) {
        const act *x = audit_act(a, a->settings[i]);
        if (strcmp(audit_fact(x, "name"), name) != 0)
            continue;
        audit_rests_on(q, a->settings[i]);
        if (*audit_fact(x, "absent") && !*audit_fact(x, "of")) {
            audit_answer(q, AUDIT_PASSED, "", "");          /* there is none */
            return true;
        }
        seen++;
        const char *value = *audit_fact(x, "absent") ? audit_default(a, name, &note) : audit_fact(x, "value");
        bool holds = false;
        if (!value || !compare(how, value, q->r->wanted, &holds)) {
            unknown++;
        } else if (!holds) {
            bad++;
            worst = worst ? worst : strcmp(how, "each-not") == 0 ? arena_printf(a->mem, "%s=%s", audit_fact(x, "of"), value) : value;
            if (q->name_count < AUDIT_NAMES)
                q->names[q->name_count++] = audit_fact(x, "of");
        } else {
            good = value;
        }
    }
    if (!seen)
        audit_answer(q, AUDIT_UNDECIDED, "", "check.note.unseen");
    else if (bad)
        audit_answer(q, AUDIT_FAILED, arena_printf(a->mem, "%s (%zu/%zu)", worst, bad, seen), note);
    else if (unknown)
        audit_answer(q, AUDIT_UNDECIDED, "", *note ? note : "check.note.unlike");
    else
        audit_answer(q, AUDIT_PASSED, good, note);
    return true;
}

/* Nothing of the kind may be set, in any of the settings. */
static bool none(const audit *a, asking *q)
{
    size_t count = 0, unseen = 0;
    const char *first = NULL;
    for (const profile_node *n = profile_list(q->check, "settings"); n; n = n->next) {
        bool seen = false;
        for (size_t i = 0; i < a->setting_count; i++) {
            const act *x = audit_act(a, a->settings[i]);
            if (strcmp(audit_fact(x, "name"), profile_text(n, "name")) != 0)
                continue;
            seen = true;
            audit_rests_on(q, a->settings[i]);
            if (*audit_fact(x, "absent"))
                continue;
            count++;
            const char *value = audit_fact(x, "value"), *of = audit_fact(x, "of");
            first = first ? first : *value && strcmp(value, "0") != 0 ? arena_printf(a->mem, "%s = %s", of, value) : of;
        }
        unseen += !seen;
    }
    if (count)
        audit_answer(q, AUDIT_FAILED, count > 1 ? arena_printf(a->mem, "%s (+%zu)", first, count - 1) : first, "");
    else if (unseen)
        audit_answer(q, AUDIT_UNDECIDED, "", "check.note.unseen");
    else
        audit_answer(q, AUDIT_PASSED, "", "");
    return true;
}

bool audit_by_setting(const audit *a, asking *q)
{
    const char *how = profile_text(q->check, "compare");
    if (audit_decided_by(a, q, "met_by"))
        return true;
    if (strncmp(how, "each", 4) == 0)
        return each(a, q, how);
    if (strncmp(how, "none", 4) == 0)
        return none(a, q);
    if (audit_decided_by(a, q, "failed_by"))
        return true;
    answer r = audit_chain(a, profile_list(q->check, "settings"), q);
    bool holds;
    if (!r.value)
        audit_answer(q, AUDIT_UNDECIDED, "", r.note);
    else if (r.unseen_before)
        audit_answer(q, AUDIT_UNDECIDED, r.value, r.note);
    else if (!compare(how, r.value, q->r->wanted, &holds))
        audit_answer(q, AUDIT_UNDECIDED, r.value, "check.note.unlike");
    else
        audit_answer(q, holds ? AUDIT_PASSED : AUDIT_FAILED, r.value, r.note);
    return true;
}

bool audit_by_shape(const audit *a, asking *q)
{
    const char *shape = profile_text(q->check, "shape");
    return audit_accounts(a, q, shape) || audit_patches(a, q, shape) || audit_network(a, q, shape);
}
