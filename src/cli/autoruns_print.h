/* What starts by itself, printed: by host and category as Autoruns shows it, or a line an entry for other programs.
 *
 * Shapes    A table for people; JSON lines and CSV with the same fields in the same order. Times are UTC. CSV is RFC 4180 with a byte
 *           order mark, and no field of it begins as a formula does.
 * Owns      The writer's buffer; autoruns_print adds to it. */
#pragma once
#include "base/base.h"
#include "model/case.h"
#include "profile/profile.h"
#include "text/text.h"

typedef enum { AUTORUNS_TABLE, AUTORUNS_JSONL, AUTORUNS_CSV } autoruns_format;

typedef struct { autoruns_format format; lang l; bool no_known; } autoruns_options;

/* How many entries were printed. */
size_t autoruns_print(const suyuan_case *c, const profile *facts, autoruns_options o, buf *out);
