/* Of which version is a program that a check asks for? (profiles/checks.yml, versions_of.)
 *
 * The numbers of VS_FIXEDFILEINFO are told: the texts beside them may say anything. A program without them tells nothing, and what
 * lies in the folder of an earlier Windows is none that runs. */
#include "detect/artifact.h"

#include "format/pe.h"

#include <ctype.h>
#include <strings.h>

static status setup(const detect_setup *s, void **out)
{
    const profile_node *root;
    status st = profile_need(s->facts, "checks", &root);
    *out = (void *)(uintptr_t)root;
    return st;
}

static bool is_slash(char c) { return c == '\\' || c == '/'; }

/* Whether these are the same parts, whichever way the slashes lean. */
static bool same_parts(const char *text, const char *parts, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (is_slash(parts[i]) ? !is_slash(text[i]) : tolower((unsigned char)text[i]) != tolower((unsigned char)parts[i]))
            return false;
    return true;
}

static bool ends_with_parts(const char *path, const char *parts)
{
    size_t n = strlen(path), m = strlen(parts);
    return n >= m && (n == m || is_slash(path[n - m - 1])) && same_parts(path + n - m, parts, m);
}

/* A folder whose name begins so: Windows.old, Windows.old.000. */
static bool has_folder(const char *path, const char *name)
{
    for (const char *at = strcasestr(path, name); at; at = strcasestr(at + 1, name))
        if (at == path || is_slash(at[-1]))
            return true;
    return false;
}

static bool wants(const void *context, artifact_kind kind, const char *where, const char *path)
{
    (void)where;
    if (kind != ARTIFACT_PROGRAM)
        return false;
    const profile_node *of = profile_list(context, "versions_of");
    while (of && !ends_with_parts(path, of->text))
        of = of->next;
    for (const profile_node *n = profile_list(context, "versions_not_below"); of && n; n = n->next)
        if (has_folder(path, n->text))
            return false;
    return of != NULL;
}

static status file(const void *context, const file_view *f, detect_log *out)
{
    (void)context;
    pe program;
    char version[24];
    status s = pe_read(f->mem, f->bytes, f->noted, &program);
    if (!status_is_ok(s) || !program.has_version)
        return s;
    detect_act_builder *a = detect_act_at(out, "file.version", 1, MOMENT_UNKNOWN, false);
    detect_fact(a, "file", *f->where ? f->where : f->path);
    detect_fact(a, "version", pe_version_text(program.file, version));
    detect_fact(a, "product", program.product_name);
    detect_fact(a, "original", program.original_name);
    return s;
}

const artifact_question question_file_versions = { .name = "file-versions", .setup = setup, .wants = wants, .file = file };
