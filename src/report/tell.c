#include "report/tell.h"

#include "report/escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <strings.h>

#define UNFOLDED 1000000u               /* what is folded is left out first, when anything must be */
#define LONG_WORD 64u                   /* a SHA-256 is shown whole */
#define LONG_HEAD 24u
#define LONG_TAIL 8u
#define SHORT_NAME 15u                  /* characters of a name that is never broken */
#define SHOWN 6                         /* links that stand beside one claim */

/* ---- Reading ---- */

const json *tell_first(const json *of, const char *list)
{
    const json *l = json_get(of, list);
    return l && l->kind == JSON_ARRAY ? l->first : NULL;
}

size_t tell_count(const json *of, const char *list)
{
    const json *l = json_get(of, list);
    return l && l->kind == JSON_ARRAY ? l->count : 0;
}

bool tell_is_null(const json *of, const char *name)
{
    const json *value = json_get(of, name);
    return !value || value->kind == JSON_NULL || (value->kind == JSON_STRING && value->text.len == 0);
}

bool tell_is(const json *of, const char *name, const char *word)
{
    return strcmp(json_str(of, name), word) == 0;
}

unsigned tell_severity(const json *of)
{
    severity s = SEVERITY_INFO;
    severity_from(json_str(of, "severity"), &s);
    return (unsigned)s;
}

static size_t number_of(const map *numbers, const json *id)
{
    const uint64_t *n = id && id->kind == JSON_STRING ? map_find(numbers, id->text) : NULL;
    return n ? (size_t)*n : SIZE_MAX;
}

size_t tell_host(const report *r, const json *of, const char *name)
{
    return number_of(&r->host_of, json_get(of, name));
}

bool tell_time(const json *of, const char *name, moment *out)
{
    const json *value = json_get(of, name);
    return value && value->kind == JSON_STRING && moment_parse(value->text, out) && moment_known(*out);
}

unsigned tell_percent(const json *of, const char *name)
{
    double p = json_number(json_get(of, name), 0);
    return p > 0 ? (unsigned)((p < 1 ? p : 1) * 100 + 0.5) : 0;
}

static void fill_numbers(arena *mem, const json *c, const char *list, map *numbers, const json ***items)
{
    size_t n = 0;
    *items = arena_array(mem, tell_count(c, list) + 1, sizeof **items);
    for (const json *item = tell_first(c, list); item; item = item->next, n++) {
        bool was_there;
        uint64_t *at = map_put(numbers, span_str(json_str(item, "id")), &was_there);
        if (!was_there)
            *at = n;
        (*items)[n] = item;
    }
}

status tell_open(report *r, arena *mem, const json *c)
{
    *r = (report){ .mem = mem, .c = c };
    map_init(&r->host_of);
    map_init(&r->finding_of);
    map_init(&r->evidence_of);
    map_init(&r->hostile);
    if (!c || strcmp(json_str(c, "schema"), "suyuan.case/1") != 0)
        return status_fail(STATUS_DAMAGED, "this is no case.json of a version that this program knows (suyuan.case/1)");
    int64_t minutes = 0;
    const json *zone = json_get(c, "zone");
    if (!json_int(json_get(zone, "minutes"), &minutes) || minutes < -1440 || minutes > 1440)
        minutes = 0;
    r->zone = (text_zone){ (int)minutes, *json_str(zone, "name") ? tell_clip(r, zone, "name") : "UTC" };
    r->d = doc_new(mem);
    const json **hosts;
    fill_numbers(mem, c, "hosts", &r->host_of, &hosts);
    fill_numbers(mem, c, "findings", &r->finding_of, &r->findings);
    fill_numbers(mem, c, "evidence", &r->evidence_of, &r->evidence);
    r->host_count = tell_count(c, "hosts");
    r->hosts = arena_array(mem, r->host_count + 1, sizeof *r->hosts);
    for (size_t i = 0; i < r->host_count; i++) {
        const json *name = tell_first(hosts[i], "names");
        const json *address = tell_first(hosts[i], "addresses");
        const json *shown = name ? name : address;
        r->hosts[i] = (told_host){ hosts[i], shown && shown->text.len ? escape_clip(mem, (const char *)shown->text.at, 64) : "?", arena_printf(mem, "h%zu", i) };
    }
    for (const json *e = tell_first(c, "episodes"); e; e = e->next) {
        const json *hostile = json_get(e, "hostile"), *number = json_get(e, "number");
        bool was_there;
        if (hostile && hostile->truth && number)
            map_put(&r->hostile, number->text, &was_there);
    }
    return status_ok();
}

bool tell_is_hostile(const report *r, const json *of)
{
    const json *episode = json_get(of, "episode");
    return r->hostile.count == 0 || (episode && episode->kind == JSON_NUMBER && map_find(&r->hostile, episode->text));
}

void tell_done(report *r)
{
    map_done(&r->host_of);
    map_done(&r->finding_of);
    map_done(&r->evidence_of);
    map_done(&r->hostile);
}

size_t tell_kinds(const report *r, const char *kinds, size_t *hosts)
{
    size_t found = 0;
    bool *seen = arena_array(r->mem, r->host_count + 1, sizeof *seen);
    *hosts = 0;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next) {
        if (!tell_is_kind(f, kinds))
            continue;
        size_t host = tell_host(r, f, "host");
        found++;
        if (host != SIZE_MAX && !seen[host]) {
            seen[host] = true;
            ++*hosts;
        }
    }
    return found;
}

const told_unknown *tell_unknown_sorts(const report *r, size_t *count)
{
    told_unknown *out = arena_array(r->mem, tell_count(r->c, "unknowns") + 1, sizeof *out);
    map sorts;
    map_init(&sorts);
    *count = 0;
    for (const json *u = tell_first(r->c, "unknowns"); u; u = u->next) {
        bool there;
        uint64_t *at = map_put(&sorts, span_str(json_str(u, "what")), &there);
        if (there)
            out[*at].more++;
        else {
            *at = *count;
            out[(*count)++].of = u;
        }
    }
    map_done(&sorts);
    return out;
}

typedef struct { const json *of; uint64_t hosts; size_t at; } comeback_name;

static int by_hosts(const void *a, const void *b)
{
    const comeback_name *x = a, *y = b;
    return x->hosts != y->hosts ? (x->hosts > y->hosts ? -1 : 1) : x->at < y->at ? -1 : x->at > y->at;
}

/* Behind a full-width bracket no blank is set. */
static bool in_brackets(const char *zh)
{
    size_t len = strlen(zh);
    return len >= 3 && strcmp(zh + len - 3, "\uff09") == 0;
}

/* "service " before a name, or the last part of the key that it stands in. */
static both location_words(const report *r, const char *location, const char *name)
{
    static const struct { const char *ends, *word; } places[] = { { "\\Services", "service" }, { "\\Tasks", "task" }, { "\\Run", "run-key" }, { "\\RunOnce", "run-key" }, { "\\Startup", "startup-file" } };
    const char *word = location;
    size_t len = strlen(location);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        size_t end = strlen(places[i].ends);
        if (len >= end && strcasecmp(location + len - end, places[i].ends) == 0)
            word = places[i].word;
    }
    both words = tell_word(r, "location.", word);
    size_t at_name = len > strlen(name) && strcmp(location + len - strlen(name), name) == 0 ? len - strlen(name) : len;
    const char *key_only = at_name < len && at_name > 0 ? arena_printf(r->mem, "%.*s", (int)at_name - 1, location) : location;
    const char *last = strrchr(key_only, '\\');
    const char *key = last ? escape_clip(r->mem, arena_printf(r->mem, "%s\\", last + 1), 80) : "";
    return words.zh ? (both){ arena_printf(r->mem, "%s ", words.en), arena_printf(r->mem, "%s%s", words.zh, in_brackets(words.zh) ? "" : " ") } : (both){ key, key };
}

told_comeback tell_comeback(const report *r)
{
    told_comeback out = { 0 };
    map names, hosts;
    vec all;
    map_init(&names);
    map_init(&hosts);
    vec_init(&all, sizeof(comeback_name));
    for (const json *p = tell_first(r->c, "persistence"); p; p = p->next) {
        bool bad = tell_is(p, "verdict", "hostile"), there;
        out.hostile += bad;
        out.suspicious += tell_is(p, "verdict", "suspicious");
        if (!bad)
            continue;
        map_put(&hosts, span_str(json_str(p, "host")), &there);
        out.hosts += !there;
        uint64_t *at = map_put(&names, span_str(arena_printf(r->mem, "%s %s", json_str(p, "location"), json_str(p, "name"))), &there);
        if (!there) {
            *at = all.count;
            *(comeback_name *)vec_push(&all) = (comeback_name){ p, 0, all.count };
        }
        ((comeback_name *)vec_at(&all, (size_t)*at))->hosts++;
    }
    vec_sort(&all, by_hosts);
    out.names = arena_array(r->mem, all.count + 1, sizeof *out.names);
    for (; out.name_count < all.count; out.name_count++) {
        const comeback_name *n = vec_at(&all, out.name_count);
        both place = location_words(r, json_str(n->of, "location"), json_str(n->of, "name"));
        const char *name = tell_short(r, (both){ tell_clip(r, n->of, "name"), NULL }).en;
        out.names[out.name_count] = (both){ arena_printf(r->mem, "%s%s", place.en, name), arena_printf(r->mem, "%s%s", place.zh, name) };
    }
    out.counted = tell_say(r, "report.autostarts-counted", "hostile", ARG_NUMBER, out.hostile ? tell_number(r, out.hostile) : NULL, "hosts", ARG_NUMBER, tell_number(r, out.hosts),
                           "suspicious", ARG_NUMBER, out.suspicious ? tell_number(r, out.suspicious) : NULL, NULL);
    map_done(&names);
    map_done(&hosts);
    vec_done(&all);
    return out;
}

void tell_fold(folding *f, size_t rows, size_t from, size_t each)
{
    *f = (folding){ .each = each, .on = rows > from };
    map_init(&f->groups);
}

bool tell_fold_row(folding *f, row *line, const char *group, both word)
{
    bool there;
    uint64_t *before = map_put(&f->groups, span_str(group), &there);
    if (!there)
        *before = 0;
    line->folded = f->on && ++*before > f->each;
    if (!line->folded) {
        line->rank += UNFOLDED;
        return false;
    }
    f->count++;
    size_t i = 0, most = sizeof f->of / sizeof *f->of;
    if (!word.en)
        return true;
    while (i < f->words && strcmp(f->of[i].words.en, word.en) != 0)
        i++;
    if (i == f->words && i < most)
        f->of[f->words++].words = word;
    if (i < most)
        f->of[i].count++;
    return true;
}

void tell_folded(const report *r, folding *f, table *t)
{
    buf en, zh;
    buf_init(&en, 4096);
    buf_init(&zh, 4096);
    for (size_t i = 0; i < f->words; i++) {
        buf_printf(&en, "%s%zu %s", i ? ", " : "", f->of[i].count, f->of[i].words.en);
        buf_printf(&zh, "%s%s %zu", i ? "、" : "", f->of[i].words.zh ? f->of[i].words.zh : f->of[i].words.en, f->of[i].count);
    }
    const char *count = tell_number(r, f->count);
    t->folded = (both){ tell_say(r, "report.folded", "count", ARG_NUMBER, count, "words", ARG_TEXT, arena_text(r->mem, buf_bytes(&en)), NULL).en,
                        tell_say(r, "report.folded", "count", ARG_NUMBER, count, "words", ARG_TEXT, arena_text(r->mem, buf_bytes(&zh)), NULL).zh };
    buf_done(&en);
    buf_done(&zh);
    map_done(&f->groups);
}

/* Letters, digits and what base64, hashes and random names are made of; a path is no word, and its parts are short. */
static bool is_of_word(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '+' || c == '/' || c == '=' || c == '_' || c == '-';
}

static const char *without_long_words(const report *r, const char *text)
{
    buf out;
    bool cut = false;
    buf_init(&out, 64 * 1024);
    for (const char *p = text; *p; ) {
        size_t word = 0;
        while (p[word] && is_of_word((uint8_t)p[word]))
            word++;
        cut |= word > LONG_WORD;
        if (word > LONG_WORD)
            buf_printf(&out, "%.*s…%.*s", (int)LONG_HEAD, p, (int)LONG_TAIL, p + word - LONG_TAIL);
        else
            buf_put(&out, p, word);
        p += word;
        if (*p)
            buf_char(&out, *p++);
    }
    const char *kept = cut ? arena_text(r->mem, buf_bytes(&out)) : text;
    buf_done(&out);
    return kept;
}

both tell_short(const report *r, both words)
{
    return (both){ without_long_words(r, words.en), words.zh ? without_long_words(r, words.zh) : NULL };
}

bool tell_is_kind(const json *finding, const char *kinds)
{
    const char *kind = json_str(finding, "kind");
    size_t len = strlen(kind);
    for (const char *at = kinds; *at; at += strspn(at, " ")) {
        size_t word = strcspn(at, " ");
        if (word == len && memcmp(at, kind, len) == 0)
            return true;
        at += word;
    }
    return false;
}

/* ---- Words ---- */

both tell_label(const char *id)
{
    return (both){ text_word(id, LANG_EN), text_word(id, LANG_ZH) };
}

both tell_word(const report *r, const char *prefix, const char *word)
{
    const char *id = arena_printf(r->mem, "%s%.80s", prefix, word);
    const char *en = text_word(id, LANG_EN), *zh = text_word(id, LANG_ZH);
    if (en == id)                       /* not in the catalogue: as the case has it */
        return (both){ escape_clip(r->mem, arena_str(r->mem, word), 80), NULL };
    return (both){ en, zh };
}

static const char *in_words(const report *r, const sentence *s, lang l)
{
    buf words;
    buf_init(&words, 64 * 1024);
    text_sentence(s, l, r->zone, &words);
    const char *text = escape_clip(r->mem, arena_text(r->mem, buf_bytes(&words)), TELL_WORDS);
    buf_done(&words);
    return text;
}

both tell_say(const report *r, const char *id, ...)
{
    arg args[12];
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
    return (both){ in_words(r, &s, LANG_EN), in_words(r, &s, LANG_ZH) };
}

both tell_sentence(const report *r, const json *of, const char *name)
{
    const json *s = json_get(of, name);
    const char *en = json_str(s, "en"), *zh = json_str(s, "zh");
    if (!*en && !*zh)
        return (both){ "", NULL };
    return (both){ escape_clip(r->mem, *en ? en : zh, TELL_WORDS), escape_clip(r->mem, *zh ? zh : en, TELL_WORDS) };
}

static const char *written(const report *r, moment t, text_zone zone)
{
    buf text;
    buf_init(&text, 128);
    text_time(t, zone, &text);
    const char *out = arena_text(r->mem, buf_bytes(&text));
    buf_done(&text);
    return out;
}

/* "2020-05-12 08:29:31, who did what": the time stands beside the sentence already. */
static const char *without_time(const char *words, const char *time)
{
    static const char *const commas[] = { ", ", ",", "\uff0c" };
    size_t len = strlen(time);
    if (!len || strncmp(words, time, len) != 0)
        return words;
    for (size_t i = 0; i < sizeof commas / sizeof *commas; i++)
        if (strncmp(words + len, commas[i], strlen(commas[i])) == 0)
            return words + len + strlen(commas[i]);
    return words;
}

both tell_step(const report *r, const json *step)
{
    both words = tell_sentence(r, step, "text");
    moment t;
    if (!tell_time(step, "time", &t))
        return words;
    const char *time = written(r, t, r->zone);
    return (both){ without_time(words.en, time), words.zh ? without_time(words.zh, time) : NULL };
}

both tell_nobody(const report *r)
{
    for (size_t i = 0; i < r->host_count; i++)
        if (tell_is(r->hosts[i].of, "infected", "yes") || tell_is(r->hosts[i].of, "infected", "suspected"))
            return tell_label("report.undecided");
    for (const json *step = tell_first(r->c, "story"); step; step = step->next)
        if (tell_count(step, "findings"))
            return tell_label("report.nobody-sure");
    return tell_label("report.no-intruder");
}

both tell_role(const report *r, const json *host)
{
    return tell_is_null(host, "role") ? (both){ "", NULL } : tell_word(r, "role.", json_str(host, "role"));
}

told_band *tell_likelihoods(const report *r, size_t *count)
{
    told_band *bands = arena_array(r->mem, 20, sizeof *bands);
    *count = 0;
    for (unsigned p = 95; p >= 5; p -= 5) {
        both words = { text_likelihood(p, LANG_EN), text_likelihood(p, LANG_ZH) };
        if (!*count || strcmp(bands[*count - 1].words.en, words.en) != 0)
            bands[(*count)++] = (told_band){ words, p, p };
        bands[*count - 1].least = p;
    }
    return bands;
}

both tell_band_range(const report *r, const told_band *band)
{
    const char *numbers = band->least == band->most ? tell_number(r, band->most) : arena_printf(r->mem, "%u–%u", band->least, band->most);
    return (both){ arena_printf(r->mem, "%s\u00a0%%", numbers), arena_printf(r->mem, "%s%%", numbers) };
}

bool tell_empty(both words)
{
    return !*words.en && !(words.zh && *words.zh);
}

const char *tell_clip(const report *r, const json *of, const char *name)
{
    return escape_clip(r->mem, json_str(of, name), TELL_CODE);
}

const char *tell_text(const report *r, const json *value)
{
    return value && value->kind == JSON_STRING ? escape_clip(r->mem, (const char *)value->text.at, TELL_CODE) : "";
}

const char *tell_number(const report *r, uint64_t n)
{
    return arena_printf(r->mem, "%llu", (unsigned long long)n);
}

const char *tell_figures(const report *r, uint64_t n)
{
    buf text;
    buf_init(&text, 64);
    text_number(n, &text);
    const char *out = arena_text(r->mem, buf_bytes(&text));
    buf_done(&text);
    return out;
}

const char *tell_iso(const report *r, moment t)
{
    char text[MOMENT_TEXT];
    return moment_known(t) ? arena_str(r->mem, moment_iso(t, text)) : NULL;
}

both tell_place(const report *r, const json *place)
{
    if (!place || place->kind == JSON_NULL)
        return tell_label("unknown");
    if (place->kind == JSON_OBJECT)
        return (both){ tell_clip(r, place, "address"), NULL };
    if (span_is(place->text, "outside"))
        return tell_label("outside");
    size_t host = number_of(&r->host_of, place);
    return host != SIZE_MAX ? (both){ r->hosts[host].name, NULL } : tell_label("unknown");
}

/* ---- Runs ---- */

void put_whole(const report *r, runs *to, run_kind kind, both words)
{
    both cut = tell_short(r, words);
    runs_add(to, kind, cut);
    if (cut.en != words.en || cut.zh != words.zh)
        runs_add(to, RUN_FULL, words)->tone = kind == RUN_CODE ? "code" : NULL;
}

void put_sentence(const report *r, runs *to, const json *of, const char *name)
{
    both words = tell_sentence(r, of, name);
    if (!tell_empty(words))
        put_whole(r, to, RUN_WORDS, words);
}

void put_code(const report *r, runs *to, const json *of, const char *name)
{
    const char *code = tell_clip(r, of, name);
    if (*code)
        put_whole(r, to, RUN_CODE, (both){ code, NULL });
}

/* UTC stands beside it, without the date when that is the same. */
static void put_moment(const report *r, runs *to, moment t)
{
    const char *local = written(r, t, r->zone);
    run *time = runs_add(to, RUN_TIME, (both){ local, NULL });
    if (r->zone.minutes != 0) {
        const char *utc = written(r, t, (text_zone){ 0, "UTC" });
        bool same_day = strncmp(local, utc, 10) == 0 && strlen(utc) > 11;
        time->note = arena_printf(r->mem, "%sZ", same_day ? utc + 11 : utc);
    }
}

void put_time(const report *r, runs *to, const json *of, const char *name)
{
    moment t;
    if (tell_time(of, name, &t))
        put_moment(r, to, t);
    else
        runs_add(to, RUN_SMALL, tell_label("report.time-unknown"));
}

void put_host_number(const report *r, runs *to, size_t host)
{
    run *link = runs_add(to, RUN_LINK, (both){ r->hosts[host].name, NULL });
    link->target = r->hosts[host].anchor;
    link->tone = strlen(r->hosts[host].name) <= SHORT_NAME ? "short" : NULL;
}

void put_host(const report *r, runs *to, const json *of, const char *name)
{
    size_t host = tell_host(r, of, name);
    if (host != SIZE_MAX)
        put_host_number(r, to, host);
    else
        runs_text(to, "–");
}

void put_place(const report *r, runs *to, const json *place)
{
    size_t host = number_of(&r->host_of, place);
    if (host != SIZE_MAX)
        put_host_number(r, to, host);
    else if (place && place->kind == JSON_OBJECT) {
        runs_code(to, tell_clip(r, place, "address"));
        if (to->last && to->last->kind == RUN_CODE && strlen(to->last->words.en) <= SHORT_NAME)
            to->last->tone = "short";
    }
    else
        runs_words(to, tell_place(r, place));
}

void put_badge(const report *r, runs *to, const char *prefix, const char *word)
{
    if (!*word)
        return;
    char *tone = arena_printf(r->mem, "%.20s", word);
    for (char *p = tone; *p; p++)
        if (!((*p >= 'a' && *p <= 'z') || *p == '-'))
            *p = '-';
    runs_add(to, RUN_BADGE, tell_word(r, prefix, word))->tone = tone;
}

void put_likelihood(const report *r, runs *to, const json *of, const char *name)
{
    unsigned p = text_rounded(tell_percent(of, name));
    if (tell_is_null(of, name))
        return;
    run *words = runs_add(to, RUN_BADGE, (both){ text_likelihood(p, LANG_EN), text_likelihood(p, LANG_ZH) });
    words->tone = p >= 80 ? "sure" : p >= 55 ? "fair" : "weak";
    runs_add(to, RUN_SMALL, (both){ arena_printf(r->mem, " ≈\u00a0%u\u00a0%%", p), arena_printf(r->mem, " ≈\u00a0%u%%", p) });
}

/* Without what all channels of Windows have in front. */
static const char *bare_channel(const char *channel)
{
    static const char vendor[] = "Microsoft-Windows-";
    return channel + (strncmp(channel, vendor, sizeof vendor - 1) == 0 ? sizeof vendor - 1 : 0);
}

const char *tell_channel(const report *r, const json *of)
{
    return bare_channel(tell_clip(r, of, "channel"));
}

/* "Microsoft-Windows-TaskScheduler/Operational" is "TaskScheduler" to whoever reads it. */
static const char *short_channel(const report *r, const char *channel)
{
    channel = bare_channel(channel);
    size_t len = strcspn(channel, "/");
    return arena_printf(r->mem, "%.*s", (int)(len < 40 ? len : 40), channel);
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

static void put_reference(const report *r, runs *to, const json *ref)
{
    size_t file = number_of(&r->evidence_of, json_get(ref, "evidence"));
    const json *of = file != SIZE_MAX ? r->evidence[file] : NULL;
    const char *channel = json_str(ref, "channel"), *key = json_str(ref, "key"), *path = json_str(of, "path");
    const char *where = *channel ? short_channel(r, channel) : of ? escape_clip(r->mem, file_name(path), 40) : "?";
    uint64_t record, offset;
    bool has_record = json_uint(json_get(ref, "record"), &record), has_offset = json_uint(json_get(ref, "offset"), &offset);
    /* A log is known by its channel, any other file by its name: what is its record is a place in a hive, and nothing elsewhere. */
    bool log = !of || tell_is(of, "kind", "evtx") || tell_is(of, "kind", "jsonl");
    const char *file_words = of ? escape_clip(r->mem, file_name(path), 40) : where;
    const char *shown = !log && tell_is(of, "kind", "registry") && has_record ? arena_printf(r->mem, "%s @%llu", file_words, (unsigned long long)record) :
                        !log && !*key ? file_words : has_record ? arena_printf(r->mem, "%s #%llu", where, (unsigned long long)record) :
                        *key ? arena_printf(r->mem, "%s %s", where, escape_clip(r->mem, key, 60)) : where;
    run *link = runs_add(to, RUN_REFERENCE, (both){ shown, NULL });
    link->target = file != SIZE_MAX ? arena_printf(r->mem, "e%zu", file) : "evidence";
    moment t;
    link->note = arena_printf(r->mem, "%s%s%s%s%s", escape_clip(r->mem, path, 160), has_offset ? " @" : "", has_offset ? tell_number(r, offset) : "",
                              tell_time(ref, "time", &t) ? " " : "", tell_time(ref, "time", &t) ? written(r, t, r->zone) : "");
}

static void put_more(const report *r, runs *to, size_t shown, size_t all)
{
    if (all > shown)
        runs_add(to, RUN_SMALL, (both){ arena_printf(r->mem, " +%zu", all - shown), NULL });
}

void put_evidence(const report *r, runs *to, const json *of)
{
    size_t shown = 0;
    for (const json *ref = tell_first(of, "evidence"); ref && shown < SHOWN; ref = ref->next, shown++) {
        if (shown)
            runs_text(to, " ");
        put_reference(r, to, ref);
    }
    put_more(r, to, shown, tell_count(of, "evidence"));
}

void put_findings(const report *r, runs *to, const json *ids)
{
    size_t shown = 0;
    if (!ids || ids->kind != JSON_ARRAY)
        return;
    for (const json *id = ids->first; id && shown < SHOWN; id = id->next) {
        size_t n = number_of(&r->finding_of, id);
        if (n == SIZE_MAX)
            continue;
        if (shown++)
            runs_text(to, " ");
        run *link = runs_add(to, RUN_LINK, (both){ arena_printf(r->mem, "F%zu", n + 1), NULL });
        link->target = arena_printf(r->mem, "f%zu", n);
    }
    put_more(r, to, shown, ids->count);
}

void put_how(const report *r, runs *to, const json *of)
{
    put_how_in(r, to, of, "");
}

void put_how_in(const report *r, runs *to, const json *of, const char *prefix)
{
    bool access = !tell_is_null(of, "access") && !tell_is(of, "access", "unknown");
    bool means = !tell_is_null(of, "means") && !tell_is(of, "means", "unknown");
    if (means)
        runs_words(to, tell_word(r, prefix, json_str(of, "means")));
    if (access && means)
        runs_text(to, " · ");
    if (access)
        runs_words(to, tell_word(r, "", json_str(of, "access")));
    if (!access && !means)
        runs_words(to, tell_label("unknown"));
}
