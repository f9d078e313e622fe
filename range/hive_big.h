/* Makes a hive of about so many bytes, for benchmarks: keys and values of the kinds that fill a SOFTWARE hive. The same size
 * gives the same bytes. */
#pragma once
#include "range/regf_write.h"

status hive_big(const char *path, uint64_t bytes);
