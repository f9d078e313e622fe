/* What the System log and the hives say of hardware, changes, people and surroundings near a stop. A log that was kept and tells of
 * nothing speaks weakly against; a log that was not kept says nothing. */
#include "incident/weigh.h"

#include <stdlib.h>
#include <strings.h>

const act *last_act(const joined *j, uint32_t host, const char *kind, const char *name, const char *value, moment from, moment to)
{
    size_t n;
    const act *const *acts = acts_of(j, host, kind, &n);
    for (size_t i = n; i > 0; i--)
        if (acts[i - 1]->time >= from && acts[i - 1]->time <= to && (!name || strcmp(act_fact(acts[i - 1], name), value) == 0))
            return acts[i - 1];
    return NULL;
}

uint64_t troubles(const joined *j, uint32_t host, const char *what, moment from, moment to)
{
    size_t n, len = strlen(what);
    uint64_t count = 0;
    joined_tally *const *tallies = tallies_of(j, host, "hardware.trouble", &n);
    for (size_t i = 0; i < n; i++) {
        const char *of = tally_key(tallies[i], "what");
        if (what[len - 1] == '*' ? strncmp(of, what, len - 1) != 0 : strcmp(of, what) != 0)
            continue;
        for (size_t b = 0; b < tallies[i]->bucket_count; b++)
            if (tallies[i]->buckets[b].last >= from && tallies[i]->buckets[b].first <= to)
                count += tallies[i]->buckets[b].count;
    }
    return count;
}

const act *setting_of(const joined *j, uint32_t host, const char *name)
{
    size_t n;
    const act *const *acts = acts_of(j, host, "setting", &n);
    for (size_t i = n; i > 0; i--)
        if (strcmp(act_fact(acts[i - 1], "name"), name) == 0 && !act_is_older(j, host, acts[i - 1]) && !acts[i - 1]->recovered)
            return acts[i - 1];
    return NULL;
}

static bool set_to(const joined *j, uint32_t host, const char *name, const char *value)
{
    const act *a = setting_of(j, host, name);
    return a && strcmp(act_fact(a, "value"), value) == 0;
}

static sentence dated(const joined *j, const char *id, const act *a, const char *what)
{
    return say(j, id, "what", ARG_WORD, what ? arena_printf(j->mem, "%s.%s", what, act_fact(a, "state")) : NULL, "device", ARG_TEXT, act_fact(a, "device"), "time",
               ARG_TIME, write_time(j, a->time), NULL);
}

static sentence counted(const joined *j, const char *id, uint64_t count)
{
    return say(j, id, "count", ARG_NUMBER, write_u64(j, count), NULL);
}

/* A fatal error is written at the next start, or just before the end. */
static const act *hardware_fault(const joined *j, const stop *at)
{
    moment end = at->booted + weight_span(j, "cause.start"), from = before(at->time, weight_span(j, "cause.minutes"));
    static const char *const fatal[] = { "processor", "memory", "bus", "reported", "heat" };
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++) {
        const act *a = last_act(j, at->host, "hardware.fault", "state", fatal[i], from, end);
        if (a)
            return a;
    }
    return NULL;
}

bool shut_down_by_heat(const joined *j, const stop *at)
{
    const act *fault = hardware_fault(j, at);
    return fault && strcmp(act_fact(fault, "state"), "heat") == 0;
}

void hardware_speaks(const joined *j, scales *s, const stop *at)
{
    moment until = at->time + at->slack, day = before(at->time, weight_span(j, "cause.before")), week = before(at->time, weight_span(j, "cause.week"));
    moment month = before(at->time, weight_span(j, "cause.month"));
    const act *fault = hardware_fault(j, at);
    if (fault)
        term(j, s, CAUSE_HARDWARE, strcmp(act_fact(fault, "state"), "heat") == 0 ? "cause.hardware-heat" : "cause.hardware-fatal", dated(j, "cause.hardware.fatal", fault, "hardware"));
    if (fault && strcmp(act_fact(fault, "state"), "heat") != 0) {
        static const cause software[] = { CAUSE_ATTACK, CAUSE_MALWARE, CAUSE_DRIVER, CAUSE_ANTIVIRUS, CAUSE_UPDATE };
        for (size_t i = 0; i < sizeof software / sizeof *software; i++)
            term(j, s, software[i], "cause.not-hardware", dated(j, "cause.hardware.fatal", fault, "hardware"));
    }
    if (shut_down_by_heat(j, at))
        term(j, s, CAUSE_POWER, "cause.power-heat", dated(j, "cause.hardware.fatal", fault, "hardware"));
    uint64_t corrected = troubles(j, at->host, "corrected-*", week, until), disk = troubles(j, at->host, "disk-*", day, until) + troubles(j, at->host, "volume-*", day, until);
    uint64_t earlier = troubles(j, at->host, "disk-*", week, day) + troubles(j, at->host, "volume-*", week, day);
    if (corrected)
        term(j, s, CAUSE_HARDWARE, corrected >= weight(j, "cause.many-corrected") ? "cause.hardware-corrected" : "cause.hardware-corrected-few",
             counted(j, "cause.hardware.corrected", corrected));
    if (disk)
        term(j, s, CAUSE_HARDWARE, disk >= weight(j, "cause.many-disk") ? "cause.hardware-disk" : "cause.hardware-disk-few", counted(j, "cause.hardware.disk", disk));
    else if (earlier)
        term(j, s, CAUSE_HARDWARE, "cause.hardware-disk-few", counted(j, "cause.hardware.disk-week", earlier));
    const act *failing = last_act(j, at->host, "hardware.fault", "state", "disk-failing", month, until);
    if (!failing)
        failing = last_act(j, at->host, "hardware.fault", "state", "disk-removed", before(at->time, weight_span(j, "cause.minutes")), until);
    if (failing)
        term(j, s, CAUSE_HARDWARE, "cause.hardware-failing", dated(j, "cause.hardware.fatal", failing, "hardware"));
    const act *bad = last_act(j, at->host, "memory.test", "state", "errors", month, at->booted + weight_span(j, "cause.month"));
    const act *good = last_act(j, at->host, "memory.test", "state", "clean", at->time, at->booted + weight_span(j, "cause.month"));
    if (bad)
        term(j, s, CAUSE_HARDWARE, "cause.hardware-memory-bad", say(j, "cause.hardware.memory-bad", "time", ARG_TIME, write_time(j, bad->time), NULL));
    else if (good)
        term(j, s, CAUSE_HARDWARE, "cause.hardware-memory-good", say(j, "cause.hardware.memory-good", "time", ARG_TIME, write_time(j, good->time), NULL));
    if (troubles(j, at->host, "throttled", day, until))
        term(j, s, CAUSE_HARDWARE, "cause.hardware-throttled", say(j, "cause.hardware.throttled", NULL));
    if (!fault && !corrected && !disk && !earlier && !bad && !failing && log_looks(j, at->host, "System", week, at->time) == LOOK_SEEN)
        term(j, s, CAUSE_HARDWARE, "cause.hardware-silent", say(j, "cause.hardware.silent", NULL));
}

/* ---- What was changed before it ---- */

static const act *servicing_restart(const joined *j, uint32_t host, moment t)
{
    size_t n;
    const act *const *acts = acts_of(j, host, "boot.planned", &n);
    for (size_t i = n; i > 0; i--)
        if (acts[i - 1]->time <= t && t - acts[i - 1]->time <= weight_span(j, "cause.before")) {
            const char *process = act_fact(acts[i - 1], "process");
            for (const profile_node *p = profile_list(profile_root(j->facts, "reasoning"), "servicing_processes"); p; p = p->next)
                if (strcasestr(process, p->text))
                    return acts[i - 1];
        }
    return NULL;
}

/* The last start of the system before the stop. */
static const act *start_before(const joined *j, const stop *at)
{
    size_t n;
    const act *const *acts = acts_of(j, at->host, "boot.start", &n), *found = NULL;
    for (size_t i = 0; i < n && acts[i]->time < at->time; i++)
        found = acts[i];
    return found;
}

static bool stopped_before(const joined *j, const stop *at, moment from)
{
    for (size_t i = 0; i < j->stops.count; i++) {
        const stop *o = vec_at(&j->stops, i);
        if (o != at && o->host == at->host && o->time < from && o->code && at->code && strcmp(o->code, at->code) == 0)
            return true;
    }
    return false;
}

void changes_speak(const joined *j, scales *s, const stop *at)
{
    moment day = before(at->time, weight_span(j, "cause.before"));
    const act *update = last_act(j, at->host, "update", "state", "installed", day, at->time), *restart = servicing_restart(j, at->host, at->time);
    const act *started = start_before(j, at);
    if (!update)
        update = last_act(j, at->host, "update", "state", "package", day, at->time);
    const act *failed = last_act(j, at->host, "update", "state", "failed", day, at->time);
    if (!failed)
        failed = last_act(j, at->host, "update", "state", "package-failed", day, at->time);
    if (update)
        term(j, s, CAUSE_UPDATE, "cause.update-installed", say(j, "cause.update.installed", "title", ARG_TEXT, act_fact(update, "title"), "time", ARG_TIME,
                                                             write_time(j, update->time), NULL));
    if (restart)
        term(j, s, CAUSE_UPDATE, "cause.update-restart", say(j, "cause.update.restart", "time", ARG_TIME, write_time(j, restart->time), NULL));
    if (failed)
        term(j, s, CAUSE_UPDATE, "cause.update-failed", say(j, "cause.update.failed", "title", ARG_TEXT, act_fact(failed, "title"), "time", ARG_TIME,
                                                          write_time(j, failed->time), NULL));
    /* The first start after the change did not last. */
    moment changed = update ? update->time : restart ? restart->time : MOMENT_UNKNOWN;
    if (moment_known(changed) && started && started->time > changed && at->time - started->time <= weight_span(j, "cause.first-start"))
        term(j, s, CAUSE_UPDATE, "cause.update-first-start", say(j, "cause.update.first-start", "time", ARG_TIME, write_time(j, started->time), NULL));
    if (moment_known(changed) && stopped_before(j, at, changed))
        term(j, s, CAUSE_UPDATE, "cause.update-older", say(j, "cause.update.older", NULL));
    if (!update && !restart && !failed && log_looks(j, at->host, "System", day, at->time) == LOOK_SEEN)
        term(j, s, CAUSE_UPDATE, "cause.update-silent", say(j, "cause.update.silent", NULL));
    const act *definitions = last_act(j, at->host, "protection.update", NULL, NULL, before(at->time, weight_span(j, "cause.hours")), at->time);
    if (definitions)
        term(j, s, CAUSE_ANTIVIRUS, "cause.antivirus-update", say(j, "cause.antivirus.update", "product", ARG_TEXT, act_fact(definitions, "product"), "time", ARG_TIME,
                                                                write_time(j, definitions->time), NULL));
}

/* ---- People ---- */

void people_speak(const joined *j, scales *s, const stop *at)
{
    if (at->planned)
        term(j, s, CAUSE_OPERATOR, "cause.planned-hung", say(j, "cause.operator.planned", "time", ARG_TIME, write_time(j, at->planned->time), "account", ARG_TEXT,
                                                            act_fact(at->planned, "account"), NULL));
    if (at->power && strcmp(act_fact(at->power, "button"), "yes") == 0) {
        sentence pressed = say(j, "cause.operator.button", NULL);
        term(j, s, CAUSE_OPERATOR, "cause.operator-button", pressed);
        term(j, s, CAUSE_POWER, "cause.power-button", pressed);
    }
    static const char *const keys[] = { "crash.key-ps2", "crash.key-usb", "crash.key-hyperv" };
    bool by_key = false;
    for (size_t i = 0; i < 3; i++)
        by_key |= set_to(j, at->host, keys[i], "1");
    if (at->code && strcmp(at->code, "0x000000e2") == 0 && by_key)
        term(j, s, CAUSE_OPERATOR, "cause.operator-key", say(j, "cause.operator.key", NULL));
    if (at->code && strcmp(at->code, "0x00000080") == 0 && set_to(j, at->host, "crash.nmi", "1")) {
        sentence allowed = say(j, "cause.operator.nmi", NULL);
        term(j, s, CAUSE_OPERATOR, "cause.operator-nmi", allowed);
        term(j, s, CAUSE_HARDWARE, "cause.hardware-nmi", allowed);
        term(j, s, CAUSE_DRIVER, "cause.only-other", allowed);
        s->unknown += weight(j, "cause.only-other");
    }
    const act *killed = NULL;
    size_t n;
    const act *const *starts = acts_of(j, at->host, "process.start", &n);
    for (size_t i = 0; i < n; i++)
        if (starts[i]->time <= at->time + at->slack && starts[i]->time >= before(at->time, weight_span(j, "cause.minutes")) && strcasestr(act_fact(starts[i], "command"), "taskkill"))
            killed = starts[i];
    if (killed)
        term(j, s, CAUSE_KILLED, "cause.killed-told", say(j, "cause.killed.told", "command", ARG_TEXT, act_fact(killed, "command"), "time", ARG_TIME,
                                                         write_time(j, killed->time), NULL));
}

/* ---- Power, the virtual machine's host, the cluster, exhaustion ---- */

static bool is_virtual(const joined *j, uint32_t host)
{
    const act *maker = setting_of(j, host, "system.maker"), *product = setting_of(j, host, "system.product");
    for (const profile_node *n = profile_list(profile_root(j->facts, "causes"), "virtual_makers"); n; n = n->next)
        if ((maker && strcasestr(act_fact(maker, "value"), n->text)) || (product && strcasestr(act_fact(product, "value"), n->text)))
            return true;
    return false;
}

static bool is_guest_keeper(const joined *j, uint32_t host)
{
    return moment_known(log_begins(j, host, "Microsoft-Windows-Hyper-V-Worker-Admin"));
}

static void virtual_speaks(const joined *j, scales *s, const stop *at)
{
    if (is_virtual(j, at->host)) {
        sentence guest = say(j, "cause.virtual.guest", NULL);
        term(j, s, CAUSE_VIRTUAL, "cause.virtual-guest", guest);
        term(j, s, CAUSE_HARDWARE, "cause.hardware-guest", guest);
    }
    for (size_t i = 0; i < j->stops.count; i++) {
        const stop *o = vec_at(&j->stops, i);
        if (o->host == at->host || !is_guest_keeper(j, o->host) || o->time > at->time + at->slack + weight_span(j, "cause.minutes")
            || o->time < before(at->time, weight_span(j, "cause.minutes")))
            continue;
        term(j, s, CAUSE_VIRTUAL, "cause.virtual-host-fell", say(j, "cause.virtual.host-fell", "host", ARG_HOST, host_name(j, o->host), "time", ARG_TIME,
                                                                write_time(j, o->time), NULL));
        return;
    }
}

void surroundings_speak(const joined *j, scales *s, const stop *at)
{
    moment until = at->time + at->slack, hour = before(at->time, weight_span(j, "cause.hour"));
    const act *lost = last_act(j, at->host, "power.supply", "state", "lost", hour, until);
    if (!lost)
        lost = last_act(j, at->host, "power.supply", "state", "battery-low", hour, until);
    if (!lost)
        lost = last_act(j, at->host, "power.supply", "mains", "no", hour, until);
    if (lost)
        term(j, s, CAUSE_POWER, "cause.power-lost", say(j, "cause.power.lost", "time", ARG_TIME, write_time(j, lost->time), NULL));
    const act *kept = setting_of(j, at->host, "crash.dump");
    if (!at->code && !at->dump && kept && act_fact(kept, "value")[0] && strcmp(act_fact(kept, "value"), "0") != 0)
        term(j, s, CAUSE_POWER, "cause.power-no-dump", say(j, "cause.power.no-dump", NULL));
    const act *node = last_act(j, at->host, "cluster.fault", NULL, NULL, hour, until);
    if (node)
        term(j, s, CAUSE_CLUSTER, "cause.cluster-fault", say(j, "cause.cluster.fault", "what", ARG_WORD, arena_printf(j->mem, "cluster.%s", act_fact(node, "state")), "name",
                                                            ARG_TEXT, act_fact(node, act_fact(node, "node")[0] ? "node" : "resource"), "time", ARG_TIME,
                                                            write_time(j, node->time), NULL));
    if (at->code && strcmp(at->code, "0x0000009e") == 0) {
        bool asked = at->parameters[2] && strtoull(at->parameters[2], NULL, 16) == 8;
        term(j, s, CAUSE_CLUSTER, "cause.cluster-code", say(j, asked ? "cause.cluster.other-node" : "cause.cluster.code", NULL));
    }
    const act *low = last_act(j, at->host, "resource.low", NULL, NULL, hour, until);
    if (low)
        term(j, s, CAUSE_RESOURCE, "cause.resource-low", say(j, "cause.resource.low", "what", ARG_WORD, arena_printf(j->mem, "resource.%s", act_fact(low, "state")),
                                                           "process", ARG_TEXT, act_fact(low, "process"), "time", ARG_TIME, write_time(j, low->time), NULL));
    else if (log_looks(j, at->host, "System", hour, at->time) == LOOK_SEEN)
        term(j, s, CAUSE_RESOURCE, "cause.resource-silent", say(j, "cause.resource.silent", NULL));
    virtual_speaks(j, s, at);
}
