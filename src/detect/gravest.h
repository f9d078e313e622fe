/* What one record is called: of all that its looks suggest the gravest, of equals the surest, of equals the first; and the words
 * of its fact `looks`. */
#pragma once
#include "base/base.h"
#include "model/note.h"

typedef struct { const char *finding, *techniques, *text; severity severity; unsigned confidence; } gravest;

static inline void gravest_try(gravest *g, const char *finding, severity s, unsigned confidence, const char *techniques, const char *text)
{
    if (!g->finding || s > g->severity || (s == g->severity && confidence > g->confidence))
        *g = (gravest){ finding, techniques, text, s, confidence };
}

static inline void looks_word(buf *list, const char *word)
{
    if (list->len)
        buf_char(list, ',');
    buf_str(list, word);
}
