#include "cli/call.h"
#include "cli/console.h"
#include "cli/help.h"

#include <locale.h>
#include <signal.h>

int verb_main(int argc, char **argv)
{
    /* Names in archives and what is printed are UTF-8 whatever the machine is set to; numbers stay as in C. */
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        setlocale(LC_CTYPE, "C.utf8");
    signal(SIGPIPE, SIG_IGN);       /* a reader that leaves is a failed write, told once at the end */

    if (argc < 2) {
        help_program(stderr);
        return VERB_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
        puts("suyuan " SUYUAN_VERSION);
        return console_ended() ? VERB_OK : VERB_FAILED;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    const verb *v = verb_named(name);
    if (!v) {
        console_say(stderr, "suyuan: there is no verb '%s' (see: suyuan help)", name);
        return VERB_USAGE;
    }
    call c;
    if (!call_parse(&c, v, argc - 2, argv + 2))
        return VERB_USAGE;
    int result = VERB_OK;
    if (c.help)
        help_verb(stdout, v);
    else
        result = v->run(&c);
    return console_ended() || result != VERB_OK ? result : VERB_FAILED;
}
