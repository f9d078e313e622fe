/* Over every sample log: what programs write is what the walker writes, and few records need the walker: those of documents
 * without template, such as exported and forwarded ones, and what CAPI2 puts into its slots. */
#include "cmocka_all.h"
#include "format/binxml_program.h"
#include "format/evtx.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    evtx_reader *reader;
    bool (*run[2])(const binxml *, buf *);       /* as every processor does it, and as this one does it best */
    size_t ways, logs, records, regular;
} seen;

static void compare(const evtx_record *r, buf *fast, buf *slow)
{
    binxml_fault why;
    buf_clear(slow);
    bool readable = binxml_json_walked(&r->xml, slow, &why), regular = false;
    for (size_t i = 0; i < seen.ways; i++) {
        buf_clear(fast);
        regular = seen.run[i](&r->xml, fast);
        if (!regular)
            continue;
        assert_true(readable);
        if (!span_eq(buf_bytes(fast), buf_bytes(slow)))
            assert_string_equal(buf_text(fast), buf_text(slow));
    }
    seen.records += readable;
    seen.regular += regular;
}

static int read_log(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)ftw;
    size_t len = strlen(path);
    if (type != FTW_F || len < 5 || strcmp(path + len - 5, ".evtx") != 0)
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    arena mem;
    problems noted;
    evtx log;
    evtx_record record;
    buf fast, slow;
    arena_init(&mem, 0);
    problems_init(&noted, &mem);
    buf_init(&fast, 64 << 20);
    buf_init(&slow, 64 << 20);
    if (status_is_ok(evtx_open(&mem, evtx_source_fd(fd, (uint64_t)st->st_size, &mem), &noted, &log))) {
        seen.logs++;
        for (size_t i = 0; i < log.chunk_count; i++) {
            if (!evtx_chunk_load(seen.reader, &log, i, &noted))
                continue;
            while (evtx_next(seen.reader, &record))
                compare(&record, &fast, &slow);
            while (evtx_next_recovered(seen.reader, &record))
                compare(&record, &fast, &slow);
        }
    }
    buf_done(&fast);
    buf_done(&slow);
    arena_done(&mem);
    close(fd);
    return 0;
}

static void programs_write_what_the_walker_writes(void **state)
{
    (void)state;
    const char *told = getenv("SUYUAN_SAMPLES");
    seen.reader = evtx_reader_new(NULL);
#if defined(__x86_64__)
    seen.run[seen.ways++] = bx_run_sse2;
#endif
    if (bx_best_run())
        seen.run[seen.ways++] = bx_best_run();
    nftw(told ? told : SOURCE_ROOT "/../shared/samples", read_log, 16, FTW_PHYS);
    evtx_reader_free(seen.reader);
    if (seen.logs == 0) {
        print_message("skipped: no samples\n");
        exit(77);
    }
    print_message("%zu records of %zu logs, %zu of them by their program\n", seen.records, seen.logs, seen.regular);
    assert_true(!seen.ways || seen.regular >= seen.records / 100 * 95);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(programs_write_what_the_walker_writes) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
