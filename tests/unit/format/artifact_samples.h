/* Samples for tests of artifacts: files as they lie, unpacked when their name ends in .gz or .xz, and members of archives. */
#pragma once
#include "base/base.h"

bool samples_there(void);
span sample(arena *mem, const char *path);                               /* below the samples' folder; empty when it is not there */
span sample_member(arena *mem, const char *archive, const char *ending); /* of the first member whose name ends so */
/* All members; gives how many. */
size_t sample_members(const char *archive, void (*each)(const char *name, span bytes, void *context), void *context);
