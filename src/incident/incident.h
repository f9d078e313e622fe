/* The incident: reads digests and nothing else, and tells what they amount to: identities, one question a file, the story
 * across hosts, what cannot be known, the plan.
 *
 * Shapes    Any order of digests, and any split of the same files over digests, gives the same case.
 * Owns      The case lives in `mem`; it points into the digests, which must outlive it.
 * Fails     Digests of unequal tool, rules or profiles (STATUS_BAD_INPUT). */
#pragma once
#include "digest/digest.h"
#include "model/case.h"
#include "profile/profile.h"
#include "profile/scene.h"

status incident_join(arena *mem, digest *const *digests, size_t count, const scene *told, const profile *facts, suyuan_case **out);
