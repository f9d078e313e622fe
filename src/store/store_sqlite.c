#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

/* Columns are told as "name=path:kind", or "name:kind" when both are alike. Kinds: t text, i whole number, r real,
 * b boolean (0 or 1), s sentence (two columns, name_en and name_zh), e end of an edge (name_host and name_address, which
 * is 'outside' for a place outside). The path "." is the item itself. Every table has `n`, which counts its rows from 1;
 * a table below another one has `of`, the n of the row that it belongs to, and one that several share also `about`, the
 * name of their table. Times are text, as in case.json: they sort as they stand. */
typedef struct { const char *name, *below, *key, *columns; bool shared; } table;

#define WAY "host:t time:t access:t means:t account:t source:e confidence:r why:s episode:i"
#define REFERENCE "evidence:t channel:t record:i key:t offset:i time:t"
#define HYPOTHESIS "cause:t score:r prior:r points:r"

static const table tables[] = {
    { "scene_host", NULL, "scene.hosts", "name:t role:t protection:t", false },
    { "scene_address", "scene_host", "addresses", "address=.:t", false },
    { "claim", NULL, "claims", "host:t what:t told:t precision:t found:t verdict:t why:s", false },
    { "evidence", NULL, "evidence", "id:t path:t unit:t sha256:t bytes:i kind:t read:b why:t computer:t host:t records:i recovered:i "
      "first_record:i last_record:i first:t last:t channel:t problems_dropped:i", false },
    { "problem", "evidence", "problems", "kind:t chunk:i offset:i text:t", false },
    { "host", NULL, "hosts", "id:t os:t role:t domain:t first_seen:t time_zone:t crashes:i infected:t collected:b "
      "clock_low=clock.low:i clock_high=clock.high:i", false },
    { "host_name", "host", "names", "name=.:t", false },
    { "host_address", "host", "addresses", "address=.:t", false },
    { "host_note", "host", "notes", "text=.:s", false },
    { "account", "host", "accounts", "name:t rid:t sid:t full_name:t comment:t enabled:b administrator:b flags:t groups:t looks:t logons:t created:t last_logon:t password_set:t", false },
    { "coverage", "host", "coverage", "channel:t begins=from:t ends=to:t records:i gaps:i note:s", false },
    { "finding", NULL, "findings", "id:t kind:t host:t time:t ends=end:t count:i severity:t confidence:r title:s text:s source:t episode:i", false },
    { "technique", "finding", "techniques", "technique=.:t", false },
    { "entity", "finding", "entities", "type:t value:t", false },
    { "fact", "finding", "facts", "name=@:t value=.:t", false },
    { "episode", NULL, "episodes", "number:i label:t begins=from:t ends=to:t title:s hostile:b "
      "first_host=first_host.host:t first_time=first_host.time:t first_confidence=first_host.confidence:r", false },
    { "episode_host", "episode", "hosts", "host=.:t", false },
    { "story", NULL, "story", "episode:i host:t time:t text:s confidence:r", false },
    { "story_finding", "story", "findings", "finding=.:t", false },
    { "process", NULL, "processes", "host:t id:t parent:t start:t image:t command:t account:t session:t verdict:t why:s", false },
    { "crash", NULL, "crashes", "host:t time:t time_basis:s code=bugcheck.code:t name=bugcheck.name:t module:t state:t verdict:s decides:s dump=dump.path:t process=dump.process:t", false },
    { "crash_parameter", "crash", "bugcheck.parameters", "value=.:t", false },
    { "crash_cluster", NULL, "crash_clusters", "begins=window.from:t ends=window.to:t probability:r of_hosts:i state:t verdict:s", false },
    { "cluster_host", "crash_cluster", "hosts", "host=.:t", false },
    { "entry", NULL, "entry", WAY, false },
    { "entry", NULL, "entries", WAY, false },
    { "entry_alternative", "entry", "alternatives", WAY, false },
    { "spread", NULL, "spread", "origin=from:e target=to:t time:t access:t means:t account:t confidence:r why:s episode:i", false },
    { "spread_alternative", "spread", "alternatives", "origin=from:e confidence:r", false },
    { "first_host", NULL, "first_host", "host:t time:t episode:i confidence:r why:s", false },
    { "first_host_alternative", "first_host", "alternatives", "place=host:e confidence:r", false },
    { "persistence", NULL, "persistence", "host:t location:t name:t command:t file:t signed:t verdict:t why:s time:t "
        "point:t reason:t state:t origin:t value:t user:t runs_as:t start:t hidden:t sha256:t in_evidence:b written:t created:t maker=by:t logon:t source=from:t", false },
    { "exposure", NULL, "exposure", "host:t setting=check:t found:t wanted:t severity:t state:t title:s why:s note:s fix:s command:t baseline:t source:t", false },
    { "plan", NULL, "plan", "host:t phase:t action:s target:t why:s risk:s undo:s finding:t", false },
    { "plan_command", "plan", "commands", "system:t command:t", false },
    { "unknown", NULL, "unknowns", "host:t what:t text:s decides:s", false },
    { "reference", "claim", "evidence", REFERENCE, true },
    { "reference", "finding", "evidence", REFERENCE, true },
    { "reference", "story", "evidence", REFERENCE, true },
    { "reference", "process", "evidence", REFERENCE, true },
    { "reference", "crash", "evidence", REFERENCE, true },
    { "reference", "entry", "evidence", REFERENCE, true },
    { "reference", "entry_alternative", "evidence", REFERENCE, true },
    { "reference", "spread", "evidence", REFERENCE, true },
    { "reference", "persistence", "evidence", REFERENCE, true },
    { "reference", "exposure", "evidence", REFERENCE, true },
    { "hypothesis", "crash", "hypotheses", HYPOTHESIS, true },
    { "hypothesis", "crash_cluster", "hypotheses", HYPOTHESIS, true },
    { "speaks_for", "hypothesis", "for", "text=.:s points:r", false },
    { "speaks_against", "hypothesis", "against", "text=.:s points:r", false },
};
#define TABLES (sizeof tables / sizeof *tables)

static const char *const after[] = {
    ("CREATE VIEW timeline AS SELECT time, host, 'story' AS about, text_en AS en, text_zh AS zh, confidence FROM story WHERE time IS NOT NULL"
     " UNION ALL SELECT time, host, kind, title_en, title_zh, confidence FROM finding WHERE time IS NOT NULL ORDER BY 1, 2, 3"),
    "CREATE INDEX reference_of ON reference(about, of)",
    "CREATE INDEX finding_time ON finding(time)",
    "INSERT INTO sentence(sentence) VALUES('optimize')",
    "COMMIT",
};

typedef struct {
    sqlite3 *db;
    sqlite3_stmt *insert[TABLES], *sentence;    /* insert: of the first line of a table's name */
    int64_t rows[TABLES];
} store;

typedef struct { char name[32], path[40], kind; } column;

static bool next_column(const char **at, column *out)
{
    *at += strspn(*at, " ");
    size_t len = strcspn(*at, " ");
    if (len == 0)
        return false;
    size_t colon = strcspn(*at, ":"), equals = strcspn(*at, "=");
    size_t name = equals < colon ? equals : colon, path = equals < colon ? equals + 1 : 0;
    snprintf(out->name, sizeof out->name, "%.*s", (int)name, *at);
    snprintf(out->path, sizeof out->path, "%.*s", (int)(colon - path), *at + path);
    out->kind = (*at)[colon + 1];
    *at += len;
    return true;
}

static size_t first_named(const char *name)
{
    size_t i = 0;
    while (strcmp(tables[i].name, name) != 0)
        i++;
    return i;
}

/* "a.b" below `from`; "." is `from` itself, "@" has no value of its own (the member's name is put). */
static const json *at_path(const json *from, const char *path)
{
    if (strcmp(path, ".") == 0 || strcmp(path, "@") == 0)
        return from;
    while (from) {
        size_t len = strcspn(path, ".");
        char name[40];
        snprintf(name, sizeof name, "%.*s", (int)len, path);
        from = json_get(from, name);
        if (!path[len])
            return from;
        path += len + 1;
    }
    return NULL;
}

static bool run(store *s, const char *sql)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static bool make_table(store *s, size_t i)
{
    const table *t = &tables[i];
    buf create, insert;
    buf_init(&create, 8192);
    buf_init(&insert, 8192);
    buf_printf(&create, "CREATE TABLE \"%s\"(n INTEGER PRIMARY KEY", t->name);
    buf_printf(&insert, "INSERT INTO \"%s\" VALUES(?", t->name);
    if (t->shared) {
        buf_str(&create, ", about TEXT NOT NULL");
        buf_str(&insert, ",?");
    }
    if (t->below) {
        buf_str(&create, ", of INTEGER NOT NULL");
        if (!t->shared)
            buf_printf(&create, " REFERENCES \"%s\"(n)", t->below);
        buf_str(&insert, ",?");
    }
    const char *at = t->columns;
    for (column c; next_column(&at, &c); ) {
        if (c.kind == 's') {
            buf_printf(&create, ", \"%s_en\" TEXT, \"%s_zh\" TEXT", c.name, c.name);
            buf_str(&insert, ",?,?");
        } else if (c.kind == 'e') {
            buf_printf(&create, ", \"%s_host\" TEXT, \"%s_address\" TEXT", c.name, c.name);
            buf_str(&insert, ",?,?");
        } else {
            buf_printf(&create, ", \"%s\" %s", c.name, c.kind == 't' ? "TEXT" : c.kind == 'r' ? "REAL" : "INTEGER");
            buf_str(&insert, ",?");
        }
    }
    buf_str(&create, ") STRICT");
    buf_str(&insert, ")");
    bool ok = run(s, buf_text(&create)) && sqlite3_prepare_v2(s->db, buf_text(&insert), -1, &s->insert[i], NULL) == SQLITE_OK;
    buf_done(&create);
    buf_done(&insert);
    return ok;
}

static void bind_text(sqlite3_stmt *to, int at, const json *value)
{
    if (value && value->kind == JSON_STRING)
        sqlite3_bind_text64(to, at, (const char *)value->text.at, value->text.len, SQLITE_STATIC, SQLITE_UTF8);
}

/* SQLite's whole numbers are signed: what is larger (a hostile offset) is put as the largest. */
static void bind_number(sqlite3_stmt *to, int at, const json *value, char kind)
{
    int64_t number;
    uint64_t large;
    if (!value || value->kind == JSON_NULL)
        return;
    if (kind == 'b')
        sqlite3_bind_int64(to, at, value->kind == JSON_BOOL && value->truth);
    else if (kind == 'r')
        sqlite3_bind_double(to, at, json_number(value, 0));
    else if (json_int(value, &number))
        sqlite3_bind_int64(to, at, number);
    else if (json_uint(value, &large))
        sqlite3_bind_int64(to, at, INT64_MAX);
}

static bool put_sentence(store *s, const char *about, int64_t n, const char *field, const json *value)
{
    if (!value || value->kind != JSON_OBJECT)
        return true;
    sqlite3_bind_text(s->sentence, 1, about, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s->sentence, 2, n);
    sqlite3_bind_text(s->sentence, 3, field, -1, SQLITE_STATIC);
    bind_text(s->sentence, 4, json_get(value, "en"));
    bind_text(s->sentence, 5, json_get(value, "zh"));
    bool ok = sqlite3_step(s->sentence) == SQLITE_DONE;
    sqlite3_reset(s->sentence);
    sqlite3_clear_bindings(s->sentence);
    return ok;
}

static bool put_items(store *s, size_t line, const json *list, const char *about, int64_t of);

static bool put_item(store *s, size_t line, const json *item, const char *about, int64_t of)
{
    const table *t = &tables[line];
    size_t first = first_named(t->name);
    sqlite3_stmt *to = s->insert[first];
    int64_t n = ++s->rows[first];
    int at = 1;
    bool ok = true;
    sqlite3_bind_int64(to, at++, n);
    if (t->shared)
        sqlite3_bind_text(to, at++, about, -1, SQLITE_STATIC);
    if (t->below)
        sqlite3_bind_int64(to, at++, of);
    const char *columns = t->columns;
    for (column c; next_column(&columns, &c); ) {
        const json *value = at_path(item, c.path);
        if (c.kind == 's') {
            bind_text(to, at++, json_get(value, "en"));
            bind_text(to, at++, json_get(value, "zh"));
            ok = ok && put_sentence(s, t->name, n, c.name, value);
        } else if (c.kind == 'e') {
            bool outside = value && value->kind == JSON_STRING && span_is(value->text, "outside");
            if (!outside)
                bind_text(to, at, value);
            at++;
            bind_text(to, at++, outside ? value : json_get(value, "address"));
        } else if (c.path[0] == '@') {
            sqlite3_bind_text64(to, at++, (const char *)item->name.at, item->name.len, SQLITE_STATIC, SQLITE_UTF8);
        } else if (c.kind == 't')
            bind_text(to, at++, value);
        else
            bind_number(to, at++, value, c.kind);
    }
    ok = ok && sqlite3_step(to) == SQLITE_DONE;
    sqlite3_reset(to);
    sqlite3_clear_bindings(to);
    for (size_t i = 0; i < TABLES && ok; i++)
        if (tables[i].below && strcmp(tables[i].below, t->name) == 0)
            ok = put_items(s, i, at_path(item, tables[i].key), t->name, n);
    return ok;
}

static bool put_items(store *s, size_t line, const json *list, const char *about, int64_t of)
{
    if (!list || list->kind == JSON_NULL)
        return true;
    if (list->kind == JSON_OBJECT && !strchr(tables[line].columns, '@'))
        return put_item(s, line, list, about, of);
    bool ok = true;
    for (const json *item = list->first; item && ok; item = item->next)
        ok = put_item(s, line, item, about, of);
    return ok;
}

static bool put_about(store *s, const json *c)
{
    static const char *const lines[][2] = {
        { "schema", "schema" }, { "made", "made" }, { "version", "tool.version" }, { "rules", "tool.rules" }, { "profiles", "tool.profiles" },
        { "zone", "zone.name" }, { "customer", "scene.customer" }, { "network", "scene.network" },
        { "headline_en", "headline.en" }, { "headline_zh", "headline.zh" }, { "entry_unknown_en", "entry_unknown.en" },
        { "entry_unknown_zh", "entry_unknown.zh" }, { "first_host_unknown_en", "first_host_unknown.en" },
        { "first_host_unknown_zh", "first_host_unknown.zh" },
    };
    sqlite3_stmt *to;
    if (sqlite3_prepare_v2(s->db, "INSERT INTO about VALUES(?,?)", -1, &to, NULL) != SQLITE_OK)
        return false;
    bool ok = true;
    for (size_t i = 0; i < sizeof lines / sizeof *lines && ok; i++) {
        sqlite3_bind_text(to, 1, lines[i][0], -1, SQLITE_STATIC);
        bind_text(to, 2, at_path(c, lines[i][1]));
        ok = sqlite3_step(to) == SQLITE_DONE;
        sqlite3_reset(to);
        sqlite3_clear_bindings(to);
    }
    sqlite3_finalize(to);
    return ok && put_sentence(s, "about", 0, "headline", json_get(c, "headline"));
}

static bool fill(store *s, const json *c)
{
    bool ok = run(s, "PRAGMA page_size=4096; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA user_version=1; BEGIN;"
                     "CREATE TABLE about(key TEXT PRIMARY KEY, value TEXT) STRICT;"
                     "CREATE VIRTUAL TABLE sentence USING fts5(about UNINDEXED, n UNINDEXED, field UNINDEXED, en, zh, tokenize='trigram')")
        && sqlite3_prepare_v2(s->db, "INSERT INTO sentence(about, n, field, en, zh) VALUES(?,?,?,?,?)", -1, &s->sentence, NULL) == SQLITE_OK
        && put_about(s, c);
    for (size_t i = 0; i < TABLES && ok; i++)
        if (first_named(tables[i].name) == i)
            ok = make_table(s, i);
    for (size_t i = 0; i < TABLES && ok; i++)
        if (!tables[i].below)
            ok = put_items(s, i, at_path(c, tables[i].key), NULL, 0);
    for (size_t i = 0; i < sizeof after / sizeof *after && ok; i++)
        ok = run(s, after[i]);
    return ok;
}

static bool sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return ok;
}

status store_sqlite(const json *c, const char *folder)
{
    char made[PATH_MAX], final[PATH_MAX];
    if (snprintf(made, sizeof made, "%s/.case.sqlite.new", folder) >= PATH_MAX || snprintf(final, sizeof final, "%s/case.sqlite", folder) >= PATH_MAX)
        return status_fail(STATUS_IO, "the name of the folder is too long");
    unlink(made);
    store s = { 0 };
    status done = status_ok();
    if (sqlite3_open_v2(made, &s.db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK || !fill(&s, c))
        done = status_fail(STATUS_IO, "cannot write %.120s: %s", final, s.db ? sqlite3_errmsg(s.db) : "no memory");
    for (size_t i = 0; i < TABLES; i++)
        sqlite3_finalize(s.insert[i]);
    sqlite3_finalize(s.sentence);
    if (sqlite3_close(s.db) != SQLITE_OK && status_is_ok(done))
        done = status_fail(STATUS_IO, "cannot close %.120s", final);
    if (status_is_ok(done) && (!sync_file(made) || rename(made, final) != 0))
        done = status_fail(STATUS_IO, "cannot write %.120s: %s", final, strerror(errno));
    if (!status_is_ok(done))
        unlink(made);
    return done;
}
