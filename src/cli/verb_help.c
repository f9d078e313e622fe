#include "cli/console.h"
#include "cli/help.h"

static const option options[] = {
    { 0, "man", NULL, "write the man page (roff) of the whole program" },
    { 0, "completion", "bash|zsh", "write the completion for this shell" },
};

static int run(const call *c)
{
    unsigned shell = 0;
    if (call_flag(c, "man") || call_value(c, "completion")) {
        if (call_path_count(c) > 0)
            return call_usage(c, "--man and --completion speak of all verbs");
        call_word(c, "completion", &shell);
        if (call_flag(c, "man"))
            help_man(stdout);
        else if (shell == 0)
            help_completion_bash(stdout);
        else
            help_completion_zsh(stdout);
        return VERB_OK;
    }
    if (call_path_count(c) == 0) {
        help_program(stdout);
        return VERB_OK;
    }
    const char *name = call_paths(c)[0];
    const verb *v = verb_named(name);
    if (!v)
        return call_usage(c, "there is no verb '%s'", name);
    help_verb(stdout, v);
    return VERB_OK;
}

const verb verb_help = {
    .name = "help",
    .summary = "tell what a verb takes",
    .arguments = "[VERB]",
    .description = "Without a verb: all of them, one line each. `suyuan VERB --help` is the same as `suyuan help VERB`.\n\n"
                   "To have completion in the shell that runs:\n\n"
                   "  eval \"$(suyuan help --completion bash)\"",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .most_paths = 1,
    .run = run,
};
