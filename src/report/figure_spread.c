#include "report/svg.h"
#include "report/tell.h"

#include <stdlib.h>

/* The spread as a forest that grows from left to right: a place stands one column right of where it was reached from first,
 * and its time stands on the line that leads to it. Further ways to it are thin lines with the number of their row in the
 * table. Branches have rows of their own, so no text covers another. */

enum { BOX = 184, HIGH = 44, WAY = 140, ROW = 66, MARGIN = 12, PLACES = 150, INSIDE = BOX - 24 };

typedef struct { both name; const char *more, *state; size_t host; size_t parent, edge; size_t first_child, last_child, next; unsigned depth; int y; bool drawn; } place_node;
typedef struct { const json *of; size_t from, to; const char *target; } way;          /* target: where the page tells more of it */
typedef struct { const report *r; place_node *node; size_t count; map of; way *edge; size_t edge_count; int rows; unsigned deepest; } graph;

static const char *key_of(const report *r, const json *end)
{
    if (!end || end->kind == JSON_NULL)
        return "?";
    if (end->kind == JSON_OBJECT)
        return arena_printf(r->mem, "@%s", json_str(end, "address"));
    return arena_printf(r->mem, "=%s", tell_text(r, end));
}

static size_t node_of(graph *g, const json *end)
{
    bool there;
    uint64_t *at = map_put(&g->of, span_str(key_of(g->r, end)), &there);
    if (there)
        return (size_t)*at;
    if (g->count == PLACES) {
        *at = SIZE_MAX;
        return SIZE_MAX;
    }
    *at = g->count;
    place_node *n = &g->node[g->count];
    *n = (place_node){ .name = tell_place(g->r, end), .host = SIZE_MAX, .parent = SIZE_MAX, .edge = SIZE_MAX, .first_child = SIZE_MAX, .last_child = SIZE_MAX, .next = SIZE_MAX, .state = "outside", .more = "" };
    if (end && end->kind == JSON_STRING) {
        const uint64_t *host = map_find(&g->r->host_of, end->text);
        if (host) {
            const json *h = g->r->hosts[*host].of;
            n->host = (size_t)*host;
            n->state = tell_is(h, "infected", "yes") ? "yes" : tell_is(h, "infected", "suspected") ? "suspected" : "unknown";
            n->more = tell_text(g->r, tell_first(h, "addresses"));
            if (strcmp(n->more, n->name.en) == 0)
                n->more = "";
        }
    }
    return g->count++;
}

static bool stands_above(const graph *g, size_t maybe, size_t below)
{
    for (size_t n = below; n != SIZE_MAX; n = g->node[n].parent)
        if (n == maybe)
            return true;
    return false;
}

static void add_edge(graph *g, const json *e, const json *from_end, const json *to_end, const char *target)
{
    size_t from = node_of(g, from_end), to = node_of(g, to_end), i = g->edge_count++;
    g->edge[i] = (way){ e, from, to, target };
    if (from == SIZE_MAX || to == SIZE_MAX || g->node[to].parent != SIZE_MAX || stands_above(g, to, from))
        return;
    place_node *parent = &g->node[from], *child = &g->node[to];
    child->parent = from;
    child->edge = i;
    if (parent->last_child == SIZE_MAX)
        parent->first_child = to;
    else
        g->node[parent->last_child].next = to;
    parent->last_child = to;
}

/* A way in is the first arrow, unless the spread has that step already. */
static void add_entry(graph *g, const json *entry, const json *spread)
{
    if (!entry || entry->kind != JSON_OBJECT || tell_is_null(entry, "source") || tell_is_null(entry, "host"))
        return;
    const char *from = key_of(g->r, json_get(entry, "source")), *to = key_of(g->r, json_get(entry, "host"));
    for (const json *e = spread->first; e; e = e->next)
        if (strcmp(from, key_of(g->r, json_get(e, "from"))) == 0 && strcmp(to, key_of(g->r, json_get(e, "to"))) == 0)
            return;
    add_edge(g, entry, json_get(entry, "source"), json_get(entry, "host"), "entry");
}

static void read_edges(graph *g, const json *spread)
{
    add_entry(g, json_get(g->r->c, "entry"), spread);
    for (const json *e = tell_first(g->r->c, "entries"); e; e = e->next)
        add_entry(g, e, spread);
    size_t number = 0;
    for (const json *e = spread->first; e; e = e->next)
        add_edge(g, e, json_get(e, "from"), json_get(e, "to"), arena_printf(g->r->mem, "s%zu", number++));
}

/* Depth and rows; recursion is bounded by PLACES. A place stands in the middle of what it reached. */
static void lay_out(graph *g, size_t n, unsigned depth)
{
    place_node *p = &g->node[n];
    p->depth = depth;
    if (depth > g->deepest)
        g->deepest = depth;
    if (p->first_child == SIZE_MAX) {
        p->y = MARGIN + 16 + g->rows++ * ROW;
        return;
    }
    for (size_t c = p->first_child; c != SIZE_MAX; c = g->node[c].next)
        lay_out(g, c, depth + 1);
    p->y = (g->node[p->first_child].y + g->node[p->last_child].y) / 2;
}

static int x_of(const place_node *n)
{
    return MARGIN + (int)n->depth * (BOX + WAY);
}

static const char *line_class(const json *e)
{
    unsigned p = tell_percent(e, "confidence");
    return p >= 80 ? "way sure" : p >= 55 ? "way fair" : "way weak";
}

/* Small type, and not bold: a fifth more of it fits. */
static const char *fit_small(const graph *g, const char *words, int width)
{
    return svg_fit(g->r->mem, words, width * 6 / 5);
}

static void draw_way(const graph *g, svg *s, size_t n)
{
    const place_node *to = &g->node[n], *from = &g->node[to->parent];
    const json *e = g->edge[to->edge].of;
    int x1 = x_of(from) + BOX, y1 = from->y + HIGH / 2, x2 = x_of(to), y2 = to->y + HIGH / 2, trunk = x1 + 16, bend = 8;
    svg_link(s, g->edge[to->edge].target);
    if (y1 == y2)
        svg_line(s, line_class(e), x1, y1, x2 - 7, y2);
    else {
        int way = y2 > y1 ? bend : -bend;
        svg_path(s, line_class(e), arena_printf(g->r->mem, "M%d %dH%dQ%d %d %d %dV%dQ%d %d %d %dH%d", x1, y1, trunk - bend, trunk, y1, trunk, y1 + way,
                                                y2 - way, trunk, y2, trunk + bend, y2, x2 - 7));
    }
    svg_path(s, "arrow", arena_printf(g->r->mem, "M%d %dl-8 -4v8z", x2, y2));
    moment t;
    if (tell_time(e, "time", &t)) {
        buf words;
        buf_init(&words, 64);
        text_time(t, g->r->zone, &words);
        const char *text = arena_text(g->r->mem, buf_bytes(&words));
        buf_done(&words);
        svg_text(s, "when", x2 - 12, y2 - 6, SVG_END, (both){ strlen(text) > 5 ? text + 5 : text, NULL });
    }
    const char *means = tell_is_null(e, "means") ? "unknown" : json_str(e, "means");
    both how = tell_word(g->r, "short.", means);
    svg_text(s, "how", x2 - 12, y2 + 15, SVG_END, (both){ fit_small(g, how.en, WAY - 34), how.zh ? fit_small(g, how.zh, WAY - 34) : NULL });
    svg_link_end(s);
}

static void draw_further(const graph *g, svg *s, size_t edge)
{
    size_t a = g->edge[edge].from, b = g->edge[edge].to;
    if (a == SIZE_MAX || b == SIZE_MAX || a == b || g->node[b].edge == edge)
        return;
    const place_node *from = &g->node[a], *to = &g->node[b];
    int x1 = x_of(from) + BOX / 2, x2 = x_of(to) + BOX / 2, y1 = from->y + HIGH, y2 = to->y + HIGH, low = (y1 > y2 ? y1 : y2) + 18;
    const char *target = g->edge[edge].target;
    svg_link(s, target);
    svg_path(s, "further", arena_printf(g->r->mem, "M%d %dC%d %d %d %d %d %d", x1, y1, x1, low, x2, low, x2, y2));
    if (target[0] == 's')
        svg_text(s, "how", (x1 + x2) / 2, low - 2, SVG_MIDDLE, (both){ arena_printf(g->r->mem, "(%lu)", strtoul(target + 1, NULL, 10) + 1), NULL });
    svg_link_end(s);
}

static void draw_place(const graph *g, svg *s, const place_node *n, size_t first)
{
    int x = x_of(n);
    if (n->host != SIZE_MAX)
        svg_link(s, g->r->hosts[n->host].anchor);
    svg_rect(s, arena_printf(g->r->mem, "place %s", n->state), x, n->y, BOX, HIGH, 7);
    both name = n->name;
    const char *more = n->more, *dot = strchr(name.en, '.');
    if (n->host != SIZE_MAX)
        svg_title(s, name.en);
    if (n->host != SIZE_MAX && dot && dot > name.en && svg_width(name.en) > INSIDE) {       /* its domain goes below */
        more = *more ? arena_printf(g->r->mem, "%s · %s", more, dot + 1) : dot + 1;
        name.en = arena_printf(g->r->mem, "%.*s", (int)(dot - name.en), name.en);
    }
    bool two = *more != '\0';
    svg_text(s, "name", x + 12, n->y + (two ? 19 : 27), SVG_START, (both){ svg_fit(g->r->mem, name.en, INSIDE), name.zh ? svg_fit(g->r->mem, name.zh, INSIDE) : NULL });
    if (two)
        svg_text(s, "more", x + 12, n->y + 35, SVG_START, (both){ fit_small(g, more, INSIDE), NULL });
    if (n->host != SIZE_MAX && n->host == first)
        svg_text(s, "flag", x + 2, n->y - 5, SVG_START, tell_label("report.first-host"));
    if (n->host != SIZE_MAX)
        svg_link_end(s);
}

span figure_spread(const report *r, const json *spread, bool *empty)
{
    graph g = { .r = r };
    map_init(&g.of);
    g.node = arena_array(r->mem, PLACES, sizeof *g.node);
    g.edge = arena_array(r->mem, spread->count + tell_count(r->c, "entries") + 1, sizeof *g.edge);
    read_edges(&g, spread);
    map_done(&g.of);
    *empty = g.count == 0;
    if (*empty)
        return (span){ 0 };
    for (size_t n = 0; n < g.count; n++)
        if (g.node[n].parent == SIZE_MAX)
            lay_out(&g, n, 0);
    svg s;
    svg_begin(&s, 2 * MARGIN + (int)g.deepest * (BOX + WAY) + BOX, 2 * MARGIN + 16 + g.rows * ROW, "spread");
    for (size_t n = 0; n < g.count; n++)
        if (g.node[n].parent != SIZE_MAX)
            draw_way(&g, &s, n);
    for (size_t i = 0; i < g.edge_count; i++)
        draw_further(&g, &s, i);
    size_t first = tell_host(r, json_get(r->c, "first_host"), "host");
    for (size_t n = 0; n < g.count; n++)
        draw_place(&g, &s, &g.node[n], first);
    return svg_end(&s, r->mem);
}
