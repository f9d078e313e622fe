#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>

void *memory_grow(void *at, size_t count, size_t each)
{
    size_t size;
    if (__builtin_mul_overflow(count, each, &size))
        abort();
    void *grown = realloc(at, size ? size : 1);
    if (!grown)
        abort();
    return grown;
}
