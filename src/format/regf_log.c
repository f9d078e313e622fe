/* Transaction logs: what was decided and not yet written into the hive when it was copied. Replayed over a copy of its bins.
 *
 * Format    Base block of the hive as it was, of type 1 or 2, then "DIRT", a bit for each 512 bytes of the bins, and those that
 *           are dirty; or of type 6 (since 8.1), then entries "HvLE" with pages, each under a sequence number and two hashes.
 * Hostile   The copy grows to as much as hive and logs hold together, whatever an entry says. */
#include "format/regf_hive.h"

enum { ENTRY_HEAD = 40, HASHED_HEAD = 32, LOGS = 8, CLUSTERS = 8 };

typedef struct { span bytes; regf_base base; } log_file;
typedef struct { regf *h; uint8_t *bins; size_t len, room; uint32_t next; bool begun; } replay;

/* ---- Marvin32, keyed as the kernel does it ---- */

static uint32_t turn(uint32_t n, unsigned by)
{
    return n << by | n >> (32 - by);
}

static void mix(uint32_t s[2], uint32_t word)
{
    s[0] += word;
    s[1] ^= s[0];
    s[0] = turn(s[0], 20) + s[1];
    s[1] = turn(s[1], 9) ^ s[0];
    s[0] = turn(s[0], 27) + s[1];
    s[1] = turn(s[1], 19);
}

static uint64_t marvin(span of)
{
    uint32_t s[2] = { 0x7A4E55C5, 0x82EF4D88 }, last = 0x80;
    size_t at = 0;
    for (; at + 4 <= of.len; at += 4)
        mix(s, le32(of.at + at));
    for (size_t i = of.len; i-- > at;)
        last = last << 8 | of.at[i];
    mix(s, last);
    mix(s, 0);
    return (uint64_t)s[1] << 32 | s[0];
}

/* ---- both kinds ---- */

static bool put_page(replay *r, size_t at, span page)
{
    if (at > r->len || page.len > r->len - at)
        return false;
    memcpy(r->bins + at, page.at, page.len);
    return true;
}

static bool resize(replay *r, uint32_t size)
{
    if (size == 0 || size % REGF_PAGE || size > r->room)
        return false;
    if (size < r->len)
        memset(r->bins + size, 0, r->len - size);
    r->len = size;
    return true;
}

/* What the log knows of the hive, when the hive does not know it any more. */
static void adopt(replay *r, const log_file *log)
{
    r->h->base.root = log->base.root;
    r->h->base.minor = log->base.minor;
    r->h->base.major = log->base.major;
    r->h->base.there = true;
    if (!r->h->base.checksum_ok) {
        r->h->base.written = log->base.written;
        r->h->base.file_name = log->base.file_name;
    }
}

/* ---- HvLE ---- */

typedef struct { uint32_t size, flags, bins_size, pages; } entry_head;

/* False: no entry of this sequence number begins here. `broken`: one does, and is not what was written. */
static bool read_entry(span log, size_t at, uint32_t sequence, entry_head *out, bool *broken)
{
    span rest = span_part(log, at, SIZE_MAX);
    cursor c = cur_open(rest);
    uint32_t signature = cur_u32(&c, "entry.signature");
    out->size = cur_u32(&c, "entry.size");
    out->flags = cur_u32(&c, "entry.flags");
    uint32_t its = cur_u32(&c, "entry.sequence");
    out->bins_size = cur_u32(&c, "entry.bins_size");
    out->pages = cur_u32(&c, "entry.pages");
    uint64_t body = cur_u64(&c, "entry.hash1"), head = cur_u64(&c, "entry.hash2");
    *broken = false;
    if (!cur_ok(&c) || signature != ('H' | 'v' << 8 | 'L' << 16 | (uint32_t)'E' << 24) || its != sequence)
        return false;
    *broken = out->size < ENTRY_HEAD || out->size % REGF_SECTOR || out->size > rest.len
           || out->pages > (out->size - ENTRY_HEAD) / 8
           || marvin(span_part(rest, ENTRY_HEAD, out->size - ENTRY_HEAD)) != body || marvin(span_part(rest, 0, HASHED_HEAD)) != head;
    return !*broken;
}

static bool apply_entry(replay *r, span entry, const entry_head *head)
{
    cursor refs = cur_open(span_part(entry, ENTRY_HEAD, head->pages * 8)), pages = cur_open(entry);
    cur_seek(&pages, ENTRY_HEAD + (size_t)head->pages * 8, "entry.pages");
    if (!resize(r, head->bins_size))
        return false;
    bool whole = true;
    for (uint32_t i = 0; i < head->pages && whole; i++) {
        uint32_t at = cur_u32(&refs, "page.offset"), size = cur_u32(&refs, "page.size");
        span page = cur_bytes(&pages, size, "page");
        whole = cur_ok(&refs) && cur_ok(&pages) && put_page(r, at, page);
    }
    return whole;
}

/* Entries one after the other, as long as their numbers follow each other; where they do not, older ones begin. */
static void apply_entries(replay *r, const log_file *log)
{
    size_t at = REGF_SECTOR;
    entry_head head;
    bool broken = false;
    if (!r->begun || !r->h->base.checksum_ok)
        adopt(r, log);
    r->begun = true;
    r->next = log->base.primary;
    while (read_entry(log->bytes, at, r->next, &head, &broken)) {
        broken = !apply_entry(r, span_part(log->bytes, at, head.size), &head);
        if (broken)
            break;
        r->h->base.flags = (r->h->base.flags & ~1u) | (head.flags & 1);
        r->h->about.log_entries++;
        r->h->about.last_sequence = r->next++;
        at += head.size;
    }
    if (broken)
        regf_note(r->h, "log.entry", REGF_NONE, "entry %u of a log is damaged: it and what follows are not replayed", r->next);
}

static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;             /* sequence numbers begin again at 0 */
}

/* The log with the lower number first, if the hive does not have it already, and each one that follows on it. When the hive
 * cannot tell what it has, the last log alone: so Windows does it. */
static void replay_new(replay *r, const log_file *logs, size_t count)
{
    const log_file *sorted[LOGS];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (logs[i].base.type != 6)
            continue;
        size_t to = n++;
        for (; to > 0 && before(logs[i].base.primary, sorted[to - 1]->base.primary); to--)
            sorted[to] = sorted[to - 1];
        sorted[to] = &logs[i];
    }
    for (size_t i = r->h->base.checksum_ok || n == 0 ? 0 : n - 1; i < n; i++) {
        uint32_t first = sorted[i]->base.primary;
        if (r->begun ? first == r->next : !r->h->base.checksum_ok || !before(first, r->h->base.secondary))
            apply_entries(r, sorted[i]);
    }
}

/* ---- DIRT ---- */

static size_t dirty_count(span map)
{
    size_t count = 0;
    for (size_t i = 0; i < map.len; i++)
        count += (size_t)__builtin_popcount(map.at[i]);
    return count;
}

static bool apply_dirty(replay *r, const log_file *log)
{
    size_t cluster = log->base.cluster - 1 < CLUSTERS ? log->base.cluster : 1;
    cursor c = cur_open(log->bytes);
    cur_seek(&c, cluster * REGF_SECTOR, "log.dirty");
    span signature = cur_bytes(&c, 4, "log.dirty"), map = cur_bytes(&c, log->base.bins_size / REGF_SECTOR / 8, "log.dirty");
    cur_seek(&c, (c.at + REGF_SECTOR - 1) / REGF_SECTOR * REGF_SECTOR, "log.pages");
    size_t count = dirty_count(map);
    if (!cur_ok(&c) || memcmp(signature.at, "DIRT", 4) != 0 || count > cur_left(&c) / REGF_SECTOR || !resize(r, log->base.bins_size))
        return false;
    for (size_t page = 0; page < map.len * 8; page++)
        if (map.at[page / 8] >> (page % 8) & 1)
            put_page(r, page * REGF_SECTOR, cur_bytes(&c, REGF_SECTOR, "log.page"));
    adopt(r, log);
    r->h->base.flags = log->base.flags;
    r->h->about.log_entries = (uint32_t)count;
    r->h->about.last_sequence = log->base.primary;
    return true;
}

/* One log, the newest; it was begun when the hive was, or later. */
static void replay_old(replay *r, const log_file *logs, size_t count)
{
    const log_file *newest = NULL;
    for (size_t i = 0; i < count; i++)
        if (logs[i].base.type != 6 && (!newest || logs[i].base.written > newest->base.written))
            newest = &logs[i];
    if (!newest)
        return;
    if (r->h->base.checksum_ok && newest->base.written < r->h->base.written)
        return;
    if (!apply_dirty(r, newest))
        regf_note(r->h, "log.dirty", REGF_NONE, "not all dirty pages of a log are there: none is replayed");
}

/* ---- all of it ---- */

static bool is_blank(span log)
{
    span head = span_part(log, 0, REGF_SECTOR);
    for (size_t i = 0; i < head.len; i++)
        if (head.at[i])
            return false;
    return true;
}

bool regf_replay(regf *h, const span *logs, size_t count)
{
    log_file fit[LOGS];
    replay r = { .h = h, .len = h->live, .room = h->live };
    size_t fitting = 0;
    for (size_t i = 0; i < count && fitting < LOGS; i++) {
        log_file log = { logs[i], regf_read_base(logs[i]) };
        if (is_blank(logs[i]))
            continue;
        if (!log.base.checksum_ok || !regf_log_is(logs[i]) || (log.base.type != 6 && log.base.primary != log.base.secondary)) {
            regf_note(h, "log.base", REGF_NONE, "the base block of a log is damaged, or was not finished");
            continue;
        }
        fit[fitting++] = log;
        r.room += logs[i].len;
    }
    if (!fitting)
        return true;
    r.room = r.room < REGF_LARGEST ? r.room : REGF_LARGEST;
    r.bins = arena_alloc(h->mem, r.room);
    if (!r.bins)
        return false;
    if (r.len)
        memcpy(r.bins, h->bins.at, r.len);
    replay_new(&r, fit, fitting);
    if (!h->about.log_entries)
        replay_old(&r, fit, fitting);
    if (h->about.log_entries) {
        h->bins = span_of(r.bins, r.len);
        h->live = (uint32_t)r.len;
    } else {
        regf_note(h, "log.refused", REGF_NONE, "the hive is dirty, and no log follows on it: its last changes are missing");
    }
    return true;
}
