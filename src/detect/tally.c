/* Tallies: what matters by number, counted by key, block and minute within fixed bounds.
 *
 * A source may try a million names, and names and sources are whatever the attacker likes. So, while a log is read:
 *   - of a (protocol, source) with over TALLY_NAMES accounts those of smallest hash are told apart, and those that
 *     succeeded; the rest is counted under account "*". Workstations, which clients invent anew for each try, are held to
 *     the same number, and to TALLY_CLIENTS where the address is known: there the rest loses nothing but a name, and is
 *     not called cut;
 *   - when TALLY_LIVE keys are alive, the half with the smaller totals (ties: larger hash) is folded together;
 *   - in the end TALLY_WAYS keys stay, fewer if their (key, block) pairs would still be too many lines.
 * Each rule looks at the records and their order in the file, at nothing else. What was folded keeps its number:
 * totals are exact, and the fold itself is counted as cut. */
#include "detect/log.h"

#include <stdarg.h>

enum { ENTRIES_LIVE = 1 << 19, NO_ENTRY = -1 };

/* The `most` smallest hashes seen: a max-heap, so that the largest of them is the bound. */
typedef struct { uint64_t *at; uint32_t count, room, most; } smallest;

typedef struct { smallest accounts, workstations; } tally_group;

typedef struct {
    span text;                    /* "name\0value\0name\0value\0", in order of name; lies in the map */
    uint64_t account, workstation, hash;      /* hashes; 0 when absent or "*" */
    uint64_t total;
    uint32_t group;
    bool others, won;
    int64_t last;                 /* its newest entry */
} tally_key;

typedef struct { uint32_t key, count; uint64_t block, record; moment start, first, last; } tally_entry;

struct tally_kind {
    const char *kind;
    map index; vec keys;
    map group_index; vec groups; arena group_mem;
    vec entries;
    moment width;
};

static void kind_init(tally_kind *k, const char *kind, moment width)
{
    *k = (tally_kind){ .kind = kind, .width = width };
    vec_init(&k->keys, sizeof(tally_key));
    vec_init(&k->groups, sizeof(tally_group));
    vec_init(&k->entries, sizeof(tally_entry));
    arena_init(&k->group_mem, 0);
}

static void kind_done(tally_kind *k)
{
    map_done(&k->index);
    map_done(&k->group_index);
    vec_done(&k->keys);
    vec_done(&k->groups);
    vec_done(&k->entries);
    arena_done(&k->group_mem);
}

/* A key's text. */
typedef struct { const char *name, *value; } pair;

static const char *pair_value(const pair *pairs, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    return "";
}

static void pair_put(pair *pairs, size_t *count, const char *name, const char *value)
{
    if (!value || !*value || *count == NOTE_FACTS)
        return;
    size_t to = (*count)++;
    while (to > 0 && strcmp(pairs[to - 1].name, name) > 0) {
        pairs[to] = pairs[to - 1];
        to--;
    }
    pairs[to] = (pair){ name, value };
}

static size_t pairs_of(span text, pair pairs[NOTE_FACTS])
{
    size_t count = 0;
    const char *at = (const char *)text.at, *end = at + text.len;
    while (at < end && count < NOTE_FACTS) {
        const char *value = at + strlen(at) + 1;
        pairs[count++] = (pair){ at, value };
        at = value + strlen(value) + 1;
    }
    return count;
}

/* No value of a key is longer than this: what is longer is told apart by its beginning. */
enum { VALUE_BYTES = 512 };

static size_t value_bytes(const char *value)
{
    size_t len = strnlen(value, VALUE_BYTES);
    while (len > 0 && ((uint8_t)value[len] & 0xc0) == 0x80)
        len--;
    return len;
}

static span text_of(arena *mem, const pair *pairs, size_t count)
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++)
        len += strlen(pairs[i].name) + value_bytes(pairs[i].value) + 2;
    uint8_t *text = arena_alloc(mem, len + 1), *to = text;
    for (size_t i = 0; i < count; i++) {
        to = (uint8_t *)stpcpy((char *)to, pairs[i].name) + 1;
        size_t n = value_bytes(pairs[i].value);
        memcpy(to, pairs[i].value, n);
        to += n + 1;
    }
    return span_of(text, len);
}

static uint64_t hash_of_name(const char *name)
{
    if (!*name || strcmp(name, "*") == 0)
        return 0;
    uint64_t h = hash64(span_str(name));
    return h ? h : 1;
}

/* smallest */
static bool smallest_has(const smallest *s, uint64_t hash)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->at[i] == hash)
            return true;
    return false;
}

static void sink_down(uint64_t *at, uint32_t count, uint32_t i)
{
    for (;;) {
        uint32_t largest = i, left = 2 * i + 1, right = left + 1;
        if (left < count && at[left] > at[largest])
            largest = left;
        if (right < count && at[right] > at[largest])
            largest = right;
        if (largest == i)
            return;
        uint64_t swap = at[i];
        at[i] = at[largest];
        at[largest] = swap;
        i = largest;
    }
}

static bool smallest_full(const smallest *s)
{
    return s->count == s->most;
}

static bool smallest_excludes(const smallest *s, uint64_t hash)
{
    return hash && smallest_full(s) && hash > s->at[0];
}

static void smallest_add(smallest *s, arena *mem, uint64_t hash)
{
    if (!hash || smallest_excludes(s, hash) || smallest_has(s, hash))
        return;
    if (smallest_full(s)) {
        s->at[0] = hash;
        sink_down(s->at, s->count, 0);
        return;
    }
    if (s->count == s->room) {
        uint32_t room = s->room ? s->room * 2 : 4;
        uint64_t *grown = arena_array(mem, room, sizeof *grown);
        if (s->count)
            memcpy(grown, s->at, s->count * sizeof *grown);
        s->at = grown;
        s->room = room;
    }
    uint32_t i = s->count++;
    s->at[i] = hash;
    while (i > 0 && s->at[(i - 1) / 2] < s->at[i]) {
        uint64_t swap = s->at[i];
        s->at[i] = s->at[(i - 1) / 2];
        s->at[(i - 1) / 2] = swap;
        i = (i - 1) / 2;
    }
}

static span pair_of_names(arena *mem, const char *first, const char *second)
{
    size_t a = strlen(first) + 1, b = strlen(second);
    uint8_t *text = arena_alloc(mem, a + b + 1);
    memcpy(text, first, a);
    memcpy(text + a, second, b);
    return span_of(text, a + b);
}

static uint32_t group_of(tally_kind *k, arena *scratch, const pair *pairs, size_t count)
{
    bool there;
    uint64_t *at = map_put(&k->group_index,
                           pair_of_names(scratch, pair_value(pairs, count, "protocol"), pair_value(pairs, count, "source")), &there);
    if (!there) {
        *at = k->groups.count;
        tally_group *g = vec_push(&k->groups);
        g->accounts.most = TALLY_NAMES;
        g->workstations.most = *pair_value(pairs, count, "source") ? TALLY_CLIENTS : TALLY_NAMES;
    }
    return (uint32_t)*at;
}

/* One of many of its source: name and workstation no longer told apart. */
static size_t fold_names(const pair *from, size_t count, bool account, bool workstation, pair to[NOTE_FACTS])
{
    static const char *const of_account[] = { "sid", "process", "package", "workstation" };
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        const char *name = from[i].name;
        bool drop = strcmp(name, "others") == 0 || (account && strcmp(name, "account") == 0) ||
                    (workstation && strcmp(name, "workstation") == 0);
        for (size_t j = 0; account && j < sizeof of_account / sizeof *of_account; j++)
            drop = drop || strcmp(name, of_account[j]) == 0;
        if (!drop)
            pair_put(to, &kept, name, from[i].value);
    }
    if (account)
        pair_put(to, &kept, "account", "*");
    else if (workstation)
        pair_put(to, &kept, "workstation", "*");
    if (account || !*pair_value(from, count, "source"))
        pair_put(to, &kept, "others", "yes");
    return kept;
}

/* One of very many: only by which protocol; and whether its source was told, which is another thing than a log without one. */
static size_t fold_all(const pair *from, size_t count, pair to[NOTE_FACTS])
{
    size_t kept = 0;
    pair_put(to, &kept, "protocol", pair_value(from, count, "protocol"));
    if (*pair_value(from, count, "account"))
        pair_put(to, &kept, "account", "*");
    bool source = *pair_value(from, count, "source") || strcmp(pair_value(from, count, "others"), "sources") == 0;
    pair_put(to, &kept, "others", source ? "sources" : "yes");
    return kept;
}

static uint32_t key_put(tally_kind *k, arena *scratch, const pair *pairs, size_t count, bool won, bool *is_new)
{
    bool there;
    uint64_t *at = map_put(&k->index, text_of(scratch, pairs, count), &there);
    *is_new = !there;
    if (there)
        return (uint32_t)*at;
    uint32_t i = (uint32_t)k->keys.count;
    *at = i;
    span text = k->index.entries[k->index.count - 1].key;
    tally_key *key = vec_push(&k->keys);
    *key = (tally_key){ .text = text, .hash = hash64(text), .won = won, .last = NO_ENTRY,
                        .account = hash_of_name(pair_value(pairs, count, "account")),
                        .workstation = hash_of_name(pair_value(pairs, count, "workstation")),
                        .others = *pair_value(pairs, count, "others") != 0 };
    key->group = group_of(k, scratch, pairs, count);
    tally_group *g = vec_at(&k->groups, key->group);
    if (!won)
        smallest_add(&g->accounts, &k->group_mem, key->account);
    smallest_add(&g->workstations, &k->group_mem, key->workstation);
    return i;
}

/* Whether this account is known to have succeeded from this source. */
static bool is_winner(const detect_log *log, arena *scratch, const pair *pairs, size_t count)
{
    return log->winners.count &&
           map_find(&log->winners, pair_of_names(scratch, pair_value(pairs, count, "source"), pair_value(pairs, count, "account")));
}

static int entry_order(const void *a, const void *b)
{
    const tally_entry *x = a, *y = b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    if (x->block != y->block)
        return x->block < y->block ? -1 : 1;
    return x->start < y->start ? -1 : x->start > y->start;
}

static void entry_add(tally_entry *to, const tally_entry *from)
{
    if (from->record < to->record)
        to->record = from->record;
    if (from->first < to->first)
        to->first = from->first;
    if (from->last > to->last)
        to->last = from->last;
    to->count = to->count > UINT32_MAX - from->count ? UINT32_MAX : to->count + from->count;
}

/* Sorts entries and adds up those of one key, block and time. */
static void merge_entries(tally_kind *k)
{
    vec_sort(&k->entries, entry_order);
    size_t kept = 0;
    for (size_t i = 0; i < k->entries.count; i++) {
        tally_entry *e = vec_at(&k->entries, i);
        tally_entry *to = kept ? vec_at(&k->entries, kept - 1) : NULL;
        if (to && entry_order(to, e) == 0)
            entry_add(to, e);
        else
            *(tally_entry *)vec_at(&k->entries, kept++) = *e;
    }
    k->entries.count = kept;
    for (size_t i = 0; i < k->keys.count; i++)
        ((tally_key *)vec_at(&k->keys, i))->last = NO_ENTRY;
    for (size_t i = 0; i < kept; i++)
        ((tally_key *)vec_at(&k->keys, ((tally_entry *)vec_at(&k->entries, i))->key))->last = (int64_t)i;
}

static void widen(tally_kind *k, moment width)
{
    k->width = width;
    for (size_t i = 0; i < k->entries.count; i++) {
        tally_entry *e = vec_at(&k->entries, i);
        e->start -= e->start % width;
    }
    merge_entries(k);
}

static void fit_buckets(tally_kind *k)
{
    static const moment widths[] = { 10 * MOMENT_MINUTE, MOMENT_HOUR, MOMENT_DAY };
    for (size_t i = 0; i < sizeof widths / sizeof *widths && k->entries.count > TALLY_BUCKETS; i++)
        if (widths[i] > k->width)
            widen(k, widths[i]);
}

typedef struct { uint32_t key; bool others; uint64_t total, hash; } ranked;

static int rank_order(const void *a, const void *b)
{
    const ranked *x = a, *y = b;
    if (x->others != y->others)
        return x->others ? -1 : 1;
    if (x->total != y->total)
        return x->total > y->total ? -1 : 1;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static smallest smallest_copy(const smallest *s, arena *mem)
{
    smallest made = { .count = s->count, .room = s->count };
    if (s->count) {
        made.at = arena_array(mem, s->count, sizeof *made.at);
        memcpy(made.at, s->at, s->count * sizeof *made.at);
    }
    return made;
}

/* A new kind with the same counts: keys that `fate` marks are folded into the ones given. Groups keep their bounds, which are
 * what the log has shown so far, as long as a key has their source: so there are never many more groups than keys. */
typedef enum { STAYS, LOSES_ACCOUNT, LOSES_WORKSTATION, LOSES_ALL } fate;

static void rebuild(tally_kind *k, arena *scratch, const fate *fates)
{
    tally_kind next;
    kind_init(&next, k->kind, k->width);
    vec places, moved;
    vec_init(&places, sizeof(uint32_t));
    vec_init(&moved, sizeof(bool));
    for (size_t i = 0; i < k->groups.count; i++)
        vec_push(&moved);
    for (size_t i = 0; i < k->keys.count; i++) {
        tally_key *old = vec_at(&k->keys, i);
        pair is[NOTE_FACTS], was[NOTE_FACTS];
        size_t count = pairs_of(old->text, was);
        if (fates[i] == STAYS)
            memcpy(is, was, sizeof is);
        else if (fates[i] == LOSES_ALL)
            count = fold_all(was, count, is);
        else
            count = fold_names(was, count, fates[i] == LOSES_ACCOUNT, true, is);
        bool is_new;
        uint32_t to = key_put(&next, scratch, is, count, old->won && fates[i] == STAYS, &is_new);
        tally_key *key = vec_at(&next.keys, to);
        key->total += old->total;
        bool *has_moved = vec_at(&moved, old->group);
        if (fates[i] != LOSES_ALL && !*has_moved) {
            const tally_group *from = vec_at(&k->groups, old->group);
            *(tally_group *)vec_at(&next.groups, key->group) =
                (tally_group){ smallest_copy(&from->accounts, &next.group_mem), smallest_copy(&from->workstations, &next.group_mem) };
            *has_moved = true;
        }
        *(uint32_t *)vec_push(&places) = to;
        arena_reset(scratch);
    }
    for (size_t i = 0; i < k->entries.count; i++) {
        tally_entry *e = vec_at(&k->entries, i);
        e->key = *(uint32_t *)vec_at(&places, e->key);
    }
    next.entries = k->entries;
    vec_init(&k->entries, sizeof(tally_entry));
    vec_done(&places);
    vec_done(&moved);
    kind_done(k);
    *k = next;
    merge_entries(k);
}

static fate fate_of(const detect_log *log, const tally_kind *k, tally_key *key, arena *scratch)
{
    const tally_group *g = vec_at(&k->groups, key->group);
    if (!key->won && smallest_excludes(&g->accounts, key->account)) {
        pair pairs[NOTE_FACTS];
        size_t count = pairs_of(key->text, pairs);
        key->won = is_winner(log, scratch, pairs, count);
        arena_reset(scratch);
        if (!key->won)
            return LOSES_ACCOUNT;
    }
    return smallest_excludes(&g->workstations, key->workstation) ? LOSES_WORKSTATION : STAYS;
}

/* Folds what the sources' bounds exclude, then, when more than `ways` are left, those with the smallest totals. */
static void fold(const detect_log *log, tally_kind *k, arena *scratch, size_t ways)
{
    vec fates;
    vec_init(&fates, sizeof(fate));
    bool any = false;
    for (size_t i = 0; i < k->keys.count; i++) {
        tally_key *key = vec_at(&k->keys, i);
        fate f = fate_of(log, k, key, scratch);
        any = any || f != STAYS;
        *(fate *)vec_push(&fates) = f;
    }
    if (any)
        rebuild(k, scratch, fates.at);
    vec_done(&fates);
    if (k->keys.count <= ways)
        return;

    vec order;
    vec_init(&order, sizeof(ranked));
    for (size_t i = 0; i < k->keys.count; i++) {
        const tally_key *key = vec_at(&k->keys, i);
        *(ranked *)vec_push(&order) = (ranked){ (uint32_t)i, key->others && key->account == 0, key->total, key->hash };
    }
    vec_sort(&order, rank_order);
    vec_init(&fates, sizeof(fate));
    for (size_t i = 0; i < k->keys.count; i++)
        *(fate *)vec_push(&fates) = STAYS;
    for (size_t i = ways; i < order.count; i++)
        *(fate *)vec_at(&fates, ((ranked *)vec_at(&order, i))->key) = LOSES_ALL;
    rebuild(k, scratch, fates.at);
    vec_done(&fates);
    vec_done(&order);
}

void tally_init(detect_log *log)
{
    vec_init(&log->tallies, sizeof(tally_kind));
}

static tally_kind *kind_of(detect_log *log, const char *kind)
{
    for (size_t i = 0; i < log->tallies.count; i++) {
        tally_kind *k = vec_at(&log->tallies, i);
        if (k->kind == kind || strcmp(k->kind, kind) == 0)
            return k;
    }
    tally_kind *k = vec_push(&log->tallies);
    kind_init(k, kind, MOMENT_MINUTE);
    return k;
}

static void count_in(tally_kind *k, uint32_t i, const event *ev)
{
    tally_key *key = vec_at(&k->keys, i);
    key->total++;
    tally_entry add = { .key = i, .count = 1, .block = ev->record_id / BLOCK_RECORDS, .record = ev->record_id,
                        .start = ev->time - ev->time % k->width, .first = ev->time, .last = ev->time };
    if (key->last != NO_ENTRY) {
        tally_entry *last = vec_at(&k->entries, (size_t)key->last);
        if (entry_order(last, &add) == 0) {
            entry_add(last, &add);
            return;
        }
    }
    key->last = (int64_t)k->entries.count;
    *(tally_entry *)vec_push(&k->entries) = add;
}

/* The key that counts for these names. A flood of new names would fill the map with keys that are folded right after:
 * the source's bounds are asked before a key is made. */
static uint32_t key_for(tally_kind *k, arena *scratch, const pair *pairs, size_t count, bool won)
{
    const uint64_t *found = map_find(&k->index, text_of(scratch, pairs, count));
    tally_key *key = found ? vec_at(&k->keys, *found) : NULL;
    if (key)
        key->won = key->won || won;
    uint32_t group = key ? key->group : group_of(k, scratch, pairs, count);
    const tally_group *g = vec_at(&k->groups, group);
    bool account = !won && smallest_excludes(&g->accounts, hash_of_name(pair_value(pairs, count, "account")));
    bool workstation = smallest_excludes(&g->workstations, hash_of_name(pair_value(pairs, count, "workstation")));
    if (key && !account && !workstation)
        return (uint32_t)*found;
    pair folded[NOTE_FACTS];
    if (account || workstation) {
        count = fold_names(pairs, count, account, true, folded);
        pairs = folded;
    }
    bool is_new;
    return key_put(k, scratch, pairs, count, won, &is_new);
}

static void keep_first(detect_log *log, tally_kind *k, size_t most)
{
    uint64_t dropped = 0;
    for (size_t i = most; i < k->entries.count; i++)
        dropped += ((tally_entry *)vec_at(&k->entries, i))->count;
    if (dropped == 0)
        return;
    k->entries.count = most;
    merge_entries(k);
    detect_cut(log, k->kind, dropped);
}

/* Too much for now: fewer keys, wider buckets, and, of times and ids that no real log has, the first ones only. */
static void compact(detect_log *log, tally_kind *k)
{
    arena scratch;
    arena_init(&scratch, 0);
    if (k->keys.count > TALLY_LIVE)
        fold(log, k, &scratch, TALLY_LIVE / 2);
    if (k->entries.count > ENTRIES_LIVE) {
        merge_entries(k);
        if (k->entries.count > ENTRIES_LIVE / 2)
            fit_buckets(k);
        for (size_t ways = TALLY_WAYS; k->entries.count > ENTRIES_LIVE / 2 && ways > 0; ways /= 2)
            fold(log, k, &scratch, ways);
        keep_first(log, k, ENTRIES_LIVE / 2);
    }
    arena_done(&scratch);
}

void detect_count(detect_log *out, const event *ev, const char *kind, ...)
{
    if (!moment_known(ev->time) || !out->in_block) {
        detect_cut(out, kind, 1);
        return;
    }
    pair pairs[NOTE_FACTS];
    size_t count = 0;
    va_list args;
    va_start(args, kind);
    for (const char *name = va_arg(args, const char *); name; name = va_arg(args, const char *))
        pair_put(pairs, &count, name, va_arg(args, const char *));
    va_end(args);

    tally_kind *k = kind_of(out, kind);
    bool won = false;
    if (*pair_value(pairs, count, "account")) {
        won = strcmp(kind, "logon.success") == 0;
        if (won && out->winners.count < TALLY_WINNERS)
            map_put(&out->winners, pair_of_names(out->scratch, pair_value(pairs, count, "source"), pair_value(pairs, count, "account")), NULL);
        won = won || is_winner(out, out->scratch, pairs, count);
    }
    count_in(k, key_for(k, out->scratch, pairs, count, won), ev);

    if (k->keys.count > TALLY_LIVE || k->entries.count > ENTRIES_LIVE)
        compact(out, k);
}

static size_t lines_of(const tally_kind *k)
{
    size_t lines = 0;
    for (size_t i = 0; i < k->entries.count; i++) {
        const tally_entry *e = vec_at(&k->entries, i), *before = i ? vec_at(&k->entries, i - 1) : NULL;
        lines += !before || before->key != e->key || before->block != e->block;
    }
    return lines;
}

static void give_one(detect_log *log, tally_kind *k, const detect_sink *sink)
{
    uint64_t others = 0;
    vec buckets;
    vec_init(&buckets, sizeof(tally_bucket));
    for (size_t i = 0; i < k->entries.count;) {
        const tally_entry *e = vec_at(&k->entries, i);
        const tally_key *key = vec_at(&k->keys, e->key);
        buckets.count = 0;
        size_t to = i;
        for (; to < k->entries.count; to++) {
            const tally_entry *n = vec_at(&k->entries, to);
            if (n->key != e->key || n->block != e->block)
                break;
            *(tally_bucket *)vec_push(&buckets) = (tally_bucket){ n->start, n->count, n->record, n->first, n->last };
            others += key->others ? n->count : 0;
        }
        pair pairs[NOTE_FACTS];
        size_t count = pairs_of(key->text, pairs);
        fact facts[NOTE_FACTS];
        for (size_t j = 0; j < count; j++)
            facts[j] = (fact){ pairs[j].name, pairs[j].value };
        tally t = { .log = &log->ref, .kind = k->kind, .block = e->block, .key = facts, .key_count = count, .width = k->width,
                    .buckets = buckets.at, .bucket_count = buckets.count };
        if (sink->tally)
            sink->tally(sink->context, &t);
        i = to;
    }
    vec_done(&buckets);
    if (others)
        detect_cut(log, k->kind, others);
}

void tally_give(detect_log *log, const detect_sink *sink)
{
    for (size_t i = 0; i < log->tallies.count; i++) {
        tally_kind *k = vec_at(&log->tallies, i);
        arena scratch;
        arena_init(&scratch, 0);
        merge_entries(k);
        fold(log, k, &scratch, TALLY_WAYS);
        fit_buckets(k);
        for (size_t ways = TALLY_WAYS / 2; (k->entries.count > TALLY_BUCKETS || lines_of(k) > TALLY_LINES) && ways > 0; ways /= 2)
            fold(log, k, &scratch, ways);
        keep_first(log, k, lines_of(k) > TALLY_LINES ? TALLY_LINES : TALLY_BUCKETS);
        arena_done(&scratch);
        give_one(log, k, sink);
    }
}

void tally_done(detect_log *log)
{
    for (size_t i = 0; i < log->tallies.count; i++)
        kind_done(vec_at(&log->tallies, i));
    vec_done(&log->tallies);
    map_done(&log->winners);
}
