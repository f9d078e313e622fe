/* Completion for bash and zsh. A word that was begun with a dash is completed from the verb's options; behind an option
 * that takes one of a few words, from these; everything else is a path. */
#include "cli/help.h"

/* Words of "zh|en" with blanks between. */
static void put_words(FILE *to, const char *words)
{
    for (; *words; words++)
        fputc(*words == '|' ? ' ' : *words, to);
}

void help_completion_bash(FILE *to)
{
    fputs("# Completion of suyuan for bash.\n_suyuan()\n{\n"
          "    local word=\"${COMP_WORDS[COMP_CWORD]}\" before=\"${COMP_WORDS[COMP_CWORD-1]}\" words=\"\"\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words=\"", to);
    for (size_t i = 0; i < verb_count; i++)
        fprintf(to, "%s ", verbs[i]->name);
    fputs("--help --version\"\n        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n        return\n    fi\n"
          "    case \"${COMP_WORDS[1]}\" in\n", to);
    for (size_t i = 0; i < verb_count; i++) {
        const verb *v = verbs[i];
        fprintf(to, "    %s)\n", v->name);
        if (v->option_count)
            fputs("        case \"$before\" in\n", to);
        for (size_t k = 0; k < v->option_count; k++) {
            const option *o = &v->options[k];
            if (!o->argument)
                continue;
            fputs("        ", to);
            if (o->letter)
                fprintf(to, "-%c|", o->letter);
            fprintf(to, "--%s) ", o->name);
            if (strchr(o->argument, '|')) {
                fputs("COMPREPLY=($(compgen -W \"", to);
                put_words(to, o->argument);
                fputs("\" -- \"$word\")); ", to);
            } else if (help_is_path(o->argument)) {
                fputs("COMPREPLY=($(compgen -f -- \"$word\")); ", to);
            }
            fputs("return ;;\n", to);
        }
        if (v->option_count)
            fputs("        esac\n", to);
        fputs("        words=\"", to);
        for (size_t k = 0; k < v->option_count; k++)
            fprintf(to, "--%s ", v->options[k].name);
        fputs("--help\"\n", to);
        if (strcmp(v->name, "help") == 0) {
            fputs("        words=\"$words ", to);
            for (size_t k = 0; k < verb_count; k++)
                fprintf(to, "%s%s", k ? " " : "", verbs[k]->name);
            fputs("\"\n", to);
        }
        fputs("        ;;\n", to);
    }
    fputs("    esac\n"
          "    case \"$word\" in\n    -*) COMPREPLY=($(compgen -W \"$words\" -- \"$word\")) ;;\n"
          "    *) if [ \"${COMP_WORDS[1]}\" = help ]; then COMPREPLY=($(compgen -W \"$words\" -- \"$word\")); "
          "else COMPREPLY=($(compgen -f -- \"$word\")); fi ;;\n    esac\n"
          "}\ncomplete -o filenames -F _suyuan suyuan\n", to);
}

/* Text inside single quotes and brackets of a zsh specification. */
static void zsh_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", to);
        else if (strchr("[]:\\", *text))
            fprintf(to, "\\%c", *text);
        else
            fputc(*text, to);
    }
}

void help_completion_zsh(FILE *to)
{
    fputs("#compdef suyuan\n# Completion of suyuan for zsh.\n_suyuan()\n{\n    local -a verbs\n    verbs=(\n", to);
    for (size_t i = 0; i < verb_count; i++) {
        fprintf(to, "        '%s:", verbs[i]->name);
        zsh_text(to, verbs[i]->summary);
        fputs("'\n", to);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n        _describe verb verbs\n        return\n    fi\n"
          "    local verb=$words[2]\n    shift words\n    (( CURRENT-- ))\n    case $verb in\n", to);
    for (size_t i = 0; i < verb_count; i++) {
        const verb *v = verbs[i];
        fprintf(to, "    %s)\n        _arguments -s '--help[tell what this verb takes]'", v->name);
        for (size_t k = 0; k < v->option_count; k++) {
            const option *o = &v->options[k];
            for (unsigned form = o->letter ? 0 : 1; form < 2; form++) {
                if (form == 0)
                    fprintf(to, " \\\n            '*-%c[", o->letter);
                else
                    fprintf(to, " \\\n            '*--%s[", o->name);
                zsh_text(to, o->help);
                fputs("]", to);
                if (o->argument && strchr(o->argument, '|')) {
                    fputs(":word:(", to);
                    put_words(to, o->argument);
                    fputs(")", to);
                } else if (o->argument) {
                    fprintf(to, ":%s:%s", o->argument, help_is_path(o->argument) ? "_files" : "");
                }
                fputs("'", to);
            }
        }
        if (strcmp(v->name, "help") == 0)
            fputs(" \\\n            '1:verb:_describe verb verbs'", to);
        else if (v->most_paths > 0)
            fputs(" \\\n            '*:path:_files'", to);
        fputs("\n        ;;\n", to);
    }
    fputs("    esac\n}\n_suyuan \"$@\"\n", to);
}
