#include "cmocka_all.h"
#include "numbers.h"

#include "base/crc32.h"
#include "base/hash.h"


static const char *sha256_text(span bytes, char out[65])
{
    uint8_t digest[32];
    sha256_of(bytes, digest);
    hex_of(span_of(digest, 32), out);
    return out;
}

/* FIPS 180-2, appendix B. */
static void sha256_gives_the_standard_s_examples(void **state)
{
    (void)state;
    char text[65];
    assert_string_equal(sha256_text((span){ 0 }, text), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_string_equal(sha256_text(span_str("abc"), text), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_string_equal(sha256_text(span_str("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), text),
                        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    sha256 *h = sha256_begin();
    for (int i = 0; i < 1000; i++) {
        char thousand[1000];
        memset(thousand, 'a', sizeof thousand);
        sha256_add(h, span_of(thousand, sizeof thousand));
    }
    uint8_t digest[32];
    sha256_end(h, digest);
    hex_of(span_of(digest, 32), text);
    assert_string_equal(text, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* The first is the check value of CRC-32/ISO-HDLC; the others were computed with zlib 1.2.13. */
static void crc32_gives_zlib_s_values(void **state)
{
    (void)state;
    uint8_t zeros[1000] = { 0 }, counted[4096];
    for (size_t i = 0; i < sizeof counted; i++)
        counted[i] = (uint8_t)(i * 7 + (i >> 8));
    assert_int_equal(crc32_of(span_str("123456789")), 0xCBF43926);
    assert_int_equal(crc32_of((span){ 0 }), 0);
    assert_int_equal(crc32_of(span_str("a")), 0xE8B7BE43);
    assert_int_equal(crc32_of(span_of(zeros, 32)), 0x190A55AD);
    assert_int_equal(crc32_of(span_of(zeros, 1000)), 0x060B1780);
    assert_int_equal(crc32_of(span_of(counted, 4096)), 0x462C1E21);
    assert_int_equal(crc32_of(span_of(counted + 3, 1021)), 0xACE48C1B);
}

static void the_fast_crc32_equals_the_plain_one_at_every_length_and_alignment(void **state)
{
    (void)state;
    uint8_t bytes[700];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)number();
    for (size_t from = 0; from < 17; from++)
        for (size_t len = 0; len + from <= sizeof bytes; len++) {
            span part = span_of(bytes + from, len);
            uint32_t before = number();
            assert_int_equal(crc32_add(before, part), crc32_plain(before, part));
        }
}

static void crc32_of_parts_is_that_of_the_whole(void **state)
{
    (void)state;
    uint8_t bytes[3000];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i);
    for (size_t cut = 0; cut <= sizeof bytes; cut += 37)
        assert_int_equal(crc32_add(crc32_of(span_of(bytes, cut)), span_of(bytes + cut, sizeof bytes - cut)),
                         crc32_of(span_of(bytes, sizeof bytes)));
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF", appendix A; and the first of the vectors published with it. */
static void siphash_gives_its_authors_values(void **state)
{
    (void)state;
    uint8_t key[16], text[15];
    for (uint8_t i = 0; i < 16; i++)
        key[i] = i;
    for (uint8_t i = 0; i < 15; i++)
        text[i] = i;
    assert_true(hash64_keyed(key, span_of(text, 15)) == 0xa129ca6149be45e5);
    assert_true(hash64_keyed(key, (span){ 0 }) == 0x726fdb47dd0e0e31);
    assert_true(hash64(span_str("x")) == hash64(span_str("x")));
    assert_true(hash64(span_str("x")) != hash64(span_str("y")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_standard_s_examples),
        cmocka_unit_test(crc32_gives_zlib_s_values),
        cmocka_unit_test(the_fast_crc32_equals_the_plain_one_at_every_length_and_alignment),
        cmocka_unit_test(crc32_of_parts_is_that_of_the_whole),
        cmocka_unit_test(siphash_gives_its_authors_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
