#include "cli/console.h"
#include "cli/verb.h"
#include "profile/scene.h"

static const option options[] = {
    { 0, "lang", "zh|en", "the language of its comments; en when not given" },
};

static int run(const call *c)
{
    unsigned word = 1;
    call_word(c, "lang", &word);
    fputs(scene_template(word == 0 ? "zh" : "en"), stdout);
    return VERB_OK;
}

const verb verb_scene = {
    .name = "scene",
    .summary = "write a scene.yml to fill in: what you were told",
    .arguments = "",
    .description = "The scene is what a responder is told before any evidence is seen: the customer, the network, the hosts, and what "
                   "people say happened and when. `investigate --scene` and `join --scene` take it: the report's first chapter comes "
                   "from it, and every claim in it that evidence can check is checked.\n\n"
                   "  suyuan scene --lang zh > scene.yml",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
