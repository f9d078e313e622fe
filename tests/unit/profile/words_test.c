/* What profiles call things must have words in the catalogue. */
#include "profile/profile.h"
#include "text/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static void need(const profile_node *at, const char *look, size_t *wanted)
{
    char id[96];
    snprintf(id, sizeof id, "word.look.%s", look);
    ++*wanted;
    if (!text_known(id))
        fail_msg("line %u: there are no words for '%s' (src/text/catalogue/looks.def)", at->line, look);
}

static void need_below(const profile_node *node, size_t *wanted)
{
    for (const profile_node *n = node ? node->first : NULL; n; n = n->next) {
        if (n->kind == PROFILE_WORD && n->key && strcmp(n->key, "looks") == 0)
            need(n, n->text, wanted);
        need_below(n, wanted);
    }
}

static void every_look_has_words(void **state)
{
    static const char *const files[] = { "chains", "commands", "registry-points" };
    (void)state;
    arena mem;
    profile *facts;
    arena_init(&mem, 0);
    assert_true(status_is_ok(profile_open(NULL, &mem, &facts)));
    size_t wanted = 0;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        need_below(profile_root(facts, files[i]), &wanted);
    for (const profile_node *n = profile_list(profile_root(facts, "looks"), "words"); n; n = n->next)
        need(n, n->key, &wanted);
    for (const profile_node *n = profile_list(profile_root(facts, "core-processes"), "weights"); n; n = n->next)
        if (strcmp(n->key, "alert") != 0)
            need(n, n->key, &wanted);
    assert_true(wanted > 80);
    arena_done(&mem);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_look_has_words) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
