/* Blocks of 1024 record ids, claims of identity, and what was cut: the part of the notes that every log has. */
#include "detect/log.h"

#include <stdio.h>

void log_init(detect_log *log, arena *mem, arena *scratch, const mask *passwords)
{
    log->passwords = passwords;
    log->mem = mem;
    log->scratch = scratch;
    log->facts = scratch;
    log->acts_most = ACTS_KEPT;
    log->acts_bytes = ACTS_BYTES;
    log->builder.log = log;
    vec_init(&log->blocks, sizeof(block_state));
    vec_init(&log->claims, sizeof(claim_state));
    vec_init(&log->cuts, sizeof(log_cut));
    map_init(&log->winners);
    map_init(&log->block_index);
    map_init(&log->claim_index);
    log->first = log->last = MOMENT_UNKNOWN;
    acts_init(log);
    tally_init(log);
}

void log_done(detect_log *log)
{
    acts_done(log);
    tally_done(log);
    vec_done(&log->blocks);
    vec_done(&log->claims);
    vec_done(&log->cuts);
    map_done(&log->block_index);
    map_done(&log->claim_index);
}

static block_state *block_of(detect_log *log, uint64_t number)
{
    if (log->blocks.count) {
        block_state *last = vec_at(&log->blocks, log->last_block);
        if (last->block == number)
            return last;
    }
    span key = span_of(&number, sizeof number);
    uint64_t *at = map_find(&log->block_index, key);
    if (!at) {
        if (log->blocks.count == BLOCKS_KEPT)
            return NULL;
        at = map_put(&log->block_index, key, NULL);
        *at = log->blocks.count;
        block_state *b = vec_push(&log->blocks);
        *b = (block_state){ .block = number, .first = MOMENT_UNKNOWN, .last = MOMENT_UNKNOWN,
                            .first_time = MOMENT_UNKNOWN, .last_time = MOMENT_UNKNOWN };
    }
    log->last_block = (size_t)*at;
    return vec_at(&log->blocks, log->last_block);
}

/* Grows [first, last] by t; both are unknown as long as nothing is known. */
static void stretch(moment *first, moment *last, moment t)
{
    if (!moment_known(t))
        return;
    if (!moment_known(*first) || t < *first)
        *first = t;
    if (!moment_known(*last) || t > *last)
        *last = t;
}

bool log_record(detect_log *log, const event *ev)
{
    uint64_t id = ev->record_id;
    block_state *b = block_of(log, id / BLOCK_RECORDS);
    log->in_block = b != NULL;
    if (!b) {
        detect_cut(log, "log.block", 1);
        return true;
    }
    uint32_t at = (uint32_t)(id % BLOCK_RECORDS);
    uint64_t bit = 1ull << (at % 64);
    bool seen = b->seen[at / 64] & bit;
    if (seen && ev->recovered)
        return false;
    b->seen[at / 64] |= bit;
    if (!seen && at % 128 == 0 && b->anchor_count < sizeof b->anchors / sizeof *b->anchors)
        b->anchors[b->anchor_count++] = (block_anchor){ id, ev->time };
    if (b->records == 0 || id < b->first_record) {
        b->first_record = id;
        b->first_time = ev->time;
    }
    if (b->records == 0 || id > b->last_record) {
        b->last_record = id;
        b->last_time = ev->time;
    }
    b->records++;
    stretch(&b->first, &b->last, ev->time);
    if (!log->any)
        log->first_id = id;
    log->any = true;
    stretch(&log->first, &log->last, ev->time);
    return true;
}

/* One anchor more, unless its record has one, in order of record id. */
static size_t anchor_put(block_anchor *anchors, size_t count, block_anchor a)
{
    size_t to = 0;
    while (to < count && anchors[to].record < a.record)
        to++;
    if (to < count && anchors[to].record == a.record)
        return count;
    memmove(anchors + to + 1, anchors + to, (count - to) * sizeof *anchors);
    anchors[to] = a;
    return count + 1;
}

void blocks_give(detect_log *log, const detect_sink *sink)
{
    for (size_t i = 0; sink->block && i < log->blocks.count; i++) {
        const block_state *b = vec_at(&log->blocks, i);
        block_anchor anchors[BLOCK_RECORDS / 128 + 2];
        size_t count = 0;
        for (size_t j = 0; j < b->anchor_count; j++)
            count = anchor_put(anchors, count, b->anchors[j]);
        count = anchor_put(anchors, count, (block_anchor){ b->first_record, b->first_time });
        count = anchor_put(anchors, count, (block_anchor){ b->last_record, b->last_time });
        log_block given = { .log = &log->ref, .block = b->block, .records = b->records, .first_record = b->first_record,
                            .last_record = b->last_record, .first = b->first, .last = b->last, .anchors = anchors, .anchor_count = count };
        sink->block(sink->context, &given);
    }
}

void claim_note(detect_log *out, uint64_t record, moment time, const char *key, const char *value, const char *source, const char *strength)
{
    if (!value || !*value)
        return;
    char said[1024];
    snprintf(said, sizeof said, "%s\n%s\n%s\n%.512s", key, source, strength, value);
    span text = span_str(said);
    uint64_t *at = map_find(&out->claim_index, text);
    if (!at) {
        if (out->claims.count == CLAIMS_KEPT) {
            detect_cut(out, "claim", 1);
            return;
        }
        at = map_put(&out->claim_index, text, NULL);
        *at = out->claims.count;
        claim_state *made = vec_push(&out->claims);
        *made = (claim_state){ .key = arena_str(out->mem, key), .value = arena_printf(out->mem, "%.512s", value),
                               .source = arena_str(out->mem, source), .strength = arena_str(out->mem, strength),
                               .from = MOMENT_UNKNOWN, .to = MOMENT_UNKNOWN, .record = record };
    }
    claim_state *c = vec_at(&out->claims, (size_t)*at);
    if (record < c->record)
        c->record = record;
    stretch(&c->from, &c->to, time);
}

void detect_claim(detect_log *out, const event *ev, const char *key, const char *value, const char *source, const char *strength)
{
    claim_note(out, ev->record_id, ev->time, key, value, source, strength);
}

static void claim_give(detect_log *log, const detect_sink *sink, const claim_state *c)
{
    identity_claim given = { .file = log->ref.file, .computer = log->ref.computer, .key = c->key, .value = c->value, .from = c->from,
                             .to = c->to, .record = c->record, .channel = log->ref.channel, .source = c->source, .strength = c->strength };
    if (sink->claim)
        sink->claim(sink->context, &given);
}

void claims_give(detect_log *log, const detect_sink *sink)
{
    if (log->any && *log->ref.computer)
        claim_give(log, sink, &(claim_state){ "name", log->ref.computer, "record", "strong", log->first, log->last, log->first_id });
    for (size_t i = 0; i < log->claims.count; i++)
        claim_give(log, sink, vec_at(&log->claims, i));
}

void detect_cut(detect_log *out, const char *kind, uint64_t dropped)
{
    for (size_t i = 0; i < out->cuts.count; i++) {
        log_cut *c = vec_at(&out->cuts, i);
        if (strcmp(c->kind, kind) == 0) {
            c->dropped += dropped;
            return;
        }
    }
    *(log_cut *)vec_push(&out->cuts) = (log_cut){ kind, dropped };
}

arena *detect_scratch(detect_log *out)
{
    return out->scratch;
}
