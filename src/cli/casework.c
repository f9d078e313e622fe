#include "cli/casework.h"

#include "cli/console.h"
#include "cli/given.h"
#include "incident/incident.h"
#include "report/report.h"
#include "store/store.h"
#include "survey/survey.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define DIGEST_SUFFIX ".digest"
#define SUMMARY_LINES 38u                    /* two more say where the report is */
#define DIGEST_FILE_BYTES (128u << 20)       /* of a compressed one: more is none of ours */

/* The clock of this run stands in the case in one place; SOURCE_DATE_EPOCH sets it. */
static moment now(void)
{
    const char *told = getenv("SOURCE_DATE_EPOCH");
    char *end;
    long long seconds = told ? strtoll(told, &end, 10) : 0;
    if (told && *told && *end == '\0')
        return moment_from_unix(seconds, 0);
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return moment_from_unix(t.tv_sec, (uint32_t)t.tv_nsec);
}

lang casework_lang(const call *c)
{
    unsigned word = 0;
    if (call_value(c, "lang")) {
        call_word(c, "lang", &word);
        return word == 0 ? LANG_ZH : LANG_EN;
    }
    const char *locale = getenv("LC_ALL");
    locale = locale && *locale ? locale : getenv("LC_MESSAGES");
    locale = locale && *locale ? locale : getenv("LANG");
    return locale && strncmp(locale, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
}

static status read_file(const char *path, size_t limit, buf *out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return status_fail(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "%s: %s", path, strerror(errno));
    buf_init(out, limit);
    uint8_t bytes[65536];
    ssize_t n;
    while ((n = read(fd, bytes, sizeof bytes)) > 0)
        buf_put(out, bytes, (size_t)n);
    int failed = n < 0 ? errno : 0;
    close(fd);
    if (failed || out->overflow) {
        buf_done(out);
        return failed ? status_fail(STATUS_IO, "%s: %s", path, strerror(failed)) : status_fail(STATUS_LIMIT, "%s: too large for a digest", path);
    }
    return status_ok();
}

status casework_add(casework *w, digest *d, const char *name)
{
    bool was;
    map_put(&w->names, span_str(name), &was);
    if (was)
        digest_free(d);
    else
        *(digest **)vec_push(&w->digests) = d;
    return status_ok();
}

static status add_one(casework *w, const char *path)
{
    buf bytes;
    digest *d;
    status s = read_file(path, DIGEST_FILE_BYTES, &bytes);
    if (!status_is_ok(s))
        return s;
    s = digest_read(buf_bytes(&bytes), &d);
    buf_done(&bytes);
    if (!status_is_ok(s))
        return status_fail(s.code, "%s: %s", path, s.words);
    char name[65];
    digest_name(d, name);
    return casework_add(w, d, name);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_digest_name(const char *name)
{
    size_t n = strlen(name), suffix = strlen(DIGEST_SUFFIX);
    return n > suffix && strcmp(name + n - suffix, DIGEST_SUFFIX) == 0;
}

/* Names of a folder's digests, sorted. */
static status list_digests(casework *w, const char *folder, vec *names)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return status_fail(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "%s: %s", folder, strerror(errno));
    for (struct dirent *e; (e = readdir(dir)) != NULL;)
        if (is_digest_name(e->d_name))
            *(const char **)vec_push(names) = arena_printf(&w->mem, "%s/%s", folder, e->d_name);
    closedir(dir);
    vec_sort(names, by_name);
    return status_ok();
}

status casework_add_file(casework *w, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return status_fail(STATUS_NOT_FOUND, "%s: %s", path, strerror(errno));
    if (!S_ISDIR(st.st_mode))
        return add_one(w, path);
    vec names;
    vec_init(&names, sizeof(const char *));
    status s = list_digests(w, path, &names);
    if (status_is_ok(s) && names.count == 0)
        s = status_fail(STATUS_NOT_FOUND, "%s: no digests in this folder (they end in " DIGEST_SUFFIX ")", path);
    for (size_t i = 0; i < names.count && status_is_ok(s); i++)
        s = add_one(w, *(const char *const *)vec_at(&names, i));
    vec_done(&names);
    return s;
}

static status make_folder(const char *path)
{
    struct stat there;
    if (stat(path, &there) == 0 && !S_ISDIR(there.st_mode))
        return status_fail(STATUS_BAD_INPUT, "-o %s: a case is a folder, and this is a file", path);
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    return status_ok();
}

static status open_scene(casework *w, const char *told)
{
    const char *own = arena_printf(&w->mem, "%s/scene.yml", w->folder);
    if (told) {
        given is = given_is(told);
        if (is == GIVEN_NOTHING)
            return status_fail(STATUS_NOT_FOUND, "--scene %s: %s", told, strerror(errno));
        if (is != GIVEN_FILE)
            return status_fail(STATUS_BAD_INPUT, "--scene %s: no scene; suyuan scene writes one to fill in", told);
        return scene_read(&w->mem, told, &w->scene);
    }
    if (w->anew || access(own, R_OK) != 0)
        return status_ok();
    return scene_read(&w->mem, own, &w->scene);
}

const char *casework_folder(const call *c)
{
    return call_value(c, "output") ? call_value(c, "output") : "case";
}

status casework_open(casework *w, const call *c, const char *folder)
{
    *w = (casework){ .folder = folder, .scene_path = call_value(c, "scene"), .shown = casework_lang(c), .anew = call_flag(c, "new") };
    arena_init(&w->mem, 0);
    w->digest_folder = arena_printf(&w->mem, "%s/digests", folder);
    vec_init(&w->digests, sizeof(digest *));
    map_init(&w->names);
    status s = profile_open(NULL, &w->mem, &w->facts);
    if (status_is_ok(s))
        s = open_scene(w, w->scene_path);
    if (status_is_ok(s))
        s = make_folder(folder);
    if (status_is_ok(s))
        s = make_folder(w->digest_folder);
    if (status_is_ok(s) && !w->anew) {
        vec names;
        vec_init(&names, sizeof(const char *));
        s = list_digests(w, w->digest_folder, &names);
        for (size_t i = 0; i < names.count && status_is_ok(s); i++)
            s = add_one(w, *(const char *const *)vec_at(&names, i));
        vec_done(&names);
    }
    return s;
}

/* Digests of a case that is replaced go when all new ones lie safely beside them. */
static status keep_digests(casework *w)
{
    status s = status_ok();
    for (size_t i = 0; i < w->digests.count && status_is_ok(s); i++) {
        digest *d = *(digest **)vec_at(&w->digests, i);
        char name[65];
        digest_name(d, name);
        if (access(arena_printf(&w->mem, "%s/%s" DIGEST_SUFFIX, w->digest_folder, name), R_OK) != 0)
            s = survey_write(w->digest_folder, d, name);
    }
    if (!status_is_ok(s))
        return s;
    vec names;
    vec_init(&names, sizeof(const char *));
    s = list_digests(w, w->digest_folder, &names);
    for (size_t i = 0; i < names.count; i++) {
        const char *path = *(const char *const *)vec_at(&names, i), *name = strrchr(path, '/') + 1;
        if (!map_find(&w->names, span_of(name, strlen(name) - strlen(DIGEST_SUFFIX))))
            unlink(path);
    }
    vec_done(&names);
    return s;
}

static status write_scene(casework *w)
{
    if (!w->scene_path) {
        if (w->anew)
            unlink(arena_printf(&w->mem, "%s/scene.yml", w->folder));
        return status_ok();
    }
    buf bytes;
    status s = read_file(w->scene_path, 4u << 20, &bytes);
    if (!status_is_ok(s))
        return s;
    s = store_file(w->folder, "scene.yml", buf_bytes(&bytes));
    buf_done(&bytes);
    return s;
}

/* From what case.json says, as `suyuan report` does later. */
static status write_report(casework *w, const suyuan_case *c, moment made, buf *summary)
{
    buf text, page;
    json *tree;
    buf_init(&text, STORE_BYTES);
    buf_init(&page, STORE_BYTES);
    status s = store_json(c, made, &text);
    if (status_is_ok(s))
        s = json_parse(&w->mem, buf_bytes(&text), &tree);
    if (status_is_ok(s))
        s = report_html(tree, w->shown, &page);
    if (status_is_ok(s))
        s = store_file(w->folder, "report.html", buf_bytes(&page));
    if (status_is_ok(s))
        s = report_summary(tree, w->shown, SUMMARY_LINES, summary);
    if (status_is_ok(s))
        buf_printf(summary, "\n%s/report.html\n", w->folder);
    buf_done(&page);
    buf_done(&text);
    return s;
}

static status write_case(casework *w, buf *summary)
{
    suyuan_case *c;
    moment made = now();
    status s = incident_join(&w->mem, w->digests.at, w->digests.count, w->scene, w->facts, &c);
    if (status_is_ok(s))
        s = keep_digests(w);
    if (status_is_ok(s))
        s = write_scene(w);
    if (status_is_ok(s))
        s = store_write(c, made, w->folder);
    if (status_is_ok(s))
        s = write_report(w, c, made, summary);
    return s;
}

int casework_finish(casework *w, const call *c, status s)
{
    buf summary;
    buf_init(&summary, 1u << 20);
    if (status_is_ok(s))
        s = write_case(w, &summary);
    if (status_is_ok(s))
        console_text(stdout, buf_text(&summary));
    buf_done(&summary);
    casework_done(w);
    return status_is_ok(s) ? VERB_OK : s.code == STATUS_BAD_INPUT ? call_usage(c, "%s", s.words) : call_failed(c, s);
}

void casework_done(casework *w)
{
    for (size_t i = 0; i < w->digests.count; i++)
        digest_free(*(digest **)vec_at(&w->digests, i));
    vec_done(&w->digests);
    map_done(&w->names);
    arena_done(&w->mem);
}
