#include "cli/autoruns_print.h"

#include <stdio.h>
#include <strings.h>

static const char *const verdicts[] = { "hostile", "suspicious", "unknown", "known" };

typedef struct { const persistence *p; const char *tab; size_t tab_at, verdict; } shown;

/* Autoruns' order. */
static const char *const tabs[] = { "Logon", "Explorer", "Internet Explorer", "Scheduled Tasks", "Services", "Drivers", "Codecs", "Boot Execute", "Image Hijacks", "AppInit", "KnownDLLs",
                                    "Winlogon", "Winsock Providers", "Print Monitors", "LSA Providers", "Network Providers", "WMI", "Sidebar Gadgets", "Office" };

static const char *tab_of(const profile_node *locations, const persistence *p)
{
    for (const profile_node *n = p->point ? locations : NULL; n; n = n->next)
        if (strcmp(profile_text(n, "id"), p->point) == 0)
            return profile_text(n, "tab");
    /* What only a log tells of has no row of the catalogue. */
    const char *where = p->location ? p->location : "";
    return strcasestr(where, "\\Services") ? "Services" : strcasestr(where, "\\Tasks") ? "Scheduled Tasks" : strcasestr(where, "subscription") ? "WMI" : "Logon";
}

static size_t rank(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (word && strcmp(list[i], word) == 0)
            return i;
    return count;
}

static int text_order(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "");
}

static int by_host_tab(const void *a, const void *b)
{
    const shown *l = a, *r = b;
    if (l->p->host != r->p->host)
        return l->p->host < r->p->host ? -1 : 1;
    if (l->tab_at != r->tab_at)
        return l->tab_at < r->tab_at ? -1 : 1;
    if (l->verdict != r->verdict)
        return l->verdict < r->verdict ? -1 : 1;
    int o = text_order(l->p->location, r->p->location);
    o = o ? o : text_order(l->p->name, r->p->name);
    o = o ? o : text_order(l->p->command, r->p->command);
    return o ? o : text_order(l->p->user, r->p->user);
}

static const char *host_name(const suyuan_case *c, const persistence *p)
{
    return p->host < c->host_count && c->hosts[p->host].name_count ? c->hosts[p->host].names[0] : "";
}

static void fill(const char *id, const persistence *p, lang l, buf *out)
{
    arg args[] = { { "hidden", ARG_TEXT, p->hidden }, { "type", ARG_TEXT, p->start }, { "target", ARG_TEXT, p->file } };
    arg given[3];
    size_t n = 0;
    for (size_t i = 0; i < sizeof args / sizeof *args; i++)
        if (args[i].value && *args[i].value)
            given[n++] = args[i];
    text_sentence(&(sentence){ id, given, n }, l, (text_zone){ 0, "UTC" }, out);
}

/* Why: what the case says, else what the catalogue says of the reason. */
static const char *why_of(const persistence *p, lang l, arena *mem)
{
    buf out;
    buf_init(&out, 65536);
    char id[96];
    /* The words of a family, or of a command line, stand in the finding. */
    bool told = p->why.id != NULL;
    snprintf(id, sizeof id, "autostart.why.%s", p->reason ? p->reason : "");
    if (told)
        text_sentence(&p->why, l, (text_zone){ 0, "UTC" }, &out);
    else if (p->reason && text_known(id))
        fill(id, p, l, &out);
    char *text = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return text;
}

static const char *what_of(const persistence *p, lang l, arena *mem)
{
    char id[96];
    snprintf(id, sizeof id, "autostart.%s", p->point ? p->point : "");
    if (!p->point || !text_known(id))
        return "";
    buf out;
    buf_init(&out, 65536);
    text_sentence(&(sentence){ id, NULL, 0 }, l, (text_zone){ 0, "UTC" }, &out);
    char *text = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return text;
}

/* ---- Fields of JSON lines and CSV ---- */

enum { FIELDS = 24 };
typedef struct { const char *name, *value; } field_text;

static size_t fields_of(const suyuan_case *c, const shown *s, lang l, arena *mem, field_text f[FIELDS])
{
    const persistence *p = s->p;
    char written[MOMENT_TEXT], created[MOMENT_TEXT];
    const field_text all[] = {
        { "host", host_name(c, p) }, { "category", s->tab }, { "point", p->point }, { "location", p->location }, { "entry", p->name }, { "command", p->command }, { "file", p->file },
        { "in_evidence", p->in_evidence ? "true" : "false" }, { "sha256", p->sha256 }, { "user", p->user }, { "runs_as", p->runs_as }, { "start", p->start }, { "state", p->state },
        { "origin", p->origin }, { "hidden", p->hidden }, { "written", arena_str(mem, moment_iso(p->written, written)) }, { "created", arena_str(mem, moment_iso(p->created, created)) },
        { "by", p->by }, { "from", p->from }, { "verdict", p->verdict }, { "reason", p->reason }, { "why", why_of(p, l, mem) }, { "what", what_of(p, l, mem) },
    };
    size_t n = sizeof all / sizeof *all;
    memcpy(f, all, sizeof all);
    return n;
}

static void put_jsonl(const field_text *f, size_t count, buf *out)
{
    json_writer w;
    json_begin(&w, out);
    json_object(&w);
    for (size_t i = 0; i < count; i++) {
        json_key(&w, f[i].name);
        if (strcmp(f[i].name, "in_evidence") == 0)
            json_bool(&w, f[i].value[0] == 't');
        else
            json_text(&w, f[i].value && *f[i].value ? f[i].value : NULL);
    }
    json_end_object(&w);
    buf_char(out, '\n');
}

/* A value that a spreadsheet would take for a formula gets an apostrophe before it. */
static void put_csv_value(const char *value, buf *out)
{
    if (!value)
        return;
    bool formula = *value && strchr("=+-@\t\r", *value) != NULL, quote = formula || strpbrk(value, ",\"\r\n") != NULL;
    if (quote)
        buf_char(out, '"');
    if (formula)
        buf_char(out, '\'');
    for (; *value; value++) {
        if (*value == '"')
            buf_char(out, '"');
        buf_char(out, *value);
    }
    if (quote)
        buf_char(out, '"');
}

static void put_csv(const field_text *f, size_t count, bool names, buf *out)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            buf_char(out, ',');
        put_csv_value(names ? f[i].name : f[i].value, out);
    }
    buf_str(out, "\r\n");
}

/* ---- The table ---- */

static void put_named(const char *id, lang l, buf *out)
{
    text_sentence(&(sentence){ id, NULL, 0 }, l, (text_zone){ 0, "UTC" }, out);
}

static void put_line(const char *id, const char *value, lang l, buf *out)
{
    if (!value || !*value)
        return;
    buf_str(out, "      ");
    put_named(id, l, out);
    buf_str(out, value);
    buf_char(out, '\n');
}

static void put_time(const char *id, moment t, lang l, buf *out)
{
    if (!moment_known(t))
        return;
    buf text;
    buf_init(&text, 64);
    text_time(t, (text_zone){ 0, "UTC" }, &text);
    buf_str(&text, " UTC");
    put_line(id, buf_text(&text), l, out);
    buf_done(&text);
}

static void put_head(const suyuan_case *c, const shown *s, lang l, buf *out)
{
    const host *h = s->p->host < c->host_count ? &c->hosts[s->p->host] : NULL;
    buf_printf(out, "\n%s%s%s%s\n", host_name(c, s->p), h && h->os ? " (" : "", h && h->os ? h->os : "", h && h->os ? ")" : "");
    (void)l;
}

static void put_entry(const shown *s, bool say_what, lang l, arena *mem, buf *out)
{
    const persistence *p = s->p;
    const char *what = what_of(p, l, mem);
    if (say_what && *what)
        buf_printf(out, "    %s\n", what);
    buf_printf(out, "    [%s] %s%s%s%s\n", text_word(arena_printf(mem, "entry-verdict.%s", p->verdict), l), p->name ? p->name : "", p->user ? " (" : "", p->user ? p->user : "", p->user ? ")" : "");
    put_line("autoruns.command", p->command, l, out);
    if (p->file && (!p->command || strcmp(p->file, p->command) != 0))
        put_line("autoruns.file", p->file, l, out);
    if (p->in_evidence)
        put_line("autoruns.hash", p->sha256 ? p->sha256 : "", l, out);
    put_line("autoruns.location", p->location, l, out);
    put_line("autoruns.start", p->start, l, out);
    put_line("autoruns.runs-as", p->runs_as, l, out);
    if (p->state && strcmp(p->state, "present") != 0)
        put_line("autoruns.state", text_word(arena_printf(mem, "entry-state.%s", p->state), l), l, out);
    if (p->hidden) {
        buf_str(out, "      ");
        fill("autoruns.hidden", p, l, out);
        buf_char(out, '\n');
    }
    put_time("autoruns.written", p->written, l, out);
    put_time("autoruns.created", p->created, l, out);
    put_line("autoruns.by", p->by, l, out);
    put_line("autoruns.why", why_of(p, l, mem), l, out);
}

size_t autoruns_print(const suyuan_case *c, const profile *facts, autoruns_options o, buf *out)
{
    arena mem;
    vec list;
    const profile_node *locations = profile_list(profile_root(facts, "autostarts"), "locations");
    arena_init(&mem, 0);
    vec_init(&list, sizeof(shown));
    for (size_t i = 0; i < c->persistence_count; i++) {
        const persistence *p = &c->persistence[i];
        if (o.no_known && p->verdict && strcmp(p->verdict, "known") == 0)
            continue;
        shown *s = vec_push(&list);
        s->p = p;
        s->tab = tab_of(locations, p);
        s->tab_at = rank(s->tab, tabs, sizeof tabs / sizeof *tabs);
        s->verdict = rank(p->verdict, verdicts, sizeof verdicts / sizeof *verdicts);
    }
    vec_sort(&list, by_host_tab);
    if (o.format == AUTORUNS_CSV) {
        field_text f[FIELDS];
        static const persistence none;
        size_t n = fields_of(c, &(shown){ .p = &none, .tab = "" }, o.l, &mem, f);
        buf_str(out, "\xef\xbb\xbf");
        put_csv(f, n, true, out);
    }
    if (o.format == AUTORUNS_TABLE && list.count)
        buf_printf(out, "%s\n", text_word("autoruns.zone", o.l));
    const shown *before = NULL;
    for (size_t i = 0; i < list.count; i++) {
        const shown *s = vec_at(&list, i);
        if (o.format == AUTORUNS_TABLE) {
            bool new_host = !before || before->p->host != s->p->host, new_tab = new_host || before->tab_at != s->tab_at;
            if (new_host)
                put_head(c, s, o.l, out);
            if (new_tab)
                buf_printf(out, "  %s\n", text_word(arena_printf(&mem, "autoruns-tab.%s", s->tab), o.l));
            put_entry(s, new_tab || !before->p->point || !s->p->point || strcmp(before->p->point, s->p->point) != 0, o.l, &mem, out);
        } else {
            field_text f[FIELDS];
            size_t n = fields_of(c, s, o.l, &mem, f);
            if (o.format == AUTORUNS_JSONL)
                put_jsonl(f, n, out);
            else
                put_csv(f, n, false, out);
        }
        before = s;
    }
    size_t count = list.count;
    vec_done(&list);
    arena_done(&mem);
    return count;
}
