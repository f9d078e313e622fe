/* Random numbers that a seed decides: xoshiro256** filled by splitmix64. Each purpose draws from a stream of its own
 * (rng_of), so what is added to one part of a world leaves the others as they were.
 *
 * Source    D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", 2019. */
#pragma once
#include "base/base.h"

typedef struct { uint64_t s[4]; } rng;

static inline uint64_t rng_mix(uint64_t *x)
{
    uint64_t z = *x += 0x9e3779b97f4a7c15ull;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ z >> 27) * 0x94d049bb133111ebull;
    return z ^ z >> 31;
}

static inline rng rng_of(uint64_t seed, const char *purpose, uint64_t index)
{
    uint64_t x = seed * 0x2545f4914f6cdd1dull + index + 1;
    rng r;
    for (const char *p = purpose; *p; p++)
        x = (x ^ (uint8_t)*p) * 0x100000001b3ull;
    for (int i = 0; i < 4; i++)
        r.s[i] = rng_mix(&x);
    return r;
}

static inline uint64_t rng_next(rng *r)
{
    uint64_t *s = r->s, x = s[1] * 5, out = (x << 7 | x >> 57) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = s[3] << 45 | s[3] >> 19;
    return out;
}

static inline uint64_t rng_below(rng *r, uint64_t n) { return n ? (uint64_t)(((__uint128_t)rng_next(r) * n) >> 64) : 0; }
static inline uint64_t rng_range(rng *r, uint64_t from, uint64_t to) { return from + rng_below(r, to - from + 1); }      /* both included */
static inline bool     rng_chance(rng *r, unsigned percent) { return rng_below(r, 100) < percent; }
#define rng_pick(r, list) ((list)[rng_below((r), sizeof(list) / sizeof *(list))])
