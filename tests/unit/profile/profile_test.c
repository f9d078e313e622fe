#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/embedded.h"
#include "profile/profile.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

extern const embedded_file profile_files[];
extern const size_t profile_files_count;

static arena mem;
static char folder[32];

static void write_file(const char *name, span bytes)
{
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.len, file), bytes.len);
    fclose(file);
}

/* A folder with a copy of all that is built in. */
static int begin(void **state)
{
    (void)state;
    arena_init(&mem, 0);
    snprintf(folder, sizeof folder, "/tmp/profile-test-XXXXXX");
    assert_non_null(mkdtemp(folder));
    char baselines[64];
    snprintf(baselines, sizeof baselines, "%s/baselines", folder);
    assert_int_equal(mkdir(baselines, 0700), 0);
    for (size_t i = 0; i < profile_files_count; i++)
        write_file(profile_files[i].name, profile_files[i].bytes);
    return 0;
}

static void remove_folder(const char *at)
{
    DIR *dir = opendir(at);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char path[400];
        snprintf(path, sizeof path, "%s/%s", at, entry->d_name);
        unlink(path);
    }
    closedir(dir);
    rmdir(at);
}

static int end(void **state)
{
    (void)state;
    char baselines[64];
    snprintf(baselines, sizeof baselines, "%s/baselines", folder);
    remove_folder(baselines);
    remove_folder(folder);
    arena_done(&mem);
    return 0;
}

static const char *open_error(void)
{
    profile *p;
    status done = profile_open(folder, &mem, &p);
    const char *words = arena_str(&mem, done.words);
    size_t len = strlen(folder);
    return strncmp(words, folder, len) == 0 ? words + len : words;
}

static void every_file_of_the_source_is_built_in_as_it_is(void **state)
{
    (void)state;
    profile *built_in, *from_source;
    status done = profile_open(NULL, &mem, &built_in);
    if (!status_is_ok(done))
        fail_msg("%s", done.words);
    if (access(SOURCE_ROOT "/profiles", R_OK) != 0)
        skip();
    done = profile_open(SOURCE_ROOT "/profiles", &mem, &from_source);
    if (!status_is_ok(done))
        fail_msg("%s", done.words);
    assert_string_equal(profile_hash(built_in), profile_hash(from_source));
    assert_int_equal(strlen(profile_hash(built_in)), 64);
}

static void the_hash_follows_names_and_bytes(void **state)
{
    (void)state;
    profile *built_in, *changed;
    assert_true(status_is_ok(profile_open(NULL, &mem, &built_in)));
    const profile_node *about = profile_get(profile_root(built_in, "guessing"), "about");
    assert_non_null(about);
    for (size_t i = 0; i < profile_files_count; i++)
        if (strcmp(profile_files[i].name, "guessing.yml") == 0) {
            buf b;
            buf_init(&b, 1 << 20);
            buf_span(&b, profile_files[i].bytes);
            buf_str(&b, "# one more line\n");
            write_file("guessing.yml", buf_bytes(&b));
            buf_done(&b);
        }
    write_file("notes.txt", span_str("no profile"));
    assert_true(status_is_ok(profile_open(folder, &mem, &changed)));
    assert_string_not_equal(profile_hash(built_in), profile_hash(changed));
    assert_null(profile_root(changed, "notes"));
}

static void a_mistake_in_a_file_is_told_with_its_place(void **state)
{
    (void)state;
    assert_string_equal(open_error(), "");
    write_file("guessing.yml", span_str("about: x\nsource: y\nburst:\n  trees: 5\n"));
    assert_string_equal(open_error(), "/guessing.yml:4: unknown key 'trees'");
    write_file("guessing.yml", span_str("about: x\nsource: y\nburst: [\n"));
    assert_memory_equal(open_error(), "/guessing.yml:4:", 16);
}

static void every_file_begins_with_about_and_source(void **state)
{
    (void)state;
    profile *p;
    assert_true(status_is_ok(profile_open(NULL, &mem, &p)));
    for (size_t i = 0; i < profile_files_count; i++) {
        size_t len = strlen(profile_files[i].name) - 4;
        const profile_node *root = profile_root(p, arena_text(&mem, span_of(profile_files[i].name, len)));
        assert_string_equal(root->first->key, "about");
        assert_string_equal(root->first->next->key, "source");
    }
    buf b;
    buf_init(&b, 1 << 20);
    for (size_t i = 0; i < profile_files_count; i++)
        if (strcmp(profile_files[i].name, "guessing.yml") == 0)
            buf_span(&b, profile_files[i].bytes);
    char *text = arena_text(&mem, buf_bytes(&b)), *source = strstr(text, "source:"), *rest = strstr(source, "\n\n");
    *rest = '\0';
    write_file("guessing.yml", span_str(arena_printf(&mem, "%s\n%.*s%s", source, (int)(source - text), text, rest + 1)));
    assert_string_equal(open_error(), "/guessing.yml:1: it must begin with 'about' and 'source'");
    write_file("guessing.yml", span_str(arena_printf(&mem, "%s\n%s", source, rest + 1)));
    assert_string_equal(open_error(), "/guessing.yml:1: the key 'about' is missing");
    buf_done(&b);
}

static void a_folder_must_have_every_file_and_no_unknown_one(void **state)
{
    (void)state;
    write_file("unheard-of.yml", span_str("about: x\nsource: y\n"));
    assert_string_equal(open_error(), "/unheard-of.yml: no profile of this name is known");
    char path[300];
    snprintf(path, sizeof path, "%s/unheard-of.yml", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/guessing.yml", folder);
    unlink(path);
    assert_string_equal(open_error(), ": guessing.yml is missing");
    mkdir(path, 0700);
    assert_non_null(strstr(open_error(), "/guessing.yml: not a file"));
    rmdir(path);
    profile *p;
    assert_int_equal(profile_open("/nowhere", &mem, &p).code, STATUS_IO);
}

static void guessing_has_its_thresholds(void **state)
{
    (void)state;
    profile *p;
    bool found;
    assert_true(status_is_ok(profile_open(NULL, &mem, &p)));
    const profile_node *root = profile_root(p, "guessing");
    static const char *const parts[] = { "burst", "flood", "slow", "spray", "unknown_names", "success" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const profile_node *part = profile_get(root, parts[i]);
        assert_true(profile_duration(part, "window", &found) > 0);
        assert_true(found);
        assert_true(strlen(profile_text(part, "why")) > 20);
    }
    assert_true(profile_number(profile_get(root, "burst"), "tries", &found) < profile_number(profile_get(root, "flood"), "tries", &found));
    assert_true(profile_has(root, "not_a_try", "0xC000015B"));
    assert_null(profile_root(p, "guessing.yml"));
    assert_null(profile_root(p, "guess"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_file_of_the_source_is_built_in_as_it_is, begin, end),
        cmocka_unit_test_setup_teardown(the_hash_follows_names_and_bytes, begin, end),
        cmocka_unit_test_setup_teardown(a_mistake_in_a_file_is_told_with_its_place, begin, end),
        cmocka_unit_test_setup_teardown(every_file_begins_with_about_and_source, begin, end),
        cmocka_unit_test_setup_teardown(a_folder_must_have_every_file_and_no_unknown_one, begin, end),
        cmocka_unit_test_setup_teardown(guessing_has_its_thresholds, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
