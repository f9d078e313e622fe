/* Drawings: SVG with integer coordinates, its looks left to classes that report.css knows.
 *
 * Hostile   Texts are evidence and are escaped here; classes and targets are our own. */
#pragma once
#include "report/doc.h"
#include "text/text.h"

typedef struct { buf out; } svg;

void svg_begin(svg *s, int width, int height, const char *class);
span svg_end(svg *s, arena *mem);                               /* a copy in `mem`; s is done */
void svg_line(svg *s, const char *class, int x1, int y1, int x2, int y2);
void svg_rect(svg *s, const char *class, int x, int y, int width, int height, int round);
void svg_path(svg *s, const char *class, const char *d);        /* d: our own numbers */
typedef enum { SVG_START, SVG_MIDDLE, SVG_END } svg_anchor;
void svg_text(svg *s, const char *class, int x, int y, svg_anchor anchor, both words);
void svg_link(svg *s, const char *target);                      /* what follows is a link, until svg_link_end */
void svg_link_end(svg *s);
void svg_title(svg *s, const char *words);                      /* shown when the mouse rests on what holds it */
int  svg_width(const char *utf8);                               /* pixels that it takes at most, in 13 px type */
const char *svg_fit(arena *mem, const char *utf8, int width);   /* cut so that it fits `width` of them */

/* Marks: one shape and colour a subject, at (x, y). */
typedef enum { MARK_GUESSING, MARK_LOGON, MARK_EXECUTION, MARK_PERSISTENCE, MARK_DEFENCE, MARK_NETWORK, MARK_CRASH, MARK_COUNT } svg_mark;
svg_mark svg_mark_of(const char *finding_kind);
const char *svg_mark_class(svg_mark m);
void svg_put_mark(svg *s, svg_mark m, int x, int y);
int  svg_legend(svg *s, int x, int y, int width);               /* all marks with their words; the height it took */

/* An axis of time, on which long stretches without anything are folded. */
typedef struct { moment from, to; int x, width; } axis_part;
#define AXIS_PARTS 8
typedef struct { axis_part part[AXIS_PARTS]; size_t count; int x, width; } axis;
void axis_make(axis *a, moment *times, size_t count, int x, int width);     /* sorts `times`; count > 0 */
int  axis_at(const axis *a, moment t);                          /* clamped to the axis; within a fold: its middle */
void axis_draw(const axis *a, svg *s, text_zone zone, int top, int bottom);
