#include "text/catalogue.h"
#include "text/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Adds the names that `words` uses to `names`; false, with words about it, when its braces are wrong. */
static bool read_names(const text_entry *e, const char *words, map *names)
{
    int depth = 0;
    for (const char *p = words; (p = strpbrk(p, "{}")); ) {
        if (*p == '}') {
            print_error("%s: a brace closes that did not open\n", e->id);
            return false;
        }
        size_t len = strcspn(++p, "{}");
        if (p[len] != '}') {
            print_error("%s: a brace opens and does not close\n", e->id);
            return false;
        }
        span inside = span_of(p, len);
        p += len + 1;
        if (span_is(inside, "/")) {
            if (--depth < 0) {
                print_error("%s: {/} without its beginning\n", e->id);
                return false;
            }
            continue;
        }
        size_t name = strcspn((const char *)inside.at, "?!:}");
        for (size_t i = 0; i < name; i++)
            if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", inside.at[i])) {
                print_error("%s: '%.*s' is no name of an argument\n", e->id, (int)len, inside.at);
                return false;
            }
        if (name == 0) {
            print_error("%s: an argument without a name\n", e->id);
            return false;
        }
        if (name < len && inside.at[name] == ':') {
            span kind = span_part(inside, name + 1, len);
            static const char *const kinds[] = { "word", "time", "number", "duration", "percent", "list", "looks", "kind", "setting", "basis", "sentence", "s" };
            bool known = false;
            for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
                known = known || span_is(kind, kinds[i]);
            if (!known) {
                print_error("%s: '%.*s' is no way of writing an argument\n", e->id, (int)kind.len, kind.at);
                return false;
            }
        } else if (name < len)
            depth++;
        bool there;
        map_put(names, span_part(inside, 0, name), &there);
    }
    if (depth != 0)
        print_error("%s: a conditional part does not end\n", e->id);
    return depth == 0;
}

static bool has_chinese(const char *words)
{
    span s = span_str(words);
    for (size_t at = 0; at < s.len; ) {
        uint32_t c = utf8_take(s, &at);
        if ((c >= 0x4e00 && c < 0xa000) || (c >= 0x3000 && c < 0x3040) || (c >= 0xff00 && c < 0xff60))
            return true;
    }
    return false;
}

static void each_id_stands_once(void **state)
{
    (void)state;
    size_t count;
    const text_entry *e = catalogue_entries(&count);
    map seen;
    map_init(&seen);
    for (size_t i = 0; i < count; i++) {
        bool there;
        map_put(&seen, span_str(e[i].id), &there);
        if (there)
            fail_msg("%s stands twice in the catalogue", e[i].id);
    }
    map_done(&seen);
}

static void each_id_is_found(void **state)
{
    (void)state;
    size_t count;
    const text_entry *e = catalogue_entries(&count);
    assert_true(count > 100);
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(catalogue_find(e[i].id), &e[i]);
    assert_null(catalogue_find(""));
    assert_null(catalogue_find("word.rdq"));
    assert_null(catalogue_find("\xff"));
}

static void both_languages_say_it_in_their_own_script(void **state)
{
    (void)state;
    size_t count, wrong = 0;
    const text_entry *e = catalogue_entries(&count);
    for (size_t i = 0; i < count; i++) {
        if (!e[i].en[0] || !e[i].zh[0] || !utf8_valid(span_str(e[i].en)) || !utf8_valid(span_str(e[i].zh))) {
            print_error("%s: a language is missing, or no UTF-8\n", e[i].id);
            wrong++;
        } else if (has_chinese(e[i].en) || !has_chinese(e[i].zh)) {
            print_error("%s: the languages are mixed up\n", e[i].id);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

static void both_languages_name_the_same_arguments(void **state)
{
    (void)state;
    size_t count, wrong = 0;
    const text_entry *e = catalogue_entries(&count);
    for (size_t i = 0; i < count; i++) {
        map en, zh;
        map_init(&en);
        map_init(&zh);
        if (!read_names(&e[i], e[i].en, &en) || !read_names(&e[i], e[i].zh, &zh))
            wrong++;
        bool same = en.count == zh.count;
        for (size_t n = 0; n < en.count; n++)
            same = same && map_find(&zh, en.entries[n].key);
        if (!same) {
            print_error("%s: the languages name different arguments\n", e[i].id);
            wrong++;
        }
        map_done(&en);
        map_done(&zh);
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_id_stands_once),
        cmocka_unit_test(each_id_is_found),
        cmocka_unit_test(both_languages_say_it_in_their_own_script),
        cmocka_unit_test(both_languages_name_the_same_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
