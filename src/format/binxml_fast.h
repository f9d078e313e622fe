/* Inside of format: values to JSON text as programs write them, in the widest vectors of the processor that this file is
 * compiled for. What they write is what bx_text_json writes; tests hold them to it.
 *
 * Shapes    `to` has BX_ROOM free, and whole vectors are stored, so what lies behind the end given back is spoilt.
 * Hostile   Whole vectors are read, up to EVTX_PAD bytes beyond a value: it lies in a chunk's buffer, which is so much longer. */
#pragma once
#include "format/binxml_tree.h"

#include "base/utf16_put.h"

#include <emmintrin.h>
#if defined(__AVX2__)
#include <immintrin.h>
#endif

#if defined(__AVX2__)
enum { LANES = 32 };
typedef __m256i lanes;

/* 32 units as bytes; what is no byte of ASCII becomes one that is less than a blank, as a signed byte. */
static inline lanes pack_units(const uint8_t *units)
{
    __m256i low = _mm256_loadu_si256((const __m256i *)units), high = _mm256_loadu_si256((const __m256i *)(units + 32));
    return _mm256_permute4x64_epi64(_mm256_packus_epi16(low, high), 0xD8);
}

static inline void store_lanes(uint8_t *to, lanes v) { _mm256_storeu_si256((__m256i *)to, v); }

static inline uint32_t specials(lanes v)
{
    __m256i bad = _mm256_cmpgt_epi8(_mm256_set1_epi8(0x20), v);
    bad = _mm256_or_si256(bad, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('"')));
    bad = _mm256_or_si256(bad, _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\\')));
    return (uint32_t)_mm256_movemask_epi8(bad);
}

static inline void copy_lanes(uint8_t *to, const uint8_t *from)
{
    _mm256_storeu_si256((__m256i *)to, _mm256_loadu_si256((const __m256i *)from));
}
#else
enum { LANES = 16 };
typedef __m128i lanes;

static inline lanes pack_units(const uint8_t *units)
{
    return _mm_packus_epi16(_mm_loadu_si128((const __m128i *)units), _mm_loadu_si128((const __m128i *)(units + 16)));
}

static inline void store_lanes(uint8_t *to, lanes v) { _mm_storeu_si128((__m128i *)to, v); }

static inline uint32_t specials(lanes v)
{
    __m128i bad = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
    bad = _mm_or_si128(bad, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    return (uint32_t)_mm_movemask_epi8(bad);
}

static inline void copy_lanes(uint8_t *to, const uint8_t *from)
{
    _mm_storeu_si128((__m128i *)to, _mm_loadu_si128((const __m128i *)from));
}
#endif

/* Literals: readable a vector beyond their end. */
static inline uint8_t *fast_copy(uint8_t *to, const uint8_t *from, size_t len)
{
    uint8_t *end = to + len;
    do {
        copy_lanes(to, from);
        to += LANES;
        from += LANES;
    } while (to < end);
    return end;
}

/* Text of `count` units up to its first NUL. Quotes and backslashes are put right within a block: the bytes from there on are
 * stored once more, a place further. Other escapes and other letters than ASCII are taken one by one. */
static inline uint8_t *fast_wide(uint8_t *to, const uint8_t *units, size_t count)
{
    size_t at = 0;
    while (at < count) {
        lanes v = pack_units(units + 2 * at);
        size_t left = count - at;
        store_lanes(to, v);
        uint32_t bad = specials(v);
        if (left < LANES)
            bad &= (1u << left) - 1;
        size_t block = left < LANES ? left : LANES;
        for (; bad; bad &= bad - 1) {
            size_t here = (size_t)__builtin_ctz(bad);
            uint16_t unit = le16(units + 2 * (at + here));
            if (unit != '\\' && unit != '"') {
                block = here;
                break;
            }
            to[here] = '\\';
            to++;
            store_lanes(to + here, pack_units(units + 2 * (at + here)));
        }
        to += block;
        at += block;
        if (!bad)
            continue;
        span all = span_of(units, 2 * count);
        do {
            uint32_t c = utf16_take(all, &at, count);
            if (c == 0)
                return to;
            to = put_json(to, c);
        } while (at < count && (le16(units + 2 * at) >= 0x80 || le16(units + 2 * at) < 0x20));
    }
    return to;
}

static inline uint8_t *fast_pair(uint8_t *to, unsigned n)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
                                "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
                                "8081828384858687888990919293949596979899";
    memcpy(to, pairs + 2 * n, 2);
    return to + 2;
}

static inline uint8_t *fast_four(uint8_t *to, unsigned n)
{
    return fast_pair(fast_pair(to, n / 100), n % 100);
}

static inline uint8_t *fast_small(uint8_t *to, uint32_t n)      /* less than 10,000 */
{
    if (n >= 1000)
        return fast_four(to, n);
    if (n >= 100) {
        *to++ = (uint8_t)('0' + n / 100);
        return fast_pair(to, n % 100);
    }
    if (n >= 10)
        return fast_pair(to, n);
    *to++ = (uint8_t)('0' + n);
    return to;
}

static inline uint8_t *fast_decimal(uint8_t *to, uint64_t n)
{
    if (n < 10000)
        return fast_small(to, (uint32_t)n);
    if (n < 100000000) {
        uint32_t low = (uint32_t)n % 10000;
        return fast_four(fast_small(to, (uint32_t)n / 10000), low);
    }
    uint64_t high = n / 100000000;
    uint32_t low = (uint32_t)(n % 100000000);
    to = fast_decimal(to, high);
    return fast_four(fast_four(to, low / 10000), low % 10000);
}

static inline uint8_t *fast_signed(uint8_t *to, int64_t n)
{
    if (n >= 0)
        return fast_decimal(to, (uint64_t)n);
    *to++ = '-';
    return fast_decimal(to, 0 - (uint64_t)n);
}

/* The 16 nibbles of a number, most significant first, as digits. */
static inline __m128i digits_of(uint64_t n)
{
    __m128i bytes = _mm_cvtsi64_si128((long long)__builtin_bswap64(n));
    __m128i high = _mm_and_si128(_mm_srli_epi16(bytes, 4), _mm_set1_epi8(15)), low = _mm_and_si128(bytes, _mm_set1_epi8(15));
    __m128i nibbles = _mm_unpacklo_epi8(high, low);
    __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(nibbles, _mm_set1_epi8(9)), _mm_set1_epi8('a' - '0' - 10));
    return _mm_add_epi8(_mm_add_epi8(nibbles, _mm_set1_epi8('0')), letters);
}

static inline uint8_t *fast_hex(uint8_t *to, uint64_t n)
{
    unsigned digits = n ? (67u - (unsigned)__builtin_clzll(n)) / 4 : 1;
    memcpy(to, "0x", 2);
    _mm_storeu_si128((__m128i *)(to + 2), digits_of(n << (64 - 4 * digits)));
    return to + 2 + digits;
}

static inline uint8_t *fast_guid(uint8_t *to, const uint8_t *guid)
{
    uint64_t first = le64(guid);                    /* d1, d2, d3, each little-endian */
    first = first << 32 | (first >> 16 & 0xffff0000) | first >> 48;
    _Alignas(16) uint8_t a[16], b[16];
    _mm_store_si128((__m128i *)a, digits_of(first));
    _mm_store_si128((__m128i *)b, digits_of(__builtin_bswap64(le64(guid + 8))));
    to[0] = '{';
    memcpy(to + 1, a, 8);
    to[9] = '-';
    memcpy(to + 10, a + 8, 4);
    to[14] = '-';
    memcpy(to + 15, a + 12, 4);
    to[19] = '-';
    memcpy(to + 20, b, 4);
    to[24] = '-';
    memcpy(to + 25, b + 4, 12);
    to[37] = '}';
    return to + 38;
}

static inline uint8_t *fast_filetime(uint8_t *to, uint64_t ticks, bx_day *last)
{
    if (ticks > INT64_MAX)
        return bx_text_json(to, (binxml_value){ BINXML_FILETIME, { (const uint8_t *)&ticks, 8 } });
    uint64_t day = ticks / MOMENT_DAY, of_day = ticks % MOMENT_DAY;
    if (day != last->day) {
        moment_parts p = moment_to_parts(ticks);
        uint8_t *at = fast_four(last->text, (unsigned)p.year % 10000);
        *at++ = '-';
        at = fast_pair(at, (unsigned)p.month);
        *at++ = '-';
        at = fast_pair(at, (unsigned)p.day);
        *at = 'T';
        last->day = day;
    }
    uint32_t second = (uint32_t)(of_day / MOMENT_SECOND), fraction = (uint32_t)(of_day % MOMENT_SECOND);
    memcpy(to, last->text, 16);
    to = fast_pair(to + 11, second / 3600);
    *to++ = ':';
    to = fast_pair(to, second / 60 % 60);
    *to++ = ':';
    to = fast_pair(to, second % 60);
    *to++ = '.';
    *to++ = (uint8_t)('0' + fraction / 1000000);
    fraction %= 1000000;
    to = fast_pair(to, fraction / 10000);
    to = fast_four(to, fraction % 10000);
    *to++ = 'Z';
    return to;
}

static inline uint8_t *fast_sid(uint8_t *to, const uint8_t *sid)
{
    uint64_t authority = __builtin_bswap64(le64(sid)) & 0xffffffffffff;
    to[0] = 'S';
    to[1] = '-';
    to = fast_decimal(to + 2, sid[0]);
    *to++ = '-';
    to = fast_decimal(to, authority);
    for (unsigned i = 0; i < sid[1]; i++) {
        *to++ = '-';
        to = fast_decimal(to, le32(sid + 8 + 4 * i));
    }
    return to;
}
