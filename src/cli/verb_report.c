#include "cli/casework.h"
#include "cli/console.h"
#include "cli/given.h"
#include "report/report.h"
#include "store/store.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static const option options[] = {
    { 'o', "output", "FILE", "write there instead of to standard output" },
    { 0, "lang", "zh|en", "the language that is shown first; that of the locale when not given" },
    { 0, "summary", NULL, "the summary for a terminal instead: at most 40 lines" },
};

static status read_case(const char *path, buf *out)
{
    char file[PATH_MAX];
    struct stat about;
    bool folder = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    if (snprintf(file, sizeof file, folder ? "%s/case.json" : "%s", path) >= PATH_MAX)
        return status_fail(STATUS_NOT_FOUND, "the name is too long");
    FILE *from = fopen(file, "rb");
    if (!from)
        return status_fail(STATUS_NOT_FOUND, "%.160s: %s", file, strerror(errno));
    uint8_t part[65536];
    size_t n;
    while ((n = fread(part, 1, sizeof part, from)) > 0 && !out->overflow)
        buf_put(out, part, n);
    bool failed = ferror(from);
    fclose(from);
    if (failed)
        return status_fail(STATUS_IO, "%.160s could not be read", file);
    if (out->overflow)
        return status_fail(STATUS_LIMIT, "%.160s is larger than any case", file);
    return status_ok();
}

static int run(const call *c)
{
    lang first = casework_lang(c);
    given is = given_is(call_paths(c)[0]);
    if (is != GIVEN_CASE && is != GIVEN_CASE_FILE && is != GIVEN_NOTHING)
        return given_wrong(c, call_paths(c)[0], is, "a case folder or its case.json");
    arena mem;
    buf text, page;
    json *tree = NULL;
    arena_init(&mem, 0);
    buf_init(&text, STORE_BYTES);
    buf_init(&page, STORE_BYTES);
    status s = read_case(call_paths(c)[0], &text);
    if (status_is_ok(s))
        s = json_parse(&mem, buf_bytes(&text), &tree);
    bool summary = call_flag(c, "summary");
    if (status_is_ok(s))
        s = summary ? report_summary(tree, first, 40, &page) : report_html(tree, first, &page);
    if (status_is_ok(s)) {
        const char *to = call_value(c, "output");
        if (to)
            s = store_path(to, buf_bytes(&page));
        else if (summary)
            console_text(stdout, buf_text(&page));
        else
            fwrite(page.at, 1, page.len, stdout);
    }
    buf_done(&page);
    buf_done(&text);
    arena_done(&mem);
    return status_is_ok(s) ? VERB_OK : call_failed(c, s);
}

const verb verb_report = {
    .name = "report",
    .summary = "print the report of a case again",
    .arguments = "CASE",
    .description = "CASE is a case folder or a case.json. The report is one HTML page that needs no network: both languages, light and "
                   "dark, search and filters are in it, and it prints on A4.\n\n"
                   "  suyuan report -o report.html --lang zh CASE",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .least_paths = 1,
    .most_paths = 1,
    .run = run,
};
