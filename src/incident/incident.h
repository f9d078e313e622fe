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

/* What hosts are held against beside digests: a baseline (NULL: "seed"; "auto": the one written for each host's Windows), and
 * what port scans saw, as acts of kind `port.open` (docs/notes.md) that name their address. */
typedef struct { const char *baseline; const act *scanned; size_t scanned_count; } incident_outside;

status incident_join(arena *mem, digest *const *digests, size_t count, const scene *told, const profile *facts, suyuan_case **out);
status incident_join_with(arena *mem, digest *const *digests, size_t count, const scene *told, const profile *facts, const incident_outside *outside, suyuan_case **out);
