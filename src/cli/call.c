#include "cli/call.h"

#include "cli/console.h"

#include <stdarg.h>
#include <stdio.h>

static bool wrong(const verb *of, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool wrong(const verb *of, const char *format, ...)
{
    char words[512];
    va_list list;
    va_start(list, format);
    vsnprintf(words, sizeof words, format, list);
    va_end(list);
    console_say(stderr, "suyuan %s: %s (see: suyuan help %s)", of->name, words, of->name);
    return false;
}

/* Which of the words of "zh|en" this is; -1 for none of them. */
static int word_index(const char *words, span is)
{
    int index = 0;
    for (const char *at = words;; index++) {
        size_t len = strcspn(at, "|");
        if (span_eq(span_of(at, len), is))
            return index;
        if (at[len] == '\0')
            return -1;
        at += len + 1;
    }
}

static bool keep(call *out, const option *what, const char *value)
{
    if (out->given_count == CALL_OPTIONS)
        return wrong(out->of, "more than %d options", CALL_OPTIONS);
    if (value && strchr(what->argument, '|') && word_index(what->argument, span_str(value)) < 0)
        return wrong(out->of, "--%s takes %s, not '%s'", what->name, what->argument, value);
    out->given[out->given_count].what = what;
    out->given[out->given_count].value = value;
    out->given_count++;
    return true;
}

static const option *option_named(const verb *of, span name)
{
    for (size_t i = 0; i < of->option_count; i++)
        if (span_is(name, of->options[i].name))
            return &of->options[i];
    return NULL;
}

static const option *option_lettered(const verb *of, char letter)
{
    for (size_t i = 0; i < of->option_count; i++)
        if (of->options[i].letter == letter)
            return &of->options[i];
    return NULL;
}

/* `text` follows the two dashes. *next is what stands behind it on the command line, or NULL; set to NULL when it was used. */
static bool parse_long(call *out, const char *text, const char **next)
{
    size_t len = strcspn(text, "=");
    const option *what = option_named(out->of, span_of(text, len));
    const char *value = text[len] == '=' ? text + len + 1 : NULL;

    if (!what && span_eq(span_of(text, len), span_str("help")) && !value) {
        out->help = true;
        return true;
    }
    if (!what)
        return wrong(out->of, "there is no option --%.*s", (int)len, text);
    if (!what->argument) {
        if (value)
            return wrong(out->of, "--%s takes no value", what->name);
        return keep(out, what, NULL);
    }
    if (!value) {
        value = *next;
        *next = NULL;
    }
    if (!value)
        return wrong(out->of, "--%s needs a value: %s", what->name, what->argument);
    return keep(out, what, value);
}

/* `text` follows the dash: flags, of which the last may have a value. */
static bool parse_letters(call *out, const char *text, const char **next)
{
    for (; *text; text++) {
        const option *what = option_lettered(out->of, *text);
        if (!what && *text == 'h') {
            out->help = true;
            continue;
        }
        if (!what)
            return wrong(out->of, "there is no option -%c", *text);
        if (!what->argument) {
            if (!keep(out, what, NULL))
                return false;
            continue;
        }
        const char *value = text[1] ? text + 1 : *next;
        if (!text[1])
            *next = NULL;
        if (!value)
            return wrong(out->of, "-%c needs a value: %s", *text, what->argument);
        return keep(out, what, value);
    }
    return true;
}

bool call_parse(call *out, const verb *of, int argc, char **argv)
{
    *out = (call){ .of = of, .paths = (const char **)argv };
    bool options_end = false;

    for (int i = 0; i < argc; i++) {
        const char *text = argv[i];
        if (options_end || text[0] != '-' || text[1] == '\0') {
            out->paths[out->path_count++] = text;
            continue;
        }
        if (strcmp(text, "--") == 0) {
            options_end = true;
            continue;
        }
        const char *offered = i + 1 < argc ? argv[i + 1] : NULL;
        const char *next = offered;
        if (!(text[1] == '-' ? parse_long(out, text + 2, &next) : parse_letters(out, text + 1, &next)))
            return false;
        if (next != offered)
            i++;
    }
    if (out->help)
        return true;
    if (out->path_count < of->least_paths)
        return wrong(of, "%s is missing", of->arguments);
    if (out->path_count > of->most_paths) {
        if (of->most_paths == 0)
            return wrong(of, "takes no argument, not '%s'", out->paths[0]);
        return wrong(of, "'%s' is one argument too many", out->paths[of->most_paths]);
    }
    return true;
}

const char *call_value_at(const call *c, const char *name, size_t nth)
{
    for (size_t i = 0; i < c->given_count; i++)
        if (strcmp(c->given[i].what->name, name) == 0 && nth-- == 0)
            return c->given[i].value;
    return NULL;
}

const char *call_value(const call *c, const char *name)
{
    for (size_t i = c->given_count; i-- > 0;)
        if (strcmp(c->given[i].what->name, name) == 0)
            return c->given[i].value;
    return NULL;
}

bool call_flag(const call *c, const char *name)
{
    for (size_t i = 0; i < c->given_count; i++)
        if (strcmp(c->given[i].what->name, name) == 0)
            return true;
    return false;
}

const char *const *call_paths(const call *c) { return c->paths; }
size_t call_path_count(const call *c) { return c->path_count; }

bool call_number(const call *c, const char *name, uint64_t least, uint64_t most, uint64_t *out)
{
    const char *text = call_value(c, name);
    if (!text)
        return true;
    uint64_t number = 0;
    bool sound = *text != '\0';
    for (const char *at = text; *at && sound; at++) {
        unsigned digit = (unsigned)(*at - '0');
        sound = digit <= 9 && number <= (UINT64_MAX - digit) / 10;
        number = sound ? number * 10 + digit : 0;
    }
    if (!sound || number < least || number > most)
        return wrong(c->of, "--%s takes a whole number from %llu to %llu, not '%s'", name, (unsigned long long)least,
                     (unsigned long long)most, text);
    *out = number;
    return true;
}

bool call_time(const call *c, const char *name, moment *out)
{
    const char *text = call_value(c, name);
    if (!text)
        return true;
    moment read;
    if (!moment_parse(span_str(text), &read))
        return wrong(c->of, "--%s takes a time such as 2020-05-11 or 2020-05-11T08:30:00+08:00, not '%s'", name, text);
    *out = read;
    return true;
}

bool call_word(const call *c, const char *name, unsigned *out)
{
    const char *text = call_value(c, name);
    if (!text)
        return true;
    const option *what = option_named(c->of, span_str(name));
    *out = (unsigned)word_index(what->argument, span_str(text));    /* call_parse let no other word in */
    return true;
}

int call_usage(const call *c, const char *format, ...)
{
    char words[512];
    va_list list;
    va_start(list, format);
    vsnprintf(words, sizeof words, format, list);
    va_end(list);
    wrong(c->of, "%s", words);
    return VERB_USAGE;
}

int call_failed(const call *c, status s)
{
    console_say(stderr, "suyuan %s: %s", c->of->name, s.words);
    return VERB_FAILED;
}
