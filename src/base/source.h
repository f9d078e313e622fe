/* Bytes from anywhere: a file, a member of an archive, memory. `read` gives the bytes read (short only at the end), or -1;
 * it may be called from any thread. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct { void *context; int64_t (*read)(void *context, uint64_t offset, void *out, size_t len); uint64_t size; } source;
