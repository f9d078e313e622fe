#include "cli/reading.h"

#include "base/pool.h"
#include "cli/casework.h"
#include "cli/console.h"

#include <stdarg.h>

static void note(void *context, const char *path, const problem *p)
{
    reading *r = context;
    /* What was copied from a running system looks so; a line for each log of forty hosts would hide real damage. */
    if (strcmp(p->kind, "header.dirty") == 0) {
        r->dirty++;
        return;
    }
    if (strcmp(p->kind, "recovered.document") == 0) {        /* slack of any log that wraps */
        r->remains++;
        return;
    }
    if (strncmp(p->kind, "file.", 5) == 0)
        console_say(stderr, "%s: %s", path, p->text);
    else if (p->chunk == PROBLEM_NO_CHUNK)
        console_say(stderr, "%s: %s at offset %llu: %s", path, p->kind, (unsigned long long)p->offset, p->text);
    else
        console_say(stderr, "%s: %s in chunk %llu at offset %llu: %s", path, p->kind, (unsigned long long)p->chunk, (unsigned long long)p->offset, p->text);
}

enum { CALL_RULES = 32 };

static int wrong_rules(const call *c, status s)
{
    return s.code == STATUS_NOT_FOUND || s.code == STATUS_BAD_INPUT ? call_usage(c, "%s", s.words) : call_failed(c, s);
}

/* The program's own rules unless they are not wanted, and those that are given. */
static int load_rules(reading *r, const call *c)
{
    const char *paths[CALL_RULES];
    unsigned level = SIGMA_LOW;
    sigma_options o = { .paths = paths, .own = !call_flag(c, "no-own-rules"), .values = call_value(c, "values") };
    for (const char *path; o.path_count < CALL_RULES && (path = call_value_at(c, "rules", o.path_count)); o.path_count++)
        paths[o.path_count] = path;
    if (call_value_at(c, "rules", CALL_RULES))
        return call_usage(c, "-r: at most %d may be given", CALL_RULES);
    call_word(c, "level", &level);
    o.least = (sigma_level)level;
    if (!o.own && !o.path_count)
        return VERB_OK;
    status s = sigma_load(r->facts, &o, &r->mem, &r->rules);
    if (!status_is_ok(s)) {
        sigma_free(r->rules);
        return wrong_rules(c, s);
    }
    const sigma_refusal *refused;
    size_t count = sigma_refused(r->rules, &refused);
    if (count)
        console_say(stderr, "suyuan: %zu rules are refused, the first: %s:%u: %s (`suyuan rules` tells of all)", count, refused->path, refused->line, refused->reason);
    if (o.path_count && !sigma_count(r->rules)) {
        sigma_free(r->rules);
        return call_usage(c, "-r %s: no rule can be used", paths[0]);
    }
    r->options.rules = r->rules;
    return VERB_OK;
}

int reading_begin(reading *r, const call *c, bool rules)
{
    uint64_t threads = pool_cores();
    *r = (reading){ .options = { .since = MOMENT_UNKNOWN, .until = MOMENT_UNKNOWN } };
    if (!call_time(c, "since", &r->options.since) || !call_time(c, "until", &r->options.until) || !call_number(c, "threads", 1, 256, &threads))
        return VERB_USAGE;
    if (moment_known(r->options.since) && moment_known(r->options.until) && r->options.since >= r->options.until)
        return call_usage(c, "--since is not before --until");
    arena_init(&r->mem, 0);
    status s = profile_open(NULL, &r->mem, &r->facts);
    if (!status_is_ok(s)) {
        arena_done(&r->mem);
        return call_failed(c, s);
    }
    int loaded = rules ? load_rules(r, c) : VERB_OK;
    if (loaded != VERB_OK) {
        arena_done(&r->mem);
        return loaded;
    }
    r->l = casework_lang(c);
    progress_init(&r->done);
    r->options.paths = call_paths(c);
    r->options.path_count = call_path_count(c);
    r->options.password = call_value(c, "password");
    r->options.threads = (unsigned)threads;
    r->options.facts = r->facts;
    r->options.progress = &r->done;
    r->options.note = note;
    r->options.note_context = r;
    bar_begin(&r->bar, &r->done, r->l);
    return VERB_OK;
}

void reading_end(reading *r)
{
    bar_end(&r->bar);
    sigma_free(r->rules);
    arena_done(&r->mem);
}

/* A sentence of cli.def as a line on standard error; arguments are triples of name, kind and value, then NULL. */
static __attribute__((sentinel)) void say(const reading *r, const char *id, ...)
{
    arg args[8];
    size_t count = 0;
    va_list list;
    va_start(list, id);
    for (const char *name = va_arg(list, const char *); name && count < sizeof args / sizeof *args; name = va_arg(list, const char *)) {
        args[count].name = name;
        args[count].kind = (arg_kind)va_arg(list, int);
        args[count++].value = va_arg(list, const char *);
    }
    va_end(list);
    sentence s = { id, args, count };
    buf words;
    buf_init(&words, 16384);
    text_sentence(&s, r->l, (text_zone){ 0, "UTC" }, &words);
    console_say(stderr, "%s", buf_text(&words));
    buf_done(&words);
}

typedef struct { char text[24]; } figures;

static const char *figure(figures *out, uint64_t n)
{
    snprintf(out->text, sizeof out->text, "%llu", (unsigned long long)n);
    return out->text;
}

static void say_count(const reading *r, const char *id, uint64_t n)
{
    figures count;
    if (n)
        say(r, id, "count", ARG_NUMBER, figure(&count, n), NULL);
}

static void say_named(const reading *r, const survey_counts *n)
{
    buf kinds;
    buf_init(&kinds, 4096);
    for (size_t i = 0; i < n->named_count; i++) {
        char id[32];
        snprintf(id, sizeof id, "file.%s", n->named[i].kind);
        const char *words = text_word(id, r->l);
        buf_printf(&kinds, r->l == LANG_ZH ? "%s%s（%llu）" : "%s%s (%llu)", i ? (r->l == LANG_ZH ? "、" : ", ") : "", words == id ? n->named[i].kind : words, (unsigned long long)n->named[i].files);
    }
    if (n->named_count)
        say(r, "cli.named", "kinds", ARG_TEXT, buf_text(&kinds), NULL);
    buf_done(&kinds);
}

void reading_tell(const reading *r, const survey_counts *n)
{
    figures units, kept, files, logs, records, recovered, unreadable;
    say_count(r, "cli.dirty", r->dirty);
    say_count(r, "cli.remains", r->remains);
    say_count(r, "cli.damaged", n->damaged);
    say_named(r, n);
    if (n->logs == 0)
        say(r, n->artifacts ? "cli.state-only" : "cli.nothing", NULL);
    else if (n->records == 0 && (moment_known(r->options.since) || moment_known(r->options.until)))
        say(r, n->artifacts ? "cli.none-then-state" : "cli.none-then", NULL);
    say_count(r, "cli.artifacts", n->artifacts);
    say(r, "cli.counts", "units", ARG_NUMBER, figure(&units, n->units), "kept", ARG_NUMBER, figure(&kept, n->kept), "files", ARG_NUMBER, figure(&files, n->files),
        "logs", ARG_NUMBER, figure(&logs, n->logs), "records", ARG_NUMBER, figure(&records, n->records), "recovered", ARG_NUMBER,
        n->recovered ? figure(&recovered, n->recovered) : NULL, "unreadable", ARG_NUMBER, figure(&unreadable, n->unreadable), NULL);
}

void reading_no_state(const reading *r)
{
    say(r, "cli.no-state", NULL);
}

int reading_result(const survey_counts *counts)
{
    /* Somebody who gave evidence, and nothing that tells was in it, must not take an empty case for a clean one. */
    return counts->unreadable || counts->damaged || (counts->logs == 0 && counts->artifacts == 0) ? VERB_UNREADABLE : VERB_OK;
}
