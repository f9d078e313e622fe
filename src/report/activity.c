#include "report/tell.h"

#define TREES_BYTES 260000u
#define LONG_LIST 40u                   /* rows, from which what is alike is folded */
#define ALIKE 8u

/* ---- What ran ---- */

#define TREE_DEPTH 24u
#define NONE SIZE_MAX

/* Processes as a forest: first child and next sibling, in the order of the case. */
typedef struct { const json *of; size_t host, parent, child, next; } node;
typedef struct { node *at; size_t count; } forest;

static void fill_item(const report *r, runs *to, const json *p)
{
    if (!tell_is(p, "verdict", "known") && !tell_is(p, "verdict", "unknown")) {
        put_badge(r, to, "verdict.", json_str(p, "verdict"));
        runs_text(to, " ");
    }
    if (tell_is_null(p, "image"))
        runs_words(to, tell_label("unknown"));
    else
        put_code(r, to, p, "image");
    runs_text(to, " ");
    if (!tell_is_null(p, "start"))
        put_time(r, to, p, "start");
    if (!tell_is_null(p, "account")) {
        runs_text(to, " ");
        runs_add(to, RUN_SMALL, (both){ tell_clip(r, p, "account"), NULL });
    }
    both why = tell_sentence(r, p, "why");
    if (!tell_empty(why)) {
        runs_text(to, " — ");
        runs_words(to, why);
    }
    if (!tell_is_null(p, "command") && strcmp(json_str(p, "command"), json_str(p, "image")) != 0) {
        runs_line(to);
        put_code(r, to, p, "command");
    }
    runs_text(to, " ");
    put_evidence(r, to, p);
}

/* In a circle, or deeper than this, a process begins a tree of its own. */
static bool is_root(const forest *f, size_t i)
{
    size_t depth = 0;
    for (; f->at[i].parent != NONE && depth < TREE_DEPTH; depth++)
        i = f->at[i].parent;
    return depth == 0 || depth == TREE_DEPTH;
}

static forest read_processes(const report *r)
{
    forest f = { .count = tell_count(r->c, "processes") };
    f.at = arena_array(r->mem, f.count + 1, sizeof *f.at);
    map ids;
    map_init(&ids);
    size_t i = 0;
    bool there;
    for (const json *p = tell_first(r->c, "processes"); p; p = p->next, i++) {
        f.at[i] = (node){ p, tell_host(r, p, "host"), NONE, NONE, NONE };
        *map_put(&ids, span_str(arena_printf(r->mem, "%zu %s", f.at[i].host, json_str(p, "id"))), &there) = i;
    }
    for (i = 0; i < f.count; i++) {
        const char *parent = json_str(f.at[i].of, "parent");
        uint64_t *at = *parent ? map_find(&ids, span_str(arena_printf(r->mem, "%zu %s", f.at[i].host, parent))) : NULL;
        if (at && *at != i)
            f.at[i].parent = (size_t)*at;
    }
    map_done(&ids);
    for (i = f.count; i-- > 0; )
        if (f.at[i].parent != NONE && !is_root(&f, i)) {
            f.at[i].next = f.at[f.at[i].parent].child;
            f.at[f.at[i].parent].child = i;
        }
    return f;
}

/* What two trees must share to be told as one: programs, arguments and accounts, but not what is in braces (a task's GUID). */
static void write_likeness(const forest *f, size_t i, buf *out)
{
    const json *p = f->at[i].of;
    buf_str(out, json_str(p, "image"));
    buf_char(out, '\n');
    unsigned braces = 0;
    for (const char *c = json_str(p, "command"); *c; c++) {
        braces += *c == '{';
        if (!braces)
            buf_char(out, *c);
        braces -= *c == '}' && braces;
    }
    buf_char(out, '\n');
    buf_str(out, json_str(p, "account"));
    buf_str(out, json_str(p, "verdict"));
    buf_char(out, '(');
    for (size_t c = f->at[i].child; c != NONE; c = f->at[c].next)
        write_likeness(f, c, out);
    buf_char(out, ')');
}

static void place_tree(const report *r, const forest *f, block *list, size_t i)
{
    block *item = doc_item(list, r->d, 0);
    fill_item(r, &item->text, f->at[i].of);
    block *below = f->at[i].child != NONE ? doc_list(item, r->d, false, NULL, 0) : NULL;
    for (size_t c = f->at[i].child; c != NONE; c = f->at[c].next)
        place_tree(r, f, below, c);
}

typedef struct { block *item; size_t count; const json *last; } likeness;

/* Trees of one host; one that came again is told once, with how often and when last. */
static void tell_host_trees(const report *r, const forest *f, block *in, size_t host, size_t limit)
{
    block *list = NULL;
    map seen;
    vec alike;
    buf words;
    map_init(&seen);
    vec_init(&alike, sizeof(likeness));
    for (size_t i = 0; i < f->count; i++) {
        if (f->at[i].host != host || !is_root(f, i))
            continue;
        if (!list) {
            block *section = doc_section(in, r->d, 3, NULL, (both){ NULL, NULL }, (both){ r->hosts[host].name, NULL });
            list = doc_list(section, r->d, false, "tree", limit);
        }
        bool there;
        buf_init(&words, 1u << 20);
        write_likeness(f, i, &words);
        uint64_t *at = map_put(&seen, buf_bytes(&words), &there);
        buf_done(&words);
        if (!there) {
            *at = alike.count;
            place_tree(r, f, list, i);
            *(likeness *)vec_push(&alike) = (likeness){ .item = list->last };
        }
        likeness *l = vec_at(&alike, (size_t)*at);
        l->count++;
        l->last = f->at[i].of;
    }
    for (size_t i = 0; i < alike.count; i++) {
        const likeness *l = vec_at(&alike, i);
        moment t;
        if (l->count < 2)
            continue;
        runs_text(&l->item->text, " ");
        runs_add(&l->item->text, RUN_STRONG, tell_say(r, "report.came-again", "count", ARG_NUMBER, tell_number(r, l->count), "last", ARG_TIME,
                                                      tell_time(l->last, "start", &t) ? tell_iso(r, t) : NULL, NULL));
    }
    map_done(&seen);
    vec_done(&alike);
}

static void tell_processes(const report *r, block *in)
{
    forest f = read_processes(r);
    size_t limit = TREES_BYTES / (r->host_count ? r->host_count : 1);
    for (size_t h = 0; h < r->host_count; h++)
        tell_host_trees(r, &f, in, h, limit < 4000 ? 4000 : limit);
}

/* ---- Findings of one subject as a table ---- */

static void subject_table(const report *r, block *in, both caption, const char *kinds, size_t limit)
{
    static const struct { const char *title, *tone; } columns[] = {
        { "report.host", "name" }, { "report.time", "time" }, { "report.what", "what" }, { "report.detail", "wide" }, { "report.likelihood", "sure" }, { "report.evidence", "ref" },
    };
    table *t = doc_table(in, r->d, NULL, caption, "stack", limit);
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        doc_column(t, tell_label(columns[i].title), columns[i].tone);
    size_t n = 0, hosts;
    folding fold;
    tell_fold(&fold, tell_kinds(r, kinds, &hosts), LONG_LIST, ALIKE);
    for (const json *f = tell_first(r->c, "findings"); f; f = f->next, n++) {
        if (!tell_is_kind(f, kinds))
            continue;
        row *line = doc_row(t, r->d, NULL, tell_severity(f));
        tell_fold_row(&fold, line, arena_printf(r->mem, "%s %s %s", json_str(f, "host"), json_str(f, "kind"), json_str(f, "severity")), tell_word(r, "kind.", json_str(f, "kind")));
        put_host(r, &line->cells[0], f, "host");
        put_time(r, &line->cells[1], f, "time");
        put_badge(r, &line->cells[2], "severity.", json_str(f, "severity"));
        runs_text(&line->cells[2], " ");
        runs_words(&line->cells[2], tell_word(r, "kind.", json_str(f, "kind")));
        runs_line(&line->cells[2]);
        runs_add(&line->cells[2], RUN_LINK, (both){ arena_printf(r->mem, "F%zu", n + 1), NULL })->target = arena_printf(r->mem, "f%zu", n);
        both title = tell_sentence(r, f, "title");
        if (!tell_empty(title))
            runs_add(&line->cells[3], RUN_STRONG, tell_short(r, title));
        runs_line(&line->cells[3]);
        put_sentence(r, &line->cells[3], f, "text");
        put_likelihood(r, &line->cells[4], f, "confidence");
        put_evidence(r, &line->cells[5], f);
    }
    tell_folded(r, &fold, t);
}

static void tell_subject(const report *r, block *in, const char *id, const char *title, const char *kinds, const char *none)
{
    block *section = doc_section(in, r->d, 2, id, DOC_NUMBERED, tell_label(title));
    size_t hosts, found = tell_kinds(r, kinds, &hosts);
    if (!found) {
        runs_words(doc_paragraph(section, r->d, "note"), tell_label(none));
        return;
    }
    runs_words(doc_paragraph(section, r->d, NULL), tell_say(r, "report.subject-counted", "count", ARG_NUMBER, tell_number(r, found), "hosts", ARG_NUMBER, tell_number(r, hosts), NULL));
    subject_table(r, section, tell_label(title), kinds, 120000);
}

void tell_activity(report *r, block *in)
{
    block *section = doc_section(in, r->d, 2, "ran", DOC_NUMBERED, tell_label("report.what-ran"));
    static const char ran[] = "miner malware-file network-contact fake-system-process process-chain script-execution remote-execution";
    size_t hosts, found = tell_kinds(r, ran, &hosts);
    if (!found && !tell_count(r->c, "processes"))
        runs_words(doc_paragraph(section, r->d, "note"), tell_label("report.nothing-ran"));
    if (tell_count(r->c, "processes")) {
        runs_words(doc_paragraph(section, r->d, NULL), tell_label("report.trees"));
        tell_processes(r, section);
    }
    if (found)
        subject_table(r, section, tell_label("report.ran-table"), ran, 220000);
    tell_persistence(r, in);
    tell_subject(r, in, "accounts", "report.accounts",
                 "password-guessing password-spraying logon-after-guessing suspicious-logon account-create account-change admin-group-add credential-theft", "report.no-accounts");
    tell_subject(r, in, "defence", "report.defence", "defence-off log-cleared log-gap firewall-change port-proxy unclean-shutdown", "report.no-defence");
}
