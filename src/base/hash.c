#include "base/hash.h"

#include "base/cursor.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>

/* libcrypto looks an algorithm up by name; once a run is enough. */
static EVP_MD *algorithm;
static pthread_once_t fetched = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!algorithm)
        abort();
}

/* Never a struct of its own: the name stands for libcrypto's context. */
sha256 *sha256_begin(void)
{
    pthread_once(&fetched, fetch);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || EVP_DigestInit_ex2(context, algorithm, NULL) != 1)
        abort();
    return (sha256 *)context;
}

void sha256_add(sha256 *h, span bytes)
{
    if (bytes.len && EVP_DigestUpdate((EVP_MD_CTX *)h, bytes.at, bytes.len) != 1)
        abort();
}

void sha256_end(sha256 *h, uint8_t out[32])
{
    if (EVP_DigestFinal_ex((EVP_MD_CTX *)h, out, NULL) != 1)
        abort();
    EVP_MD_CTX_free((EVP_MD_CTX *)h);
}

void sha256_of(span bytes, uint8_t out[32])
{
    sha256 *h = sha256_begin();
    sha256_add(h, bytes);
    sha256_end(h, out);
}

bool md5_of(span bytes, uint8_t out[16])
{
    size_t len = 16;
    return EVP_Q_digest(NULL, "MD5", NULL, bytes.len ? bytes.at : (const uint8_t *)"", bytes.len, out, &len) == 1 && len == 16;
}

void hex_of(span bytes, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        *out++ = digits[bytes.at[i] >> 4];
        *out++ = digits[bytes.at[i] & 15];
    }
    *out = '\0';
}

static inline uint64_t turn(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = turn(v[1], 13) ^ v[0];
    v[0] = turn(v[0], 32);
    v[2] += v[3];
    v[3] = turn(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = turn(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = turn(v[1], 17) ^ v[2];
    v[2] = turn(v[2], 32);
}

uint64_t hash64_keyed(const uint8_t key[16], span bytes)
{
    uint64_t k0 = le64(key), k1 = le64(key + 8);
    uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
    size_t whole = bytes.len / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
        uint64_t word = le64(bytes.at + i);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)bytes.len << 56;
    for (size_t i = whole; i < bytes.len; i++)
        last |= (uint64_t)bytes.at[i] << 8 * (i - whole);
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t hash64(span bytes)
{
    static const uint8_t key[16] = { 's', 'u', 'y', 'u', 'a', 'n', 0x6e, 0xaf, 0x6e, 0x90, 1, 2, 3, 4, 5, 6 };
    return hash64_keyed(key, bytes);
}
