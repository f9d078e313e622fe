#include "report/svg.h"

#include <stdio.h>
#include <stdlib.h>

enum { FOLD = 26, PAD = 10, LEAST = 56 };      /* pixels: of a fold; inside a part at each end; of a part */

static int by_time(const void *a, const void *b)
{
    moment x = *(const moment *)a, y = *(const moment *)b;
    return x < y ? -1 : x > y;
}

/* Folds the longest stretch without anything as long as it is a quarter of what is left, and twenty minutes. */
static size_t choose_folds(const moment *times, size_t count, size_t folds[AXIS_PARTS])
{
    moment left = times[count - 1] - times[0];
    size_t n = 0;
    while (n + 1 < AXIS_PARTS) {
        size_t longest = 0;
        moment length = 0;
        for (size_t i = 1; i < count; i++) {
            bool taken = false;
            for (size_t k = 0; k < n; k++)
                taken = taken || folds[k] == i;
            if (!taken && times[i] - times[i - 1] > length) {
                length = times[i] - times[i - 1];
                longest = i;
            }
        }
        if (length < 20 * MOMENT_MINUTE || length < left / 4)
            break;
        folds[n++] = longest;
        left -= length;
    }
    for (size_t i = 1; i < n; i++)              /* few, so by insertion */
        for (size_t k = i; k > 0 && folds[k - 1] > folds[k]; k--) {
            size_t swap = folds[k];
            folds[k] = folds[k - 1];
            folds[k - 1] = swap;
        }
    return n;
}

void axis_make(axis *a, moment *times, size_t count, int x, int width)
{
    size_t folds[AXIS_PARTS];
    qsort(times, count, sizeof *times, by_time);
    size_t n = choose_folds(times, count, folds);
    *a = (axis){ .count = n + 1, .x = x, .width = width };
    moment sum = 0;
    for (size_t i = 0; i <= n; i++) {
        size_t first = i ? folds[i - 1] : 0, last = i < n ? folds[i] - 1 : count - 1;
        a->part[i].from = times[first];
        a->part[i].to = times[last];
        sum += times[last] - times[first];
    }
    int room = width - (int)n * FOLD - (int)a->count * LEAST, at = x;
    for (size_t i = 0; i <= n; i++) {
        axis_part *p = &a->part[i];
        double share = sum ? (double)(p->to - p->from) / (double)sum : 1.0 / (double)a->count;
        p->x = at;
        p->width = LEAST + (int)(share * room);
        at += p->width + FOLD;
    }
}

int axis_at(const axis *a, moment t)
{
    for (size_t i = 0; i < a->count; i++) {
        const axis_part *p = &a->part[i];
        if (t < p->from)
            return i ? p->x - FOLD / 2 : p->x;
        if (t <= p->to) {
            double share = p->to > p->from ? (double)(t - p->from) / (double)(p->to - p->from) : 0.5;
            return p->x + PAD + (int)(share * (p->width - 2 * PAD));
        }
    }
    const axis_part *last = &a->part[a->count - 1];
    return last->x + last->width;
}

static void put_label(svg *s, text_zone zone, moment t, int x, int y, char day[16])
{
    char text[64];
    buf words;
    buf_init(&words, sizeof text);
    text_time(t, zone, &words);
    snprintf(text, sizeof text, "%s", buf_text(&words));
    buf_done(&words);
    if (strlen(text) < 19)
        return;
    svg_text(s, "tick", x, y, SVG_MIDDLE, (both){ text + 11, NULL });
    if (strncmp(day, text, 10) != 0) {
        text[10] = '\0';
        svg_text(s, "tick day", x, y - 13, SVG_MIDDLE, (both){ text, NULL });
        snprintf(day, 16, "%s", text);
    }
}

static moment choose_step(moment length, int width)
{
    static const unsigned minutes[] = { 1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440, 2880, 7 * 1440, 14 * 1440, 30 * 1440, 90 * 1440, 365 * 1440 };
    for (size_t i = 0; i < sizeof minutes / sizeof *minutes; i++)
        if (length / (minutes[i] * MOMENT_MINUTE) * 76 < (moment)width)
            return minutes[i] * MOMENT_MINUTE;
    return 0;
}

void axis_draw(const axis *a, svg *s, text_zone zone, int top, int bottom)
{
    char day[16] = "";
    for (size_t i = 0; i < a->count; i++) {
        const axis_part *p = &a->part[i];
        svg_rect(s, "part", p->x, top, p->width, bottom - top, 3);
        if (i + 1 < a->count)
            svg_text(s, "fold", p->x + p->width + FOLD / 2, (top + bottom) / 2 + 4, SVG_MIDDLE, (both){ "⋯", NULL });
        moment step = p->to > p->from ? choose_step(p->to - p->from, p->width) : 0;
        moment shift = (moment)((int64_t)zone.minutes * (int64_t)MOMENT_MINUTE);    /* wraps for zones west; so does the sum below */
        size_t ticks = 0;
        if (step) {
            moment first = p->from + (step - (p->from + shift) % step) % step;
            for (moment t = first; t <= p->to && ticks < 40; t += step, ticks++) {
                int x = axis_at(a, t);
                svg_line(s, "grid", x, top, x, bottom);
                put_label(s, zone, t, x, top - 5, day);
            }
        }
        if (ticks == 0) {
            int x = axis_at(a, p->from + (p->to - p->from) / 2);
            put_label(s, zone, p->from, x, top - 5, day);
        }
    }
}
