/* Numbers that look random and are the same in every run (xorshift64). */
#pragma once
#include <stdint.h>

static uint64_t number_state = 0x9E3779B97F4A7C15;

static inline uint32_t number(void)
{
    number_state ^= number_state << 13;
    number_state ^= number_state >> 7;
    number_state ^= number_state << 17;
    return (uint32_t)(number_state >> 32);
}
