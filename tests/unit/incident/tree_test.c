/* The probabilities of the tree, against counting every tree there is. */
#include "incident/story.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

enum { MOST = 5 };

typedef struct { size_t n; double between[MOST][MOST], root[MOST]; } graph;      /* weights, e^w; 0: no way */
typedef struct { double way[MOST][MOST], root[MOST], all; } sums;

/* Parents are chosen for one node after another; a choice without a cycle is a tree of weight the product of its edges. */
static bool reaches_root(const int *parent, size_t n, size_t from)
{
    for (size_t steps = 0; steps <= n; steps++) {
        if (parent[from] < 0)
            return true;
        from = (size_t)parent[from];
    }
    return false;
}

static void count(const graph *g, size_t v, int *parent, double product, sums *s)
{
    if (product == 0)
        return;
    if (v < g->n) {
        parent[v] = -1;
        count(g, v + 1, parent, product * g->root[v], s);
        for (size_t u = 0; u < g->n; u++)
            if (u != v) {
                parent[v] = (int)u;
                count(g, v + 1, parent, product * g->between[u][v], s);
            }
        return;
    }
    for (size_t i = 0; i < g->n; i++)
        if (!reaches_root(parent, g->n, i))
            return;
    s->all += product;
    for (size_t i = 0; i < g->n; i++)
        if (parent[i] < 0)
            s->root[i] += product;
        else
            s->way[parent[i]][i] += product;
}

typedef struct { arena mem; profile *facts; joined j; story s; } fixture;

/* A join of n hosts without any note, so that the root's weight is what the profile says of a blind log. */
static void begin(fixture *f, size_t n)
{
    arena_init(&f->mem, 0);
    assert_true(status_is_ok(profile_open(NULL, &f->mem, &f->facts)));
    f->j = (joined){ .mem = &f->mem, .facts = f->facts, .out = arena_alloc(&f->mem, sizeof(suyuan_case)) };
    vec_init(&f->j.hosts, sizeof(joined_host));
    vec_init(&f->j.logs, sizeof(joined_log));
    vec_init(&f->j.told, sizeof(told));
    map_init(&f->j.weights);
    weights_read(&f->j);
    f->s = (story){ .j = &f->j };
    vec_init(&f->s.nodes, sizeof(node));
    vec_init(&f->s.ways, sizeof(way));
    for (size_t i = 0; i < n; i++) {
        *(joined_host *)vec_push(&f->j.hosts) = (joined_host){ .collected = true };
        *(node *)vec_push(&f->s.nodes) = (node){ .host = (uint32_t)i, .hostile = true, .onset = (i + 1) * MOMENT_DAY };
    }
}

static void add_way(fixture *f, size_t from, size_t to, double w)
{
    *(way *)vec_push(&f->s.ways) = (way){ .to = (uint32_t)to, .from_node = (uint32_t)from, .from = { .host = (uint32_t)from }, .weight = w };
}

static int by_target(const void *a, const void *b)
{
    const way *l = a, *r = b;
    return l->to != r->to ? (l->to > r->to) - (l->to < r->to) : (l->from_node > r->from_node) - (l->from_node < r->from_node);
}

/* Ways stand together by the node they lead to, as ways.c leaves them. */
static void weigh(fixture *f)
{
    vec_sort(&f->s.ways, by_target);
    for (size_t i = 0; i < f->s.ways.count; i++) {
        node *n = node_at(&f->s, way_at(&f->s, i)->to);
        n->ways_from = n->ways_end ? n->ways_from : i;
        n->ways_end = i + 1;
    }
    tree_weigh(&f->s);
}

static void end(fixture *f)
{
    vec_done(&f->s.ways);
    vec_done(&f->s.nodes);
    vec_done(&f->j.hosts);
    vec_done(&f->j.logs);
    vec_done(&f->j.told);
    map_done(&f->j.weights);
    arena_done(&f->mem);
}

static double root_weight(const fixture *f)
{
    return exp(weight(&f->j, "root.outside-unseen")) + exp(weight(&f->j, "root.unknown-blind"));
}

static void the_matrix_agrees_with_counting_all_trees(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int round = 0; round < 200; round++) {
        fixture f;
        size_t n = 2 + round % (MOST - 1);
        begin(&f, n);
        graph g = { .n = n };
        for (size_t u = 0; u < n; u++) {
            g.root[u] = root_weight(&f);
            for (size_t v = 0; v < n; v++) {
                seed = seed * 6364136223846793005ull + 1442695040888963407ull;
                double w = (double)(seed >> 33) / (double)(1u << 31) * 8 - 3;
                if (u == v || w < 0)
                    continue;
                g.between[u][v] = exp(w);
                add_way(&f, u, v, w);
            }
        }
        sums s = { 0 };
        int parent[MOST];
        count(&g, 0, parent, 1, &s);
        weigh(&f);
        double cap = weight(&f.j, "edge.surest") / 100;
        for (size_t v = 0; v < n; v++)
            assert_true(fabs(node_at(&f.s, v)->root - s.root[v] / s.all) < 1e-9);
        for (size_t i = 0; i < f.s.ways.count; i++) {
            const way *w = way_at(&f.s, i);
            double p = s.way[w->from_node][w->to] / s.all;
            assert_true(fabs(w->probability - (p < cap ? p : cap)) < 1e-9);
        }
        end(&f);
    }
}

static void parents_of_a_node_sum_to_one(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 3);
    add_way(&f, 0, 1, 1);
    add_way(&f, 1, 0, 1);
    add_way(&f, 0, 2, 2);
    add_way(&f, 1, 2, 0.5);
    weigh(&f);
    for (uint32_t v = 0; v < 3; v++) {
        double sum = node_at(&f.s, v)->root;
        for (size_t i = 0; i < f.s.ways.count; i++)
            sum += way_at(&f.s, i)->to == v ? way_at(&f.s, i)->probability : 0;
        assert_true(fabs(sum - 1) < 1e-9);
    }
    end(&f);
}

static void a_place_without_a_node_counts_as_root(void **state)
{
    (void)state;
    fixture f;
    begin(&f, 1);
    *(way *)vec_push(&f.s.ways) = (way){ .to = 0, .from_node = UINT32_MAX, .from = { .host = HOST_NONE, .address = "203.0.113.7", .outside = true }, .weight = 4 };
    weigh(&f);
    double w = exp(4) / (exp(4) + root_weight(&f));
    assert_true(fabs(node_at(&f.s, 0)->root - 1) < 1e-9);
    assert_true(fabs(way_at(&f.s, 0)->probability - (w < 0.97 ? w : 0.97)) < 1e-9);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_matrix_agrees_with_counting_all_trees),
        cmocka_unit_test(parents_of_a_node_sum_to_one),
        cmocka_unit_test(a_place_without_a_node_counts_as_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
