/* Which computers are there? Names in records become classes of claims: one class, one host.
 *
 * The atom is a file with one computer name in it. Atoms are put together by what the logs prove, the surest first, and
 * never against a veto. Folders and units have no say. */
#include "incident/classes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

char *folded(const joined *j, const char *name)
{
    char *out = arena_str(j->mem, name);
    utf8_lower_ascii(out);
    return out;
}

const char *first_label(const joined *j, const char *name)
{
    char *out = folded(j, name), *dot = strchr(out, '.');
    if (dot && dot != out)
        *dot = '\0';
    return out;
}

/* '#' stands for a digit, '?' for a letter or digit, '*' for any rest. */
static bool name_fits(const char *pattern, const char *name)
{
    for (; *pattern && *pattern != '*'; pattern++, name++) {
        unsigned char c = (unsigned char)*name;
        if (*pattern == '#' ? !isdigit(c) : *pattern == '?' ? !isalnum(c) : tolower((unsigned char)*pattern) != tolower(c))
            return false;
    }
    return *pattern == '*' || *name == '\0';
}

name_sort sort_of_name(const joined *j, const char *name)
{
    const profile_node *names = profile_get(profile_root(j->facts, "reasoning"), "setup_names");
    for (const profile_node *n = profile_list(names, "shared"); n; n = n->next)
        if (name_fits(n->text, name))
            return NAME_SHARED;
    for (const profile_node *n = profile_list(names, "random"); n; n = n->next)
        if (name_fits(n->text, name))
            return NAME_RANDOM;
    return NAME_CHOSEN;
}

static void atom_key(const char *file, const char *folded_name, buf *key)
{
    buf_printf(key, "%s\x1f%s", file, folded_name);
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

uint32_t atom_of(classes *c, const char *file, const char *name)
{
    buf key;
    buf_init(&key, SIZE_MAX);
    const char *low = folded(c->j, name ? name : "");
    atom_key(file, low, &key);
    bool was_there;
    uint64_t *at = map_put(&c->of, buf_bytes(&key), &was_there);
    if (!was_there) {
        *at = c->atoms.count;
        atom *a = vec_push(&c->atoms);
        *a = (atom){ .file = file, .name = name ? name : "", .folded = low, .label = first_label(c->j, low), .sort = sort_of_name(c->j, low),
                     .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN, .parent = (uint32_t)*at, .next = ATOM_NONE, .tail = (uint32_t)*at, .size = 1 };
    }
    buf_done(&key);
    return (uint32_t)*at;
}

uint32_t class_of(const classes *c, uint32_t i)
{
    while (atom_at(c, i)->parent != i)
        i = atom_at(c, i)->parent;
    return i;
}

static void widen(moment *first, moment *last, moment from, moment to)
{
    if (moment_known(from) && (!moment_known(*first) || from < *first))
        *first = from;
    if (moment_known(to) && (!moment_known(*last) || to > *last))
        *last = to;
}

bool has_sid(const atom *a, const char *sid)
{
    for (size_t i = 0; i < a->sid_count; i++)
        if (strcmp(a->sids[i], sid) == 0)
            return true;
    return false;
}

bool decisive_sid(const identity_claim *k)
{
    return strcmp(k->key, "machine-sid") == 0 && strcmp(k->strength, "decisive") == 0;
}

void add_sid(const joined *j, atom *a, const char *sid)
{
    if (has_sid(a, sid))
        return;
    const char **sids = arena_array(j->mem, a->sid_count + 1, sizeof *sids);
    for (size_t k = 0; k < a->sid_count; k++)
        sids[k] = a->sids[k];
    sids[a->sid_count++] = sid;
    a->sids = sids;
}

static void gather_atoms(classes *c)
{
    for (size_t i = 0; i < c->j->raw.count; i++) {
        const raw_log *r = vec_at(&c->j->raw, i);
        if (lies_somewhere(c->j, r->file, r->computer, r->channel))
            continue;
        atom *a = atom_at(c, atom_of(c, r->file, r->computer));
        a->records += r->records;
        widen(&a->first, &a->last, r->first, r->last);
    }
    const identity_claim *const *claims = c->j->claims.at;
    for (size_t i = 0; i < c->j->claims.count; i++) {
        if (lies_somewhere(c->j, claims[i]->file, claims[i]->computer, claims[i]->channel))
            continue;
        atom *a = atom_at(c, atom_of(c, claims[i]->file, claims[i]->computer));
        if (decisive_sid(claims[i]))
            add_sid(c->j, a, claims[i]->value);
    }
    const evidence_file *const *evidence = c->j->evidence.at;
    for (size_t i = 0; i < c->j->evidence.count; i++)
        if (evidence[i]->computer && evidence[i]->computer[0])
            atom_of(c, evidence[i]->id, evidence[i]->computer);
}

static int by_name(const void *a, const void *b, void *of)
{
    const atom *l = atom_at(of, *(const uint32_t *)a), *r = atom_at(of, *(const uint32_t *)b);
    int order = strcmp(l->label, r->label);
    if (order == 0)
        order = strcmp(l->folded, r->folded);
    return order ? order : strcmp(l->file, r->file);
}

/* ---- Vetoes ---- */

enum { COMPARED_MOST = 1 << 24 };          /* pieces of evidence of two classes held against each other; more of them are no one host */

static bool too_many(const classes *c, uint32_t a, uint32_t b)
{
    return (size_t)atom_at(c, a)->size * atom_at(c, b)->size > COMPARED_MOST;
}

/* Both have machine SIDs, and none in common. */
static bool sids_differ(const classes *c, uint32_t a, uint32_t b)
{
    bool both = false;
    for (uint32_t i = a; i != ATOM_NONE; i = atom_at(c, i)->next)
        for (uint32_t k = b; atom_at(c, i)->sid_count && k != ATOM_NONE; k = atom_at(c, k)->next)
            for (size_t s = 0; s < atom_at(c, k)->sid_count; s++) {
                if (has_sid(atom_at(c, i), atom_at(c, k)->sids[s]))
                    return false;
                both = true;
            }
    return both;
}

/* Two names at one time are two computers. A clock that was set makes a little overlap of one. */
static bool names_clash(const classes *c, uint32_t a, uint32_t b)
{
    for (uint32_t i = a; i != ATOM_NONE; i = atom_at(c, i)->next)
        for (uint32_t k = b; k != ATOM_NONE; k = atom_at(c, k)->next) {
            const atom *x = atom_at(c, i), *y = atom_at(c, k);
            if (!moment_known(x->first) || !moment_known(y->first) || strcmp(x->label, y->label) == 0)
                continue;
            moment from = x->first > y->first ? x->first : y->first, to = x->last < y->last ? x->last : y->last;
            if (to > from && to - from > c->overlap)
                return true;
        }
    return false;
}

bool put_together(classes *c, uint32_t a, uint32_t b, unsigned vetoes)
{
    a = class_of(c, a);
    b = class_of(c, b);
    if (a == b)
        return true;
    if ((vetoes && too_many(c, a, b)) || ((vetoes & VETO_SIDS) && sids_differ(c, a, b)) || ((vetoes & VETO_NAMES) && names_clash(c, a, b)))
        return false;
    uint32_t root = a < b ? a : b, other = a < b ? b : a;
    atom_at(c, other)->parent = root;
    atom_at(c, atom_at(c, root)->tail)->next = other;
    atom_at(c, root)->tail = atom_at(c, other)->tail;
    atom_at(c, root)->size += atom_at(c, other)->size;
    return true;
}

/* ---- What puts atoms together ---- */

static const char *rename_key(const joined *j, const char *old_label, const char *new_label)
{
    return arena_printf(j->mem, "%s\x1f%s", old_label, new_label);
}

/* Renames that records tell of, by both labels. */
static void renames_find(const joined *j, map *out)
{
    const act *const *acts = j->acts.at;
    for (size_t i = 0; i < j->acts.count; i++)
        if (strcmp(acts[i]->kind, "host.rename") == 0)
            map_put(out, span_str(rename_key(j, first_label(j, act_fact(acts[i], "old")), first_label(j, act_fact(acts[i], "new")))), NULL);
}

static int by_first_record(const void *a, const void *b)
{
    const raw_log *l = *(const raw_log *const *)a, *r = *(const raw_log *const *)b;
    int order = strcmp(l->file, r->file);
    if (order == 0)
        order = strcmp(l->channel, r->channel);
    if (order == 0)
        order = (l->first_record > r->first_record) - (l->first_record < r->first_record);
    return order ? order : strcmp(l->computer, r->computer);
}

/* One log that goes on under another name: record ids run on, and a set-up, a rename or the next record itself says so. */
static void join_segments(classes *c)
{
    vec order;
    vec_init(&order, sizeof(const raw_log *));
    for (size_t i = 0; i < c->j->raw.count; i++) {
        const raw_log *r = vec_at(&c->j->raw, i);
        if (r->records && strcmp(r->channel, "ForwardedEvents") != 0)
            *(const raw_log **)vec_push(&order) = r;
    }
    vec_sort(&order, by_first_record);
    map renames;
    map_init(&renames);
    renames_find(c->j, &renames);
    const raw_log *const *logs = order.at;
    for (size_t i = 1; i < order.count; i++) {
        const raw_log *was = logs[i - 1], *is = logs[i];
        if (strcmp(was->file, is->file) != 0 || strcmp(was->channel, is->channel) != 0 || was->last_record >= is->first_record)
            continue;
        uint32_t a = atom_of(c, was->file, was->computer), b = atom_of(c, is->file, is->computer);
        const atom *old = atom_at(c, a), *new = atom_at(c, b);
        bool runs_on = was->last_record + 1 == is->first_record, set_up = old->sort != NAME_CHOSEN;
        if (!runs_on && !set_up && strcmp(old->label, new->label) != 0 && !map_find(&renames, span_str(rename_key(c->j, old->label, new->label))))
            continue;
        if (put_together(c, a, b, set_up ? VETO_NONE : VETO_SIDS))
            atom_at(c, a)->later_name = strcmp(old->label, new->label) != 0;
    }
    map_done(&renames);
    vec_done(&order);
}

bool bears_name(const atom *a)
{
    return a->sort != NAME_SHARED && a->folded[0] != '\0';
}

static void join_renames(classes *c)
{
    const act *const *acts = c->j->acts.at;
    for (size_t i = 0; i < c->j->acts.count; i++) {
        if (strcmp(acts[i]->kind, "host.rename") != 0)
            continue;
        uint32_t old = atom_of(c, acts[i]->log->file, acts[i]->log->computer);
        const char *label = first_label(c->j, act_fact(acts[i], "new"));
        size_t low = 0, high = c->atoms.count;
        while (low < high) {                                 /* sorted by label */
            size_t mid = low + (high - low) / 2;
            if (strcmp(atom_at(c, c->by_name[mid])->label, label) < 0)
                low = mid + 1;
            else
                high = mid;
        }
        for (; low < c->atoms.count && strcmp(atom_at(c, c->by_name[low])->label, label) == 0; low++) {
            const uint32_t k = c->by_name[low];
            const atom *a = atom_at(c, k);
            if (bears_name(a) && moment_known(a->last) && a->last >= acts[i]->time)
                if (put_together(c, old, k, VETO_SIDS | VETO_NAMES) && strcmp(atom_at(c, old)->label, label) != 0)
                    atom_at(c, old)->later_name = true;
        }
    }
}

/* One end of each run of atoms in by_name that have the same folded name (or label). */
static size_t run_end(const classes *c, size_t from, bool labels)
{
    const atom *a = atom_at(c, c->by_name[from]);
    size_t end = from + 1;
    for (; end < c->atoms.count; end++) {
        const atom *b = atom_at(c, c->by_name[end]);
        if (strcmp(labels ? a->label : a->folded, labels ? b->label : b->folded) != 0)
            break;
    }
    return end;
}

/* Within a run of one name: those that bear it still. Then those that left it behind, when all of them are one host: two
 * that left the same name behind are copies of one image, and neither need be the one that bears it. */
static void join_equal_names(classes *c)
{
    for (size_t from = 0, end; from < c->atoms.count; from = end) {
        end = run_end(c, from, false);
        if (!bears_name(atom_at(c, c->by_name[from])))
            continue;
        uint32_t left = ATOM_NONE, bearer = ATOM_NONE;
        bool one = true;
        for (size_t i = from; i < end; i++) {
            uint32_t at = c->by_name[i];
            if (atom_at(c, at)->later_name) {
                one &= left == ATOM_NONE || class_of(c, left) == class_of(c, at);
                left = at;
                continue;
            }
            for (size_t k = from; k < i; k++)
                if (!atom_at(c, c->by_name[k])->later_name && put_together(c, c->by_name[k], at, VETO_SIDS | VETO_NAMES))
                    break;
            bearer = at;
        }
        if (left != ATOM_NONE && bearer != ATOM_NONE && one)
            put_together(c, left, bearer, VETO_SIDS | VETO_NAMES);
    }
}

/* SRV1 is SRV1.corp.example, when no SRV1 of another domain is about. */
static void join_short_names(classes *c)
{
    for (size_t from = 0, end; from < c->atoms.count; from = end) {
        end = run_end(c, from, true);
        uint32_t full = ATOM_NONE;
        bool one = true;
        for (size_t i = from; i < end; i++) {
            uint32_t at = c->by_name[i];
            if (strcmp(atom_at(c, at)->folded, atom_at(c, at)->label) == 0)
                continue;
            one &= full == ATOM_NONE || class_of(c, full) == class_of(c, at);
            full = at;
        }
        for (size_t i = from; i < end && one && full != ATOM_NONE; i++) {
            const atom *a = atom_at(c, c->by_name[i]);
            if (bears_name(a) && !a->later_name && strcmp(a->folded, a->label) == 0)
                put_together(c, c->by_name[i], full, VETO_SIDS | VETO_NAMES);
        }
    }
}

/* A machine SID joins differently named atoms only when one of them bears no chosen name: what looks like a machine's SID may
 * be its domain's, and clones share one. */
static void join_set_up_by_sid(classes *c)
{
    for (uint32_t i = 0; i < c->atoms.count; i++)
        for (uint32_t k = 0; atom_at(c, i)->sort != NAME_CHOSEN && k < c->atoms.count; k++)
            for (size_t s = 0; k != i && s < atom_at(c, k)->sid_count; s++)
                if (has_sid(atom_at(c, i), atom_at(c, k)->sids[s]))
                    put_together(c, i, k, VETO_SIDS | VETO_NAMES);
}

/* ---- From classes to hosts ---- */

static int newest_name_first(const void *a, const void *b)
{
    const name_span *l = a, *r = b;
    moment l_to = moment_known(l->to) ? l->to : 0, r_to = moment_known(r->to) ? r->to : 0;
    if (l_to != r_to)
        return l_to < r_to ? 1 : -1;
    if (l->records != r->records)
        return l->records < r->records ? 1 : -1;
    return strcmp(l->name, r->name);
}

static void names_of_class(classes *c, uint32_t class, joined_host *h)
{
    vec names;
    vec_init(&names, sizeof(name_span));
    for (uint32_t i = class; i != ATOM_NONE; i = atom_at(c, i)->next) {
        const atom *a = atom_at(c, i);
        name_span *known = NULL;
        if (a->unit && !a->folded[0])
            continue;
        for (size_t k = 0; k < names.count && !known; k++)
            if (strcasecmp(((name_span *)vec_at(&names, k))->name, a->name) == 0)
                known = vec_at(&names, k);
        if (!known) {
            known = vec_push(&names);
            *known = (name_span){ .name = a->name, .from = MOMENT_UNKNOWN, .to = MOMENT_UNKNOWN };
        } else if (strcmp(a->name, known->name) < 0) {
            known->name = a->name;                    /* written differently in two logs: one way, whichever came first */
        }
        known->records += a->records;
        widen(&known->from, &known->to, a->first, a->last);
        widen(&h->first, &h->last, a->first, a->last);
    }
    if (!names.count)
        *(name_span *)vec_push(&names) = (name_span){ .name = "", .from = MOMENT_UNKNOWN, .to = MOMENT_UNKNOWN };
    vec_sort(&names, newest_name_first);
    h->name_count = names.count;
    h->names = arena_array(c->j->mem, names.count, sizeof *h->names);
    memcpy(h->names, names.at, names.count * sizeof *h->names);
    vec_done(&names);
    for (size_t i = 1; i < h->name_count; i++)
        if (moment_known(h->names[i].to) && strcmp(first_label(c->j, h->names[i].name), first_label(c->j, h->names[i - 1].name)) != 0)
            *(sentence *)vec_push(&h->notes) = say(c->j, "host.renamed", "old", ARG_TEXT, h->names[i].name, "new", ARG_TEXT,
                                                   h->names[i - 1].name, "time", ARG_TIME, write_time(c->j, h->names[i].to), NULL);
}

/* Of a class that nothing names: called as the folder that its artifacts lie in. */
static void name_by_folder(classes *c, uint32_t class, joined_host *h)
{
    if (h->names[0].name[0] || !atom_at(c, class)->unit)
        return;
    const char *unit = atom_at(c, class)->unit;
    h->by_folder = true;
    h->names[0].name = unit[0] ? unit : "?";
    *(sentence *)vec_push(&h->notes) = say(c->j, "host.by-folder", "name", ARG_TEXT, h->names[0].name, NULL);
}

static void sids_of_class(classes *c, uint32_t class, joined_host *h)
{
    for (uint32_t i = class; i != ATOM_NONE; i = atom_at(c, i)->next)
        h->sid_count += atom_at(c, i)->sid_count;
    const char **sids = arena_array(c->j->mem, h->sid_count, sizeof *sids);
    size_t count = 0;
    for (uint32_t i = class; i != ATOM_NONE; i = atom_at(c, i)->next)
        for (size_t s = 0; s < atom_at(c, i)->sid_count; s++)
            sids[count++] = atom_at(c, i)->sids[s];
    qsort(sids, count, sizeof *sids, compare_texts);
    h->sid_count = 0;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || strcmp(sids[i], sids[h->sid_count - 1]) != 0)
            sids[h->sid_count++] = sids[i];
    h->sids = sids;
}

/* The strongest identity names the host; hosts that would be named alike are told apart by their smallest file. */
static void name_hosts(joined *j, joined_host *hosts, const char *const *smallest, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        joined_host *h = &hosts[i];
        const char *label = first_label(j, h->names[0].name);
        bool anybodys = label[0] == '\0' || h->by_folder || sort_of_name(j, h->names[0].name) == NAME_SHARED;
        h->id = h->sid_count ? write_hash(j, "sid", h->sids[0], label, NULL)
                             : write_hash(j, "name", folded(j, h->names[0].name), anybodys ? smallest[i] : "", NULL);
    }
    for (size_t i = 0; i < count; i++) {
        const char *id = hosts[i].id;
        bool twice = false;
        for (size_t k = i + 1; k < count; k++)
            if (strcmp(hosts[k].id, id) == 0) {
                twice = true;
                hosts[k].id = write_hash(j, "file", id, smallest[k], NULL);
                *(sentence *)vec_push(&hosts[k].notes) = say(j, "host.same-name", "name", ARG_TEXT, hosts[k].names[0].name, NULL);
            }
        if (twice) {
            hosts[i].id = write_hash(j, "file", id, smallest[i], NULL);
            *(sentence *)vec_push(&hosts[i].notes) = say(j, "host.same-name", "name", ARG_TEXT, hosts[i].names[0].name, NULL);
        }
    }
}

static int by_shown_name(const void *a, const void *b)
{
    const joined_host *l = a, *r = b;
    int order = strcasecmp(l->names[0].name, r->names[0].name);
    return order ? order : strcmp(l->id, r->id);
}

static void make_hosts(classes *c)
{
    joined *j = c->j;
    uint32_t n = (uint32_t)c->atoms.count;
    joined_host *hosts = arena_array(j->mem, n, sizeof *hosts);
    const char **smallest = arena_array(j->mem, n, sizeof *smallest);
    size_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (class_of(c, i) != i)
            continue;
        joined_host *h = &hosts[count];
        *h = (joined_host){ .collected = true, .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN };
        vec_init(&h->notes, sizeof(sentence));
        names_of_class(c, i, h);
        name_by_folder(c, i, h);
        sids_of_class(c, i, h);
        for (uint32_t k = i; k != ATOM_NONE; k = atom_at(c, k)->next)
            if (!smallest[count] || strcmp(atom_at(c, k)->file, smallest[count]) < 0)
                smallest[count] = atom_at(c, k)->file;
        const char *dot = strchr(h->names[0].name, '.');
        h->domain = dot && dot != h->names[0].name && dot[1] ? dot + 1 : NULL;
        h->class = i;
        count++;
    }
    name_hosts(j, hosts, smallest, count);
    for (size_t i = 0; i < count; i++)
        *(joined_host *)vec_push(&j->hosts) = hosts[i];
    vec_sort(&j->hosts, by_shown_name);

    uint32_t *host_of_class = arena_array(j->mem, n, sizeof *host_of_class);
    for (uint32_t i = 0; i < count; i++)
        host_of_class[host_of(j, i)->class] = i;
    for (size_t i = 0; i < c->of.count; i++)
        *map_put(&j->host_of, c->of.entries[i].key, &(bool){ false }) = host_of_class[class_of(c, (uint32_t)c->of.entries[i].value)];
    for (size_t i = 0; i < j->raw.count; i++) {
        raw_log *r = vec_at(&j->raw, i);
        r->host = host_of_name_in(j, r->file, r->computer);
    }
    artifact_file *files = j->artifacts.at;
    for (size_t i = 0; i < j->artifacts.count; i++)
        if (files[i].place != UINT32_MAX)
            files[i].host = host_of_class[class_of(c, files[i].place)];
    host_of_artifacts(j);
    roots_of_hosts(j);
}

/* "UTC+08:00 ...": minutes east. */
static bool read_zone(const char *text, int *minutes)
{
    unsigned h, m;
    char sign;
    if (sscanf(text, "UTC%c%2u:%2u", &sign, &h, &m) != 3 || (sign != '+' && sign != '-') || h > 14 || m > 59)
        return false;
    *minutes = (int)(h * 60 + m) * (sign == '-' ? -1 : 1);
    return true;
}

static unsigned strength_of(const identity_claim *k)
{
    static const char *const words[] = { "weak", "strong", "decisive" };
    for (unsigned i = 0; i < sizeof words / sizeof *words; i++)
        if (k->strength && strcmp(k->strength, words[i]) == 0)
            return i;
    return 0;
}

/* What claims say of the host beside its name: the newest saying of the strongest counts. A name of Windows that is guessed from
 * its build says less than the one that the host itself writes down, however late it comes. */
static void take_claim(joined_host *h, const identity_claim *k)
{
    const struct { const char *key; const char **to; moment *said; } keys[SAYINGS] = {
        { "os", &h->os, &h->os_said }, { "os-build", &h->build, &h->build_said }, { "time-zone", &h->time_zone, &h->zone_said },
        { "role", &h->role, &h->role_said }, { "domain", &h->domain, &h->domain_said },
    };
    moment said = moment_known(k->to) ? k->to : 0;
    for (size_t m = 0; m < sizeof keys / sizeof *keys; m++)
        if (strcmp(k->key, keys[m].key) == 0
            && (*keys[m].said == 0 || (strength_of(k) == h->said_by[m] ? said >= *keys[m].said : strength_of(k) > h->said_by[m]))) {
            h->said_by[m] = (uint8_t)strength_of(k);
            *keys[m].to = k->value;
            *keys[m].said = said ? said : 1;
            if (keys[m].to == &h->time_zone)
                h->zone_known = read_zone(h->time_zone, &h->zone_minutes);
        }
}

enum { CLAIM_HOSTS = 64 };

static void take_claims(joined *j)
{
    const identity_claim *const *claims = j->claims.at;
    for (size_t i = 0; i < j->claims.count; i++) {
        uint32_t hosts[CLAIM_HOSTS];
        size_t n = claim_hosts(j, claims[i], hosts, CLAIM_HOSTS);
        for (size_t m = 0; m < n; m++)
            take_claim(host_of(j, hosts[m]), claims[i]);
    }
}

uint32_t host_of_name_in(const joined *j, const char *file, const char *computer)
{
    buf key;
    buf_init(&key, SIZE_MAX);
    atom_key(file, folded(j, computer ? computer : ""), &key);
    const uint64_t *at = map_find(&j->host_of, buf_bytes(&key));
    buf_done(&key);
    return at ? (uint32_t)*at : HOST_NONE;
}

void identity(joined *j)
{
    classes c = { .j = j, .overlap = weight_span(j, "identity.rename-overlap") };
    vec_init(&c.atoms, sizeof(atom));
    map_init(&c.of);
    map_init(&c.places);
    gather_atoms(&c);
    gather_places(&c);
    c.by_name = arena_array(j->mem, c.atoms.count, sizeof *c.by_name);
    for (uint32_t i = 0; i < c.atoms.count; i++)
        c.by_name[i] = i;
    qsort_r(c.by_name, c.atoms.count, sizeof *c.by_name, by_name, &c);
    join_segments(&c);
    join_renames(&c);
    join_equal_names(&c);
    join_short_names(&c);
    join_set_up_by_sid(&c);
    join_places(&c);
    join_to_only_host(&c);
    make_hosts(&c);
    take_claims(j);
    map_done(&c.of);
    map_done(&c.places);
    vec_done(&c.atoms);
}
