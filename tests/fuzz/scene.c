/* The scene over any bytes: what is accepted keeps its promises. */
#include "profile/scene.h"

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
    const scene *s;
    arena_init(&mem, 64 << 20);
    status done = scene_parse(&mem, "scene.yml", span_of(data, size), &s);
    if (status_is_ok(done)) {
        require(s->zone.name != NULL);
        for (size_t i = 0; i < s->host_count; i++)
            require(utf8_valid(span_str(s->hosts[i].name)) && s->hosts[i].line > 0);
        for (size_t i = 0; i < s->claim_count; i++) {
            const scene_claim *c = &s->claims[i];
            require(c->index == SCENE_NO_HOST || c->index < s->host_count);
            require(scene_has_time(c->what) == moment_known(c->time));
            require(!moment_known(c->time) || (c->from <= c->time && c->time <= c->until));
        }
    } else {
        require(done.words[0] != '\0');
    }
    arena_done(&mem);
    return 0;
}
