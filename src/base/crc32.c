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
