#include "profile/schema.h"

#include "profile/tree.h"

#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

enum { PATH = 256 };

/* keys: of this file. */
typedef struct {
    const schema_key *const *keys;
    size_t count;
    const char *shown_as;
} schema;

__attribute__((format(printf, 3, 4)))
static status refuse(const schema *s, const profile_node *node, const char *format, ...)
{
    char words[160];
    va_list args;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    return status_fail(STATUS_BAD_INPUT, "%s:%u: %s", s->shown_as, node->line, words);
}

/* A line for "baselines" followed by a star is one for all files of that folder. */
static bool is_named(const schema_key *line, const char *file)
{
    size_t len = strlen(line->file);
    return strcmp(line->file, file) == 0 || (len > 1 && line->file[len - 1] == '*' && strncmp(line->file, file, len - 1) == 0);
}

/* A line for the file "*" is a line for every file. */
static bool is_for(const schema_key *line, const char *file)
{
    return is_named(line, file) || strcmp(line->file, "*") == 0;
}

bool schema_knows(const schema_key *keys, size_t count, const char *file)
{
    for (size_t i = 0; i < count; i++)
        if (is_named(&keys[i], file))
            return true;
    return false;
}

static const schema_key *find(const schema *s, const char *path)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->keys[i]->path, path) == 0)
            return s->keys[i];
    return NULL;
}

/* The line for a member of the map at `path`: by its key, or any key. `out` gets the line's path. */
static const schema_key *find_member(const schema *s, const char *path, const char *key, char out[PATH])
{
    const char *dot = *path ? "." : "";
    const schema_key *found = NULL;
    if (snprintf(out, PATH, "%s%s%s", path, dot, key) < PATH)
        found = find(s, out);
    if (!found && snprintf(out, PATH, "%s%s*", path, dot) < PATH)
        found = find(s, out);
    return found;
}

static const char *wanted(const profile_node *node, schema_kind kind)
{
    bool word = node->kind == PROFILE_WORD;
    int64_t number;
    double real;
    switch (kind) {
    case SCHEMA_TEXT:
        return word ? NULL : "a text";
    case SCHEMA_NUMBER:
        return word && !node->quoted && tree_read_number(node->text, &number) ? NULL : "a whole number";
    case SCHEMA_REAL:
        return word && !node->quoted && tree_read_real(node->text, &real) ? NULL : "a number";
    case SCHEMA_DURATION:
        return word && tree_read_duration(node->text, &number) ? NULL : "a duration such as 30s, 5m, 1h, 2d";
    case SCHEMA_BOOL:
        return word && (strcmp(node->text, "true") == 0 || strcmp(node->text, "false") == 0) ? NULL : "true or false";
    case SCHEMA_TEXTS:
        for (const profile_node *child = node->first; child; child = child->next)
            if (child->kind != PROFILE_WORD)
                return "a list of texts";
        return node->kind == PROFILE_MAP ? "a list of texts" : NULL;
    case SCHEMA_LIST:
        return node->kind == PROFILE_LIST ? NULL : "a list";
    case SCHEMA_MAP:
        return node->kind == PROFILE_MAP ? NULL : "keys and values";
    }
    return "something else";
}

static status check_map(const schema *s, const char *path, const profile_node *map);

/* A node whose line in the schema is known. */
static status check(const schema *s, const schema_key *line, const profile_node *node)
{
    const char *want = wanted(node, line->kind);
    if (want && node->key)
        return refuse(s, node, "'%s' must be %s", node->key, want);
    if (want)
        return refuse(s, node, "here must be %s", want);
    if (line->kind == SCHEMA_MAP)
        return check_map(s, line->path, node);
    if (line->kind != SCHEMA_LIST)
        return status_ok();

    char path[PATH];
    snprintf(path, sizeof path, "%s[]", line->path);
    const schema_key *each = find(s, path);
    assert(each);
    for (const profile_node *child = node->first; child; child = child->next) {
        status done = check(s, each, child);
        if (!status_is_ok(done))
            return done;
    }
    return status_ok();
}

static status check_map(const schema *s, const char *path, const profile_node *map)
{
    char at[PATH];
    for (const profile_node *child = map->first; child; child = child->next) {
        const schema_key *line = find_member(s, path, child->key, at);
        if (!line)
            return refuse(s, child, "unknown key '%s'", child->key);
        status done = check(s, line, child);
        if (!status_is_ok(done))
            return done;
    }
    size_t len = strlen(path);
    for (size_t i = 0; i < s->count; i++) {
        const schema_key *line = s->keys[i];
        if (line->need != SCHEMA_REQUIRED || strncmp(line->path, path, len) != 0)
            continue;
        const char *rest = line->path + len;
        if (len && *rest++ != '.')
            continue;
        if (*rest != '*' && !strpbrk(rest, ".[") && !profile_get(map, rest))
            return refuse(s, map, "the key '%s' is missing", rest);
    }
    return status_ok();
}

status schema_check(const schema_key *keys, size_t count, const char *file, const char *shown_as, const profile_node *root)
{
    arena mem;
    arena_init(&mem, 0);
    const schema_key **of_file = arena_array(&mem, count + 1, sizeof *of_file);
    schema s = { of_file, 0, shown_as };
    for (size_t i = 0; i < count; i++)
        if (is_for(&keys[i], file))
            of_file[s.count++] = &keys[i];
    status done = check_map(&s, "", root);
    arena_done(&mem);
    return done;
}
