/* The bounds of notes: floods of names, sources and times keep their totals and lose only what no report could show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/log.h"

#include <stdio.h>

#define START 132336432000000000ull        /* 2020-05-11T04:00:00Z */

typedef struct { arena mem, scratch; detect_log log; uint64_t next; mask *passwords; } world;
typedef struct { uint64_t lines, buckets, total, others, cut; moment width; map keys; const char *look_name, *look_value; uint64_t looked; } sums;

static void begin(world *w)
{
    memset(w, 0, sizeof *w);
    arena_init(&w->mem, 0);
    arena_init(&w->scratch, 0);
    profile *facts;
    assert_true(status_is_ok(profile_open(NULL, &w->mem, &facts)));
    assert_true(status_is_ok(mask_new(facts, &w->mem, &w->passwords)));
    log_init(&w->log, &w->mem, &w->scratch, w->passwords);
    w->log.ref = (log_ref){ "0011223344556677", "Security.evtx", "DB1", "Security" };
    w->next = 1;
}

static void end(world *w)
{
    log_done(&w->log);
    arena_done(&w->scratch);
    arena_done(&w->mem);
}

static event next_event(world *w, moment time)
{
    event ev = { .record_id = w->next++, .time = time };
    assert_true(log_record(&w->log, &ev));
    return ev;
}

static void failure(world *w, moment time, const char *account, const char *source, const char *workstation)
{
    event ev = next_event(w, time);
    detect_count(&w->log, &ev, "logon.failure", "protocol", "smb", "account", account, "source", source, "workstation", workstation, "reason", "0xc000006a", NULL);
    arena_reset(&w->scratch);
}

static void success(world *w, moment time, const char *account, const char *source)
{
    event ev = next_event(w, time);
    detect_count(&w->log, &ev, "logon.success", "protocol", "smb", "account", account, "source", source, NULL);
    arena_reset(&w->scratch);
}

static void add_tally(void *context, const tally *t)
{
    sums *s = context;
    if (strcmp(t->kind, "logon.failure") != 0)
        return;
    bool others = *note_fact(t->key, t->key_count, "others") != 0, looked = s->look_name && strcmp(note_fact(t->key, t->key_count, s->look_name), s->look_value) == 0;
    buf key;
    buf_init(&key, 1 << 16);
    for (size_t i = 0; i < t->key_count; i++)
        buf_printf(&key, "%s=%s;", t->key[i].name, t->key[i].value);
    map_put(&s->keys, buf_bytes(&key), NULL);
    buf_done(&key);
    s->lines++;
    s->buckets += t->bucket_count;
    s->width = t->width;
    assert_true(t->bucket_count > 0);
    for (size_t i = 0; i < t->bucket_count; i++) {
        const tally_bucket *b = &t->buckets[i];
        assert_true(b->count > 0 && b->first >= b->start && b->last < b->start + t->width && b->first <= b->last);
        assert_true(b->record / BLOCK_RECORDS == t->block);
        assert_true(i == 0 || b[-1].start < b->start);
        s->total += b->count;
        s->others += others ? b->count : 0;
        s->looked += looked ? b->count : 0;
    }
}

static void add_cut(void *context, const log_ref *log, const char *kind, uint64_t dropped)
{
    (void)log;
    if (strcmp(kind, "logon.failure") == 0)
        ((sums *)context)->cut += dropped;
}

static sums given(world *w, const char *name, const char *value)
{
    sums s = { .look_name = name, .look_value = value };
    map_init(&s.keys);
    detect_sink sink = { .context = &s, .tally = add_tally, .cut = add_cut };
    tally_give(&w->log, &sink);
    for (size_t i = 0; i < w->log.cuts.count; i++) {
        const log_cut *c = vec_at(&w->log.cuts, i);
        add_cut(&s, &w->log.ref, c->kind, c->dropped);
    }
    return s;
}

static void sums_done(sums *s)
{
    map_done(&s->keys);
}

static void few_failures_are_told_apart_to_the_minute(void **state)
{
    (void)state;
    world w;
    begin(&w);
    for (unsigned i = 0; i < 100; i++)
        failure(&w, START + i * MOMENT_SECOND, "Administrator", "10.0.0.9", "PC9");
    failure(&w, START, "sa", "10.0.0.9", "PC9");
    sums s = given(&w, "account", "Administrator");
    assert_int_equal(s.total, 101);
    assert_int_equal(s.looked, 100);
    assert_int_equal(s.keys.count, 2);
    assert_int_equal(s.buckets, 3);
    assert_int_equal(s.width, MOMENT_MINUTE);
    assert_int_equal(s.cut, 0);
    sums_done(&s);
    end(&w);
}

static void a_source_with_very_many_names_keeps_256_of_them_and_its_total(void **state)
{
    (void)state;
    world w;
    begin(&w);
    char name[32];
    for (unsigned i = 0; i < 200000; i++) {
        snprintf(name, sizeof name, "user%u", i);
        failure(&w, START + i * (MOMENT_SECOND / 10), name, "203.0.113.9", "PC9");
    }
    failure(&w, START, "Administrator", "10.0.0.9", "PC9");       /* another source loses nothing by it */
    sums s = given(&w, "account", "Administrator");
    assert_int_equal(s.total, 200001);
    assert_int_equal(s.looked, 1);
    assert_true(s.keys.count <= TALLY_NAMES + 2);
    assert_true(s.keys.count > TALLY_NAMES / 2);
    assert_int_equal(s.cut, s.others);
    assert_true(s.others > 199000);
    sums_done(&s);
    end(&w);
}

static void an_account_that_succeeded_is_told_apart_in_any_flood(void **state)
{
    (void)state;
    for (int before = 0; before < 2; before++) {
        world w;
        begin(&w);
        char name[32];
        if (before)
            success(&w, START, "Administrator", "203.0.113.9");
        for (unsigned i = 0; i < 20000; i++) {
            snprintf(name, sizeof name, "user%u", i);
            failure(&w, START + i * MOMENT_SECOND, name, "203.0.113.9", NULL);
            if (i % 100 == 0 && (before || i < 100))
                failure(&w, START + i * MOMENT_SECOND, "Administrator", "203.0.113.9", NULL);
        }
        if (!before)
            success(&w, START + 20000 * MOMENT_SECOND, "Administrator", "203.0.113.9");
        sums s = given(&w, "account", "Administrator");
        assert_int_equal(s.looked, before ? 200 : 1);
        assert_int_equal(s.total, before ? 20200 : 20001);
        sums_done(&s);
        end(&w);
    }
}

static void workstations_that_change_their_name_each_time_do_not_hide_the_account(void **state)
{
    (void)state;
    world w;
    begin(&w);
    char name[32];
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(name, sizeof name, "WS%u", i * 2654435761u);
        failure(&w, START + i * MOMENT_SECOND, "Administrator", NULL, name);
    }
    sums s = given(&w, "account", "Administrator");
    assert_int_equal(s.total, 100000);
    assert_int_equal(s.looked, 100000);
    assert_true(s.keys.count <= TALLY_NAMES + 1);
    sums_done(&s);
    end(&w);
}

static void where_the_address_is_known_client_names_are_nearly_worthless(void **state)
{
    (void)state;
    world w;
    begin(&w);
    char name[32];
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "WS%u", i * 2654435761u);
        failure(&w, START + i * MOMENT_SECOND, "Administrator", "203.0.113.9", name);
    }
    sums s = given(&w, "source", "203.0.113.9");
    assert_int_equal(s.looked, 10000);
    assert_true(s.keys.count <= TALLY_CLIENTS + 1);
    assert_int_equal(s.cut, 0);
    sums_done(&s);
    end(&w);
}

static void sources_without_number_keep_the_total_and_the_heaviest(void **state)
{
    (void)state;
    world w;
    begin(&w);
    char source[64];
    for (unsigned i = 0; i < 300000; i++) {
        snprintf(source, sizeof source, "2001:db8::%x:%x", i >> 8, i & 255);
        failure(&w, START + i * (MOMENT_SECOND / 100), "Administrator", source, NULL);
        if (i % 100 == 0)
            failure(&w, START + i * (MOMENT_SECOND / 100), "Administrator", "203.0.113.9", NULL);
    }
    sums s = given(&w, "source", "203.0.113.9");
    assert_int_equal(s.total, 303000);
    assert_int_equal(s.looked, 3000);
    assert_true(s.keys.count <= TALLY_WAYS + 1);
    assert_int_equal(s.cut, s.others);
    sums_done(&s);
    end(&w);
}

static void buckets_become_wider_when_there_are_too_many(void **state)
{
    (void)state;
    world w;
    begin(&w);
    for (unsigned i = 0; i < 250000; i++)
        failure(&w, START + i * MOMENT_MINUTE, "Administrator", "203.0.113.9", NULL);
    sums s = given(&w, NULL, NULL);
    assert_int_equal(s.total, 250000);
    assert_int_equal(s.width, 10 * MOMENT_MINUTE);
    assert_true(s.buckets <= TALLY_BUCKETS);
    assert_int_equal(s.cut, 0);
    sums_done(&s);
    end(&w);
}

static void many_keys_in_many_blocks_stay_within_the_lines_of_a_digest(void **state)
{
    (void)state;
    world w;
    begin(&w);
    char name[32];
    for (unsigned i = 0; i < 400000; i++) {
        snprintf(name, sizeof name, "user%u", i % 250);
        failure(&w, START + i * MOMENT_SECOND, name, "203.0.113.9", NULL);
    }
    sums s = given(&w, NULL, NULL);
    assert_int_equal(s.total, 400000);
    assert_true(s.lines <= TALLY_LINES);
    assert_true(s.keys.count > 100);
    sums_done(&s);
    end(&w);
}

static void times_that_no_log_has_are_counted_as_cut(void **state)
{
    (void)state;
    world w;
    begin(&w);
    uint64_t seed = 1;
    for (unsigned i = 0; i < 700000; i++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        failure(&w, START + (seed >> 20), "Administrator", "203.0.113.9", NULL);       /* over half a century, in no order */
    }
    event unknown = next_event(&w, MOMENT_UNKNOWN);
    detect_count(&w.log, &unknown, "logon.failure", "account", "x", NULL);
    sums s = given(&w, NULL, NULL);
    assert_int_equal(s.total + s.cut - s.others, 700001);
    assert_true(s.buckets <= TALLY_BUCKETS && s.lines <= TALLY_LINES);
    sums_done(&s);
    end(&w);
}

static void the_same_records_give_the_same_notes(void **state)
{
    (void)state;
    uint64_t hash[2];
    for (int run = 0; run < 2; run++) {
        world w;
        begin(&w);
        char name[32];
        for (unsigned i = 0; i < 100000; i++) {
            snprintf(name, sizeof name, "user%u", (i * 7919) % 50000);
            failure(&w, START + i * MOMENT_SECOND, name, i % 3 ? "203.0.113.9" : name, NULL);
        }
        sums s = given(&w, NULL, NULL);
        buf all;
        buf_init(&all, 1 << 28);
        for (size_t i = 0; i < s.keys.count; i++)
            buf_span(&all, s.keys.entries[i].key);
        buf_printf(&all, "%llu %llu", (unsigned long long)s.lines, (unsigned long long)s.buckets);
        hash[run] = hash64(buf_bytes(&all));
        buf_done(&all);
        sums_done(&s);
        end(&w);
    }
    assert_true(hash[0] == hash[1]);
}

/* Acts. */
typedef struct { uint64_t records[8192]; size_t count; uint64_t cut; } act_list;

static void add_act(void *context, const act *a)
{
    act_list *l = context;
    assert_true(l->count < sizeof l->records / sizeof *l->records);
    l->records[l->count++] = a->record;
    assert_string_equal(note_fact(a->facts, a->fact_count, "channel"), "System");
}

static void of_many_acts_the_first_and_the_last_stay(void **state)
{
    (void)state;
    world w;
    begin(&w);
    for (unsigned i = 0; i < 10000; i++) {
        event ev = next_event(&w, START + i * MOMENT_SECOND);
        detect_fact(detect_act(&w.log, &ev, "log.clear"), "channel", "System");
        acts_commit(&w.log);
        arena_reset(&w.scratch);
    }
    act_list l = { 0 };
    detect_sink sink = { .context = &l, .act = add_act };
    acts_give(&w.log, &sink);
    assert_int_equal(l.count, 2 * ACTS_KEPT);
    assert_int_equal(l.records[0], 1);
    assert_int_equal(l.records[ACTS_KEPT - 1], ACTS_KEPT);
    assert_int_equal(l.records[ACTS_KEPT], 10000 - ACTS_KEPT + 1);
    assert_int_equal(l.records[2 * ACTS_KEPT - 1], 10000);
    const log_cut *c = vec_at(&w.log.cuts, 0);
    assert_int_equal(c->dropped, 10000 - 2 * ACTS_KEPT);
    end(&w);
}

static void add_long(void *context, const act *a)
{
    act_list *l = context;
    l->count++;
    const char *text = note_fact(a->facts, a->fact_count, "detail");
    assert_true(strlen(text) <= NOTE_VALUE);
    assert_true(utf8_valid(span_str(text)));
    assert_string_equal(text + strlen(text) - 3, "\xe2\x80\xa6");
    l->cut += strlen(text);
}

static void long_values_are_cut_at_a_character_and_bounded_together(void **state)
{
    (void)state;
    world w;
    begin(&w);
    char *text = arena_alloc(&w.mem, 30001);
    for (size_t i = 0; i < 30000; i += 3)
        memcpy(text + i, i % 999 ? "\xe5\xaf\x86" : "\xff\xfe!", 3);     /* and bytes that are no UTF-8 */
    for (unsigned i = 0; i < 5000; i++) {
        event ev = next_event(&w, START + i * MOMENT_SECOND);
        detect_fact(detect_act(&w.log, &ev, "script.block"), "detail", text);
        acts_commit(&w.log);
        arena_reset(&w.scratch);
    }
    act_list l = { 0 };
    detect_sink sink = { .context = &l, .act = add_long };
    acts_give(&w.log, &sink);
    assert_true(l.count > 900 && l.cut <= 4 * ACTS_BYTES);
    end(&w);
}

static void facts_that_may_hold_a_password_are_masked(void **state)
{
    (void)state;
    world w;
    begin(&w);
    event ev = next_event(&w, START);
    detect_act_builder *a = detect_act(&w.log, &ev, "process.start");
    detect_fact(a, "command", "net user bob Secret1! /add");
    detect_fact(a, "command", "net user eve Secret2! /add");      /* the last word counts */
    detect_fact(a, "account", NULL);
    detect_fact(a, "image", "");
    assert_int_equal(a->fact_count, 1);
    assert_string_equal(a->facts[0].value, "net user eve *** /add");
    end(&w);
}

/* Blocks. */
typedef struct { log_block blocks[4]; block_anchor anchors[4][16]; size_t count; } block_list;

static void add_block(void *context, const log_block *b)
{
    block_list *l = context;
    assert_true(l->count < 4);
    memcpy(l->anchors[l->count], b->anchors, b->anchor_count * sizeof *b->anchors);
    l->blocks[l->count++] = *b;
}

static void blocks_tell_what_a_log_covers(void **state)
{
    (void)state;
    world w;
    begin(&w);
    w.next = 1000;
    for (unsigned i = 0; i < 300; i++)
        next_event(&w, START + (300 - i) * MOMENT_SECOND);      /* a clock that runs back */
    event again = { .record_id = 1100, .time = START, .recovered = true };
    assert_false(log_record(&w.log, &again));                     /* in slack there is a second copy */
    event older = { .record_id = 500, .time = START - MOMENT_DAY, .recovered = true };
    assert_true(log_record(&w.log, &older));
    block_list l = { 0 };
    detect_sink sink = { .context = &l, .block = add_block };
    blocks_give(&w.log, &sink);
    assert_int_equal(l.count, 2);
    assert_int_equal(l.blocks[0].block, 0);
    assert_int_equal(l.blocks[0].records, 25);
    assert_int_equal(l.blocks[0].first_record, 500);
    assert_int_equal(l.blocks[0].last_record, 1023);
    assert_true(l.blocks[0].first == START - MOMENT_DAY && l.blocks[0].last == START + 300 * MOMENT_SECOND);
    assert_int_equal(l.blocks[1].block, 1);
    assert_int_equal(l.blocks[1].records, 276);
    assert_int_equal(l.blocks[1].anchor_count, 4);                /* 1024, 1152, 1280 and the last, 1299 */
    assert_int_equal(l.anchors[1][0].record, 1024);
    assert_int_equal(l.anchors[1][2].record, 1280);
    assert_int_equal(l.anchors[1][3].record, 1299);
    assert_true(l.anchors[1][3].time == START + MOMENT_SECOND);
    end(&w);
}

static void record_ids_without_end_do_not_cost_memory(void **state)
{
    (void)state;
    world w;
    begin(&w);
    for (uint64_t i = 0; i < BLOCKS_KEPT + 1000; i++) {
        event ev = { .record_id = i * BLOCK_RECORDS * 31, .time = START };
        log_record(&w.log, &ev);
        detect_count(&w.log, &ev, "logon.failure", "account", "x", NULL);
        arena_reset(&w.scratch);
    }
    assert_int_equal(w.log.blocks.count, BLOCKS_KEPT);
    sums s = given(&w, NULL, NULL);
    assert_int_equal(s.total + s.cut - s.others, BLOCKS_KEPT + 1000);
    sums_done(&s);
    end(&w);
}

/* Claims. */
typedef struct { identity_claim last; size_t count; } claim_list;

static void add_claim(void *context, const identity_claim *c)
{
    claim_list *l = context;
    if (strcmp(c->key, "address") == 0) {
        l->last = *c;
        l->count++;
    }
}

static void a_claim_lasts_from_its_first_record_to_its_last(void **state)
{
    (void)state;
    world w;
    begin(&w);
    for (unsigned i = 0; i < 1000; i++) {
        event ev = next_event(&w, START + i * MOMENT_SECOND);
        detect_claim(&w.log, &ev, "address", "10.0.0.1", "Sysmon 3 own end", "decisive");
    }
    claim_list l = { 0 };
    detect_sink sink = { .context = &l, .claim = add_claim };
    claims_give(&w.log, &sink);
    assert_int_equal(l.count, 1);
    assert_true(l.last.from == START && l.last.to == START + 999 * MOMENT_SECOND);
    assert_int_equal(l.last.record, 1);
    assert_string_equal(l.last.computer, "DB1");
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_failures_are_told_apart_to_the_minute),
        cmocka_unit_test(a_source_with_very_many_names_keeps_256_of_them_and_its_total),
        cmocka_unit_test(an_account_that_succeeded_is_told_apart_in_any_flood),
        cmocka_unit_test(workstations_that_change_their_name_each_time_do_not_hide_the_account),
        cmocka_unit_test(where_the_address_is_known_client_names_are_nearly_worthless),
        cmocka_unit_test(sources_without_number_keep_the_total_and_the_heaviest),
        cmocka_unit_test(buckets_become_wider_when_there_are_too_many),
        cmocka_unit_test(many_keys_in_many_blocks_stay_within_the_lines_of_a_digest),
        cmocka_unit_test(times_that_no_log_has_are_counted_as_cut),
        cmocka_unit_test(the_same_records_give_the_same_notes),
        cmocka_unit_test(of_many_acts_the_first_and_the_last_stay),
        cmocka_unit_test(long_values_are_cut_at_a_character_and_bounded_together),
        cmocka_unit_test(facts_that_may_hold_a_password_are_masked),
        cmocka_unit_test(blocks_tell_what_a_log_covers),
        cmocka_unit_test(record_ids_without_end_do_not_cost_memory),
        cmocka_unit_test(a_claim_lasts_from_its_first_record_to_its_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
