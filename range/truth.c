/* truth.json: what happened, in the words of case.json, and for each question whether this evidence can answer it.
 *
 * A question is decidable when the records that answer it were delivered: a step's marks, as far as no log was cleared,
 * rolled over, left out or never written. `why` names what is missing. */
#include "range/crash.h"

#include <errno.h>
#include <stdio.h>

#define FEW 10 /* fewer failures than this are no guessing */

const char *way_means(way by)
{
    static const char *const words[WAYS] = { "rdp", "rdp", "smb-service", "mssql", "smb-exploit" };
    return words[by];
}
const char *access_word(access_kind a)
{
    static const char *const words[] = { "guessed-password", "known-credential", "exploit" };
    return words[a];
}

typedef struct {
    bool access, means, account, source, any;
} decided;

static decided decide(const world *w, const step *st)
{
    const host *h = &w->hosts[st->to];
    if (!h->delivered)
        return (decided){ 0 };
    size_t failures = step_shown(w, st, SHOWS_FAILURE), success = step_shown(w, st, SHOWS_SUCCESS),
           source = step_shown(w, st, SHOWS_SOURCE), session = step_shown(w, st, SHOWS_SESSION);
    size_t service = step_shown(w, st, SHOWS_SERVICE), switched = step_shown(w, st, SHOWS_SWITCH), child = step_shown(w, st, SHOWS_CHILD);
    bool covered = h->kept[CH_SECURITY].written && h->kept[CH_SECURITY].from <= st->begin + (moment)h->clock_off;
    decided d = { 0 };
    switch (st->by) {
    case WAY_RDP:
    case WAY_RDP_NLA:
        d.access = failures >= FEW && (success || session);
        d.means = d.account = success || session;
        d.source = source > 0;
        d.any = d.access;
        break;
    case WAY_SMB:
        d.access = st->access == ACCESS_KNOWN ? success && h->audits.logons && covered : failures >= FEW && success;
        d.means = service > 0 && success > 0;
        d.account = success > 0;
        d.source = source > 0;
        d.any = d.access || service;
        break;
    case WAY_MSSQL:
        d.access = d.means = d.account = d.source = failures >= FEW && switched;
        d.any = d.access;
        break;
    default:
        d.access = d.means = child && h->audits.logons && covered;
        d.account = d.access;
        d.source = d.access && source;
        d.any = d.access;
        break;
    }
    return d;
}

static const char *why_not(const world *w, const step *st)
{
    const host *h = &w->hosts[st->to];
    if (!h->delivered)
        return "the host was not delivered";
    if (!h->audits.logons)
        return "logons were not audited";
    if (h->clear_at != MOMENT_UNKNOWN && h->clear_at > st->success)
        return "its Security log was cleared afterwards";
    if (h->security_bytes)
        return "its Security log has rolled over";
    if (!st->source_shown)
        return "the log leaves the source empty";
    if (st->by == WAY_EXPLOIT)
        return "nothing that this host logs shows it";
    return "this host does not log it";
}

static void time_of(json_writer *j, const char *key, moment t)
{
    char text[MOMENT_TEXT];
    json_key(j, key);
    if (moment_known(t))
        json_text(j, moment_iso(t, text));
    else
        json_null(j);
}
static void text_of(json_writer *j, const char *key, const char *text)
{
    json_key(j, key);
    json_text(j, text);
}
static void bool_of(json_writer *j, const char *key, bool b)
{
    json_key(j, key);
    json_bool(j, b);
}

static void host_of(const world *w, json_writer *j, const char *key, int host)
{
    json_key(j, key);
    if (host == FROM_OUTSIDE)
        json_text(j, "outside");
    else
        json_text(j, w->hosts[host].name);
}

static void part(json_writer *j, const char *key, const char *value, bool decidable, const char *why)
{
    json_key(j, key);
    json_object(j);
    text_of(j, "value", value);
    bool_of(j, "decidable", decidable);
    if (!decidable)
        text_of(j, "why", why);
    json_end_object(j);
}

static void write_entry(const world *w, json_writer *j, const step *st)
{
    decided d = decide(w, st);
    const char *why = why_not(w, st);
    const host *h = &w->hosts[st->to];
    json_object(j);
    json_key(j, "intruder");
    json_u64(j, (uint64_t)st->intruder);
    time_of(j, "time", st->success);
    part(j, "host", h->name, d.any, why);
    part(j, "access", access_word(st->access), d.access, why);
    part(j, "means", way_means(st->by), d.means, why);
    part(j, "account", st->account, d.account, why);
    part(j, "source", st->address, d.source, why);
    json_key(j, "tries");
    json_u64(j, st->tries);
    time_of(j, "guessing_began", st->tries ? st->begin : MOMENT_UNKNOWN);
    json_end_object(j);
}

static void write_edge(const world *w, json_writer *j, const step *st)
{
    decided d = decide(w, st);
    const char *why = why_not(w, st);
    json_object(j);
    host_of(w, j, "from", st->from);
    text_of(j, "from_address", st->address);
    host_of(w, j, "to", st->to);
    time_of(j, "time", st->success);
    part(j, "edge", "yes", d.source, why);
    part(j, "access", access_word(st->access), d.access, why);
    part(j, "means", way_means(st->by), d.means, why);
    part(j, "account", st->account, d.account, why);
    json_end_object(j);
}

static bool crash_shown(const host *h)
{
    return h->delivered && h->kept[CH_SYSTEM].written && h->kept[CH_SYSTEM].from < h->crash_at + (moment)h->clock_off;
}

static void write_crashes(const world *w, json_writer *j)
{
    json_key(j, "crash_times");
    json_array(j);
    for (int i = 0; i < w->host_count; i++) {
        const host *h = &w->hosts[i];
        char code[16];
        if (!moment_known(h->crash_at) || h->reboot_at >= w->to)
            continue;
        snprintf(code, sizeof code, "0x%08x", h->crash_code);
        json_object(j);
        text_of(j, "host", h->name);
        time_of(j, "time", h->crash_at);
        time_of(j, "host_time", h->crash_at + (moment)h->clock_off);
        text_of(j, "code", code);
        bool_of(j, "decidable", crash_shown(h));
        if (!crash_shown(h))
            text_of(j, "why", "its System log does not cover it");
        json_end_object(j);
    }
    json_end_array(j);
}

static const char *left_word(left_kind k)
{
    static const char *const words[] = { "service", "task", "account" };
    return words[k];
}

static void write_lefts(const world *w, json_writer *j, const char *key, bool accounts)
{
    json_key(j, key);
    json_array(j);
    for (size_t i = 0; i < w->lefts.count; i++) {
        const left *l = vec_at(&w->lefts, i);
        if ((l->kind == LEFT_ACCOUNT) != accounts)
            continue;
        bool shown = w->hosts[l->host].delivered && left_shown(w, l);
        json_object(j);
        text_of(j, "host", w->hosts[l->host].name);
        text_of(j, accounts ? "account" : "name", l->name);
        text_of(j, accounts ? "what" : "kind", accounts ? l->what : left_word(l->kind));
        bool_of(j, "decidable", shown);
        if (!shown)
            text_of(j, "why", w->hosts[l->host].delivered ? "no delivered log shows it" : "the host was not delivered");
        json_end_object(j);
    }
    json_end_array(j);
}

static void write_passing(const world *w, json_writer *j)
{
    json_key(j, "passing");
    json_array(j);
    for (size_t i = 0; i < w->passing.count; i++) {
        const passing *p = vec_at(&w->passing, i);
        json_object(j);
        text_of(j, "host", w->hosts[p->host].name);
        text_of(j, "name", p->name);
        json_end_object(j);
    }
    json_end_array(j);
}

static void unknown(json_writer *j, const char *host, const char *what, bool decidable)
{
    json_object(j);
    text_of(j, "host", host);
    text_of(j, "what", what);
    bool_of(j, "decidable", decidable);
    json_end_object(j);
}

/* A host that nobody collected can be missed only where another host's logs name it. */
static bool named_by_others(const world *w, int host)
{
    for (int i = 0; i < w->step_count; i++)
        if (w->steps[i].from == host && decide(w, &w->steps[i]).source)
            return true;
    return false;
}

static void write_unknowns(const world *w, json_writer *j)
{
    json_key(j, "unknowns");
    json_array(j);
    for (int i = 0; i < w->host_count; i++) {
        const host *h = &w->hosts[i];
        const step *st = h->step >= 0 ? &w->steps[h->step] : NULL;
        if (!h->delivered) {
            if (st)
                unknown(j, h->name, "not-collected", named_by_others(w, i));
            continue;
        }
        if (!h->audits.logons)
            unknown(j, h->name, "not-audited", true);
        if (moment_known(h->clear_at) && h->kept[CH_SECURITY].written)
            unknown(j, h->name, "log-cleared", true);
        else if (st && h->audits.logons && h->kept[CH_SECURITY].written && h->kept[CH_SECURITY].from > st->begin + (moment)h->clock_off)
            unknown(j, h->name, "log-rolled", true);
        if (st && st->from == FROM_OUTSIDE && st->tries && !decide(w, st).source && h->audits.logons && step_shown(w, st, SHOWS_SUCCESS))
            unknown(j, h->name, "source-empty", true);
    }
    json_end_array(j);
}

static void write_hosts(const world *w, json_writer *j)
{
    json_key(j, "hosts");
    json_array(j);
    for (int i = 0; i < w->host_count; i++) {
        const host *h = &w->hosts[i];
        json_object(j);
        text_of(j, "name", h->name);
        json_key(j, "names");
        json_array(j);
        json_text(j, h->name);
        if (h->later_name)
            json_text(j, h->later_name);
        json_end_array(j);
        text_of(j, "address", h->address);
        text_of(j, "os", nt_table[h->nt].number);
        text_of(j, "language", h->zh ? "zh" : "en");
        bool_of(j, "collected", h->delivered);
        bool_of(j, "infected", h->step >= 0);
        json_key(j, "clock_off_seconds");
        json_i64(j, h->clock_off / (int64_t)MOMENT_SECOND);
        time_of(j, "infected_at", h->step >= 0 ? w->steps[h->step].success : MOMENT_UNKNOWN);
        json_key(j, "logs");
        json_object(j);
        static const char *const names[CHANNELS] = { "Security",
                                                     "System",
                                                     "Application",
                                                     "TaskScheduler",
                                                     "LocalSessionManager",
                                                     "RemoteConnectionManager",
                                                     "PowerShell",
                                                     "PowerShell/Operational",
                                                     "RdpCoreTS",
                                                     "Firewall" };
        for (int c = 0; c < CHANNELS; c++) {
            if (!h->kept[c].written)
                continue;
            json_key(j, names[c]);
            json_object(j);
            json_key(j, "first");
            json_u64(j, h->kept[c].first);
            json_key(j, "next");
            json_u64(j, h->kept[c].next);
            time_of(j, "from", h->kept[c].from);
            json_end_object(j);
        }
        json_end_object(j);
        json_end_object(j);
    }
    json_end_array(j);
}

static void write_switches(const world *w, json_writer *j)
{
    static const char *const ways[WAYS] = { "rdp", "rdp-nla", "smb", "mssql", "exploit" };
    bool slow = false, empty = false, cleared = false, rolled = false, audit_off = false, clock = false, renamed = false, overlap = false;
    for (int i = 0; i < w->delivered; i++) {
        const host *h = &w->hosts[i];
        cleared |= moment_known(h->clear_at);
        rolled |= h->security_bytes != 0;
        audit_off |= !h->audits.logons;
        clock |= h->clock_off != 0;
        renamed |= h->later_name != NULL;
        overlap |= h->overlap;
    }
    if (w->step_count) {
        slow = w->steps[0].tries && (w->steps[0].success - w->steps[0].begin) / w->steps[0].tries > 5 * MOMENT_MINUTE;
        empty = !w->steps[0].source_shown;
    }
    json_key(j, "switches");
    json_object(j);
    json_key(j, "seed");
    json_u64(j, w->seed);
    text_of(j, "entry", w->step_count ? ways[w->steps[0].by] : NULL);
    json_key(j, "hosts");
    json_u64(j, (uint64_t)w->delivered);
    json_key(j, "undelivered");
    json_u64(j, (uint64_t)(w->host_count - w->delivered));
    bool_of(j, "slow", slow);
    bool_of(j, "source_empty", empty);
    bool_of(j, "cleared", cleared);
    bool_of(j, "rolled", rolled);
    bool_of(j, "audit_off", audit_off);
    bool_of(j, "clock_off", clock);
    bool_of(j, "renamed", renamed);
    bool_of(j, "overlap", overlap);
    json_key(j, "intruders");
    json_u64(j, !w->step_count ? 0 : w->steps[w->step_count - 1].intruder == 2 ? 2 : 1);
    json_end_object(j);
}

static void write_questions(const world *w, json_writer *j)
{
    json_key(j, "questions");
    json_object(j);
    write_crashes(w, j);
    json_key(j, "entries");
    json_array(j);
    for (int i = 0; i < w->step_count; i++)
        if (w->steps[i].from == FROM_OUTSIDE)
            write_entry(w, j, &w->steps[i]);
    json_end_array(j);
    json_key(j, "first_host");
    if (w->step_count) {
        decided d = decide(w, &w->steps[0]);
        json_object(j);
        part(j, "host", w->hosts[w->steps[0].to].name, d.any, why_not(w, &w->steps[0]));
        json_end_object(j);
    } else {
        json_null(j);
    }
    json_key(j, "edges");
    json_array(j);
    for (int i = 0; i < w->step_count; i++)
        if (w->steps[i].from != FROM_OUTSIDE)
            write_edge(w, j, &w->steps[i]);
    json_end_array(j);
    write_lefts(w, j, "persistence", false);
    write_passing(w, j);
    write_lefts(w, j, "accounts", true);
    write_unknowns(w, j);
    json_end_object(j);
}

status range_write_file(const char *path, const buf *bytes)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes->at, 1, bytes->len, f) != bytes->len || fclose(f) != 0)
        return status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    return status_ok();
}

status truth_write(const world *w)
{
    buf out;
    json_writer j;
    buf_init(&out, 16 << 20);
    json_begin(&j, &out);
    json_object(&j);
    text_of(&j, "schema", "suyuan.truth/1");
    write_switches(w, &j);
    time_of(&j, "from", w->from);
    time_of(&j, "to", w->to);
    text_of(&j, "zone", w->zone_iso);
    bool_of(&j, "attack", w->step_count > 0);
    write_hosts(w, &j);
    write_questions(w, &j);
    if (!w->sw.no_hives)
        truth_hives(w, &j);
    if (w->sw.crash != BY_SEED)
        crash_truth(w, &j);
    json_end_object(&j);
    buf_char(&out, '\n');
    status st = range_write_file(arena_printf(w->mem, "%s/truth.json", w->sw.out), &out);
    buf_done(&out);
    return st;
}
