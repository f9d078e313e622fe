#include "report/tell.h"

#define STORY_BYTES 330000u
#define EPISODES 100u
#define SHEETS 120u                     /* hosts whose time line is drawn */
#define FINDINGS_BYTES 1150000u

static void put_step(const report *r, block *list, const json *s)
{
    block *item = doc_item(list, r->d, tell_percent(s, "confidence"));
    runs *to = &item->text;
    put_time(r, to, s, "time");
    if (tell_host(r, s, "host") != SIZE_MAX) {
        runs_text(to, " ");
        put_host(r, to, s, "host");
    }
    runs_line(to);
    put_whole(r, to, RUN_WORDS, tell_step(r, s));
    runs_line(to);
    put_likelihood(r, to, s, "confidence");
    runs_text(to, " ");
    put_findings(r, to, json_get(s, "findings"));
    runs_text(to, " ");
    put_evidence(r, to, s);
}

static void put_crash(const report *r, block *list, const json *c)
{
    block *item = doc_item(list, r->d, 100);
    runs *to = &item->text;
    item->tone = "crash";
    put_time(r, to, c, "time");
    runs_text(to, " ");
    put_host(r, to, c, "host");
    runs_line(to);
    runs_add(to, RUN_STRONG, tell_word(r, "kind.", "crash"));
    runs_text(to, " ");
    runs_code(to, tell_clip(r, json_get(c, "bugcheck"), "code"));
    runs_text(to, " ");
    put_sentence(r, to, c, "verdict");
    runs_line(to);
    put_evidence(r, to, c);
}

/* Whether a crash is set against this episode: of one of its hosts, while it lasted or within the day after. */
static bool has_crash(const report *r, const json *episode, const json *crash)
{
    moment from, to, t;
    const json *hostile = json_get(episode, "hostile");
    if (!hostile || !hostile->truth || !tell_time(episode, "from", &from) || !tell_time(crash, "time", &t) || t < from)
        return false;
    if (tell_time(episode, "to", &to) && t > to && t - to > MOMENT_DAY)
        return false;
    for (const json *h = tell_first(episode, "hosts"); h; h = h->next)
        if (h->kind == JSON_STRING && span_is(h->text, json_str(crash, "host")))
            return true;
    return tell_host(r, crash, "host") == SIZE_MAX;
}

static const json *first_with(const report *r, const json *crash)
{
    for (const json *e = tell_first(r->c, "episodes"); e; e = e->next)
        if (has_crash(r, e, crash))
            return e;
    return NULL;
}

/* Crashes of the episode that lie before `until`, or all that are left. */
static const json *put_crashes(const report *r, block *list, const json *episode, const json *crash, moment until)
{
    moment t;
    for (; crash; crash = crash->next) {
        if (!tell_time(crash, "time", &t))
            continue;
        if (t > until)
            break;
        if (episode && first_with(r, crash) == episode)
            put_crash(r, list, crash);
    }
    return crash;
}

static void tell_episode(const report *r, block *in, const json *episode, size_t place, bool only)
{
    uint64_t number = 0;
    json_uint(json_get(episode, "number"), &number);
    block *section = in;
    if (!only || !episode) {
        both title = episode ? tell_sentence(r, episode, "title") : tell_label("report.no-episode");
        const char *label = tell_clip(r, episode, "label");
        section = doc_section(in, r->d, 3, episode ? arena_printf(r->mem, "episode%zu", place) : NULL,
                              *label ? (both){ label, NULL } : (both){ NULL, NULL }, tell_empty(title) ? tell_label("report.episode") : title);
    }
    size_t episodes = tell_count(r->c, "episodes"), share = STORY_BYTES / (episodes ? episodes : 1);
    block *list = doc_list(section, r->d, false, "story", share < 3000 ? 3000 : share);
    const json *crash = tell_first(r->c, "crashes");
    for (const json *s = tell_first(r->c, "story"); s; s = s->next) {
        uint64_t of = 0;
        moment t;
        json_uint(json_get(s, "episode"), &of);
        if (of != number)
            continue;
        if (tell_time(s, "time", &t))
            crash = put_crashes(r, list, episode, crash, t);
        put_step(r, list, s);
    }
    put_crashes(r, list, episode, crash, MOMENT_UNKNOWN - 1);
}

void tell_story(report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "story", DOC_NUMBERED, tell_label("report.story"));
    bool empty;
    span svg = figure_lanes(r, &empty);
    if (!empty)
        doc_figure(section, r->d, "lanes", tell_label("report.lanes-figure"), svg);
    if (!tell_count(r->c, "story")) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-story"));
        return;
    }
    size_t episodes = tell_count(r->c, "episodes");
    if (episodes > 1)
        runs_words(doc_paragraph(section, r->d, NULL), tell_say(r, "report.episodes", "count", ARG_NUMBER, tell_number(r, episodes), NULL));
    size_t shown = 0;
    for (const json *e = tell_first(r->c, "episodes"); e && shown < EPISODES; e = e->next, shown++)
        tell_episode(r, section, e, shown, episodes == 1);
    if (episodes > shown)
        runs_words(doc_paragraph(section, r->d, "note"), tell_say(r, "report.left-out", "count", ARG_NUMBER, tell_number(r, episodes - shown), NULL));
    bool loose = false;
    for (const json *s = tell_first(r->c, "story"); s; s = s->next) {
        uint64_t of;
        loose = loose || !json_uint(json_get(s, "episode"), &of);
    }
    if (loose)
        tell_episode(r, section, NULL, 0, episodes == 0);
}

/* ---- One sheet a host ---- */

static void put_coverage(const report *r, block *in, const json *host)
{
    if (!tell_count(host, "coverage"))
        return;
    table *t = doc_table(in, r->d, NULL, tell_label("report.coverage"), "stack", 20000);
    static const struct { const char *title, *tone; } columns[] = {
        { "report.log", "name" }, { "report.begins", "time" }, { "report.ends", "time" }, { "report.records", "number" }, { "report.missing", "number" }, { "report.remark", NULL },
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    for (const json *c = tell_first(host, "coverage"); c; c = c->next) {
        row *line = doc_row(t, r->d, NULL, tell_is(c, "channel", "Security") || tell_is(c, "channel", "System"));
        uint64_t n = 0, gaps = 0;
        json_uint(json_get(c, "records"), &n);
        json_uint(json_get(c, "gaps"), &gaps);
        runs_text(&line->cells[0], tell_channel(r, c));
        put_time(r, &line->cells[1], c, "from");
        put_time(r, &line->cells[2], c, "to");
        runs_text(&line->cells[3], tell_figures(r, n));
        runs_text(&line->cells[4], tell_figures(r, gaps));
        put_sentence(r, &line->cells[5], c, "note");
    }
}

/* Local accounts: those that are switched on, administer, or look like a trick; the rest is counted. */
static void put_accounts(const report *r, block *in, const json *host)
{
    if (!tell_count(host, "accounts"))
        return;
    static const struct { const char *title, *tone; } columns[] = {
        { "report.account", "code" }, { "report.rid", "number" }, { "report.flags", NULL }, { "report.last-logon", "time" }, { "report.password-set", "time" }, { "report.account-made", "time" }, { "report.remark", NULL },
    };
    table *t = doc_table(in, r->d, NULL, tell_label("report.accounts-table"), "stack", 20000);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    for (const json *a = tell_first(host, "accounts"); a; a = a->next) {
        const json *enabled = json_get(a, "enabled"), *administrator = json_get(a, "administrator");
        bool on = enabled && enabled->kind == JSON_BOOL && enabled->truth, admin = administrator && administrator->kind == JSON_BOOL && administrator->truth;
        row *line = doc_row(t, r->d, NULL, (unsigned)(on + 2 * admin + 4 * !tell_is_null(a, "looks")));
        put_code(r, &line->cells[0], a, "name");
        runs_text(&line->cells[1], tell_clip(r, a, "rid"));
        runs_words(&line->cells[2], tell_label(on ? "report.account-on" : "report.account-off"));
        if (admin) {
            runs_text(&line->cells[2], " ");
            runs_add(&line->cells[2], RUN_BADGE, tell_label("report.administrator"));
        }
        runs_line(&line->cells[2]);
        runs_add(&line->cells[2], RUN_SMALL, (both){ tell_clip(r, a, "flags"), NULL });
        static const char *const times[] = { "last_logon", "password_set", "created" };
        for (size_t i = 0; i < 3; i++)
            if (!tell_is_null(a, times[i]))
                put_time(r, &line->cells[3 + i], a, times[i]);
        if (!tell_is_null(a, "looks"))
            runs_words(&line->cells[6], tell_say(r, "report.account-looks", "looks", ARG_TEXT, tell_clip(r, a, "looks"), NULL));
    }
}

static void put_names(const report *r, runs *to, const json *host)
{
    bool first = true;
    for (const json *n = tell_first(host, "names"); n; n = n->next, first = false) {
        if (!first)
            runs_text(to, ", ");
        runs_text(to, tell_text(r, n));
    }
    for (const json *a = tell_first(host, "addresses"); a; a = a->next) {
        runs_text(to, "  ");
        runs_code(to, tell_text(r, a));
    }
    static const char *const more[] = { "os", "role", "domain" };
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        if (!tell_is_null(host, more[i])) {
            runs_text(to, " · ");
            if (strcmp(more[i], "role") == 0)
                runs_words(to, tell_role(r, host));
            else
                runs_text(to, tell_clip(r, host, more[i]));
        }
}

static void tell_host_sheet(const report *r, block *in, size_t i)
{
    const json *h = r->hosts[i].of;
    block *section = doc_section(in, r->d, 3, r->hosts[i].anchor, (both){ NULL, NULL }, (both){ r->hosts[i].name, NULL });
    runs *p = doc_paragraph(section, r->d, NULL);
    put_badge(r, p, "infected.", json_str(h, "infected"));
    runs_text(p, " ");
    put_names(r, p, h);
    int64_t low = 0, high = 0;
    json_int(json_get(json_get(h, "clock"), "low"), &low);
    json_int(json_get(json_get(h, "clock"), "high"), &high);
    if (low || high) {
        runs_line(p);
        runs_words(p, tell_say(r, "report.clock", "low", ARG_TEXT, arena_printf(r->mem, "%+lld", (long long)low), "high", ARG_TEXT, arena_printf(r->mem, "%+lld", (long long)high), NULL));
    }
    block *notes = tell_count(h, "notes") ? doc_list(section, r->d, false, NULL, 4000) : NULL;
    for (const json *n = tell_first(h, "notes"); n; n = n->next) {
        const char *en = json_str(n, "en"), *zh = json_str(n, "zh");
        runs_words(&doc_item(notes, r->d, 0)->text, (both){ *en ? en : zh, *zh ? zh : en });
    }
    if (i >= SHEETS)
        return;
    bool empty;
    span svg = figure_host(r, i, &empty);
    if (!empty)
        doc_figure(section, r->d, NULL, tell_say(r, "report.host-figure", "host", ARG_HOST, r->hosts[i].name, NULL), svg);
    put_coverage(r, section, h);
    put_accounts(r, section, h);
}

/* ---- Everything that was found ---- */

static choice *choose(const report *r, choice *behind, const char *value, both words)
{
    choice *c = arena_alloc(r->mem, sizeof *c);
    c->value = value;
    c->words = words;
    if (behind)
        behind->next = c;
    return c;
}

static void fill_choices(const report *r, table *t)
{
    bool *with = arena_array(r->mem, r->host_count + 1, sizeof *with);
    map kinds;
    map_init(&kinds);
    choice *last = NULL;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next) {
        size_t host = tell_host(r, f, "host");
        bool there;
        if (tell_is_match(f))
            continue;
        if (host != SIZE_MAX)
            with[host] = true;
        map_put(&kinds, span_str(json_str(f, "kind")), &there);
        if (there)
            continue;
        const char *kind = tell_clip(r, f, "kind");
        last = choose(r, last, kind, tell_word(r, "kind.", kind));
        if (!t->kinds)
            t->kinds = last;
    }
    map_done(&kinds);
    last = NULL;
    for (size_t i = 0; i < r->host_count; i++)
        if (with[i]) {
            last = choose(r, last, tell_number(r, i), (both){ r->hosts[i].name, NULL });
            if (!t->hosts)
                t->hosts = last;
        }
}

/* What it concerns, the techniques of ATT&CK, and what made the finding, on one line below its words. */
static void put_entities(const report *r, runs *to, const json *f)
{
    size_t n = 0;
    runs_line(to);
    for (const json *e = tell_first(f, "entities"); e && n < 6; e = e->next, n++) {
        runs_add(to, RUN_SMALL, tell_word(r, "entity.", json_str(e, "type")));
        runs_text(to, " ");
        put_code(r, to, e, "value");
        runs_text(to, "  ");
    }
    for (const json *t = tell_first(f, "techniques"); t; t = t->next)
        runs_add(to, RUN_SMALL, (both){ arena_printf(r->mem, "%s ", tell_text(r, t)), NULL });
    if (!tell_is_null(f, "source"))
        runs_add(to, RUN_SMALL, (both){ arena_printf(r->mem, "· %s", tell_clip(r, f, "source")), NULL });
    put_rules(r, to, f);
}

void tell_findings(report *r, block *in)
{
    block *sheets = doc_section(in, r->d, 2, "hosts-each", DOC_NUMBERED, tell_label("report.host-sheets"));
    for (size_t i = 0; i < r->host_count; i++)
        tell_host_sheet(r, sheets, i);

    block *section = doc_section(in, r->d, 2, "findings", DOC_NUMBERED, tell_label("report.all-findings"));
    if (!tell_count(r->c, "findings")) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.no-findings"));
        return;
    }
    table *t = doc_table(section, r->d, "findings-table", tell_label("report.findings-table"), "stack", FINDINGS_BYTES);
    t->filtered = true;
    static const struct { const char *title, *tone; } columns[] = {
        { "report.number", "number" }, { "report.time", "time" }, { "report.host", "name" }, { "report.severity", "what" },
        { "report.detail", "wide" }, { "report.evidence", "ref" },
    };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    fill_choices(r, t);
    size_t n = 0;
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next, n++) {
        if (tell_is_match(f))                            /* told by rules.c */
            continue;
        row *line = doc_row(t, r->d, arena_printf(r->mem, "f%zu", n), tell_severity(f) * 101 + tell_percent(f, "confidence"));
        line->host = tell_host(r, f, "host");
        line->severity = severity_word((severity)tell_severity(f));
        line->kind = tell_clip(r, f, "kind");
        runs_text(&line->cells[0], arena_printf(r->mem, "F%zu", n + 1));
        put_time(r, &line->cells[1], f, "time");
        if (!tell_is_null(f, "end")) {
            put_time(r, &line->cells[1], f, "end");
            line->cells[1].last->tone = "end";
        }
        put_host(r, &line->cells[2], f, "host");
        put_badge(r, &line->cells[3], "severity.", line->severity);
        runs_line(&line->cells[3]);
        runs_words(&line->cells[3], tell_word(r, "kind.", line->kind));
        runs_line(&line->cells[3]);
        put_likelihood(r, &line->cells[3], f, "confidence");
        both title = tell_sentence(r, f, "title");
        if (!tell_empty(title))
            runs_add(&line->cells[4], RUN_STRONG, tell_short(r, title));
        runs_line(&line->cells[4]);
        put_sentence(r, &line->cells[4], f, "text");
        put_entities(r, &line->cells[4], f);
        put_evidence(r, &line->cells[5], f);
    }
}
