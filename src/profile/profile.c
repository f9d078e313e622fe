#include "profile/profile.h"

#include "base/embedded.h"
#include "profile/schema.h"
#include "profile/tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILES = 256 };

typedef struct { const char *name; span bytes; const profile_node *root; } fact_file;

struct profile {
    fact_file files[FILES];         /* in order of name */
    size_t count;
    char hash[65];
};

extern const embedded_file profile_files[];
extern const size_t profile_files_count;

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const fact_file *)a)->name, ((const fact_file *)b)->name);
}

static bool is_fact_file(const char *name)
{
    size_t len = strlen(name);
    return len > 4 && name[0] != '.' && strcmp(name + len - 4, ".yml") == 0;
}

/* `below`: "" or "baselines/", the folder's place among the profiles. */
static status list_folder(const char *folder, const char *below, arena *mem, profile *p)
{
    const char *at = arena_printf(mem, "%s/%s", folder, below);
    DIR *dir = at ? opendir(at) : NULL;
    if (!dir)
        return status_fail(STATUS_IO, "%s/%s: %s", folder, below, at ? strerror(errno) : "too large");
    status done = status_ok();
    for (struct dirent *entry; status_is_ok(done) && (entry = readdir(dir));) {
        if (!is_fact_file(entry->d_name))
            continue;
        if (p->count == FILES) {
            done = status_fail(STATUS_BAD_INPUT, "%s: more than %d profiles", folder, FILES);
            break;
        }
        fact_file *file = &p->files[p->count++];
        file->name = arena_printf(mem, "%s%s", below, entry->d_name);
        const char *path = file->name ? arena_printf(mem, "%s/%s", folder, file->name) : NULL;
        done = path ? tree_read_file(mem, path, &file->bytes) : status_fail(STATUS_LIMIT, "%s: too large", folder);
    }
    closedir(dir);
    return done;
}

static status list_folders(const char *folder, arena *mem, profile *p)
{
    status done = list_folder(folder, "", mem, p);
    const char *baselines = arena_printf(mem, "%s/baselines", folder);
    if (status_is_ok(done) && baselines && access(baselines, X_OK) == 0)
        done = list_folder(folder, "baselines/", mem, p);
    if (p->count)
        qsort(p->files, p->count, sizeof *p->files, compare_names);
    return done;
}

static fact_file *find_file(const profile *p, const char *name)
{
    for (size_t i = 0; i < p->count; i++)
        if (strcmp(p->files[i].name, name) == 0)
            return (fact_file *)&p->files[i];
    return NULL;
}

/* What is built in is what the program asks for; a folder that stands in for it must have it all. */
static status check_complete(const char *folder, const profile *p)
{
    for (size_t i = 0; i < profile_files_count; i++)
        if (!find_file(p, profile_files[i].name))
            return status_fail(STATUS_BAD_INPUT, "%s: %s is missing", folder, profile_files[i].name);
    return status_ok();
}

static void hash_files(profile *p)
{
    sha256 *h = sha256_begin();
    uint8_t digest[32];
    for (size_t i = 0; i < p->count; i++) {
        /* Length and NUL set the parts off, so that no two sets of files read the same. */
        uint64_t len = p->files[i].bytes.len;
        sha256_add(h, span_of(p->files[i].name, strlen(p->files[i].name) + 1));
        sha256_add(h, span_of(&len, sizeof len));
        sha256_add(h, p->files[i].bytes);
    }
    sha256_end(h, digest);
    hex_of(span_of(digest, sizeof digest), p->hash);
}

static status check_beginning(const char *shown_as, const profile_node *root)
{
    const profile_node *first = root->first, *second = first ? first->next : NULL;
    if (second && strcmp(first->key, "about") == 0 && strcmp(second->key, "source") == 0)
        return status_ok();
    return status_fail(STATUS_BAD_INPUT, "%s:%u: it must begin with 'about' and 'source'", shown_as, first ? first->line : 1);
}

static status parse_file(const char *folder, arena *mem, fact_file *file)
{
    const char *shown_as = arena_printf(mem, "%s/%s", folder, file->name);
    const char *subject = arena_text(mem, span_of(file->name, strlen(file->name) - 4));
    if (!shown_as || !subject)
        return status_fail(STATUS_LIMIT, "%s: too large", folder);
    if (!schema_knows(profile_keys, profile_key_count, subject))
        return status_fail(STATUS_BAD_INPUT, "%s: no profile of this name is known", shown_as);
    status done = tree_parse(mem, shown_as, file->bytes, TREE_FACTS, &file->root);
    if (status_is_ok(done))
        done = schema_check(profile_keys, profile_key_count, subject, shown_as, file->root);
    if (status_is_ok(done))
        done = check_beginning(shown_as, file->root);
    return done;
}

status profile_open(const char *folder, arena *mem, profile **out)
{
    profile *p = arena_alloc(mem, sizeof *p);
    if (!p)
        return status_fail(STATUS_LIMIT, "profiles: too large");
    status done = status_ok();
    if (folder) {
        done = list_folders(folder, mem, p);
        if (status_is_ok(done))
            done = check_complete(folder, p);
    } else {
        for (; p->count < profile_files_count; p->count++)
            p->files[p->count] = (fact_file){ .name = profile_files[p->count].name, .bytes = profile_files[p->count].bytes };
    }
    for (size_t i = 0; status_is_ok(done) && i < p->count; i++)
        done = parse_file(folder ? folder : "profiles", mem, &p->files[i]);
    if (!status_is_ok(done))
        return done;
    hash_files(p);
    *out = p;
    return done;
}

const profile_node *profile_root(const profile *p, const char *file)
{
    for (size_t i = 0; i < p->count; i++) {
        size_t len = strlen(p->files[i].name) - 4;
        if (strlen(file) == len && memcmp(p->files[i].name, file, len) == 0)
            return p->files[i].root;
    }
    return NULL;
}

const char *profile_name(const profile *p, size_t nth)
{
    return nth < p->count ? p->files[nth].name : NULL;
}

status profile_need(const profile *p, const char *file, const profile_node **root)
{
    *root = profile_root(p, file);
    return *root ? status_ok() : status_fail(STATUS_NOT_FOUND, "profiles/%s.yml: there is no such file", file);
}

const char *profile_hash(const profile *p)
{
    return p->hash;
}

const profile_node *profile_get(const profile_node *map, const char *key)
{
    if (!map || map->kind != PROFILE_MAP)
        return NULL;
    for (const profile_node *child = map->first; child; child = child->next)
        if (strcmp(child->key, key) == 0)
            return child;
    return NULL;
}

const profile_node *profile_list(const profile_node *map, const char *key)
{
    const profile_node *list = profile_get(map, key);
    return list ? list->first : NULL;
}

const char *profile_text(const profile_node *map, const char *key)
{
    const profile_node *word = profile_get(map, key);
    return word ? word->text : NULL;
}

int64_t profile_number(const profile_node *map, const char *key, bool *found)
{
    const char *text = profile_text(map, key);
    int64_t value = 0;
    *found = text && tree_read_number(text, &value);
    return *found ? value : 0;
}

double profile_real(const profile_node *map, const char *key, bool *found)
{
    const char *text = profile_text(map, key);
    double value = 0;
    *found = text && tree_read_real(text, &value);
    return *found ? value : 0;
}

int64_t profile_duration(const profile_node *map, const char *key, bool *found)
{
    const char *text = profile_text(map, key);
    int64_t value = 0;
    *found = text && tree_read_duration(text, &value);
    return *found ? value : 0;
}

bool profile_true(const profile_node *map, const char *key)
{
    const char *text = profile_text(map, key);
    return text && strcmp(text, "true") == 0;
}

bool profile_has(const profile_node *map, const char *key, const char *word)
{
    const profile_node *list = profile_get(map, key);
    if (!list)
        return false;
    if (list->kind == PROFILE_WORD)
        return tree_same_word(list->text, word);
    for (const profile_node *child = list->first; child; child = child->next)
        if (child->text && tree_same_word(child->text, word))
            return true;
    return false;
}
