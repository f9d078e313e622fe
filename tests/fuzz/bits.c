/* Transfer queues over any bytes: texts are UTF-8, each job and file begins in the bytes, and no job comes twice. */
#include "format/bits.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
    if (!kept)
        abort();
}

static void text(const char *s) { require(s && utf8_valid(span_str(s))); }

static void check_files(const bits_file *files, size_t count, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        text(files[i].url), text(files[i].local), text(files[i].temporary), text(files[i].volume);
        require(files[i].offset < size);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena mem;
    problems noted;
    bits q;
    arena_init(&mem, 256 << 20);
    problems_init(&noted, &mem);
    if (status_is_ok(bits_read(&mem, span_of(data, size), &noted, &q))) {
        for (size_t i = 0; i < q.job_count; i++) {
            const bits_job *j = &q.jobs[i];
            char when[MOMENT_TEXT];
            text(j->name), text(j->description), text(j->command), text(j->arguments), text(j->owner);
            text(bits_state_word(j->state)), text(bits_type_word(j->type));
            moment_iso(j->created, when);
            moment_iso(j->expires, when);
            require(j->offset < size && j->loose == q.database && !(q.database && j->recovered));
            check_files(j->files, j->file_count, size);
        }
        check_files(q.files, q.file_count, size);
    }
    arena_done(&mem);
    return 0;
}
