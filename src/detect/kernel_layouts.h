/* Where the fields of EPROCESS lie in each version of Windows, from profiles/kernel-layouts.yml, for format/crashdump.h.
 *
 * Owns      The layouts live in the arena, their names as long as the profile.
 * Fails     A row that no structure can have is a mistake of the profile, with its line. */
#pragma once
#include "format/crashdump.h"
#include "profile/profile.h"

status kernel_layouts_new(const profile *facts, arena *mem, const crashdump_layout **out, size_t *count);
