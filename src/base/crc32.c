#include "base/crc32.h"

#include "base/cursor.h"

#include <pthread.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define POLYNOMIAL 0xEDB88320u      /* IEEE 802.3, bits reflected */

static uint32_t tables[8][256];
static uint32_t (*best)(uint32_t, span);
static pthread_once_t chosen = PTHREAD_ONCE_INIT;

static uint32_t add_sliced(uint32_t state, span bytes)
{
    const uint8_t *at = bytes.at;
    size_t left = bytes.len;
    for (; left >= 8; at += 8, left -= 8) {
        uint32_t low = state ^ le32(at), high = le32(at + 4);
        state = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^ tables[4][low >> 24] ^
                tables[3][high & 255] ^ tables[2][high >> 8 & 255] ^ tables[1][high >> 16 & 255] ^ tables[0][high >> 24];
    }
    for (; left; at++, left--)
        state = state >> 8 ^ tables[0][(state ^ *at) & 255];
    return state;
}

#if defined(__x86_64__)

#define FOLDING __attribute__((target("pclmul,sse4.1")))

/* The remainder of x^n for the distances by which 128 bits are carried on, as V. Gopal et al., "Fast CRC Computation for
 * Generic Polynomials Using PCLMULQDQ Instruction" (Intel, 2009), give them for the reflected IEEE polynomial. */
static const uint64_t by_64[2] = { 0x154442bd4, 0x1c6e41596 }, by_16[2] = { 0x1751997d0, 0x0ccaa009e };
static const uint64_t by_8[2] = { 0x163cd6124, 0 }, barrett[2] = { 0x1db710641, 0x1f7011641 };

static inline FOLDING __m128i load(const void *at)
{
    return _mm_loadu_si128(at);
}

/* `x`, carried on over as many bytes as `by` stands for, and what lies there. */
static inline FOLDING __m128i fold(__m128i x, __m128i by, __m128i there)
{
    return _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00), _mm_clmulepi64_si128(x, by, 0x11)), there);
}

static FOLDING uint32_t add_folded(uint32_t state, span bytes)
{
    const uint8_t *at = bytes.at;
    size_t left = bytes.len;
    if (left < 64)
        return add_sliced(state, bytes);

    __m128i a = _mm_xor_si128(load(at), _mm_cvtsi32_si128((int)state)), b = load(at + 16), c = load(at + 32), d = load(at + 48);
    __m128i by = load(by_64);
    for (at += 64, left -= 64; left >= 64; at += 64, left -= 64) {
        a = fold(a, by, load(at));
        b = fold(b, by, load(at + 16));
        c = fold(c, by, load(at + 32));
        d = fold(d, by, load(at + 48));
    }
    by = load(by_16);
    a = fold(fold(fold(a, by, b), by, c), by, d);
    for (; left >= 16; at += 16, left -= 16)
        a = fold(a, by, load(at));

    /* 128 bits to 64, to 32. */
    const __m128i low = _mm_setr_epi32(-1, 0, -1, 0);
    a = _mm_xor_si128(_mm_srli_si128(a, 8), _mm_clmulepi64_si128(a, by, 0x10));
    a = _mm_xor_si128(_mm_srli_si128(a, 4), _mm_clmulepi64_si128(_mm_and_si128(a, low), load(by_8), 0x00));
    by = load(barrett);
    __m128i q = _mm_and_si128(_mm_clmulepi64_si128(_mm_and_si128(a, low), by, 0x10), low);
    a = _mm_xor_si128(a, _mm_clmulepi64_si128(q, by, 0x00));
    return add_sliced((uint32_t)_mm_extract_epi32(a, 1), span_of(at, left));
}

#endif

static void choose(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (int bit = 0; bit < 8; bit++)
            value = value >> 1 ^ (value & 1 ? POLYNOMIAL : 0);
        tables[0][i] = value;
    }
    for (int t = 1; t < 8; t++)
        for (int i = 0; i < 256; i++)
            tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
    best = add_sliced;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
        best = add_folded;
#endif
}

uint32_t crc32_plain(uint32_t crc, span bytes)
{
    pthread_once(&chosen, choose);
    return ~add_sliced(~crc, bytes);
}

uint32_t crc32_add(uint32_t crc, span bytes)
{
    pthread_once(&chosen, choose);
    return ~best(~crc, bytes);
}

uint32_t crc32_of(span bytes)
{
    return crc32_add(0, bytes);
}
