#include "base/utf16.h"

#include "base/utf16_plain.h"
#include "base/utf16_put.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

static uint8_t *put_word(uint8_t *to, const char *word)
{
    size_t len = strlen(word);
    memcpy(to, word, len);
    return to + len;
}

static uint8_t *put_xml(uint8_t *to, uint32_t c)
{
    switch (c) {
    case '&': return put_word(to, "&amp;");
    case '<': return put_word(to, "&lt;");
    case '>': return put_word(to, "&gt;");
    case '"': return put_word(to, "&quot;");
    }
    bool forbidden = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xFFFE || c == 0xFFFF;
    return put_utf8(to, forbidden ? 0xFFFD : c);
}

typedef enum { ESCAPES_NONE, ESCAPES_JSON, ESCAPES_XML } escapes;
/* Letters of three bytes that need no thought, as Chinese texts have them one after the other. */
static inline uint8_t *put_wide_letters(uint8_t *to, span units, size_t *at, size_t end)
{
    for (; *at < end; ++*at, to += 3) {
        uint32_t unit = le16(units.at + 2 * *at);
        if (unit < 0x800 || unit >= 0xD800)
            break;
        to[0] = (uint8_t)(0xE0 | unit >> 12);
        to[1] = (uint8_t)(0x80 | (unit >> 6 & 63));
        to[2] = (uint8_t)(0x80 | (unit & 63));
    }
    return to;
}

typedef uint8_t *putter(uint8_t *, uint32_t);
typedef size_t runner(const uint8_t *, size_t, uint8_t *, escapes);

/* Units a turn; bytes a unit at most, as JSON and XML escapes have them; how far a vector store may reach beyond. */
enum { STRETCH = 256, MOST = 6, BEYOND = 32 };

#define INLINE static inline __attribute__((always_inline))

/* Room is asked for the worst case, a stretch at a time. Where that would go beyond the limit, the stretch is made in a
 * place of its own, and counts with the bytes it really has. Always inlined, so that `run` and `put` are too. */
INLINE void convert(span units, buf *out, runner *run, putter *put, escapes also)
{
    size_t count = units.len / 2, at = 0;
    while (at < count && !out->overflow) {
        uint8_t aside[(STRETCH + 1) * MOST + BEYOND];
        size_t end = count - at < STRETCH ? count : at + STRETCH, need = (end - at + 1) * MOST + BEYOND;
        bool fits = out->limit - out->len >= need && buf_room(out, need);
        uint8_t *from = fits ? out->at + out->len : aside, *to = from;
        while (at < end) {
            size_t plain = run(units.at + 2 * at, end - at, to, also);
            at += plain;
            to += plain;
            if (at == end)
                break;
            to = put(to, utf16_take(units, &at, count));
            to = put_wide_letters(to, units, &at, end);
        }
        if (fits)
            out->len += (size_t)(to - from);
        else
            buf_put(out, from, (size_t)(to - from));
    }
}

/* Runs: copies the units at the beginning that are one byte and need no escape, and says how many they were. */

INLINE bool is_plain(uint32_t c, escapes also)
{
    bool plain = c >= 0x20 && c < 0x80;
    if (also == ESCAPES_JSON)
        plain = plain && c != '"' && c != '\\';
    if (also == ESCAPES_XML)
        plain = plain && c != '"' && c != '&' && c != '<' && c != '>';
    return plain;
}

INLINE size_t run_scalar(const uint8_t *units, size_t count, uint8_t *to, escapes also)
{
    size_t i = 0;
    for (; i < count; i++) {
        uint16_t unit = le16(units + 2 * i);
        if (!is_plain(unit, also))
            break;
        to[i] = (uint8_t)unit;
    }
    return i;
}

void utf16_utf8_plain(span units, buf *out)
{
    convert(units, out, run_scalar, put_utf8, ESCAPES_NONE);
}

void utf16_json_plain(span units, buf *out)
{
    convert(units, out, run_scalar, put_json, ESCAPES_JSON);
}

void utf16_xml_plain(span units, buf *out)
{
    convert(units, out, run_scalar, put_xml, ESCAPES_XML);
}

#if defined(__x86_64__)

/* Packing saturates: what is no ASCII becomes 0 or has its high bit set, and so is less than a blank as a signed byte,
 * as control characters are. */
INLINE unsigned special_sse2(__m128i bytes, escapes also)
{
    __m128i bad = _mm_cmplt_epi8(bytes, _mm_set1_epi8(0x20));
    if (also != ESCAPES_NONE)
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')));
    if (also == ESCAPES_JSON)
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\')));
    if (also == ESCAPES_XML) {
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(bytes, _mm_set1_epi8('&')));
        bad = _mm_or_si128(bad, _mm_cmpeq_epi8(_mm_and_si128(bytes, _mm_set1_epi8((char)0xFD)), _mm_set1_epi8('<')));   /* and > */
    }
    return (unsigned)_mm_movemask_epi8(bad);
}

INLINE size_t run_sse2(const uint8_t *units, size_t count, uint8_t *to, escapes also)
{
    size_t i = 0;
    for (; count - i >= 16; i += 16) {
        __m128i low = _mm_loadu_si128((const __m128i *)(units + 2 * i));
        __m128i high = _mm_loadu_si128((const __m128i *)(units + 2 * i + 16));
        __m128i bytes = _mm_packus_epi16(low, high);
        _mm_storeu_si128((__m128i *)(to + i), bytes);
        unsigned bad = special_sse2(bytes, also);
        if (bad)
            return i + (size_t)__builtin_ctz(bad);
    }
    if (count - i >= 8) {
        __m128i low = _mm_loadu_si128((const __m128i *)(units + 2 * i));
        __m128i bytes = _mm_packus_epi16(low, low);
        _mm_storel_epi64((__m128i *)(to + i), bytes);
        unsigned bad = special_sse2(bytes, also) & 0xFF;
        if (bad)
            return i + (size_t)__builtin_ctz(bad);
        i += 8;
    }
    return i + run_scalar(units + 2 * i, count - i, to + i, also);
}

#define AVX2 __attribute__((target("avx2")))

INLINE AVX2 size_t run_avx2(const uint8_t *units, size_t count, uint8_t *to, escapes also)
{
    size_t i = 0;
    for (; count - i >= 32; i += 32) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(units + 2 * i));
        __m256i high = _mm256_loadu_si256((const __m256i *)(units + 2 * i + 32));
        __m256i bytes = _mm256_permute4x64_epi64(_mm256_packus_epi16(low, high), 0xD8);     /* packing goes by halves */
        _mm256_storeu_si256((__m256i *)(to + i), bytes);
        unsigned bad = special_sse2(_mm256_castsi256_si128(bytes), also) |
                       special_sse2(_mm256_extracti128_si256(bytes, 1), also) << 16;
        if (bad)
            return i + (size_t)__builtin_ctz(bad);
    }
    return i + run_sse2(units + 2 * i, count - i, to + i, also);
}

static void utf8_sse2(span units, buf *out) { convert(units, out, run_sse2, put_utf8, ESCAPES_NONE); }
static void json_sse2(span units, buf *out) { convert(units, out, run_sse2, put_json, ESCAPES_JSON); }
static void xml_sse2(span units, buf *out) { convert(units, out, run_sse2, put_xml, ESCAPES_XML); }
static AVX2 void utf8_avx2(span units, buf *out) { convert(units, out, run_avx2, put_utf8, ESCAPES_NONE); }
static AVX2 void json_avx2(span units, buf *out) { convert(units, out, run_avx2, put_json, ESCAPES_JSON); }
static AVX2 void xml_avx2(span units, buf *out) { convert(units, out, run_avx2, put_xml, ESCAPES_XML); }

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2");
}

void utf16_utf8(span units, buf *out)
{
    (has_avx2() ? utf8_avx2 : utf8_sse2)(units, out);
}

void utf16_json(span units, buf *out)
{
    (has_avx2() ? json_avx2 : json_sse2)(units, out);
}

void utf16_xml(span units, buf *out)
{
    (has_avx2() ? xml_avx2 : xml_sse2)(units, out);
}

#else

void utf16_utf8(span units, buf *out)
{
    utf16_utf8_plain(units, out);
}

void utf16_json(span units, buf *out)
{
    utf16_json_plain(units, out);
}

void utf16_xml(span units, buf *out)
{
    utf16_xml_plain(units, out);
}

#endif

char *utf16_text(arena *mem, span units)
{
    size_t count = units.len / 2, len = 0;
    uint8_t letter[4];
    for (size_t at = 0; at < count;)
        len += (size_t)(put_utf8(letter, utf16_take(units, &at, count)) - letter);
    uint8_t *out = len < SIZE_MAX ? arena_alloc(mem, len + 1) : NULL;
    if (!out)
        return NULL;
    uint8_t *to = out;
    for (size_t at = 0; at < count;)
        to = put_utf8(to, utf16_take(units, &at, count));
    return (char *)out;
}

span utf16_trim(span units)
{
    size_t count = units.len / 2;
    for (; count; count--) {
        uint16_t last = le16(units.at + 2 * (count - 1));
        if (last != 0 && last != ' ' && last != '\t' && last != '\r' && last != '\n')
            break;
    }
    return span_part(units, 0, 2 * count);
}

static uint32_t lower(uint32_t c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

/* Whether the units from `at` on are the letters of `ascii`; there are enough of them. */
static bool same_at(span units, size_t at, const char *ascii, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (lower(le16(units.at + 2 * (at + i))) != lower((unsigned char)ascii[i]))
            return false;
    return true;
}

bool utf16_is(span units, const char *ascii)
{
    size_t len = strlen(ascii);
    return units.len / 2 == len && same_at(units, 0, ascii, len);
}

bool utf16_starts(span units, const char *ascii)
{
    size_t len = strlen(ascii);
    return units.len / 2 >= len && same_at(units, 0, ascii, len);
}

bool utf16_ends(span units, const char *ascii)
{
    size_t len = strlen(ascii), count = units.len / 2;
    return count >= len && same_at(units, count - len, ascii, len);
}

bool utf16_has(span units, const char *ascii)
{
    size_t len = strlen(ascii), count = units.len / 2;
    for (size_t at = 0; at + len <= count; at++)
        if (same_at(units, at, ascii, len))
            return true;
    return false;
}
