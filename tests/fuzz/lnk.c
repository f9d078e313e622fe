/* Shell links over any bytes: texts are UTF-8, and a target is one of the ways that the link tells it. */
#include "format/lnk.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool kept)
{
    if (!kept)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena mem;
    problems noted;
    lnk l;
    arena_init(&mem, 64 << 20);
    problems_init(&noted, &mem);
    if (status_is_ok(lnk_read(&mem, span_of(data, size), &noted, &l))) {
        const char *const texts[] = { l.target, l.arguments, l.folder, l.local_path, l.network_path, l.environment_path, l.item_path, l.relative_path, l.name, l.icon,
                                      l.machine, l.volume_label };
        for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
            require(texts[i] && utf8_valid(span_str(texts[i])));
        require(l.target == l.local_path || l.target == l.network_path || l.target == l.environment_path || l.target == l.item_path || l.target == l.relative_path || !*l.target);
    }
    arena_done(&mem);
    return 0;
}
