/* Notes by host: acts and tallies sorted so that each question finds its own, and what facts mean as numbers and times. */
#include "incident/internal.h"

#include <stdlib.h>

static int numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_kind_time(const void *a, const void *b)
{
    const act *l = *(const act *const *)a, *r = *(const act *const *)b;
    int order = strcmp(l->kind, r->kind);
    if (order == 0)
        order = numbers(l->time, r->time);
    if (order == 0)
        order = strcmp(l->log->channel, r->log->channel);
    if (order == 0)
        order = numbers(l->record, r->record);
    if (order == 0)
        order = strcmp(l->log->file, r->log->file);
    return order ? order : act_compare(l, r);
}

static int by_kind_first(const void *a, const void *b)
{
    const joined_tally *l = *(const joined_tally *const *)a, *r = *(const joined_tally *const *)b;
    int order = strcmp(l->kind, r->kind);
    if (order == 0)
        order = numbers(l->first, r->first);
    if (order == 0)
        order = strcmp(l->channel, r->channel);
    for (size_t i = 0; order == 0 && i < l->key_count && i < r->key_count; i++) {
        order = strcmp(l->key[i].name, r->key[i].name);
        if (order == 0)
            order = strcmp(l->key[i].value, r->key[i].value);
    }
    return order ? order : numbers(l->key_count, r->key_count);
}

/* Counts the act for its host, or for each of several; and puts it there. */
static void give_act(joined *j, const act *a, bool put)
{
    const raw_log *r = raw_of_log(j, a->log);
    for (size_t i = 0; r && r->host != HOST_NONE && i <= r->also_count; i++) {
        joined_host *h = host_of(j, i ? r->also[i - 1] : r->host);
        if (put)
            h->acts[h->act_count] = a;
        h->act_count++;
    }
}

void notes_sort(joined *j)
{
    const act *const *acts = j->acts.at;
    for (size_t i = 0; i < j->acts.count; i++)
        give_act(j, acts[i], false);
    for (size_t i = 0; i < j->tallies.count; i++)
        host_of(j, ((const joined_tally *)vec_at(&j->tallies, i))->host)->tally_count++;
    for (uint32_t i = 0; i < host_total(j); i++) {
        joined_host *h = host_of(j, i);
        h->acts = arena_array(j->mem, h->act_count, sizeof *h->acts);
        h->tallies = arena_array(j->mem, h->tally_count, sizeof *h->tallies);
        h->logs = arena_array(j->mem, j->logs.count, sizeof *h->logs);
        h->act_count = h->tally_count = 0;
    }
    for (size_t i = 0; i < j->acts.count; i++)
        give_act(j, acts[i], true);
    for (size_t i = 0; i < j->tallies.count; i++) {
        joined_tally *t = vec_at(&j->tallies, i);
        host_of(j, t->host)->tallies[host_of(j, t->host)->tally_count++] = t;
    }
    for (uint32_t i = 0; i < j->logs.count; i++) {
        joined_host *h = host_of(j, ((const joined_log *)vec_at(&j->logs, i))->host);
        h->logs[h->log_count++] = i;
    }
    for (uint32_t i = 0; i < host_total(j); i++) {
        joined_host *h = host_of(j, i);
        qsort(h->acts, h->act_count, sizeof *h->acts, by_kind_time);
        qsort(h->tallies, h->tally_count, sizeof *h->tallies, by_kind_first);
    }
}

const act *const *acts_of(const joined *j, uint32_t host, const char *kind, size_t *count)
{
    const joined_host *h = host_of(j, host);
    size_t low = 0, high = h->act_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(h->acts[middle]->kind, kind) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < h->act_count && strcmp(h->acts[end]->kind, kind) == 0)
        end++;
    *count = end - low;
    return *count ? h->acts + low : NULL;
}

joined_tally *const *tallies_of(const joined *j, uint32_t host, const char *kind, size_t *count)
{
    const joined_host *h = host_of(j, host);
    size_t low = 0, high = h->tally_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(h->tallies[middle]->kind, kind) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    size_t end = low;
    while (end < h->tally_count && strcmp(h->tallies[end]->kind, kind) == 0)
        end++;
    *count = end - low;
    return *count ? h->tallies + low : NULL;
}

uint32_t act_host(const joined *j, const act *a)
{
    const raw_log *r = raw_of_log(j, a->log);
    return r ? r->host : HOST_NONE;
}

static const char *value_of(const fact *facts, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(facts[i].name, name) == 0)
            return facts[i].value;
    return "";
}

const char *act_fact(const act *a, const char *name)
{
    return value_of(a->facts, a->fact_count, name);
}

const char *tally_key(const joined_tally *t, const char *name)
{
    return value_of(t->key, t->key_count, name);
}

bool act_before(const joined *j, const act *a, const act *b)
{
    const raw_log *l = raw_of_log(j, a->log), *r = raw_of_log(j, b->log);
    if (l && r && l->log != UINT32_MAX && l->log == r->log && a->record != b->record)
        return a->record < b->record;
    return a->time < b->time;
}

bool fact_moment(const fact *facts, size_t count, const char *name, moment *out)
{
    const char *value = value_of(facts, count, name);
    return value[0] && moment_parse(span_str(value), out);
}

bool fact_number(const fact *facts, size_t count, const char *name, uint64_t *out)
{
    const char *value = value_of(facts, count, name);
    bool hex = value[0] == '0' && (value[1] == 'x' || value[1] == 'X');
    char *end;
    if (value[0] < '0' || value[0] > '9')
        return false;
    *out = strtoull(value + (hex ? 2 : 0), &end, hex ? 16 : 10);
    return *end == '\0';
}

/* ---- What a channel could have told ---- */

moment log_begins(const joined *j, uint32_t host, const char *channel)
{
    moment begins = MOMENT_UNKNOWN;
    const joined_host *h = host_of(j, host);
    for (size_t i = 0; i < h->log_count; i++) {
        const joined_log *log = vec_at(&j->logs, h->logs[i]);
        if (strcmp(log->channel, channel) == 0 && moment_known(log->from) && (!moment_known(begins) || log->from < begins))
            begins = log->from;
    }
    return begins;
}

look log_looks(const joined *j, uint32_t host, const char *channel, moment from, moment to)
{
    const joined_host *h = host_of(j, host);
    look best = LOOK_BLIND;
    for (size_t i = 0; i < h->log_count; i++) {
        const joined_log *log = vec_at(&j->logs, h->logs[i]);
        if (strcmp(log->channel, channel) != 0 || !moment_known(log->from) || log->from > to || log->to < from)
            continue;
        bool whole = !log->partial && log->from <= from && to <= log->to;
        for (size_t g = 0; g < log->gap_count; g++)
            whole &= log->gaps[g].to < from || log->gaps[g].from > to;
        if (whole)
            return LOOK_SEEN;
        best = LOOK_PART;
    }
    return best;
}

bool logons_told(const joined *j, uint32_t host, moment from, moment to)
{
    static const char *const kinds[] = { "logon.failure", "logon.success" };
    size_t n;
    if (log_looks(j, host, "Security", from, to) == LOOK_BLIND)
        return false;
    for (size_t k = 0; k < 2; k++) {
        joined_tally *const *tallies = tallies_of(j, host, kinds[k], &n);
        for (size_t i = 0; i < n; i++)
            if (strcmp(tallies[i]->channel, "Security") == 0)
                return true;
    }
    const act *const *acts = acts_of(j, host, "logon.session", &n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(acts[i]->log->channel, "Security") == 0)
            return true;
    return false;
}
