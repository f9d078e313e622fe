/* The hive as a whole: its base block, its bins. */
#include "format/regf_hive.h"

#include <stdarg.h>
#include <stdio.h>

void regf_note(const regf *h, const char *kind, uint32_t cell, const char *format, ...)
{
    char words[256];
    va_list args;
    if (h->noted->count >= PROBLEMS_KEPT) {          /* so that words cost nothing any more */
        h->noted->dropped++;
        return;
    }
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    problems_note(h->noted, kind, PROBLEM_NO_CHUNK, cell == REGF_NONE ? 0 : (uint64_t)cell + REGF_BASE, "%s", words);
}

/* ---- the base block ---- */

bool regf_is(span first_bytes)
{
    return first_bytes.len >= 4 && memcmp(first_bytes.at, "regf", 4) == 0;
}

static bool checksum_ok(span block)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < 508; i += 4)
        sum ^= le32(block.at + i);
    return le32(block.at + 508) == (sum == 0 ? 1 : sum == UINT32_MAX ? UINT32_MAX - 1 : sum);
}

regf_base regf_read_base(span block)
{
    regf_base b = { .there = regf_is(block) };
    cursor c = cur_open(block);
    cur_skip(&c, 4, "base.signature");
    b.primary = cur_u32(&c, "base.primary");
    b.secondary = cur_u32(&c, "base.secondary");
    b.written = moment_from_filetime(cur_u64(&c, "base.written"));
    b.major = cur_u32(&c, "base.major");
    b.minor = cur_u32(&c, "base.minor");
    b.type = cur_u32(&c, "base.type");
    cur_skip(&c, 4, "base.format");
    b.root = cur_u32(&c, "base.root");
    b.bins_size = cur_u32(&c, "base.bins_size");
    b.cluster = cur_u32(&c, "base.cluster");
    b.file_name = cur_bytes(&c, 64, "base.file_name");
    cur_seek(&c, 144, "base.flags");
    b.flags = cur_u32(&c, "base.flags");
    cur_seek(&c, REGF_SECTOR, "base.checksum");
    b.there = b.there && cur_ok(&c);
    b.checksum_ok = b.there && checksum_ok(block);
    return b;
}

bool regf_log_is(span first_bytes)
{
    regf_base b = regf_read_base(first_bytes);
    return b.there && (b.type == 1 || b.type == 2 || b.type == 6);
}

/* ---- bins ---- */

static bool is_bin(span bins, size_t at)
{
    return at + REGF_BIN_HEAD <= bins.len && memcmp(bins.at + at, "hbin", 4) == 0;
}

/* Its size, when it can be; else 0. */
static size_t bin_size(span bins, size_t at)
{
    uint32_t size = is_bin(bins, at) ? le32(bins.at + at + 8) : 0;
    return size % REGF_PAGE == 0 ? size : 0;
}

static size_t bin_says(span bins, size_t at)
{
    return le32(bins.at + at + 4);
}

/* From where one should begin, the next bin that lies where it says, if everything were moved as what came before it was; or
 * that says otherwise, and the one behind it agrees. SIZE_MAX: there is none. */
static size_t next_bin(span bins, size_t from, size_t to, size_t room)
{
    for (size_t at = from; at + REGF_BIN_HEAD <= bins.len; at += REGF_SECTOR) {
        size_t size = bin_size(bins, at), says = size ? bin_says(bins, at) : 0;
        if (!size || says < to || says % REGF_PAGE || says > room || size > room - says)
            continue;
        bool follows = at + size == bins.len || (bin_size(bins, at + size) && bin_says(bins, at + size) == says + size);
        if (says - to == at - from || says == to || follows)
            return at;
    }
    return SIZE_MAX;
}

/* Copies that lost sectors, or have some too many, have bins elsewhere than where they belong. Puts them back. */
static bool put_back(regf *h)
{
    span bins = h->bins;
    size_t from = 0, to = 0, end = h->base.checksum_ok ? h->base.bins_size : bins.len;
    size_t room = end > bins.len ? end < 2 * bins.len ? end : 2 * bins.len : bins.len;
    uint8_t *copy = NULL;
    while (from < bins.len && to < end) {
        size_t size = bin_size(bins, from), next = from + size, place = to + size;
        if (!size || bin_says(bins, from) != to) {
            next = next_bin(bins, from, to, room);
            place = next == SIZE_MAX ? 0 : bin_says(bins, next);
        }
        if (next == SIZE_MAX || next > bins.len || place > room)
            break;
        if (!copy && next - from != place - to) {
            copy = arena_alloc(h->mem, room);
            if (!copy)
                return false;
            memcpy(copy, bins.at, to);
        }
        if (next - from != place - to)
            regf_note(h, "bin.moved", (uint32_t)from, "from here on bins lie %zu bytes %s where they belong",
                      next > place ? next - place : place - next, next > place ? "behind" : "before");
        size_t len = next - from < place - to ? next - from : place - to;
        if (copy && len)
            memcpy(copy + to, bins.at + from, len);
        from = next;
        to = place;
    }
    if (copy)
        h->bins = span_of(copy, to);
    return true;
}

/* Where the bin at `at` ends: as far as it says, when what it says can be. */
static size_t bin_end(const regf *h, size_t at)
{
    uint32_t size = le32(h->bins.at + at + 8);
    if (size == 0 || size % REGF_PAGE || size > h->live - at) {
        regf_note(h, "bin.size", (uint32_t)at, "a bin says that it has %u bytes; %zu are left", size, h->live - at);
        return 0;
    }
    return at + size;
}

/* Bins follow each other. Where none begins although one should, the bytes up to the next one that lies where it says are
 * taken as one: the head may be all that is lost. */
static void find_bins(regf *h)
{
    h->bin_end = arena_array(h->mem, (h->bins.len + REGF_PAGE - 1) / REGF_PAGE, sizeof *h->bin_end);
    if (!h->bin_end)
        return;                                      /* the index asks for it */
    for (size_t page = h->live / REGF_PAGE; page * REGF_PAGE < h->bins.len; page++)
        h->bin_end[page] = (uint32_t)h->bins.len;
    for (size_t at = 0; at < h->live;) {
        size_t end = 0;
        if (is_bin(h->bins, at)) {
            if (le32(h->bins.at + at + 4) != at)
                regf_note(h, "bin.offset", (uint32_t)at, "a bin says that it lies at %u, and lies at %zu", le32(h->bins.at + at + 4), at);
            end = bin_end(h, at);
        }
        if (!end) {
            for (end = at + REGF_PAGE; end < h->live; end += REGF_PAGE)
                if (is_bin(h->bins, end) && le32(h->bins.at + end + 4) == end)
                    break;
            if (end > h->live)
                end = h->live;
            if (!is_bin(h->bins, at))
                regf_note(h, "bin.missing", (uint32_t)at, "no bin begins here; the next one is %zu bytes away", end - at);
        }
        for (size_t page = at / REGF_PAGE; page * REGF_PAGE < end; page++)
            h->bin_end[page] = (uint32_t)end;
        at = end;
    }
}

/* ---- opening ---- */

static bool read_base(regf *h, span hive)
{
    h->base = regf_read_base(hive);
    h->bins = span_part(hive, REGF_BASE, REGF_LARGEST);
    if (!put_back(h))
        return false;
    if (!h->base.there)
        regf_note(h, "base.signature", REGF_NONE, "the base block does not begin with regf");
    else if (!h->base.checksum_ok)
        regf_note(h, "base.checksum", REGF_NONE, "the checksum of the base block is wrong");
    else if (h->base.bins_size > h->bins.len)
        regf_note(h, "base.bins_size", REGF_NONE, "the base block tells of %u bytes of bins, and there are %zu", h->base.bins_size, h->bins.len);
    h->bins.len -= h->bins.len % 8;
    h->live = (uint32_t)h->bins.len;
    size_t told = ((size_t)h->base.bins_size + REGF_PAGE - 1) / REGF_PAGE * REGF_PAGE;
    if (h->base.checksum_ok && told < h->live)
        h->live = (uint32_t)told;
    h->about = (regf_info){
        .primary = h->base.primary, .secondary = h->base.secondary, .checksum_ok = h->base.checksum_ok,
        .dirty = !h->base.checksum_ok || h->base.primary != h->base.secondary, .last_sequence = h->base.primary,
        .transaction = h->base.checksum_ok && h->base.flags & 1,
    };
    return true;
}

status regf_open(arena *mem, span hive, const span *logs, size_t log_count, problems *noted, regf **out)
{
    if (!regf_is(hive) && !is_bin(span_part(hive, REGF_BASE, SIZE_MAX), 0))
        return status_fail(STATUS_DAMAGED, "neither a base block nor a bin of a hive");
    regf *h = arena_alloc(mem, sizeof *h);
    if (!h)
        return status_fail(STATUS_LIMIT, "no memory for the hive");
    h->mem = mem;
    h->noted = noted;
    if (!read_base(h, hive) || (h->about.dirty && !regf_replay(h, logs, log_count)))
        return status_fail(STATUS_LIMIT, "no memory for a copy of the hive");
    find_bins(h);
    h->about.minor = h->base.minor;
    h->about.written = h->base.written;
    h->about.file_name = h->base.file_name;
    h->about.bins_size = h->live;
    status s = regf_index(h);
    if (!status_is_ok(s))
        return s;
    h->kind = regf_find_kind(h);
    *out = h;
    return s;
}

regf_info regf_about(const regf *h)
{
    return h->about;
}
