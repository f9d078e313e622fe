/* Memory of crash dumps over any bytes: pages, tables, the kernel's lists. An input is a sparse file: its size (32 bits, 4 MiB at
 * most), then pieces: where (32 bits), how long (16 bits), bytes. What is listed stays within bounds, and texts are UTF-8. */
#include "format/crashdump.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 4 << 20 };
typedef struct { uint8_t *bytes; size_t len; } sparse;

static void require(bool kept)
{
    if (!kept)
        abort();
}

static int64_t read_sparse(void *context, uint64_t at, void *out, size_t len)
{
    const sparse *f = context;
    if (at >= f->len)
        return 0;
    size_t n = f->len - at < len ? (size_t)(f->len - at) : len;
    memcpy(out, f->bytes + at, n);
    return (int64_t)n;
}

static sparse make_file(span input)
{
    cursor c = cur_open(input);
    size_t len = cur_u32(&c, "size") % (MOST + 1);
    sparse f = { calloc(1, len ? len : 1), len };
    while (cur_ok(&c) && cur_left(&c) > 6) {
        size_t at = cur_u32(&c, "at"), n = cur_u16(&c, "len");
        n = n < cur_left(&c) ? n : cur_left(&c);
        span s = cur_bytes(&c, n, "bytes");
        if (s.len && at < len)
            memcpy(f.bytes + at, s.at, s.len < len - at ? s.len : len - at);
    }
    return f;
}

static bool is_text(const char *text) { return !text || utf8_valid(span_str(text)); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const crashdump_layout layouts[] = {
        { "6.0", 6000, 6003, false, { 0x270, 0 }, 0x9c, 0xa0, 0x14c, 0x124, 0x88, 0x90, 0x188, 0x1cc, 0x18 },
        { "6.1", 7600, 7601, true, { 0x4d0, 0 }, 0x180, 0x188, 0x2e0, 0x290, 0x168, 0x170, 0x338, 0x390, 0x28 },
    };
    sparse f = make_file(span_of(data, size));
    arena mem;
    problems noted;
    crashdump *d;
    arena_init(&mem, 128 << 20);
    problems_init(&noted, &mem);
    if (status_is_ok(crashdump_open(&mem, (source){ &f, read_sparse, f.len }, &noted, &d))) {
        const crashdump_module *modules;
        const crashdump_unloaded *gone;
        const crashdump_process *processes;
        const char *layout;
        size_t n = crashdump_modules(d, &modules);
        require(n <= CRASHDUMP_LIST_MOST);
        for (size_t i = 0; i < n; i++)
            require(modules[i].base && is_text(modules[i].path) && is_text(modules[i].name) && is_text(modules[i].version));
        n = crashdump_unloaded_modules(d, &gone);
        for (size_t i = 0; i < n; i++)
            require(is_text(gone[i].name));
        n = crashdump_processes(d, layouts, sizeof layouts / sizeof *layouts, &processes, &layout);
        require(n <= CRASHDUMP_LIST_MOST && (n == 0 || layout));
        for (size_t i = 0; i < n; i++)
            require(is_text(processes[i].name) && is_text(processes[i].path) && is_text(processes[i].command));
        require(is_text(crashdump_build_lab(d)));
        crashdump_caller callers[16];
        crashdump_process ran;
        (void)crashdump_callers(d, &crashdump_about(d)->context, 16, callers);
        (void)crashdump_current(d, layouts, sizeof layouts / sizeof *layouts, &ran);
        uint8_t some[64];
        const char *why;
        for (uint64_t at = 0; at < 64; at++)
            if (!crashdump_read(d, 0, at << 41, some, sizeof some, &why))
                require(why != NULL);
    }
    arena_done(&mem);
    free(f.bytes);
    return 0;
}
