/* Who infected whom, over all trees at once: the matrix-tree theorem. Every node has one parent, another node
 * or the root; the root stands for the outside, for places that are no node, and for a host that nobody knows.
 *
 * Shapes    L_vv = root weight + sum of W_uv, L_uv = -W_uv;  P(u->v) = W_uv ((L^-1)_vv - (L^-1)_vu),  P(root->v) = R_v (L^-1)_vv.
 *           Rows are scaled by their largest weight. Above TREE_NODES nodes each takes its parents by their weights alone,
 *           as if no two nodes could have infected each other.
 * Hostile   O(n^3), bounded by TREE_NODES. */
#include "incident/story.h"

#include <math.h>

enum { TREE_NODES = 400 };

/* What speaks for a parent that no record names. */
static double outside_weight(const story *s, const node *n)
{
    const joined *j = s->j;
    size_t count;
    joined_tally *const *all = tallies_of(j, n->host, "logon.success", &count);
    for (size_t i = 0; i < count; i++) {
        const char *source = tally_key(all[i], "source");
        if (source[0] && !address_inside(j, source))
            return weight(j, "root.outside-seen");
    }
    all = tallies_of(j, n->host, "logon.failure", &count);
    for (size_t i = 0; i < count; i++) {
        const char *source = tally_key(all[i], "source");
        if (source[0] && !address_inside(j, source))
            return weight(j, "root.outside-tried");
    }
    return weight(j, "root.outside-unseen");
}

static double unknown_weight(const story *s, const node *n)
{
    const joined *j = s->j;
    return log_looks(j, n->host, "Security", n->onset > MOMENT_HOUR ? n->onset - MOMENT_HOUR : 0, n->onset) == LOOK_SEEN ? weight(j, "root.unknown") : weight(j, "root.unknown-blind");
}

/* Solves for the inverse in place, by Gauss-Jordan with partial pivoting; false when there is none. */
static bool invert(double *a, double *inverse, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            inverse[i * n + k] = i == k;
    for (size_t c = 0; c < n; c++) {
        size_t pivot = c;
        for (size_t r = c + 1; r < n; r++)
            if (fabs(a[r * n + c]) > fabs(a[pivot * n + c]))
                pivot = r;
        if (fabs(a[pivot * n + c]) < 1e-300)
            return false;
        for (size_t k = 0; k < n && pivot != c; k++) {
            double t = a[c * n + k];
            a[c * n + k] = a[pivot * n + k];
            a[pivot * n + k] = t;
            t = inverse[c * n + k];
            inverse[c * n + k] = inverse[pivot * n + k];
            inverse[pivot * n + k] = t;
        }
        double by = a[c * n + c];
        for (size_t k = 0; k < n; k++) {
            a[c * n + k] /= by;
            inverse[c * n + k] /= by;
        }
        for (size_t r = 0; r < n; r++) {
            double f = r == c ? 0 : a[r * n + c];
            if (f == 0)
                continue;
            for (size_t k = 0; k < n; k++) {
                a[r * n + k] -= f * a[c * n + k];
                inverse[r * n + k] -= f * inverse[c * n + k];
            }
        }
    }
    return true;
}

/* e^w of everything that may be v's parent, scaled so that the largest is 1: between[u] nodes (`nodes` together; NULL: too
 * many), root the rest, and of the rest what is outside, whether a record names its address or none does. */
typedef struct { double *between, nodes, root, outside; } parents;

static parents parents_of(story *s, uint32_t v, const uint32_t *index, size_t count)
{
    const node *n = node_at(s, v);
    double outside = outside_weight(s, n), unknown = unknown_weight(s, n), most = fmax(outside, unknown);
    for (size_t i = n->ways_from; i < n->ways_end; i++)
        most = fmax(most, way_at(s, i)->weight);
    parents p = { .between = count <= TREE_NODES ? arena_array(s->j->mem, count, sizeof(double)) : NULL };
    p.root = exp(outside - most) + exp(unknown - most);
    p.outside = exp(outside - most);
    for (size_t i = n->ways_from; i < n->ways_end; i++) {
        way *w = way_at(s, i);
        w->probability = exp(w->weight - most);          /* for now; a share of the row */
        if (w->from_node != UINT32_MAX && w->from_node != v) {
            p.nodes += w->probability;
            if (p.between)
                p.between[index[w->from_node]] += w->probability;
        } else
            p.root += w->probability;
        if (w->from.outside)
            p.outside += w->probability;
    }
    return p;
}

void tree_weigh(story *s)
{
    arena *mem = s->j->mem;
    uint32_t *index = arena_array(mem, s->nodes.count, sizeof *index), *nodes = arena_array(mem, s->nodes.count, sizeof *nodes);
    size_t n = 0;
    for (uint32_t i = 0; i < s->nodes.count; i++)
        if (node_at(s, i)->hostile) {
            index[i] = (uint32_t)n;
            nodes[n++] = i;
        }
    if (n == 0)
        return;
    parents *rows = arena_array(mem, n, sizeof *rows);
    for (size_t v = 0; v < n; v++)
        rows[v] = parents_of(s, nodes[v], index, n);
    bool exact = n <= TREE_NODES;
    double *l = exact ? arena_array(mem, n * n, sizeof *l) : NULL, *inverse = exact ? arena_array(mem, n * n, sizeof *inverse) : NULL;
    for (size_t v = 0; exact && v < n; v++) {            /* row v: the Laplacian's column, transposed */
        l[v * n + v] = rows[v].root;
        for (size_t u = 0; u < n; u++) {
            l[v * n + v] += rows[v].between[u];
            l[v * n + u] -= rows[v].between[u];
        }
    }
    exact = exact && invert(l, inverse, n);
    for (size_t v = 0; v < n; v++) {
        double all = rows[v].root + rows[v].nodes;
        double root = exact ? rows[v].root * inverse[v * n + v] : rows[v].root / all;
        for (size_t i = node_at(s, nodes[v])->ways_from; i < node_at(s, nodes[v])->ways_end; i++) {
            way *w = way_at(s, i);
            bool between = w->from_node != UINT32_MAX && w->from_node != w->to;
            size_t u = between ? index[w->from_node] : 0;
            if (!between)
                w->probability *= root / rows[v].root;
            else if (exact)
                w->probability *= inverse[v * n + v] - inverse[u * n + v];
            else
                w->probability /= all;
            w->probability = fmin(fmax(w->probability, 0), weight(s->j, "edge.surest") / 100);
        }
        node *of = node_at(s, nodes[v]);
        of->root = root;
        of->outside = root * rows[v].outside / rows[v].root;
    }
}
