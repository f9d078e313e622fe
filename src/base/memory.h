/* Heap memory, for base alone: the other rooms have arena, buf, vec and map.
 *
 * Fails     Never returns NULL. When the machine has no memory left, or a size does not fit in size_t, the process aborts:
 *           what evidence may cost is bounded before, by the limits of arena and buf. */
#pragma once
#include <stddef.h>

void *memory_grow(void *at, size_t count, size_t each);   /* realloc of count * each bytes; the new part is not zeroed */
