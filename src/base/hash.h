/* Hashes. SHA-256 through libcrypto, which uses the processor's SHA instructions; CRC-32 (IEEE, as EVTX and zip have it)
 * with PCLMULQDQ where there is; a keyed 64-bit hash with a fixed key for choices that must depend on content only. */
#pragma once
#include "base/span.h"

typedef struct sha256 sha256;                               /* sha256_end frees it */
sha256  *sha256_begin(void);
void     sha256_add(sha256 *h, span bytes);
void     sha256_end(sha256 *h, uint8_t out[32]);
void     sha256_of(span bytes, uint8_t out[32]);
bool     md5_of(span bytes, uint8_t out[16]);               /* for names in old formats; it proves nothing. false: libcrypto has none */
void     hex_of(span bytes, char *out);                     /* 2 * len + 1 bytes, lowercase */
uint32_t crc32_of(span bytes);
uint32_t crc32_add(uint32_t crc, span bytes);               /* crc of what came before; 0 to begin */
uint64_t hash64(span bytes);                               /* SipHash-2-4, always the same key */
uint64_t hash64_keyed(const uint8_t key[16], span bytes);
