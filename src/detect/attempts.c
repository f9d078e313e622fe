#include "detect/attempts.h"

#include "detect/mask.h"
#include "detect/looks.h"

#include <stdio.h>
#include <strings.h>

enum { TEXTS = 13, TEXT_MOST = 512 };

struct attempt_facts {
    const profile_node *root, *mistyped, *guessing;
    uint64_t failures;
    moment window, same_try;
    size_t most, slips, tries;
};

typedef struct { uint32_t count; moment first, last; } failures;
typedef struct { uint32_t place, account; } success;         /* failures that were known when this place and account last succeeded */

struct attempts {
    const attempt_facts *facts;
    map by_place, by_account;            /* index into counts */
    vec counts;                          /* failures */
    map succeeded; vec successes;        /* index into successes */
    map sessions;
    held_attempt held[ATTEMPT_HELD];
    size_t oldest, waiting;              /* a ring in order of arrival */
};

status attempt_facts_new(const profile *facts, arena *mem, attempt_facts **out)
{
    attempt_facts *f = arena_alloc(mem, sizeof *f);
    f->root = profile_root(facts, "logons");
    f->mistyped = profile_get(f->root, "mistyped");
    f->guessing = profile_root(facts, "guessing");
    bool found;
    f->failures = (uint64_t)profile_number(profile_get(f->root, "guessed"), "failures", &found);
    f->window = (moment)profile_duration(f->mistyped, "window", &found) * MOMENT_SECOND;
    f->most = (size_t)profile_number(f->mistyped, "most", &found);
    f->tries = (size_t)profile_number(f->mistyped, "tries", &found);
    f->slips = (size_t)profile_number(f->mistyped, "slips", &found);
    f->same_try = (moment)profile_duration(f->root, "same_try", &found) * MOMENT_SECOND;
    *out = f;
    return f->root ? status_ok() : status_fail(STATUS_BAD_INPUT, "profiles/logons.yml is missing");
}

static const char *name_of(const char *account)
{
    const char *slash = account ? strrchr(account, '\\') : NULL;
    return slash ? slash + 1 : account ? account : "";
}

static bool begins(const char *text, const char *with)
{
    size_t n = strlen(with);
    return n && with[n - 1] == '*' ? strncasecmp(text, with, n - 1) == 0 : strcasecmp(text, with) == 0;
}

bool attempt_of_system(const attempt_facts *f, const char *account, const char *sid)
{
    const char *name = name_of(account);
    size_t n = strlen(name);
    if (n && name[n - 1] == '$')
        return true;
    if (sid && *sid) {
        if (profile_has(f->root, "own_sids", sid))
            return true;
        for (const profile_node *s = profile_list(f->root, "own_sid_beginnings"); s; s = s->next)
            if (strncmp(sid, s->text, strlen(s->text)) == 0)
                return true;
    }
    for (const profile_node *o = profile_list(f->root, "own_names"); o; o = o->next)
        if (begins(name, o->text))
            return true;
    return false;
}

attempts *attempts_new(const attempt_facts *f, arena *mem)
{
    attempts *a = arena_alloc(mem, sizeof *a);
    a->facts = f;
    vec_init(&a->counts, sizeof(failures));
    vec_init(&a->successes, sizeof(success));
    return a;
}

/* Copies. */
static const char **texts_of(attempt *t, const char **list[TEXTS])
{
    const char **all[TEXTS] = { &t->protocol, &t->account, &t->sid, &t->source, &t->workstation, &t->type, &t->package, &t->reason, &t->process,
                                &t->logon, &t->port, &t->elevated, &t->via };
    memcpy(list, all, sizeof all);
    return list[0];
}

void attempt_keep(held_attempt *h, const event *ev, const attempt *t)
{
    if (!h->text.limit)
        buf_init(&h->text, TEXTS * (TEXT_MOST + 1));
    buf_clear(&h->text);
    h->is = *t;
    h->ev = *ev;
    h->ev.view = NULL;
    h->used = true;
    const char **list[TEXTS];
    size_t at[TEXTS];
    texts_of(&h->is, list);
    for (size_t i = 0; i < TEXTS; i++) {
        at[i] = h->text.len;
        if (*list[i])
            buf_put(&h->text, *list[i], strnlen(*list[i], TEXT_MOST));
        buf_char(&h->text, 0);
    }
    for (size_t i = 0; i < TEXTS; i++)
        *list[i] = *list[i] ? (const char *)h->text.at + at[i] : NULL;
}

void attempt_drop(held_attempt *h)
{
    h->used = false;
}

void attempt_done(held_attempt *h)
{
    if (h->text.limit)
        buf_done(&h->text);
    h->used = false;
}

static const char *client_of(const attempt *t)
{
    return t->workstation && !t->own_client ? t->workstation : "";
}

/* Where a try came from: the address, else what the client calls itself, else this host. */
#define HERE "here"
#define ANYWHERE "-"
static const char *place_of(const attempt *t)
{
    if (t->source && *t->source)
        return t->source;
    if (*client_of(t))
        return client_of(t);
    return t->source_local || strcmp(t->protocol, "local") == 0 ? HERE : ANYWHERE;
}

static char *key_of(arena *mem, const char *a, const char *b)
{
    char *key = arena_printf(mem, "%.256s\n%.256s", a, b);
    utf8_lower_ascii(key);
    return key;
}

static failures *count_for(attempts *a, map *m, const char *key, bool make, detect_log *out)
{
    const uint64_t *at = map_find(m, span_str(key));
    if (at)
        return vec_at(&a->counts, (size_t)*at);
    if (!make)
        return NULL;
    if (m->count >= ATTEMPT_KNOWN) {
        detect_cut(out, "logon.memory", 1);
        return NULL;
    }
    *map_put(m, span_str(key), NULL) = a->counts.count;
    failures *made = vec_push(&a->counts);
    *made = (failures){ 0, MOMENT_UNKNOWN, MOMENT_UNKNOWN };
    return made;
}

static void add(failures *f, moment t)
{
    if (!f)
        return;
    f->count++;
    if (!moment_known(f->first))
        f->first = t;
    f->last = t;
}

static void count_failure(attempts *a, const event *ev, const attempt *t, detect_log *out, bool password)
{
    arena *mem = detect_scratch(out);
    const char *account = password ? mask_account(t->account, mem) : t->account;
    detect_count(out, ev, "logon.failure", "protocol", t->protocol, "account", account, "source", t->source, "workstation", t->workstation,
                 "type", t->type, "reason", t->reason, "process", t->process, "source_local", t->source_local ? "yes" : NULL, "via", t->via,
                 "maybe_password", password ? "yes" : NULL, NULL);
    if (t->reason && profile_has(a->facts->guessing, "not_a_try", t->reason))
        return;                          /* the password was right, or nobody could check it */
    add(count_for(a, &a->by_place, key_of(mem, place_of(t), ""), true, out), ev->time);
    if (!password && t->account && *t->account) {
        char *name = arena_printf(mem, "%.256s", name_of(t->account));
        utf8_lower_ascii(name);
        add(count_for(a, &a->by_account, name, true, out), ev->time);
    }
}

/* What waits. */
static held_attempt *waiting_at(attempts *a, size_t i)
{
    return &a->held[(a->oldest + i) % ATTEMPT_HELD];
}

static void release(attempts *a, held_attempt *h, detect_log *out, bool password)
{
    if (h->used)
        count_failure(a, &h->ev, &h->is, out, password);
    attempt_drop(h);
}

static void forget_gone(attempts *a)
{
    while (a->waiting && !a->held[a->oldest].used) {
        a->oldest = (a->oldest + 1) % ATTEMPT_HELD;
        a->waiting--;
    }
}

static bool is_late(const held_attempt *h, moment now, moment window)
{
    return !moment_known(now) || !moment_known(h->ev.time) || now > h->ev.time + window || h->ev.time > now + window;
}

static void release_late(attempts *a, moment now, detect_log *out)
{
    for (size_t i = 0; i < a->waiting; i++) {
        held_attempt *h = waiting_at(a, i);
        if (h->used && is_late(h, now, a->facts->window))
            release(a, h, out, false);
    }
    forget_gone(a);
}

static void hold(attempts *a, const event *ev, const attempt *t, detect_log *out)
{
    if (a->waiting == ATTEMPT_HELD) {
        release(a, waiting_at(a, 0), out, false);
        forget_gone(a);
    }
    attempt_keep(waiting_at(a, a->waiting++), ev, t);
}

static bool is_same(const char *a, const char *b)
{
    return a && b && *a && strcasecmp(a, b) == 0;
}

/* One place, as far as the records tell: by address, by the client's name, or both at the console. */
static bool same_place(const attempt *x, const attempt *y)
{
    bool x_local = x->source_local || !x->source || !*x->source, y_local = y->source_local || !y->source || !*y->source;
    if (!x_local && !y_local)            /* Remote Desktop names the host itself as the workstation */
        return is_same(x->source, y->source);
    if (is_same(client_of(x), client_of(y)))
        return true;
    return x_local && y_local && (!*client_of(x) || !*client_of(y));
}

static bool by_credential_validation(const attempt *t)
{
    return t->via && strcmp(t->via, "4776") == 0;
}

/* Other unknown names of this place that wait; tried again, or too many, and they are no slips. */
static bool is_slip_of_hand(attempts *a, const event *ev, const attempt *t, detect_log *out)
{
    if (!t->reason || !t->account || !*t->account || !profile_has(a->facts->mistyped, "reasons", t->reason))
        return false;
    bool again = false;
    size_t others = 0;
    for (size_t i = 0; i < a->waiting; i++) {
        held_attempt *h = waiting_at(a, i);
        if (!h->used || !same_place(&h->is, t))
            continue;
        others++;
        if (is_same(name_of(h->is.account), name_of(t->account)) && by_credential_validation(&h->is) == by_credential_validation(t) && ev->record_id != h->ev.record_id) {
            release(a, h, out, false);
            again = true;
        }
    }
    if (others >= a->facts->most) {
        for (size_t i = 0; i < a->waiting; i++)
            if (waiting_at(a, i)->used && same_place(&waiting_at(a, i)->is, t))
                release(a, waiting_at(a, i), out, false);
        again = true;
    }
    forget_gone(a);
    return !again;
}

void attempts_failed(attempts *a, const event *ev, const attempt *t, detect_log *out)
{
    release_late(a, ev->time, out);
    if (!by_credential_validation(t)) {          /* the same try, told a moment before by the package that checked it */
        for (size_t i = 0; i < a->waiting; i++) {
            held_attempt *h = waiting_at(a, i);
            if (h->used && by_credential_validation(&h->is) && is_same(name_of(h->is.account), name_of(t->account)) &&
                !is_late(h, ev->time, a->facts->same_try)) {
                attempt_drop(h);
                break;
            }
        }
        forget_gone(a);
    }
    if (is_slip_of_hand(a, ev, t, out) || by_credential_validation(t))
        hold(a, ev, t, out);
    else
        count_failure(a, ev, t, out, false);
}

/* A success shows which of the names that waited were passwords. */
static void judge_waiting(attempts *a, const attempt *t, detect_log *out)
{
    const failures *before = count_for(a, &a->by_place, key_of(detect_scratch(out), place_of(t), ""), false, out);
    bool guessing = before && before->count >= a->facts->tries && strcmp(place_of(t), ANYWHERE) != 0;
    for (size_t i = 0; i < a->waiting; i++) {
        held_attempt *h = waiting_at(a, i);
        if (!h->used || !same_place(&h->is, t) || !h->is.reason || !profile_has(a->facts->mistyped, "reasons", h->is.reason))
            continue;
        const char *tried = name_of(h->is.account), *is = name_of(t->account);
        release(a, h, out, !guessing && looks_slips(tried, is) > a->facts->slips);
    }
    forget_gone(a);
}

static void put(detect_act_builder *b, const attempt *t)
{
    detect_fact(b, "protocol", t->protocol);
    detect_fact(b, "account", t->account);
    detect_fact(b, "sid", t->sid);
    detect_fact(b, "source", t->source);
    detect_fact(b, "workstation", t->workstation);
    detect_fact(b, "type", t->type);
    detect_fact(b, "package", t->package);
    detect_fact(b, "source_local", t->source_local ? "yes" : NULL);
    detect_fact(b, "logon", t->logon);
    detect_fact(b, "port", t->port);
    detect_fact(b, "elevated", t->elevated);
}

static bool first_of(map *seen, const char *key)
{
    bool there = true;
    if (!map_find(seen, span_str(key)) && seen->count < ATTEMPT_KNOWN)
        map_put(seen, span_str(key), &there);
    return !there;
}

/* Failures count since the last success of the same place and account. Those of other places count too when the place is
 * new, or not known. People mistype at the host itself: there, only what came before the first success is told. */
static attempt_past past_of(attempts *a, const attempt *t, detect_log *out)
{
    attempt_past past = { .first_failure = MOMENT_UNKNOWN, .last_failure = MOMENT_UNKNOWN };
    arena *mem = detect_scratch(out);
    char *name = arena_printf(mem, "%.256s", name_of(t->account));
    utf8_lower_ascii(name);
    const failures none = { 0, MOMENT_UNKNOWN, MOMENT_UNKNOWN };
    const failures *place = count_for(a, &a->by_place, key_of(mem, place_of(t), ""), false, out), *account = count_for(a, &a->by_account, name, false, out);
    place = place ? place : &none;
    account = account ? account : &none;

    char *key = key_of(mem, place_of(t), t->account);
    const uint64_t *at = map_find(&a->succeeded, span_str(key));
    success before = at ? *(success *)vec_at(&a->successes, (size_t)*at) : (success){ 0 };
    if (at) {
        *(success *)vec_at(&a->successes, (size_t)*at) = (success){ place->count, account->count };
    } else if (a->succeeded.count < ATTEMPT_KNOWN) {
        *map_put(&a->succeeded, span_str(key), NULL) = a->successes.count;
        *(success *)vec_push(&a->successes) = (success){ place->count, account->count };
    } else {
        detect_cut(out, "logon.memory", 1);
        return past;
    }

    bool here = strcmp(place_of(t), HERE) == 0, known_place = !here && strcmp(place_of(t), ANYWHERE) != 0;
    past.of_place = place->count - before.place;
    past.of_account = account->count - before.account;
    bool by_place = known_place && past.of_place >= a->facts->failures;
    past.guessed = by_place || (past.of_account >= a->facts->failures && !((known_place || here) && at));
    past.failures = by_place ? past.of_place : past.of_account;
    past.first_failure = at ? MOMENT_UNKNOWN : (by_place ? place : account)->first;
    past.last_failure = (by_place ? place : account)->last;
    return past;
}

static void note_guessed(const event *ev, const attempt *t, const attempt_past *past, detect_log *out)
{
    detect_act_builder *b = detect_act(out, ev, "logon.guessed");
    put(b, t);
    detect_fact_u64(b, "failures", past->failures);
    detect_fact_u64(b, "source_failures", past->of_place);
    detect_fact_u64(b, "account_failures", past->of_account);
    detect_fact_time(b, "first_failure", past->first_failure);
    detect_fact_time(b, "last_failure", past->last_failure);
}

static void note_session(attempts *a, const event *ev, const attempt *t, detect_log *out)
{
    arena *mem = detect_scratch(out);
    unsigned long long day = moment_known(ev->time) ? ev->time / MOMENT_DAY : 0;
    char *key = key_of(mem, place_of(t), arena_printf(mem, "%.200s\n%s\n%llu", t->account, t->type ? t->type : "", day));
    if (first_of(&a->sessions, key))
        put(detect_act(out, ev, "logon.session"), t);
}

attempt_past attempts_judge(attempts *a, const event *ev, const attempt *t, detect_log *out)
{
    release_late(a, ev->time, out);
    judge_waiting(a, t, out);
    return past_of(a, t, out);
}

void attempts_note(attempts *a, const event *ev, const attempt *t, const attempt_past *past, detect_log *out)
{
    detect_count(out, ev, "logon.success", "protocol", t->protocol, "account", t->account, "sid", t->sid, "source", t->source, "workstation", t->workstation,
                 "type", t->type, "package", t->package, "source_local", t->source_local ? "yes" : NULL, "via", t->via, NULL);
    if (past->guessed)
        note_guessed(ev, t, past, out);
    note_session(a, ev, t, out);
}

void attempts_succeeded(attempts *a, const event *ev, const attempt *t, detect_log *out)
{
    attempt_past past = attempts_judge(a, ev, t, out);
    attempts_note(a, ev, t, &past, out);
}

void attempts_end(attempts *a, detect_log *out)
{
    for (size_t i = 0; i < ATTEMPT_HELD; i++) {
        held_attempt *h = waiting_at(a, i);
        if (h->used)
            release(a, h, out, false);
        attempt_done(h);
    }
    map_done(&a->by_place);
    map_done(&a->by_account);
    map_done(&a->succeeded);
    map_done(&a->sessions);
    vec_done(&a->counts);
    vec_done(&a->successes);
}
