#include "made.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <zstd.h>

enum { NOTES = 400 };

static digest *made(uint64_t seed)
{
    digest *d = digest_new(&made_head);
    for (uint64_t n = 0; n < NOTES; n++)
        add_nth(d, seed, n);
    return d;
}

static void lines_of(digest *d, buf *out)
{
    buf_init(out, DIGEST_BYTES);
    assert_true(status_is_ok(digest_lines(d, out)));
}

static void assert_same_lines(digest *a, digest *b)
{
    buf of_a, of_b;
    lines_of(a, &of_a);
    lines_of(b, &of_b);
    assert_true(span_eq(buf_bytes(&of_a), buf_bytes(&of_b)));
    buf_done(&of_a);
    buf_done(&of_b);
}

static status read_lines(span text, digest **out)
{
    size_t room = ZSTD_compressBound(text.len);
    void *packed = malloc(room);
    size_t len = ZSTD_compress(packed, room, text.at, text.len, 1);
    assert_false(ZSTD_isError(len));
    status s = digest_read(span_of(packed, len), out);
    free(packed);
    return s;
}

static void what_is_written_is_read_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        digest *d = made(seed), *again;
        buf packed;
        buf_init(&packed, DIGEST_BYTES);
        assert_true(status_is_ok(digest_write(d, &packed)));
        status s = digest_read(buf_bytes(&packed), &again);
        assert_string_equal(s.words, "");
        assert_same_lines(d, again);
        assert_string_equal(digest_heading(again)->unit, "HOST1");

        buf packed_again;
        buf_init(&packed_again, DIGEST_BYTES);
        assert_true(status_is_ok(digest_write(again, &packed_again)));
        assert_true(span_eq(buf_bytes(&packed), buf_bytes(&packed_again)));
        buf_done(&packed);
        buf_done(&packed_again);
        digest_free(d);
        digest_free(again);
    }
}

static void every_kind_of_line_has_been_tried(void **state)
{
    (void)state;
    digest *d = made(1);
    digest_sort(d);
    size_t counts[6];
    digest_evidence(d, &counts[0]);
    digest_acts(d, &counts[1]);
    digest_tallies(d, &counts[2]);
    digest_blocks(d, &counts[3]);
    digest_claims(d, &counts[4]);
    digest_cuts(d, &counts[5]);
    for (int i = 0; i < 6; i++)
        assert_true(counts[i] > 5);
    digest_free(d);
}

static void the_order_of_adding_does_not_matter(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        digest *in_order = made(seed), *shuffled = digest_new(&made_head);
        uint64_t order[NOTES];
        dice d = { seed };
        for (uint64_t i = 0; i < NOTES; i++)
            order[i] = i;
        for (uint64_t i = NOTES; i > 1; i--) {
            uint64_t other = roll(&d, i), swap = order[i - 1];
            order[i - 1] = order[other];
            order[other] = swap;
        }
        for (uint64_t i = 0; i < NOTES; i++)
            add_nth(shuffled, seed, order[i]);
        assert_same_lines(in_order, shuffled);
        digest_free(in_order);
        digest_free(shuffled);
    }
}

static void the_same_twice_counts_once(void **state)
{
    (void)state;
    digest *once = made(3), *twice = made(3), *other = made(3);
    digest_merge(twice, other);
    digest_merge(twice, once);
    assert_same_lines(once, twice);
    digest_free(once);
    digest_free(twice);
    digest_free(other);
}

static void any_split_joins_to_the_whole(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        enum { SPLIT = 5 };
        digest *parts[SPLIT], *whole = made(seed), *joined = digest_new(&made_head);
        dice d = { seed };
        for (int i = 0; i < SPLIT; i++)
            parts[i] = digest_new(&made_head);
        for (uint64_t n = 0; n < NOTES; n++)
            add_nth(parts[roll(&d, SPLIT)], seed, n);
        for (int i = 0; i < SPLIT; i++) {
            if (i % 2)
                digest_sort(parts[i]);
            digest_merge(joined, parts[i]);
            digest_free(parts[i]);
        }
        assert_same_lines(whole, joined);
        digest_free(whole);
        digest_free(joined);
    }
}

/* A line is read only when it is written the one way it can be: whatever is changed is refused, or is another digest that
 * is written just so. */
static void a_changed_byte_is_refused_or_comes_back(void **state)
{
    (void)state;
    digest *d = made(5), *again;
    buf lines;
    lines_of(d, &lines);
    dice chance = { 5 };
    size_t refused = 0, taken = 0;
    for (int i = 0; i < 4000; i++) {
        size_t at = roll(&chance, lines.len);
        uint8_t was = lines.at[at];
        lines.at[at] = (uint8_t)("0123456789abcdefxyz\"\\,:{}[]\n TZ\x01\xff"[roll(&chance, 34)]);
        if (status_is_ok(read_lines(buf_bytes(&lines), &again))) {
            buf back;
            lines_of(again, &back);
            assert_true(span_eq(buf_bytes(&lines), buf_bytes(&back)));
            buf_done(&back);
            digest_free(again);
            taken++;
        } else {
            refused++;
        }
        lines.at[at] = was;
    }
    assert_true(refused > 1000);
    assert_true(taken > 100);          /* the digits of a number, the letters of a name */
    buf_done(&lines);
    digest_free(d);
}

static void assert_refused(const char *text, status_code code, const char *word)
{
    digest *d;
    status s = read_lines(span_str(text), &d);
    assert_int_equal(s.code, code);
    if (!strstr(s.words, word))
        fail_msg("'%s' does not say '%s'", s.words, word);
}

#define HEAD "{\"line\":\"head\",\"schema\":\"suyuan.digest/1\",\"unit\":\"u\",\"tool\":\"\",\"profiles\":\"\",\"rules\":\"\",\"options\":\"\",\"sources\":\"\"}\n"
#define LOG(id, file) "{\"line\":\"log\",\"id\":" id ",\"computer\":\"c\",\"channel\":\"System\",\"file\":\"" file "\",\"path\":\"p\"}\n"
#define CUT(log, kind) "{\"line\":\"cut\",\"log\":" log ",\"kind\":\"" kind "\",\"dropped\":1}\n"

static void what_is_no_digest_is_refused_with_its_line(void **state)
{
    (void)state;
    digest *d;
    assert_true(status_is_ok(read_lines(span_str(HEAD LOG("0", "a") LOG("1", "b") CUT("0", "k") CUT("1", "k")), &d)));
    digest_free(d);
    assert_true(status_is_ok(read_lines(span_str(HEAD), &d)));
    digest_free(d);

    assert_refused("", STATUS_DAMAGED, "no digest");
    assert_refused("{}\n", STATUS_DAMAGED, "no digest");
    assert_refused("{\"line\":\"head\",\"schema\":\"suyuan.digest/2\"}\n", STATUS_UNSUPPORTED, "another version");
    assert_refused(HEAD "\n", STATUS_DAMAGED, "line 2");
    assert_refused(HEAD HEAD, STATUS_DAMAGED, "line 2: no such kind of line");
    assert_refused(HEAD LOG("0", "a") CUT("1", "k"), STATUS_DAMAGED, "line 3: no such log");
    assert_refused(HEAD LOG("1", "a") CUT("0", "k"), STATUS_DAMAGED, "line 2");
    assert_refused(HEAD LOG("0", "b") LOG("1", "a") CUT("0", "k") CUT("1", "k"), STATUS_DAMAGED, "line 3: logs are not in order");
    assert_refused(HEAD LOG("0", "a") CUT("0", "k") CUT("0", "k"), STATUS_DAMAGED, "line 4: lines are not in order");
    assert_refused(HEAD LOG("0", "a") CUT("0", "k") CUT("0", "j"), STATUS_DAMAGED, "line 4: lines are not in order");
    assert_refused(HEAD LOG("0", "a"), STATUS_DAMAGED, "a log that no line names");
    assert_refused(HEAD LOG("0", "a") CUT("0", "k") LOG("1", "b") CUT("1", "k"), STATUS_DAMAGED, "line 4: lines are not in order");
    assert_refused(HEAD LOG("0", "a") "{\"line\":\"cut\", \"log\":0,\"kind\":\"k\",\"dropped\":1}\n", STATUS_DAMAGED, "line 3: it is not written");
    assert_refused(HEAD LOG("0", "a") "{\"line\":\"cut\",\"log\":0,\"kind\":\"k\",\"dropped\":1,\"more\":1}\n", STATUS_DAMAGED, "line 3: it is not written");
    assert_refused(HEAD LOG("0", "a") "{\"line\":\"cut\",\"log\":0,\"kind\":\"k\",\"dropped\":1}", STATUS_DAMAGED, "last line has no end");
}

static void a_digest_that_was_cut_off_is_refused(void **state)
{
    (void)state;
    digest *d = made(2), *again;
    buf packed;
    buf_init(&packed, DIGEST_BYTES);
    assert_true(status_is_ok(digest_write(d, &packed)));
    for (size_t len = 0; len < packed.len; len++)
        assert_false(status_is_ok(digest_read(span_of(packed.at, len), &again)));
    buf_char(&packed, 'x');
    assert_int_equal(digest_read(buf_bytes(&packed), &again).code, STATUS_DAMAGED);
    buf_done(&packed);
    digest_free(d);
}

static void a_bomb_is_refused_before_it_is_unpacked(void **state)
{
    (void)state;
    enum { HUGE_BYTES = 256 << 20 };
    digest *d;
    buf blanks;
    buf_init(&blanks, HUGE_BYTES);
    assert_true(buf_room(&blanks, HUGE_BYTES));
    memset(blanks.at, '\n', HUGE_BYTES);
    blanks.len = HUGE_BYTES;
    assert_int_equal(read_lines(buf_bytes(&blanks), &d).code, STATUS_DAMAGED);
    memset(blanks.at, ' ', HUGE_BYTES);
    assert_int_equal(read_lines(buf_bytes(&blanks), &d).code, STATUS_DAMAGED);
    buf_done(&blanks);
}

static void hostile_texts_are_made_fit(void **state)
{
    (void)state;
    static char endless[3 * NOTE_VALUE];
    for (size_t i = 0; i + 3 < sizeof endless; i += 3)
        memcpy(endless + i, "\xe6\xba\xaf", 3);
    fact facts[NOTE_FACTS + 8];
    char names[NOTE_FACTS + 8][8];
    for (size_t i = 0; i < NOTE_FACTS + 8; i++) {
        snprintf(names[i], sizeof names[i], "f%02zu", NOTE_FACTS + 8 - i);
        facts[i] = (fact){ names[i], i == 0 ? "\xff\xfe lone \xc3" : i == NOTE_FACTS + 7 ? endless : "x" };
    }
    log_ref log = { "f", "p", "c", "System" };
    digest *d = digest_new(&made_head), *again;
    digest_add_act(d, &(act){ .log = &log, .kind = "k", .time = MOMENT_UNKNOWN, .facts = facts, .fact_count = NOTE_FACTS + 8 });
    size_t count;
    const act *a = digest_acts(d, &count);
    assert_int_equal(a->fact_count, NOTE_FACTS);
    assert_string_equal(a->facts[0].name, "f01");
    assert_true(strlen(a->facts[0].value) <= NOTE_VALUE);
    assert_true(strlen(a->facts[0].value) > NOTE_VALUE - 8);
    assert_string_equal(a->facts[0].value + strlen(a->facts[0].value) - 6, "\xe6\xba\xaf\xe2\x80\xa6");

    facts[0].name = "a";
    digest_add_act(d, &(act){ .log = &log, .kind = "k", .time = MOMENT_UNKNOWN, .facts = facts, .fact_count = 1 });
    assert_string_equal(note_fact(digest_acts(d, &count)[1].facts, 1, "a"), "\xef\xbf\xbd\xef\xbf\xbd lone \xef\xbf\xbd");

    buf packed;
    buf_init(&packed, DIGEST_BYTES);
    assert_true(status_is_ok(digest_write(d, &packed)));
    assert_true(status_is_ok(digest_read(buf_bytes(&packed), &again)));
    assert_same_lines(d, again);
    buf_done(&packed);
    digest_free(d);
    digest_free(again);
}

static void a_time_behind_the_last_is_unknown(void **state)
{
    (void)state;
    const log_ref log = { "0123456789abcdef", "a.evtx", "DB1", "Security" };
    tally_bucket buckets[] = { { MOMENT_LAST, 1, 1, MOMENT_LAST, MOMENT_LAST + 1 } };
    digest *d = digest_new(&made_head);
    digest_add_act(d, &(act){ .log = &log, .kind = "log.clear", .record = 1, .time = MOMENT_LAST + 1, .techniques = "" });
    digest_add_act(d, &(act){ .log = &log, .kind = "log.clear", .record = 2, .time = MOMENT_LAST, .techniques = "" });
    digest_add_tally(d, &(tally){ &log, "logon.failure", 0, NULL, 0, UINT64_MAX, buckets, 1 });
    digest_sort(d);
    size_t count;
    const act *a = digest_acts(d, &count);
    assert_int_equal(count, 2);
    assert_int_equal(a[0].time, MOMENT_UNKNOWN);
    assert_int_equal(a[1].time, MOMENT_LAST);
    const tally *t = digest_tallies(d, &count);
    assert_int_equal(t[0].width, MOMENT_DAY);
    assert_int_equal(t[0].buckets[0].first, MOMENT_LAST);
    assert_int_equal(t[0].buckets[0].last, MOMENT_UNKNOWN);
    digest_free(d);
}

static void add_big(digest *d, uint64_t n, bool finding)
{
    static char value[NOTE_VALUE + 1];
    memset(value, 'x', NOTE_VALUE);
    snprintf(value, sizeof value, "%08llu", (unsigned long long)(n * 2654435761u % 100000007u));
    value[8] = 'x';
    log_ref log = { "f", "p", "c", "System" };
    digest_add_act(d, &(act){ .log = &log, .kind = "k", .record = n, .time = MOMENT_UNKNOWN, .facts = (fact[]){ { "v", value } }, .fact_count = 1,
                              .finding = finding ? "service-install" : NULL });
}

/* 36,000 acts of 4 KiB: more than a digest may be. What is left does not depend on the order, nor on what was dropped on the
 * way; findings are left before other acts; and what was dropped is counted. */
static void behind_the_cap_content_alone_decides(void **state)
{
    (void)state;
    enum { ACTS = 36000, PARTED = 4 };
    digest *forward = digest_new(&made_head), *backward = digest_new(&made_head);
    digest *parts[PARTED], *joined = digest_new(&made_head);
    for (int i = 0; i < PARTED; i++)
        parts[i] = digest_new(&made_head);
    for (uint64_t n = 0; n < ACTS; n++) {
        add_big(forward, n, n == ACTS - 1);
        add_big(backward, ACTS - 1 - n, n == 0);
        add_big(parts[n % PARTED], n, n == ACTS - 1);
    }
    for (int i = 0; i < PARTED; i++) {
        if (i % 2)
            digest_sort(parts[i]);
        digest_merge(joined, parts[i]);
        digest_free(parts[i]);
    }
    buf a, b, c;
    lines_of(forward, &a);
    lines_of(backward, &b);
    lines_of(joined, &c);
    assert_true(a.len > DIGEST_BYTES - (1 << 20));
    assert_true(span_eq(buf_bytes(&a), buf_bytes(&b)));
    assert_true(span_eq(buf_bytes(&a), buf_bytes(&c)));

    size_t acts, cuts;
    const act *first = digest_acts(forward, &acts);
    const digest_cut *cut = digest_cuts(forward, &cuts);
    assert_int_equal(cuts, 1);
    assert_string_equal(cut->kind, "digest.act");
    assert_int_equal(cut->dropped + acts, ACTS);
    assert_int_equal(first[acts - 1].record, ACTS - 1);

    digest *again;
    assert_true(status_is_ok(read_lines(buf_bytes(&a), &again)));
    assert_same_lines(forward, again);
    digest_free(again);
    buf_done(&a);
    buf_done(&b);
    buf_done(&c);
    digest_free(forward);
    digest_free(backward);
    digest_free(joined);
}

static void the_name_tells_apart_what_was_read_and_by_what(void **state)
{
    (void)state;
    digest_head heads[] = { made_head, made_head, made_head, made_head, made_head };
    heads[1].sources = "other";
    heads[2].tool = "0.2";
    heads[3].options = "since";
    heads[4].profiles = "pr";                    /* not the same as "p" with rules "rr" */
    heads[4].rules = "";
    char names[5][65];
    for (int i = 0; i < 5; i++) {
        digest *d = digest_new(&heads[i]);
        digest_name(d, names[i]);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(names[i], names[j]);
        digest_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(every_kind_of_line_has_been_tried),
        cmocka_unit_test(the_order_of_adding_does_not_matter),
        cmocka_unit_test(the_same_twice_counts_once),
        cmocka_unit_test(any_split_joins_to_the_whole),
        cmocka_unit_test(a_changed_byte_is_refused_or_comes_back),
        cmocka_unit_test(what_is_no_digest_is_refused_with_its_line),
        cmocka_unit_test(a_digest_that_was_cut_off_is_refused),
        cmocka_unit_test(a_bomb_is_refused_before_it_is_unpacked),
        cmocka_unit_test(hostile_texts_are_made_fit),
        cmocka_unit_test(a_time_behind_the_last_is_unknown),
        cmocka_unit_test(behind_the_cap_content_alone_decides),
        cmocka_unit_test(the_name_tells_apart_what_was_read_and_by_what),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
