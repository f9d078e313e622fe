/* The portable CRC-32, for the test that holds the fast one to it. Everybody else takes base/hash.h. */
#pragma once
#include "base/hash.h"

uint32_t crc32_plain(uint32_t crc, span bytes);
