#include "cli/help.h"

#define WIDTH 96

bool help_is_path(const char *argument)
{
    static const char *const paths[] = { "FILE", "DIR", "CASE", "PATH", "SCENE", "DIGEST" };
    for (size_t i = 0; argument && i < sizeof paths / sizeof *paths; i++)
        if (strncmp(argument, paths[i], strlen(paths[i])) == 0)
            return true;
    return false;
}

/* Puts words from `column` on; lines that go beyond WIDTH go on at `indent`. */
static void wrap(FILE *to, span words, unsigned indent, unsigned column)
{
    size_t at = 0;
    bool first = true;
    while (at < words.len) {
        size_t end = at;
        while (end < words.len && words.at[end] != ' ' && words.at[end] != '\n')
            end++;
        if (end > at) {
            unsigned len = (unsigned)(end - at);
            if (!first && column + 1 + len > WIDTH) {
                fprintf(to, "\n%*s", (int)indent, "");
                column = indent;
            } else if (!first) {
                fputc(' ', to);
                column++;
            }
            fwrite(words.at + at, 1, len, to);
            column += len;
            first = false;
        }
        at = end + 1;
    }
    fputc('\n', to);
}

static void put_options(FILE *to, const option *options, size_t count)
{
    enum { HELP_AT = 28 };
    for (size_t i = 0; i < count; i++) {
        const option *o = &options[i];
        int len = o->letter ? fprintf(to, "  -%c, --%s", o->letter, o->name) : fprintf(to, "      --%s", o->name);
        if (o->argument)
            len += fprintf(to, " %s", o->argument);
        if (len > HELP_AT - 2) {
            fputc('\n', to);
            len = 0;
        }
        fprintf(to, "%*s", HELP_AT - len, "");
        wrap(to, span_str(o->help), HELP_AT, HELP_AT);
    }
}

static void put_description(FILE *to, const char *text)
{
    while (*text) {
        size_t len;
        if (*text == '\n') {
            fputc('\n', to);
            text++;
            continue;
        }
        if (*text == ' ') {
            len = strcspn(text, "\n");
            fwrite(text, 1, len, to);
            fputc('\n', to);
        } else {
            const char *end = strstr(text, "\n\n");
            const char *kept = strstr(text, "\n ");
            if (!end || (kept && kept < end))
                end = kept;
            len = end ? (size_t)(end - text) : strlen(text);
            wrap(to, span_of(text, len), 0, 0);
        }
        text += len;
        if (*text == '\n')
            text++;
    }
}

void help_program(FILE *to)
{
    fputs("suyuan reconstructs an incident on Windows machines from the evidence they left.\n\n"
          "  suyuan VERB [OPTIONS] [ARGUMENTS]\n\n", to);
    for (size_t i = 0; i < verb_count; i++)
        fprintf(to, "  %-12s %s\n", verbs[i]->name, verbs[i]->summary);
    fputs("\n  suyuan help VERB       tells what a verb takes\n"
          "  suyuan --version       tells which version this is\n\n"
          "Exit status: 0 done, 1 failed, 2 wrong usage, 3 done but some evidence could not be read, or not in full.\n", to);
}

void help_verb(FILE *to, const verb *v)
{
    fprintf(to, "suyuan %s - %s\n\n  suyuan %s%s%s%s\n\n", v->name, v->summary, v->name, v->option_count ? " [OPTIONS]" : "",
            *v->arguments ? " " : "", v->arguments);
    put_description(to, v->description);
    if (v->option_count) {
        fputc('\n', to);
        put_options(to, v->options, v->option_count);
    }
}

/* Text for roff: no escapes, and no request at the beginning of a line. */
static void roff(FILE *to, const char *text)
{
    bool begins = true;
    for (; *text; text++) {
        if (begins && (*text == '.' || *text == '\''))
            fputs("\\&", to);
        if (*text == '\\')
            fputs("\\e", to);
        else if (*text == '-')
            fputs("\\-", to);
        else
            fputc(*text, to);
        begins = *text == '\n';
    }
}

static void roff_description(FILE *to, const char *text)
{
    bool kept = false;
    while (*text) {
        size_t len = strcspn(text, "\n");
        bool keep = *text == ' ';
        if (keep != kept)
            fputs(keep ? ".nf\n" : ".fi\n", to);
        kept = keep;
        if (len == 0) {
            fputs(".PP\n", to);
        } else {
            char line[512];
            snprintf(line, sizeof line, "%.*s", (int)len, text);
            roff(to, line);
            fputc('\n', to);
        }
        text += len;
        if (*text == '\n')
            text++;
    }
    if (kept)
        fputs(".fi\n", to);
}

void help_man(FILE *to)
{
    fputs(".TH SUYUAN 1 \"\" \"suyuan " SUYUAN_VERSION "\" \"User Commands\"\n"
          ".SH NAME\nsuyuan \\- reconstructs an incident on Windows machines from the evidence they left\n"
          ".SH SYNOPSIS\n", to);
    for (size_t i = 0; i < verb_count; i++) {
        fprintf(to, ".B suyuan %s\n", verbs[i]->name);
        if (verbs[i]->option_count)
            fputs("[\\fIOPTIONS\\fR] ", to);
        roff(to, verbs[i]->arguments);
        fputs("\n.br\n", to);
    }
    fputs(".SH DESCRIPTION\nEvidence goes in: event logs, alone, in folders or in archives, of any number of hosts. A case comes out: "
          "what happened, in which order, how the intruder came in, where he went, what brings him back, what cannot be known, and "
          "what to do, each with its proof. Evidence is only read, never written to.\n.SH VERBS\n", to);
    for (size_t i = 0; i < verb_count; i++) {
        const verb *v = verbs[i];
        fprintf(to, ".SS %s \\- ", v->name);
        roff(to, v->summary);
        fputc('\n', to);
        roff_description(to, v->description);
        for (size_t k = 0; k < v->option_count; k++) {
            const option *o = &v->options[k];
            fputs(".TP\n", to);
            if (o->letter)
                fprintf(to, "\\fB\\-%c\\fR, ", o->letter);
            fputs("\\fB\\-\\-", to);
            roff(to, o->name);
            fputs("\\fR", to);
            if (o->argument) {
                fputs(" \\fI", to);
                roff(to, o->argument);
                fputs("\\fR", to);
            }
            fputc('\n', to);
            roff(to, o->help);
            fputc('\n', to);
        }
    }
    fputs(".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nFailed.\n.TP\n2\nWrong usage.\n.TP\n3\nDone, but some evidence could not be read, or not in full.\n"
          ".SH ENVIRONMENT\n.TP\nSOURCE_DATE_EPOCH\nSeconds since 1970, taken as the time of this run wherever that time is written.\n", to);
}
