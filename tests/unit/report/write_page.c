/* Writes the report of a case to standard output, for the tests that read it as a browser or a terminal would:
 *   write_page html|summary zh|en case.json
 *   write_page html|summary zh|en HOSTS TEXT      a made case, TEXT put into all of its texts */
#include "made_case.h"
#include "report/report.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

static bool read_file(const char *path, buf *out)
{
    FILE *from = fopen(path, "rb");
    if (!from)
        return false;
    uint8_t part[65536];
    size_t n;
    while ((n = fread(part, 1, sizeof part, from)) > 0)
        buf_put(out, part, n);
    fclose(from);
    return !out->overflow;
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5)
        return 2;
    arena mem;
    buf text, page;
    json *tree = NULL;
    arena_init(&mem, 0);
    buf_init(&text, STORE_BYTES);
    buf_init(&page, STORE_BYTES);
    bool ok = argc == 4 ? read_file(argv[3], &text)
                        : status_is_ok(store_json(made_case(&mem, (uint32_t)strtoul(argv[3], NULL, 10), argv[4]), 132500000000000000ull, &text));
    status s = ok ? json_parse(&mem, buf_bytes(&text), &tree) : status_fail(STATUS_IO, "no case");
    lang l = strcmp(argv[2], "zh") == 0 ? LANG_ZH : LANG_EN;
    if (status_is_ok(s))
        s = strcmp(argv[1], "html") == 0 ? report_html(tree, l, &page) : report_summary(tree, l, 40, &page);
    if (!status_is_ok(s))
        fprintf(stderr, "%s\n", s.words);
    else
        fwrite(page.at, 1, page.len, stdout);
    buf_done(&page);
    buf_done(&text);
    arena_done(&mem);
    return status_is_ok(s) && fflush(stdout) == 0 ? 0 : 1;
}
