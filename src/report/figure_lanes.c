#include "report/svg.h"
#include "report/tell.h"

#include <stdlib.h>

enum { WIDTH = 1060, LABEL = 176, TOP = 40, LANE = 26, LANES = 60, BUCKET = 9, MARKS_ALL = 1100, MARKS_EACH = 1700, SPAN_TIMES = 12, LOGS = 6 };

/* What is drawn of findings: crashes, and what matters of the hostile episodes - of everything when there is none. Ordinary
 * administration of three weeks would press the hour that counts into one mark. */
static bool is_drawn(const report *r, const json *f)
{
    return tell_is_kind(f, "crash") || (tell_severity(f) >= SEVERITY_MEDIUM && tell_is_hostile(r, f));
}

/* Times between the ends of a span keep the axis from folding it. */
static size_t times_room(const report *r)
{
    return (1 + SPAN_TIMES) * tell_count(r->c, "findings") + tell_count(r->c, "spread") + 2;
}

static size_t gather_times(const report *r, size_t host, moment *times)
{
    size_t n = 0;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next) {
        if (!is_drawn(r, f) || (host != SIZE_MAX && tell_host(r, f, "host") != host))
            continue;
        moment from, to;
        if (!tell_time(f, "time", &from))
            continue;
        times[n++] = from;
        if (!tell_time(f, "end", &to) || to <= from)
            continue;
        for (moment k = 1; k < SPAN_TIMES; k++)
            times[n++] = from + (to - from) / SPAN_TIMES * k;
        times[n++] = to;
    }
    for (const json *e = tell_first(r->c, "spread"); e; e = e->next)
        if (host == SIZE_MAX || tell_host(r, e, "to") == host)
            n += tell_time(e, "time", &times[n]);
    const json *entry = json_get(r->c, "entry");
    if (host == SIZE_MAX || tell_host(r, entry, "host") == host)
        n += tell_time(entry, "time", &times[n]);
    return n;
}

static const char *when(const report *r, moment t)
{
    buf words;
    buf_init(&words, 64);
    text_time(t, r->zone, &words);
    const char *text = arena_text(r->mem, buf_bytes(&words));
    buf_done(&words);
    return text;
}

/* One mark for all findings of a subject that would cover each other. */
typedef struct { const report *r; svg *s; const axis *a; map taken; size_t left; } marker;

static void put_finding(marker *m, const json *f, size_t number, size_t lane, int y)
{
    moment t, end;
    if (!tell_time(f, "time", &t))
        return;
    svg_mark mark = svg_mark_of(json_str(f, "kind"));
    int x = axis_at(m->a, t);
    bool there;
    uint64_t *taken = map_put(&m->taken, span_str(arena_printf(m->r->mem, "%zu %d %d", lane, (int)mark, x / BUCKET)), &there);
    ++*taken;
    if (there || m->left == 0)
        return;
    m->left--;
    svg_link(m->s, arena_printf(m->r->mem, "f%zu", number));
    both title = tell_sentence(m->r, f, "title");
    svg_title(m->s, arena_printf(m->r->mem, "%s  F%zu  %.120s", when(m->r, t), number + 1, title.zh && *title.zh ? title.zh : title.en));
    if (tell_time(f, "end", &end) && axis_at(m->a, end) > x + 4)
        svg_rect(m->s, arena_printf(m->r->mem, "span %s", svg_mark_class(mark)), x, y - 3, axis_at(m->a, end) - x, 6, 3);
    svg_put_mark(m->s, mark, x, y);
    svg_link_end(m->s);
}

/* ---- All hosts on one axis, the spread between them ---- */

typedef struct { size_t host; moment first; } lane;

static int by_first(const void *a, const void *b)
{
    const lane *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    return x->host < y->host ? -1 : x->host > y->host;
}

static size_t choose_lanes(const report *r, lane *lanes, size_t *lane_of)
{
    size_t n = 0;
    for (size_t i = 0; i < r->host_count; i++) {
        lane_of[i] = SIZE_MAX;
        lanes[i] = (lane){ i, MOMENT_UNKNOWN };
        tell_time(r->hosts[i].of, "first_seen", &lanes[i].first);
    }
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next) {
        size_t host = tell_host(r, f, "host");
        moment t;
        if (host != SIZE_MAX && is_drawn(r, f) && tell_time(f, "time", &t)) {
            lane_of[host] = 0;
            if (t < lanes[host].first)
                lanes[host].first = t;
        }
    }
    for (const json *e = tell_first(r->c, "spread"); e; e = e->next) {
        size_t from = tell_host(r, e, "from"), to = tell_host(r, e, "to");
        if (from != SIZE_MAX)
            lane_of[from] = 0;
        if (to != SIZE_MAX)
            lane_of[to] = 0;
    }
    for (size_t i = 0; i < r->host_count; i++)
        if (lane_of[i] == 0)
            lanes[n++] = lanes[i];
    qsort(lanes, n, sizeof *lanes, by_first);
    if (n > LANES)
        n = LANES;
    for (size_t i = 0; i < r->host_count; i++)
        lane_of[i] = SIZE_MAX;
    for (size_t i = 0; i < n; i++)
        lane_of[lanes[i].host] = i;
    return n;
}

static int lane_y(size_t lane)
{
    return TOP + 14 + (int)(lane + 1) * LANE;           /* lane 0 of the picture is for what comes from elsewhere */
}

static void draw_step(const report *r, svg *s, const axis *a, const size_t *lane_of, const json *e, const char *source, const char *goal, const char *target)
{
    size_t from = tell_host(r, e, source), to = tell_host(r, e, goal);
    moment t;
    if (to == SIZE_MAX || lane_of[to] == SIZE_MAX || !tell_time(e, "time", &t))
        return;
    int x = axis_at(a, t), y2 = lane_y(lane_of[to]), y1 = from != SIZE_MAX && lane_of[from] != SIZE_MAX ? lane_y(lane_of[from]) : TOP + 14;
    int way = y2 > y1 ? 1 : -1;
    svg_link(s, target);
    svg_title(s, arena_printf(r->mem, "%s  %s → %s", when(r, t), tell_place(r, json_get(e, source)).en, r->hosts[to].name));
    svg_line(s, "step", x, y1, x, y2 - way * 12);
    svg_path(s, "arrow", arena_printf(r->mem, "M%d %dl-4 %dh8z", x, y2 - way * 6, -way * 8));
    svg_link_end(s);
}

static void draw_steps(const report *r, svg *s, const axis *a, const size_t *lane_of)
{
    size_t n = 0;
    const json *entry = json_get(r->c, "entry");
    if (entry && entry->kind == JSON_OBJECT)
        draw_step(r, s, a, lane_of, entry, "source", "host", "entry");
    for (const json *e = tell_first(r->c, "spread"); e; e = e->next)
        draw_step(r, s, a, lane_of, e, "from", "to", arena_printf(r->mem, "s%zu", n++));
}

span figure_lanes(const report *r, bool *empty)
{
    lane *lanes = arena_array(r->mem, r->host_count + 1, sizeof *lanes);
    size_t *lane_of = arena_array(r->mem, r->host_count + 1, sizeof *lane_of);
    moment *times = arena_array(r->mem, times_room(r), sizeof *times);
    size_t count = gather_times(r, SIZE_MAX, times), n = choose_lanes(r, lanes, lane_of);
    *empty = count == 0 || n == 0;
    if (*empty)
        return (span){ 0 };
    axis a;
    axis_make(&a, times, count, LABEL, WIDTH - LABEL - 10);
    int bottom = lane_y(n - 1) + LANE / 2;
    svg s;
    svg_begin(&s, WIDTH, bottom + 50, "lanes");
    axis_draw(&a, &s, r->zone, TOP, bottom);
    svg_text(&s, "lane other", 4, TOP + 18, SVG_START, tell_label("report.elsewhere"));
    for (size_t i = 0; i < n; i++) {
        svg_line(&s, "lane", LABEL, lane_y(i), WIDTH - 10, lane_y(i));
        svg_link(&s, r->hosts[lanes[i].host].anchor);
        svg_text(&s, "lane", 4, lane_y(i) + 4, SVG_START, (both){ svg_fit(r->mem, r->hosts[lanes[i].host].name, LABEL - 14), NULL });
        svg_link_end(&s);
    }
    draw_steps(r, &s, &a, lane_of);
    marker m = { .r = r, .s = &s, .a = &a, .left = MARKS_ALL };
    map_init(&m.taken);
    size_t number = 0;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next, number++) {
        size_t host = tell_host(r, f, "host");
        if (host != SIZE_MAX && lane_of[host] != SIZE_MAX && is_drawn(r, f))
            put_finding(&m, f, number, lane_of[host], lane_y(lane_of[host]));
    }
    map_done(&m.taken);
    svg_legend(&s, LABEL, bottom + 8, WIDTH - LABEL);
    return svg_end(&s, r->mem);
}

/* ---- One host: its acts by subject, and below them what its logs cover ---- */

static void draw_log(const report *r, svg *s, const axis *a, const json *c, int y)
{
    moment from, to;
    svg_text(s, "log", 4, y + 9, SVG_START, (both){ svg_fit(r->mem, tell_channel(r, c), LABEL - 6), NULL });
    bool known = tell_time(c, "from", &from) && tell_time(c, "to", &to);
    for (size_t i = 0; i < a->count; i++) {
        const axis_part *p = &a->part[i];
        svg_rect(s, "blind", p->x, y + 2, p->width, 8, 2);
        if (!known || from > p->to || to < p->from)
            continue;
        int x1 = from <= p->from ? p->x : axis_at(a, from), x2 = to >= p->to ? p->x + p->width : axis_at(a, to);
        svg_rect(s, "seen", x1, y + 2, x2 > x1 ? x2 - x1 : 1, 8, 2);
    }
}

/* The two logs that decide most come first. */
static bool is_log(const json *c)
{
    return strncmp(json_str(c, "channel"), "registry/", 9) != 0;
}

static void draw_coverage(const report *r, svg *s, const axis *a, const json *host, int top)
{
    int y = top;
    for (int others = 0; others < 2; others++)
        for (const json *c = tell_first(host, "coverage"); c && y < top + LOGS * 16; c = c->next)
            if (is_log(c) && (tell_is(c, "channel", "Security") || tell_is(c, "channel", "System")) != others) {
                draw_log(r, s, a, c, y);
                y += 16;
            }
}

span figure_host(const report *r, size_t host, bool *empty)
{
    const json *h = r->hosts[host].of;
    moment *times = arena_array(r->mem, times_room(r), sizeof *times);
    size_t count = gather_times(r, host, times);
    *empty = count == 0;
    if (*empty)
        return (span){ 0 };
    bool used[MARK_COUNT] = { false };
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next)
        if (is_drawn(r, f) && tell_host(r, f, "host") == host)
            used[svg_mark_of(json_str(f, "kind"))] = true;
    int y_of[MARK_COUNT], y = TOP + 14;
    for (size_t m = 0; m < MARK_COUNT; m++) {
        y_of[m] = y;
        y += used[m] ? 22 : 0;
    }
    size_t logs = 0;
    for (const json *c = tell_first(h, "coverage"); c; c = c->next)
        logs += is_log(c);
    int bottom = y - 4, height = bottom + (logs ? (int)(logs < LOGS ? logs : LOGS) * 16 + 8 : 4);
    axis a;
    axis_make(&a, times, count, LABEL, WIDTH - LABEL - 10);
    svg s;
    svg_begin(&s, WIDTH, height, "host");
    axis_draw(&a, &s, r->zone, TOP, bottom);
    static const char *const words[] = { "report.mark-guessing", "report.mark-logon", "report.mark-execution", "report.mark-persistence", "report.mark-defence", "report.mark-network", "report.mark-crash" };
    for (size_t m = 0; m < MARK_COUNT; m++)
        if (used[m]) {
            svg_line(&s, "lane", LABEL, y_of[m], WIDTH - 10, y_of[m]);
            svg_text(&s, "log", 4, y_of[m] + 4, SVG_START, tell_label(words[m]));
        }
    marker m = { .r = r, .s = &s, .a = &a, .left = MARKS_EACH / r->host_count < 20 ? 20 : MARKS_EACH / r->host_count };
    map_init(&m.taken);
    size_t number = 0;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next, number++) {
        svg_mark mark = svg_mark_of(json_str(f, "kind"));
        if (is_drawn(r, f) && tell_host(r, f, "host") == host)
            put_finding(&m, f, number, (size_t)mark, y_of[mark]);
    }
    map_done(&m.taken);
    if (logs)
        draw_coverage(r, &s, &a, h, bottom + 6);
    return svg_end(&s, r->mem);
}
