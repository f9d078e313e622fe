/* What dumps and logs tell of crashes, printed for a person, or a line each for other programs.
 *
 * Shapes    Times are UTC. JSON lines: `kind` kernel-dump, program-dump, crash.
 * Owns      The writer's buffer; each call adds to it.
 * Hostile   Names are evidence, as they are: whoever prints the buffer escapes. */
#pragma once
#include "base/json_write.h"
#include "detect/crash_dump.h"
#include "detect/crash_program.h"
#include "detect/mask.h"
#include "model/case.h"
#include "text/text.h"

typedef struct { bool jsonl, all; lang l; const profile_node *parameters; const mask *mask; } bluescreen_options;

void bluescreen_kernel(const char *path, uint64_t bytes, const dump_reading *r, const problems *noted, const bluescreen_options *o, buf *out);
void bluescreen_program(const char *path, uint64_t bytes, const program_reading *r, const problems *noted, const bluescreen_options *o, buf *out);
void bluescreen_put_processes(const dump_reading *r, const bluescreen_options *o, buf *out);            /* of a kernel's memory; nothing where there is none */
void bluescreen_json_processes(json_writer *w, const dump_reading *r, const bluescreen_options *o);
void bluescreen_crashes(const suyuan_case *c, const bluescreen_options *o, buf *out);
