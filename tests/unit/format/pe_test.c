/* A Windows program: the numbers of its version, and what else it says of itself. */
#include "cmocka_all.h"
#include "bytes.h"
#include "format/pe.h"

typedef struct { arena mem; problems noted; buf b; pe p; } ground;

static int setup(void **state)
{
    static ground g;
    arena_init(&g.mem, 0);
    problems_init(&g.noted, &g.mem);
    buf_init(&g.b, 1 << 20);
    *state = &g;
    return 0;
}

static int teardown(void **state)
{
    ground *g = *state;
    buf_done(&g->b);
    arena_done(&g->mem);
    return 0;
}

enum { SECTION = 0x400, ADDRESS = 0x1000 };

/* ---- parts ---- */

static size_t begin_block(buf *b, unsigned type, const char *key)
{
    put_align(b, 4);
    size_t at = b->len;
    put16(b, 0);
    put16(b, 0);
    put16(b, type);
    put_units(b, key);
    put16(b, 0);
    put_align(b, 4);
    return at;
}

static void end_block(buf *b, size_t at) { set16(b, at, (unsigned)(b->len - at)); }

static void text(buf *b, const char *key, const char *value)
{
    size_t at = begin_block(b, 1, key);
    put_units(b, value);
    put16(b, 0);
    set16(b, at + 2, (unsigned)strlen(value) + 1);
    end_block(b, at);
}

static void version(buf *b)
{
    size_t root = begin_block(b, 0, "VS_VERSION_INFO");
    set16(b, root + 2, 52);
    const uint32_t numbers[13] = { 0xFEEF04BD, 0x10000, 6 << 16 | 1, 7601u << 16 | 23689, 6 << 16 | 1, 7601u << 16 | 23690 };
    for (size_t i = 0; i < 13; i++)
        put32(b, numbers[i]);
    size_t strings = begin_block(b, 1, "StringFileInfo"), table = begin_block(b, 1, "080404b0");
    text(b, "CompanyName", "Microsoft Corporation");
    text(b, "FileDescription", "Server driver");
    text(b, "FileVersion", "6.1.7601.16384 (win7_rtm)");
    text(b, "InternalName", "srv.sys");
    text(b, "LegalCopyright", "(C)");
    text(b, "OriginalFilename", "SRV.SYS");
    text(b, "ProductName", "Windows");
    end_block(b, table);
    end_block(b, strings);
    size_t var = begin_block(b, 1, "VarFileInfo");
    end_block(b, var);
    end_block(b, root);
}

static void directory(buf *b, uint32_t id, uint32_t to)
{
    put_zeros(b, 12);
    put16(b, 0);
    put16(b, 2);
    put32(b, id + 1);                                        /* another that comes first, where any would do */
    put32(b, id == 16 ? 0 : to);
    put32(b, id);
    put32(b, to);
}

static void make(ground *g, bool wide, bool reproducible)
{
    buf *b = &g->b;
    uint16_t optional = wide ? 240 : 224;
    buf_str(b, "MZ");
    put_zeros(b, 58);
    put32(b, 0x80);
    put_zeros(b, 0x40);
    buf_put(b, "PE\0\0", 4);
    put16(b, wide ? 0x8664 : 0x14c);
    put16(b, 1);
    put32(b, 0x58BE9C3F);
    put_zeros(b, 8);
    put16(b, optional);
    put16(b, 0x2022);
    size_t o = b->len;
    put_zeros(b, optional);
    set16(b, o, wide ? 0x20b : 0x10b);
    set32(b, o + 56, 0x5000);
    set32(b, o + 64, 0xABCD);
    set16(b, o + 68, 1);
    size_t dirs = o + (wide ? 112 : 96);
    set32(b, dirs - 4, 16);
    set32(b, dirs + 16, ADDRESS);
    set32(b, dirs + 20, 0x400);
    put_zeros(b, 8);
    put32(b, 0x1000);
    put32(b, ADDRESS);
    put32(b, 0x1000);
    put32(b, SECTION);
    put_zeros(b, 16);
    put_zeros(b, SECTION - b->len);
    directory(b, 16, 0x80000020);
    directory(b, 1, 0x80000040);
    directory(b, 1033, 0x60);
    put32(b, ADDRESS + 0x100);
    put32(b, 0x600);
    put_zeros(b, SECTION + 0x100 - b->len);
    version(b);
    put_zeros(b, SECTION + 0x800 - b->len);
    set32(b, dirs + 48, ADDRESS + 0x800);
    set32(b, dirs + 52, reproducible ? 56 : 28);
    for (int i = 0; i <= reproducible; i++) {
        put_zeros(b, 12);
        put32(b, i ? 16 : 2);
        put32(b, 24 + 9);
        put32(b, ADDRESS + 0x900);
        put32(b, SECTION + 0x900);
    }
    put_zeros(b, SECTION + 0x900 - b->len);
    buf_str(b, "RSDS");
    put_zeros(b, 20);
    buf_str(b, "d:\\x.pdb");
    put_zeros(b, SECTION + 0x1000 - b->len);
}

static const pe *read_made(ground *g)
{
    assert_true(pe_is(span_part(buf_bytes(&g->b), 0, 4096), g->b.len));
    assert_true(status_is_ok(pe_read(&g->mem, buf_bytes(&g->b), &g->noted, &g->p)));
    return &g->p;
}

/* ---- a signature: DER by hand ---- */

static span wrap(ground *g, uint8_t tag, span inside)
{
    buf b;
    buf_init(&b, 1 << 20);
    put8(&b, tag);
    if (inside.len < 0x80) {
        put8(&b, (unsigned)inside.len);
    } else {
        put8(&b, 0x82);
        put8(&b, (unsigned)(inside.len >> 8));
        put8(&b, (unsigned)inside.len & 255);
    }
    buf_span(&b, inside);
    span out = arena_span(&g->mem, buf_bytes(&b));
    buf_done(&b);
    return out;
}

static span join(ground *g, size_t count, const span *parts)
{
    buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < count; i++)
        buf_span(&b, parts[i]);
    span out = arena_span(&g->mem, buf_bytes(&b));
    buf_done(&b);
    return out;
}
#define JOIN(g, ...) join(g, sizeof (span[]){ __VA_ARGS__ } / sizeof(span), (const span[]){ __VA_ARGS__ })
#define SEQ(g, ...) wrap(g, 0x30, JOIN(g, __VA_ARGS__))

static span name(ground *g, const char *common)
{
    span id = wrap(g, 6, span_of("\x55\x04\x03", 3));
    return SEQ(g, wrap(g, 0x31, SEQ(g, id, wrap(g, 0x0c, span_str(common)))));
}

static span number(ground *g, uint8_t n) { return wrap(g, 2, span_of(&n, 1)); }

static span certificate(ground *g, const char *issuer, uint8_t serial, const char *subject)
{
    span empty = SEQ(g, number(g, 1));
    return SEQ(g, SEQ(g, wrap(g, 0xA0, number(g, 2)), number(g, serial), empty, name(g, issuer), empty, name(g, subject), empty), empty);
}

static span message(ground *g, uint8_t serial)
{
    span algorithms = wrap(g, 0x31, SEQ(g, number(g, 1))), content = SEQ(g, number(g, 1));
    span certificates = wrap(g, 0xA0, JOIN(g, certificate(g, "Root", 1, "Authority"), certificate(g, "Authority", 7, "Evil Software Ltd.")));
    span signer = SEQ(g, number(g, 1), SEQ(g, name(g, "Authority"), number(g, serial)), content);
    span data = SEQ(g, number(g, 1), algorithms, content, certificates, wrap(g, 0x31, signer));
    return SEQ(g, wrap(g, 6, span_of("\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 9)), wrap(g, 0xA0, data));
}

static void sign(ground *g, span pkcs7, bool wide)
{
    size_t dirs = 0x80 + 24 + (wide ? 112 : 96);
    set32(&g->b, dirs + 32, (uint32_t)g->b.len);
    set32(&g->b, dirs + 36, (uint32_t)pkcs7.len + 8);
    put32(&g->b, (uint32_t)pkcs7.len + 8);
    put16(&g->b, 0x200);
    put16(&g->b, 2);
    buf_span(&g->b, pkcs7);
}

/* ---- statements ---- */

static void the_numbers_count_and_not_the_text(void **state)
{
    ground *g = *state;
    for (int wide = 0; wide < 2; wide++) {
        char words[24];
        buf_clear(&g->b);
        make(g, wide, false);
        const pe *p = read_made(g);
        assert_true(p->has_version);
        assert_string_equal(pe_version_text(p->file, words), "6.1.7601.23689");
        assert_string_equal(pe_version_text(p->product, words), "6.1.7601.23690");
        assert_string_equal(p->version_text, "6.1.7601.16384 (win7_rtm)");
        assert_string_equal(p->original_name, "SRV.SYS");
        assert_string_equal(p->internal_name, "srv.sys");
        assert_string_equal(p->description, "Server driver");
        assert_string_equal(p->company, "Microsoft Corporation");
        assert_string_equal(p->product_name, "Windows");
        assert_string_equal(pe_machine_word(p->machine), wide ? "x64" : "x86");
        assert_int_equal(p->wide, wide);
        assert_true(p->dll && p->driver);
        assert_int_equal(p->link_time, 0x58BE9C3F);
        assert_int_equal(p->checksum, 0xABCD);
        assert_int_equal(p->image_size, 0x5000);
        assert_int_equal(p->end, SECTION + 0x1000);
        assert_string_equal(p->pdb, "d:\\x.pdb");
        assert_false(p->reproducible);
        assert_int_equal(p->signature, PE_UNSIGNED);
        assert_int_equal(g->noted.count, 0);
    }
}

static void a_reproducible_build_has_no_link_time(void **state)
{
    ground *g = *state;
    make(g, true, true);
    assert_true(read_made(g)->reproducible);
}

static void versions_are_compared_by_number(void **state)
{
    (void)state;
    const pe_version a = { { 6, 1, 7601, 9000 } }, b = { { 6, 1, 7601, 23689 } }, c = { { 6, 2, 0, 0 } };
    assert_int_equal(pe_version_compare(a, b), -1);
    assert_int_equal(pe_version_compare(c, b), 1);
    assert_int_equal(pe_version_compare(b, b), 0);
}

static void a_signature_shows_whose_name_it_bears(void **state)
{
    ground *g = *state;
    make(g, true, false);
    sign(g, message(g, 7), true);
    const pe *p = read_made(g);
    assert_int_equal(p->signature, PE_SIGNATURE);
    assert_string_equal(p->signer, "Evil Software Ltd.");
}

static void a_signer_without_certificate_has_no_name(void **state)
{
    ground *g = *state;
    make(g, false, false);
    sign(g, message(g, 9), false);
    assert_string_equal(read_made(g)->signer, "");
    assert_int_equal(g->p.signature, PE_SIGNATURE);
}

static void a_signature_outside_of_the_file_is_none(void **state)
{
    ground *g = *state;
    make(g, true, false);
    sign(g, message(g, 7), true);
    set32(&g->b, 0x80 + 24 + 112 + 32, 0x7fffffff);
    assert_int_equal(read_made(g)->signature, PE_UNSIGNED);
    assert_true(problems_has(&g->noted, "pe.signature"));
}

static void resources_that_go_round_end(void **state)
{
    ground *g = *state;
    make(g, true, false);
    set32(&g->b, SECTION + 16 + 8 + 4, 0x80000000);          /* the kind's directory is the first one again */
    assert_false(read_made(g)->has_version);
    assert_true(g->noted.count > 0);
}

static void every_torn_program_is_read_as_far_as_it_goes(void **state)
{
    ground *g = *state;
    make(g, true, true);
    sign(g, message(g, 7), true);
    for (size_t len = 0; len < g->b.len; len += len < SECTION + 0x500 || len > SECTION + 0xff0 ? 1 : 64) {
        uint8_t *exact = test_malloc(len ? len : 1);
        memcpy(exact, g->b.at, len);
        problems noted;
        pe p;
        problems_init(&noted, &g->mem);
        bool read = status_is_ok(pe_read(&g->mem, span_of(exact, len), &noted, &p));
        assert_int_equal(read, len >= 0x80 + 24 + 240);
        test_free(exact);
    }
}

static void what_is_no_program_is_refused(void **state)
{
    ground *g = *state;
    make(g, true, false);
    g->b.at[0x80] = 'N';
    assert_false(pe_is(buf_bytes(&g->b), g->b.len));
    assert_int_equal(pe_read(&g->mem, buf_bytes(&g->b), &g->noted, &g->p).code, STATUS_DAMAGED);
    assert_false(pe_is(span_str("MZ"), 2));
    assert_false(pe_is(span_str("MZ and then some text that has nothing to do with a program at all....."), 73));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_numbers_count_and_not_the_text),
        TEST(a_reproducible_build_has_no_link_time),
        TEST(versions_are_compared_by_number),
        TEST(a_signature_shows_whose_name_it_bears),
        TEST(a_signer_without_certificate_has_no_name),
        TEST(a_signature_outside_of_the_file_is_none),
        TEST(resources_that_go_round_end),
        TEST(every_torn_program_is_read_as_far_as_it_goes),
        TEST(what_is_no_program_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
