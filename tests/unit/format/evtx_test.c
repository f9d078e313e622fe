/* Damage: what it costs, and what is said about it. */
#include "cmocka_all.h"
#include "made.h"

#include <stdio.h>
#include <stdlib.h>

static int setup(void **state)
{
    *state = calloc(1, sizeof(made));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

/* Records 1 to `count`, each <X>%0</X> of one template; gives where record n begins at at[n]. */
static size_t make_records(made *m, uint64_t count, uint32_t at[])
{
    size_t t = 0;
    made_log(m);
    for (uint64_t id = 1; id <= count; id++) {
        at[id] = m->at;
        made_record(m, id);
        if (id == 1) {
            t = made_template(m, 7);
            made_open(m, "X", -1);
            made_slot(m, 0);
            made_close(m);
        } else {
            made_again(m, t, 7);
        }
        made_values(m, t, 1, (made_value[]){ made_number(m, BINXML_U64, 8, id) });
        made_record_end(m);
    }
    at[count + 1] = m->at;
    return t;
}

static void check(made *m, bool recover, const char *ids, const char *kinds)
{
    uint64_t found[64];
    char said[1024], told[1024] = "";
    size_t count = made_read(m, recover, found, said);
    for (size_t i = 0; i < count; i++)
        snprintf(told + strlen(told), sizeof told - strlen(told), "%s%llu", i ? " " : "", (unsigned long long)found[i]);
    assert_string_equal(told, ids);
    assert_string_equal(said, kinds);
}

static void set_u32(made *m, size_t chunk_offset, uint32_t n) { memcpy(m->chunk + chunk_offset, &n, 4); }

static void a_sound_log_has_nothing_to_say(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 5, at);
    check(m, false, "1 2 3 4 5", "");
    check(m, true, "1 2 3 4 5", "");
}

static void checksums_that_are_wrong_are_told_and_cost_nothing(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 3, at);
    made_file(m);
    m->file[124] ^= 1;
    m->chunk[52] ^= 1;
    m->chunk[124] ^= 1;
    check(m, false, "1 2 3", "header.checksum chunk.checksum chunk.checksum");
}

static void a_dirty_log_is_told(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 1, at);
    m->file[120] = 1;
    check(m, false, "1", "header.dirty");
}

static void a_zeroed_token_costs_its_record(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 3, at);
    made_file(m);
    m->chunk[at[2] + 28] = 0x77;                    /* where the instance's token stands */
    check(m, false, "1 3", "chunk.checksum record.document");
}

static void a_record_header_that_is_gone_costs_its_record(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 4, at);
    made_file(m);
    memset(m->chunk + at[2], 0, 8);
    check(m, false, "1 3 4", "chunk.checksum record.header");
}

static void a_size_beyond_the_chunk_costs_its_record(void **state)
{
    made *m = *state;
    uint32_t at[8], sizes[] = { 0, 27, 0x10000, UINT32_MAX };
    for (size_t i = 0; i < 4; i++) {
        make_records(m, 3, at);
        made_file(m);
        set_u32(m, at[2] + 4, sizes[i]);
        check(m, false, "1 3", "chunk.checksum record.header");
    }
}

static void a_size_that_is_not_repeated_is_told(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 2, at);
    made_file(m);
    set_u32(m, at[2] - 4, 1);
    check(m, false, "1 2", "chunk.checksum record.size");
}

static void records_from_an_older_use_of_the_chunk_do_not_continue_a_broken_chain(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 4, at);
    made_file(m);
    memset(m->chunk + at[2], 0, 8);
    m->chunk[at[3] + 8] = 77;                       /* an identifier that is not the chunk's */
    check(m, false, "1 4", "chunk.checksum record.header");
    check(m, true, "1 4 77", "chunk.checksum record.header");
}

static void free_space_that_begins_too_early_loses_nothing(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 4, at);
    made_file(m);
    set_u32(m, 48, at[3]);
    check(m, false, "1 2 3 4", "chunk.checksum chunk.checksum chunk.free-space");
    set_u32(m, 48, at[3] + 10);                     /* within a record */
    check(m, false, "1 2 3 4", "chunk.checksum chunk.checksum chunk.free-space");
}

static void free_space_that_begins_too_late_or_nowhere_is_told(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 3, at);
    made_file(m);
    set_u32(m, 48, at[4] + 4000);
    check(m, false, "1 2 3", "chunk.checksum chunk.checksum chunk.free-space");
    set_u32(m, 48, 70000);
    check(m, false, "1 2 3", "chunk.checksum chunk.free-space chunk.free-space");
    set_u32(m, 48, 0);
    check(m, false, "1 2 3", "chunk.checksum chunk.free-space chunk.free-space");
}

static void a_torn_last_chunk_keeps_the_records_before_the_tear(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 4, at);
    made_file(m);
    m->len = EVTX_HEADER + at[3] + 20;
    check(m, false, "1 2", "chunk.torn record.header");
    m->len = EVTX_HEADER + 300;
    check(m, false, "", "chunk.torn");
    m->len = EVTX_HEADER + 20;
    check(m, false, "", "chunk.torn");
}

static void a_chunk_without_file_header_is_read(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 2, at);
    made_file(m);
    memset(m->file, 0, EVTX_HEADER);                /* a header that is gone, a chunk at its place */
    check(m, false, "1 2", "header.missing");
    memmove(m->file, m->chunk, EVTX_CHUNK);         /* a chunk alone */
    m->len = EVTX_CHUNK;
    check(m, false, "1 2", "header.missing");
}

static void what_is_no_log_is_refused(void **state)
{
    (void)state;
    arena mem;
    problems noted;
    evtx log;
    uint8_t bytes[8192] = "MZ";
    span whole = span_of(bytes, sizeof bytes);
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    assert_int_equal(evtx_open(&mem, evtx_source_bytes(&whole), &noted, &log).code, STATUS_DAMAGED);
    whole.len = 0;
    assert_int_equal(evtx_open(&mem, evtx_source_bytes(&whole), &noted, &log).code, STATUS_DAMAGED);
    arena_done(&mem);
}

static void a_chunk_without_its_signature_costs_that_chunk_and_is_carved(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 2, at);
    made_file(m);
    memcpy(m->file + EVTX_HEADER + EVTX_CHUNK, m->chunk, EVTX_CHUNK);
    m->len += EVTX_CHUNK;
    m->chunk[0] = 'x';
    check(m, false, "1 2", "chunk.signature");
    check(m, true, "1 2 1 2", "chunk.signature");
}

static void a_wrapped_log_begins_with_its_oldest_records(void **state)
{
    made *m = *state;
    uint32_t at[8];
    uint8_t newer[EVTX_CHUNK];
    make_records(m, 2, at);
    for (uint64_t id = 1; id <= 2; id++)
        m->chunk[at[id] + 8] += 10;
    m->first_id += 10;
    m->last_id += 10;
    made_file(m);
    memcpy(newer, m->chunk, EVTX_CHUNK);
    make_records(m, 2, at);
    made_file(m);
    memcpy(m->file + EVTX_HEADER + EVTX_CHUNK, m->chunk, EVTX_CHUNK);
    memcpy(m->chunk, newer, EVTX_CHUNK);
    m->len += EVTX_CHUNK;
    check(m, false, "1 2 11 12", "");
}

static void links_of_names_that_go_round_are_not_followed(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 2, at);
    uint32_t name = m->names[0].at;
    set_u32(m, name, name);
    for (uint32_t i = 0; i < 64; i++)
        set_u32(m, 128 + 4 * i, name);
    check(m, false, "1 2", "");
}

static void a_template_that_names_itself_as_next_is_read(void **state)
{
    made *m = *state;
    uint32_t at[8];
    size_t t = make_records(m, 2, at);
    set_u32(m, t, (uint32_t)t);
    for (uint32_t i = 0; i < 32; i++)
        set_u32(m, 384 + 4 * i, (uint32_t)t);
    check(m, false, "1 2", "");
}

static void a_template_of_a_wrong_size_costs_its_records(void **state)
{
    made *m = *state;
    uint32_t at[8], sizes[] = { 0, 5, 0xffff, UINT32_MAX };
    for (size_t i = 0; i < 4; i++) {
        size_t t = make_records(m, 2, at);
        set_u32(m, t + 20, sizes[i]);
        check(m, false, "", "record.document record.document");
    }
}

static void values_that_do_not_fit_cost_their_record(void **state)
{
    made *m = *state;
    uint32_t at[8];
    uint32_t counts[] = { 100, 0x40000000, UINT32_MAX };
    for (size_t i = 0; i < 3; i++) {
        make_records(m, 2, at);
        set_u32(m, at[2] + 38, counts[i]);
        check(m, false, "1", "record.document");
    }
    make_records(m, 2, at);
    m->chunk[at[2] + 42] = 0xff;                    /* the value's size */
    assert_null(made_json(m, 1));
    assert_non_null(made_json(m, 0));
}

static void elements_in_elements_have_a_limit(void **state)
{
    made *m = *state;
    for (int depth = 500; depth <= 600; depth += 100) {
        made_log(m);
        made_record(m, 1);
        for (int i = 0; i < depth; i++)
            made_open(m, "X", -1);
        for (int i = 0; i < depth; i++)
            made_close(m);
        made_byte(m, 0);
        made_record_end(m);
        if (depth == 500) {
            assert_non_null(made_json(m, 0));
            assert_non_null(made_xml(m, 0));
        } else {
            check(m, false, "", "record.document");
        }
    }
}

/* <X>%0%0...</X>, the slot an instance of the template before: each one twice as large as what it holds. */
static void documents_that_double_have_a_limit(void **state)
{
    made *m = *state;
    static uint8_t bytes[8192];
    size_t len = 0, where = 0;
    made_log(m);
    for (uint32_t level = 1; level <= 40; level++) {
        made_record(m, level);
        size_t t = made_template(m, level);
        made_open(m, "X", -1);
        made_slot(m, 0);
        made_slot(m, 0);
        made_close(m);
        where = t;
        made_value inner = level == 1 ? made_text(m, "deep") : made_bytes(BINXML_BINXML, bytes, len);
        made_values(m, t, 1, &inner);
        made_record_end(m);

        uint8_t next[8192];
        uint32_t one = 1, offset = (uint32_t)where, descriptor = (uint32_t)inner.bytes.len | (uint32_t)inner.type << 16;
        memcpy(next, "\x0f\x01\x01\0\x0c\x01", 6);
        memcpy(next + 6, &level, 4);
        memcpy(next + 10, &offset, 4);
        memcpy(next + 14, &one, 4);
        memcpy(next + 18, &descriptor, 4);
        memcpy(next + 22, inner.bytes.at, inner.bytes.len);
        len = 22 + inner.bytes.len;
        next[len++] = 0;
        memcpy(bytes, next, len);
    }
    assert_non_null(made_json(m, 5));
    assert_null(made_json(m, 39));
    assert_null(made_xml(m, 39));
}

static void one_name_in_thousands_of_elements_has_a_limit(void **state)
{
    made *m = *state;
    made_log(m);
    made_record(m, 1);
    size_t t = made_template(m, 7);
    made_open(m, "X", -1);
    uint32_t name = m->at + 11;                     /* a name of 20,000 letters, used 2,000 times */
    made_byte(m, 0x01);
    made_u16(m, 0xffff);
    made_u32(m, 0);
    made_u32(m, name);
    assert_int_equal(m->at, name);
    made_u32(m, 0);
    made_u16(m, 0);
    made_u16(m, 20000);
    for (int i = 0; i < 20000; i++)
        made_u16(m, 'n');
    made_u16(m, 0);
    made_start_end(m);
    made_close(m);
    for (int i = 0; i < 1500; i++) {
        made_byte(m, 0x01);
        made_u16(m, 0xffff);
        made_u32(m, 0);
        made_u32(m, name);
        made_byte(m, 0x03);
    }
    made_close(m);
    made_values(m, t, 0, NULL);
    made_record_end(m);
    assert_null(made_json(m, 0));
    assert_null(made_xml(m, 0));
}

/* ---- recovery ---- */

static void records_behind_the_free_space_are_recovered(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 4, at);
    m->chunk[at[3] + 8] = 103;                      /* left from an older use: other identifiers */
    m->chunk[at[4] + 8] = 104;
    m->last_id = 2;
    m->at = at[3];
    check(m, false, "1 2", "");
    check(m, true, "1 2 103 104", "");
}

static void a_cleared_chunk_is_recovered(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 3, at);
    m->first_id = 1;
    m->last_id = 0;
    m->at = 512;
    check(m, false, "", "");
    check(m, true, "1 2 3", "");
}

static void a_template_that_was_written_over_is_not_trusted(void **state)
{
    made *m = *state;
    uint32_t at[8];
    size_t t = make_records(m, 3, at);
    m->chunk[at[2] + 8] = 102;
    m->chunk[at[3] + 8] = 103;
    m->last_id = 1;
    m->at = at[2];
    m->chunk[at[2] + 30] = 8;                       /* asks for another template than the one that stands there now */
    (void)t;
    check(m, true, "1 103", "recovered.document");
}

static void a_name_that_was_written_over_is_not_trusted(void **state)
{
    made *m = *state;
    uint32_t at[8];
    make_records(m, 2, at);
    m->first_id = 1;
    m->last_id = 0;
    m->at = 512;
    m->chunk[m->names[0].at + 8] = 'Y';
    check(m, true, "", "recovered.document");
}

static void a_record_alone_in_any_file_is_recovered_with_a_borrowed_template(void **state)
{
    made *m = *state;
    uint32_t at[8];
    uint8_t image[20000] = { 1, 2, 3 };
    make_records(m, 3, at);
    span file = made_file(m), raw = span_of(image, sizeof image);
    memcpy(image + 5001, m->chunk + at[2], at[3] - at[2]);            /* without template */
    memcpy(image + 9999, m->chunk + at[1], at[2] - at[1]);            /* brings its own */

    for (int lends = 0; lends < 2; lends++) {
        arena mem;
        problems noted;
        evtx log, carved = { .source = evtx_source_bytes(&raw) };
        evtx_record record;
        binxml_fault why;
        buf text;
        arena_init(&mem, 0);
        problems_init(&noted, &mem);
        buf_init(&text, 4096);
        binxml_templates *store = binxml_templates_new();
        evtx_reader *r = evtx_reader_new(store);
        if (lends) {
            assert_int_equal(evtx_open(&mem, evtx_source_bytes(&file), &noted, &log).code, STATUS_OK);
            evtx_meet_templates(r, &log);
            binxml_templates_lend(store);
        }
        assert_int_equal(evtx_carve(&mem, &noted, &carved).code, STATUS_OK);
        assert_int_equal(carved.chunk_count, 2);
        assert_true(evtx_chunk_load(r, &carved, 0, &noted));
        assert_int_equal(evtx_next_recovered(r, &record), lends);
        assert_int_equal(evtx_lost(r), !lends);
        if (lends) {
            assert_int_equal(record.id, 2);
            assert_int_equal(record.offset, 5001);
            assert_true(binxml_json(&record.xml, &text, &why));
            assert_string_equal(buf_text(&text), "{\"X\":2}");
            buf_clear(&text);
        }
        assert_true(evtx_chunk_load(r, &carved, 1, &noted));
        assert_true(evtx_next_recovered(r, &record));
        assert_int_equal(record.offset, 9999);
        assert_true(binxml_json(&record.xml, &text, &why));
        assert_string_equal(buf_text(&text), "{\"X\":1}");
        buf_done(&text);
        evtx_reader_free(r);
        binxml_templates_free(store);
        arena_done(&mem);
    }
}

static void templates_met_later_are_not_lent(void **state)
{
    made *m = *state;
    uint32_t at[8];
    arena mem;
    problems noted;
    evtx log;
    uint8_t image[4096] = { 0 };
    make_records(m, 2, at);
    span file = made_file(m), raw = span_of(image, sizeof image);
    memcpy(image + 100, m->chunk + at[2], at[3] - at[2]);
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    binxml_templates *store = binxml_templates_new();
    binxml_templates_lend(store);
    evtx_reader *r = evtx_reader_new(store);
    evtx carved = { .source = evtx_source_bytes(&raw) };
    evtx_record record;
    evtx_open(&mem, evtx_source_bytes(&file), &noted, &log);
    evtx_meet_templates(r, &log);
    evtx_carve(&mem, &noted, &carved);
    assert_true(evtx_chunk_load(r, &carved, 0, &noted));
    assert_false(evtx_next_recovered(r, &record));
    evtx_reader_free(r);
    binxml_templates_free(store);
    arena_done(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sound_log_has_nothing_to_say),
        cmocka_unit_test(checksums_that_are_wrong_are_told_and_cost_nothing),
        cmocka_unit_test(a_dirty_log_is_told),
        cmocka_unit_test(a_zeroed_token_costs_its_record),
        cmocka_unit_test(a_record_header_that_is_gone_costs_its_record),
        cmocka_unit_test(a_size_beyond_the_chunk_costs_its_record),
        cmocka_unit_test(a_size_that_is_not_repeated_is_told),
        cmocka_unit_test(records_from_an_older_use_of_the_chunk_do_not_continue_a_broken_chain),
        cmocka_unit_test(free_space_that_begins_too_early_loses_nothing),
        cmocka_unit_test(free_space_that_begins_too_late_or_nowhere_is_told),
        cmocka_unit_test(a_torn_last_chunk_keeps_the_records_before_the_tear),
        cmocka_unit_test(a_chunk_without_file_header_is_read),
        cmocka_unit_test(what_is_no_log_is_refused),
        cmocka_unit_test(a_chunk_without_its_signature_costs_that_chunk_and_is_carved),
        cmocka_unit_test(a_wrapped_log_begins_with_its_oldest_records),
        cmocka_unit_test(links_of_names_that_go_round_are_not_followed),
        cmocka_unit_test(a_template_that_names_itself_as_next_is_read),
        cmocka_unit_test(a_template_of_a_wrong_size_costs_its_records),
        cmocka_unit_test(values_that_do_not_fit_cost_their_record),
        cmocka_unit_test(elements_in_elements_have_a_limit),
        cmocka_unit_test(documents_that_double_have_a_limit),
        cmocka_unit_test(one_name_in_thousands_of_elements_has_a_limit),
        cmocka_unit_test(records_behind_the_free_space_are_recovered),
        cmocka_unit_test(a_cleared_chunk_is_recovered),
        cmocka_unit_test(a_template_that_was_written_over_is_not_trusted),
        cmocka_unit_test(a_name_that_was_written_over_is_not_trusted),
        cmocka_unit_test(a_record_alone_in_any_file_is_recovered_with_a_borrowed_template),
        cmocka_unit_test(templates_met_later_are_not_lent),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
