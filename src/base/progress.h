/* Progress: how many bytes of how many are done. Workers add, the command line polls; nothing is printed here.
 *
 * Shapes    Any thread may call any of these at any time. `total` may grow while the work goes on (an archive tells what
 *           is in it only when it is opened); it is 0 while nobody knows. `done` never exceeds a total that is known. */
#pragma once
#include <stdatomic.h>
#include <stdint.h>

typedef struct { _Atomic uint64_t done, total; } progress;
typedef struct { uint64_t done, total; } progress_state;

void           progress_init(progress *p);
void           progress_expect(progress *p, uint64_t bytes);    /* more to do; NULL is allowed here and below */
void           progress_add(progress *p, uint64_t bytes);       /* so much done */
progress_state progress_now(progress *p);
