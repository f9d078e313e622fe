/* What starts by itself? The catalogue's rows walked over a hive, live and recovered keys alike. */
#include "detect/autostart.h"

#include "format/security.h"

#include <limits.h>
#include <strings.h>

/* ---- The key at hand ---- */

const winpath_host *autostart_host(const autostart_pass *p)
{
    return p->wow ? &p->host_wow : &p->host;
}

bool autostart_value(const autostart_pass *p, const autostart_source *from, const char *name, regf_value *out)
{
    if (!from->lost)
        return regf_find_value(p->view->hive, &from->key, name, out);
    for (size_t i = 0; i < from->value_count; i++) {
        char *is = regf_name_text(from->values[i].name, from->values[i].latin, (arena *)&p->work);
        if (is && strcasecmp(is, name) == 0) {
            *out = from->values[i];
            return true;
        }
    }
    return false;
}

static const char *text_of(autostart_pass *p, const autostart_source *from, const regf_value *v)
{
    if (regf_withheld(p->view->hive, &from->key, v))
        return NULL;
    if (v->type != REGF_SZ && v->type != REGF_EXPAND_SZ && v->type != REGF_MULTI_SZ && v->type != REGF_LINK)
        return NULL;
    return regf_text(p->view->hive, v, &p->work);
}

const char *autostart_text(autostart_pass *p, const autostart_source *from, const char *name)
{
    regf_value v;
    return autostart_value(p, from, name, &v) ? text_of(p, from, &v) : NULL;
}

bool autostart_number(autostart_pass *p, const autostart_source *from, const char *name, uint64_t *out)
{
    regf_value v;
    if (!autostart_value(p, from, name, &v))
        return false;
    if (regf_number(p->view->hive, &v, out))
        return true;
    const char *text = text_of(p, from, &v);
    if (!text || text[0] < '0' || text[0] > '9')
        return false;
    uint64_t n = 0;
    for (const char *c = text; *c >= '0' && *c <= '9' && n < UINT32_MAX; c++)
        n = n * 10 + (uint64_t)(*c - '0');
    *out = n;
    return true;
}

const char *autostart_part(const char *path, unsigned up, arena *mem)
{
    size_t end = strlen(path);
    for (;; up--) {
        size_t at = end;
        while (at > 0 && path[at - 1] != '\\')
            at--;
        if (up == 0 || at == 0)
            return arena_text(mem, span_of(path + at, end - at));
        end = at - 1;
    }
}

void autostart_set_command(autostart_pass *p, autostart_entry *e, const char *command)
{
    winpath w = winpath_command(autostart_host(p), command, &p->work);
    e->command = command;
    e->file = w.file;
    e->target = w.target;
    e->unquoted = w.unquoted;
}

/* ---- Noting ---- */

static const char *const verdict_words[] = { "known", "unknown", "suspicious", "hostile" };

static void find(detect_act_builder *a, const autostart_row *row, const autostart_judged *j)
{
    if (j->verdict < VERDICT_SUSPICIOUS)
        return;
    severity s = j->verdict == VERDICT_HOSTILE ? (j->family ? SEVERITY_CRITICAL : SEVERITY_HIGH) : SEVERITY_MEDIUM;
    detect_finding(a, row->finding, s, j->confidence, row->technique, row->text);
}

void autostart_note(autostart_pass *p, const autostart_row *row, const autostart_source *from, uint32_t cell, size_t number, autostart_entry *e)
{
    autostart_judged j = autostart_judge(p, row, e);
    if (row->quiet && j.verdict < VERDICT_SUSPICIOUS) {
        if (row->shape == SHAPE_CLASS_SERVER)
            autostart_note_class(p, from, e, &j, verdict_words[j.verdict]);
        return;
    }
    detect_act_builder *a = detect_act_at(p->out, "autostart", (uint64_t)cell | (uint64_t)number << 32, from->key.written, from->lost);
    detect_fact(a, "point", row->id);
    detect_fact(a, "key", p->prefix ? arena_printf(&p->work, "%s\\%s", p->prefix, from->path) : from->path);
    detect_fact(a, "value", e->value);
    detect_fact(a, "entry", e->entry);
    detect_fact(a, "command", e->command);
    detect_fact(a, "file", e->file);
    detect_fact(a, "target", e->target);
    detect_fact(a, "arguments", e->arguments);
    detect_fact(a, "user", p->user);
    detect_fact(a, "runs_as", e->runs_as);
    detect_fact(a, "start", e->start);
    detect_fact(a, "type", e->type);
    detect_fact(a, "clsid", e->clsid);
    detect_fact(a, "disabled", e->disabled || row->disabled ? "yes" : NULL);
    detect_fact(a, "hidden", e->hidden);
    detect_fact(a, "definition", e->definition);
    detect_fact(a, "deleted", from->lost ? "yes" : NULL);
    detect_fact(a, "decoded", j.decoded);
    detect_fact(a, "looks", j.looks);
    detect_fact(a, "family", j.family);
    detect_fact(a, "verdict", verdict_words[j.verdict]);
    detect_fact(a, "reason", j.reason);
    find(a, row, &j);
}

/* ---- Values by shape ---- */

typedef struct { autostart_pass *p; const autostart_row *row; const autostart_source *from; const regf_value *v; const char *name; autostart_entry base; size_t count; } reading;

static void put(reading *r, autostart_entry *e)
{
    if (r->count < ENTRIES_OF_VALUE)
        autostart_note(r->p, r->row, r->from, r->v ? r->v->cell : r->from->key.cell, r->count++, e);
}

static bool blank(const char *text)
{
    return !text || !text[strspn(text, " \t\r\n")];
}

static const char *trimmed(const char *text, size_t len, arena *mem)
{
    while (len && (*text == ' ' || *text == '\t' || *text == '\r')) {
        text++;
        len--;
    }
    while (len && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r'))
        len--;
    return arena_text(mem, span_of(text, len));
}

/* Each part of a list; quotes hold a part together, but not where a list is of lines. */
static void each_part(reading *r, const char *text, const char *separators, void (*part)(reading *, const char *))
{
    while (*text && r->count < ENTRIES_OF_VALUE) {
        size_t len = 0;
        bool quoted = false;
        while (text[len] && (quoted || !strchr(separators, text[len]))) {
            quoted = text[len] == '"' ? !quoted : quoted;
            len++;
        }
        const char *one = trimmed(text, len, &r->p->work);
        if (*one)
            part(r, one);
        text += len + (text[len] != 0);
    }
}

static void put_command(reading *r, const char *command)
{
    autostart_entry e = r->base;
    autostart_set_command(r->p, &e, command);
    put(r, &e);
}

static void put_library(reading *r, const char *name)
{
    autostart_entry e = r->base;
    e.command = name;
    /* "dll,function" and "dll!function" name a function behind the file. */
    size_t len = strcspn(name, ",!");
    e.file = winpath_library(autostart_host(r->p), trimmed(name, len, &r->p->work), &r->p->work);
    put(r, &e);
}

static void put_package(reading *r, const char *name)
{
    if (strcmp(name, "\"\"") == 0)              /* how an empty list is written since Windows 8.1 */
        return;
    autostart_entry e = r->base;
    e.entry = r->row->naming == ENTRY_VALUE ? name : e.entry;
    e.command = name;
    e.file = winpath_library(autostart_host(r->p), name, &r->p->work);
    put(r, &e);
}

static void put_class(reading *r, const char *clsid)
{
    autostart_entry e = r->base;
    e.clsid = clsid;
    e.command = clsid;
    e.file = autostart_class_file(r->p, clsid);
    put(r, &e);
}

static void put_driver(reading *r, const char *name)
{
    autostart_entry e = r->base;
    size_t at = 0;
    e.entry = e.command = name;
    e.family_name = name;
    e.file = winpath_full(&r->p->host, arena_printf(&r->p->work, "system32\\drivers\\%s.sys", name), &r->p->work);
    if (autostart_known(&r->p->run->drivers, name, &at)) {
        e.has_verdict = true;
        e.verdict = VERDICT_KNOWN;
        e.reason = "windows-driver";
    }
    put(r, &e);
}

static void put_listed_file(reading *r, const char *path)
{
    autostart_entry e = r->base;
    e.command = path;
    e.file = winpath_full(autostart_host(r->p), path, &r->p->work);
    put(r, &e);
}

/* A folder before those of Windows answers first. */
static void read_search_path(reading *r, const char *text)
{
    bool before = true;
    while (*text && r->count < ENTRIES_OF_VALUE) {
        size_t len = strcspn(text, ";");
        const char *folder = trimmed(text, len, &r->p->work);
        text += len + (text[len] != 0);
        if (!*folder)
            continue;
        const char *plain = looks_path(winpath_full(&r->p->host, folder, &r->p->work), &r->p->work);
        if (strncmp(plain, "%w", 2) == 0) {
            before = false;
            continue;
        }
        if (!before)
            continue;
        autostart_entry e = r->base;
        e.entry = e.command = folder;
        bool anybody = autostart_like("?:\\users\\*", plain) || looks_odd_folder(r->p->run->looks, arena_printf(&r->p->work, "%s\\x.exe", plain));
        e.has_verdict = true;
        e.verdict = anybody ? VERDICT_SUSPICIOUS : VERDICT_UNKNOWN;
        e.reason = autostart_like("?:\\program files*", plain) ? "not-known" : "before-windows";
        put(r, &e);
    }
}

static void read_renames(reading *r, const char *text)
{
    span bytes = regf_data(r->p->view->hive, r->v, &r->p->work);
    (void)text;
    /* Pairs of texts, each ended by a NUL: what to move, and where to; nothing: deleted. So empty ones count. */
    const char *from = NULL;
    for (size_t at = 0; at + 1 < bytes.len;) {
        size_t end = at;
        while (end + 1 < bytes.len && (bytes.at[end] || bytes.at[end + 1]))
            end += 2;
        const char *one = utf16_text(&r->p->work, span_part(bytes, at, end - at));
        at = end + 2;
        if (!from) {
            if (!*one && at + 2 >= bytes.len)
                break;
            from = one;
            continue;
        }
        if (*one) {
            autostart_entry e = r->base;
            const char *to = one[0] == '!' ? one + 1 : one;
            e.command = arena_printf(&r->p->work, "%s -> %s", from, to);
            e.entry = autostart_part(to, 0, &r->p->work);
            e.file = winpath_full(&r->p->host, to, &r->p->work);
            put(r, &e);
        }
        from = NULL;
    }
}

static void read_run_once_ex(reading *r, const char *text)
{
    if (!strchr(text, '|')) {
        put_command(r, text);
        return;
    }
    autostart_entry e = r->base;
    const char *from = text[0] == '|' && text[1] == '|' ? text + 2 : text;
    size_t len = strcspn(from, "|");
    e.command = text;
    if (from != text)                            /* "||program" starts a program */
        autostart_set_command(r->p, &e, arena_text(&r->p->work, span_of(from, len)));
    else
        e.file = winpath_library(autostart_host(r->p), arena_text(&r->p->work, span_of(from, len)), &r->p->work);
    e.command = text;
    put(r, &e);
}

static void read_network_provider(reading *r, const char *name)
{
    autostart_entry e = r->base;
    regf_key service;
    e.entry = e.command = name;
    const char *file = NULL;
    if (r->p->view->has_control && regf_find(r->p->view->hive, &r->p->view->control, arena_printf(&r->p->work, "Services\\%s\\NetworkProvider", name), &service))
        file = regf_text_at(r->p->view->hive, &service, "", "ProviderPath", &r->p->work);
    e.file = file && *file ? winpath_library(&r->p->host, file, &r->p->work) : NULL;
    put(r, &e);
}

static void read_winsock(reading *r)
{
    span bytes = regf_data(r->p->view->hive, r->v, &r->p->work);
    size_t len = 0;
    while (len < bytes.len && len < 260 && bytes.at[len])
        len++;
    char *path = arena_text(&r->p->work, span_part(bytes, 0, len));
    for (size_t i = 0; i < len; i++)
        if ((uint8_t)path[i] >= 0x80 || (uint8_t)path[i] < 0x20)
            path[i] = '?';                       /* in a code page that nobody tells */
    autostart_entry e = r->base;
    e.entry = autostart_part(r->from->path, 0, &r->p->work);
    e.command = path;
    e.unreadable = len == 0;
    e.file = len ? winpath_library(&r->p->host, path, &r->p->work) : NULL;
    put(r, &e);
}

static void read_safe_boot(reading *r, const char *text)
{
    autostart_entry e = r->base;
    size_t at = 0;
    const char *name = e.entry;
    size_t len = strlen(name);
    const char *stem = len > 4 && strcasecmp(name + len - 4, ".sys") == 0 ? arena_text(&r->p->work, span_of(name, len - 4)) : name;
    e.command = e.type = blank(text) ? NULL : text;
    bool driver = autostart_known(&r->p->run->drivers, stem, &at) != NULL;
    at = 0;
    bool known = word_table_has(r->p->run->safe_boot, name) || driver || autostart_known(&r->p->run->services, stem, &at) || autostart_is_class(name);
    e.has_verdict = true;
    e.verdict = known ? VERDICT_KNOWN : VERDICT_UNKNOWN;
    e.reason = known ? "normal" : "not-known";
    put(r, &e);
}

static void read_known_dll(reading *r, const char *text)
{
    autostart_entry e = r->base;
    e.command = text;
    e.data = text;
    bool folder = strncasecmp(e.entry, "DllDirectory", 12) == 0;
    e.file = folder ? winpath_full(&r->p->host, text, &r->p->work) : winpath_library(&r->p->host, text, &r->p->work);
    if (!folder && strpbrk(text, "\\/:")) {
        e.has_verdict = true;
        e.verdict = VERDICT_HOSTILE;
        e.reason = "path-not-name";
    }
    put(r, &e);
}

static void read_class_command(reading *r, const char *text)
{
    autostart_entry e = r->base;
    /* CLASS\shell\VERB\command */
    e.entry = arena_printf(&r->p->work, "%s\\%s", autostart_part(r->from->path, 3, &r->p->work), autostart_part(r->from->path, 1, &r->p->work));
    if (autostart_is_class(text)) {
        e.clsid = e.command = text;
        e.file = autostart_class_file(r->p, text);
    } else
        autostart_set_command(r->p, &e, text);
    if (strcasecmp(r->name, "DelegateExecute") == 0 && blank(text)) {       /* present and empty: the command beside it is taken */
        return;
    }
    put(r, &e);
}

static void read_class_server(reading *r, const char *text)
{
    autostart_entry e = r->base;
    e.clsid = autostart_part(r->from->path, 1, &r->p->work);
    e.entry = e.clsid;
    const char *server = autostart_part(r->from->path, 0, &r->p->work);
    e.type = server;
    e.command = text;
    if (strcasecmp(server, "LocalServer32") == 0)
        autostart_set_command(r->p, &e, text);
    else if (autostart_is_class(text))
        e.file = autostart_class_file(r->p, text);
    else if (strncasecmp(text, "script:", 7) == 0 || strstr(text, "://"))
        e.file = NULL;
    else
        e.file = winpath_library(autostart_host(r->p), text, &r->p->work);
    /* A user's class goes before the machine's of the same number. */
    uint32_t id;
    bool user = r->p->view->kind != REGF_SOFTWARE;
    if (user && e.file && word_table_find(r->p->run->classes, e.clsid, strlen(e.clsid), &id)) {
        const char *windows = r->p->run->class_files[id];
        if (windows && !autostart_like(windows, looks_path(e.file, &r->p->work))) {
            e.has_verdict = true;
            e.verdict = VERDICT_SUSPICIOUS;
            e.reason = "shadows-windows";
        }
    }
    put(r, &e);
}

static void read_hook(reading *r, const char *text)
{
    if (autostart_is_class(text))
        put_class(r, text);
    else
        each_part(r, text, ";", put_listed_file);
}

static void read_startup_approved(reading *r)
{
    span bytes = regf_data(r->p->view->hive, r->v, &r->p->work);
    const char *list = autostart_part(r->from->path, 0, &r->p->work);
    autostart_entry e = r->base;
    /* An odd first byte switches off; a time says since when. Of Run keys the entry itself says so, if it is there. */
    e.disabled = bytes.len && bytes.at[0] & 1;
    bool folder = strcasecmp(list, "StartupFolder") == 0;
    if (!folder && strncasecmp(list, "Run", 3) == 0) {
        regf_key run;
        const char *path = strcasecmp(list, "Run32") == 0 ? "Wow6432Node\\Microsoft\\Windows\\CurrentVersion\\Run" : "Microsoft\\Windows\\CurrentVersion\\Run";
        regf_value v;
        if (r->p->view->has_software && regf_find(r->p->view->hive, &r->p->view->software, path, &run) && regf_find_value(r->p->view->hive, &run, r->name, &v))
            return;
    }
    e.has_verdict = true;
    e.verdict = VERDICT_UNKNOWN;
    e.reason = folder ? "in-folder" : "gone";
    e.type = folder ? "startup-folder" : "run";
    put(r, &e);
}

static void read_boot_setting(reading *r)
{
    span bytes = regf_data(r->p->view->hive, r->v, &r->p->work);
    static const struct { const char *element, *name; } names[] = { { "25000080", "safeboot" }, { "16000049", "testsigning" }, { "16000048", "nointegritychecks" }, { "16000010", "bootdebug" } };
    const char *element = autostart_part(r->from->path, 0, &r->p->work);
    bool on = strcmp(element, "25000080") == 0;
    for (size_t i = 0; i < bytes.len; i++)
        on = on || bytes.at[i];
    if (!on)
        return;
    autostart_entry e = r->base;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i].element, element) == 0)
            e.entry = names[i].name;
    put(r, &e);
}

/* The service manager's own list: that there is one is odd, and rights in it for everybody are a back door. */
static void read_access_list(reading *r)
{
    static const char *const anybody[] = { "WD", "AU", "BU", "IU", "AN", "BG", NULL };
    security s;
    problems noted;
    problems_init(&noted, &r->p->work);
    autostart_entry e = r->base;
    span bytes = regf_data(r->p->view->hive, r->v, &r->p->work);
    if (status_is_ok(security_read(&r->p->work, bytes, &noted, &s))) {
        e.command = security_sddl(&r->p->work, &s, SECURITY_MANAGER);
        if (security_allowed(&s, SECURITY_MANAGER, anybody, security_write_rights(SECURITY_MANAGER))) {
            e.has_verdict = true;
            e.verdict = VERDICT_HOSTILE;
            e.reason = "rights-for-anybody";
        }
    } else
        e.unreadable = true;
    put(r, &e);
}

static void read_print_port(reading *r)
{
    const char *name = r->name;
    bool path = (name[0] && name[1] == ':' && name[2] == '\\') || name[0] == '\\' || strpbrk(name, "/\\");
    if (!path)
        return;
    autostart_entry e = r->base;
    e.entry = e.command = name;
    e.file = winpath_full(&r->p->host, name, &r->p->work);
    put(r, &e);
}

static void read_print_processor(reading *r, const char *text)
{
    autostart_entry e = r->base;
    e.command = text;
    e.file = strpbrk(text, "\\/:") ? winpath_library(&r->p->host, text, &r->p->work)
                                   : winpath_full(&r->p->host, arena_printf(&r->p->work, "system32\\spool\\prtprocs\\x64\\%s", text), &r->p->work);
    put(r, &e);
}

/* svchost's groups: known by name, and by what is in them. */
static void read_service_group(reading *r, const char *text)
{
    autostart_entry e = r->base;
    const char *stranger = NULL;
    bool known = word_table_has(r->p->run->groups, e.entry);
    for (const char *at = text; *at;) {
        size_t len = strcspn(at, "\n"), n = 0;
        const char *member = trimmed(at, len, &r->p->work);
        if (*member && !autostart_known(&r->p->run->services, member, &n) && !stranger)
            stranger = member;
        at += len + (at[len] != 0);
    }
    buf line;
    buf_init(&line, NOTE_VALUE);
    for (const char *at = text; *at; at++)
        buf_char(&line, *at == '\n' ? ' ' : *at);
    e.command = arena_text(&r->p->work, buf_bytes(&line));
    buf_done(&line);
    e.has_verdict = true;
    e.verdict = known && !stranger ? VERDICT_KNOWN : VERDICT_UNKNOWN;
    e.reason = known ? stranger ? "strange-member" : "normal" : "not-known";
    e.target = stranger;
    put(r, &e);
}

static void read_address(reading *r, const char *text)
{
    autostart_entry e = r->base;
    e.command = text;
    bool file = (text[0] && text[1] == ':') || text[0] == '\\' || text[0] == '%';
    e.file = file ? winpath_full(autostart_host(r->p), text, &r->p->work) : NULL;
    put(r, &e);
}

static void read_folder(reading *r, const char *text)
{
    autostart_entry e = r->base;
    e.command = e.data = text;
    put(r, &e);
}

static void read_text(reading *r, const char *text)
{
    const winpath_host *host = autostart_host(r->p);
    autostart_entry e = r->base;
    switch (r->row->shape) {
    case SHAPE_COMMAND:
        if (r->row->arguments) {
            const char *more = autostart_text(r->p, r->from, r->row->arguments);
            text = blank(more) ? text : arena_printf(&r->p->work, "%s %s", text, more);
        }
        put_command(r, text);
        break;
    case SHAPE_COMMANDS: each_part(r, text, ",\n", put_command); break;
    case SHAPE_COMMAND_LIST: each_part(r, text, "\n", put_command); break;
    case SHAPE_RUN_ONCE_EX: read_run_once_ex(r, text); break;
    case SHAPE_LIBRARY: put_library(r, text); break;
    case SHAPE_LIBRARIES: each_part(r, text, ", \n", put_library); break;
    case SHAPE_NAMES: each_part(r, text, ", \n", put_package); break;
    case SHAPE_CLASS: put_class(r, text); break;
    case SHAPE_CLASS_OR_KEY: put_class(r, autostart_is_class(text) ? text : autostart_part(r->from->path, 0, &r->p->work)); break;
    case SHAPE_CLASS_OR_COMMAND:
        if (autostart_is_class(text))
            put_class(r, text);
        else
            put_command(r, text);
        break;
    case SHAPE_CLASS_SERVER: read_class_server(r, text); break;
    case SHAPE_CLASS_COMMAND: read_class_command(r, text); break;
    case SHAPE_FOLDER: read_folder(r, text); break;
    case SHAPE_FILE_PATH: put_listed_file(r, text); break;
    case SHAPE_FILE_LIST: each_part(r, text, "\n", put_listed_file); break;
    case SHAPE_ADDRESS: read_address(r, text); break;
    case SHAPE_TEXT:
        e.command = text;
        put(r, &e);
        break;
    case SHAPE_HOOK: read_hook(r, text); break;
    case SHAPE_SEARCH_PATH: read_search_path(r, text); break;
    case SHAPE_SAFE_BOOT: read_safe_boot(r, text); break;
    case SHAPE_KNOWN_DLL: read_known_dll(r, text); break;
    case SHAPE_NETWORK_PROVIDER: each_part(r, text, ", ", read_network_provider); break;
    case SHAPE_PRINT_PROCESSOR: read_print_processor(r, text); break;
    case SHAPE_DRIVER_NAMES: each_part(r, text, "\n", put_driver); break;
    case SHAPE_SERVICE_GROUP: read_service_group(r, text); break;
    default:
        e.command = text;
        e.file = winpath_full(host, text, &r->p->work);
        put(r, &e);
        break;
    }
}

/* Shapes that are not a text. */
static bool read_other(reading *r)
{
    autostart_entry e = r->base;
    switch (r->row->shape) {
    case SHAPE_LIBRARY_NAME:
        e.command = r->name;
        e.file = winpath_library(autostart_host(r->p), r->name, &r->p->work);
        put(r, &e);
        return true;
    case SHAPE_CLASS_NAME:
        if (autostart_is_class(r->name))
            put_class(r, r->name);
        return true;
    case SHAPE_NAME:
        e.command = r->name;
        put(r, &e);
        return true;
    case SHAPE_WINSOCK: read_winsock(r); return true;
    case SHAPE_RENAMES: read_renames(r, NULL); return true;
    case SHAPE_STARTUP_APPROVED: read_startup_approved(r); return true;
    case SHAPE_BOOT_SETTING: read_boot_setting(r); return true;
    case SHAPE_ACCESS_LIST: read_access_list(r); return true;
    case SHAPE_PRINT_PORT: read_print_port(r); return true;
    default: return false;
    }
}

static const char *name_of_entry(const reading *r)
{
    if (r->row->naming == ENTRY_PARENT)
        return autostart_part(r->from->path, 1, &r->p->work);
    if (r->row->naming == ENTRY_KEY || !*r->name)
        return autostart_part(r->from->path, 0, &r->p->work);
    return r->name;
}

/* Whether what stands beside the value lets it start. */
static bool switched_on(autostart_pass *p, const autostart_row *row, const autostart_source *from)
{
    if (!row->when || (row->when_since && p->nt && p->nt < row->when_since))
        return true;
    uint64_t n;
    if (!autostart_number(p, from, row->when, &n))
        return false;
    if (row->when_is)
        return n == row->when_number;
    if (row->when_is_not)
        return n != row->when_number;
    return (n & row->when_bits) != 0;
}

static bool listed(const profile_node *list, const char *name)
{
    for (; list; list = list->next)
        if (*name ? autostart_like(list->text, name) && (strcmp(list->text, "(default)") != 0) : strcmp(list->text, "(default)") == 0 || strcmp(list->text, "*") == 0)
            return true;
    return false;
}

static bool approved_off(autostart_pass *p, const char *path, const char *name)
{
    const char *key = autostart_part(path, 0, &p->work);
    if (strcasecmp(key, "Run") != 0)
        return false;
    char *mark = arena_printf(&p->work, "%s\x1f%s", p->wow ? "run32" : "run", name);
    utf8_lower_ascii(mark);
    return map_find(&p->approved, span_str(mark)) != NULL;
}

static void read_value(autostart_pass *p, const autostart_row *row, const autostart_source *from, const regf_value *v, bool off)
{
    char *name = regf_name_text(v->name, v->latin, &p->work);
    if (!name || !listed(row->values, name) || listed(row->not_values, name))
        return;
    reading r = { .p = p, .row = row, .from = from, .v = v, .name = name };
    r.base = (autostart_entry){ .value = *name ? name : "(default)", .as = strcmp(row->finding, "run-key") == 0 ? AS_RUN : AS_ANY };
    r.base.entry = name_of_entry(&r);
    r.base.switched_off = !switched_on(p, row, from);
    r.base.disabled = off || r.base.switched_off || (row->shape == SHAPE_COMMAND && approved_off(p, from->path, name));
    if (regf_withheld(p->view->hive, &from->key, v) || read_other(&r))
        return;
    const char *text = text_of(p, from, v);
    if (!text) {
        /* Windows does not take a number for a command: only what it might take is told. */
        if (v->type != REGF_DWORD && v->type != REGF_QWORD && v->type != REGF_DWORD_BE && v->size > 0) {
            r.base.unreadable = true;
            r.base.type = arena_printf(&p->work, "type %u", v->type);
            put(&r, &r.base);
        }
    } else if (!blank(text) && strcmp(text, "0") != 0)
        read_text(&r, text);
    else if (row->shape == SHAPE_SAFE_BOOT)
        read_safe_boot(&r, "");
}

/* ---- Keys ---- */

static void read_office_add_in(autostart_pass *p, const autostart_row *row, const autostart_source *from)
{
    autostart_entry e = { .entry = autostart_part(from->path, 0, &p->work) };
    uint64_t load;
    if (autostart_number(p, from, "LoadBehavior", &load))
        e.disabled = !(load & 1);
    const char *manifest = autostart_text(p, from, "Manifest"), *file = autostart_text(p, from, "FileName");
    if (!blank(manifest)) {
        size_t len = strcspn(manifest, "|");
        e.command = manifest;
        const char *path = arena_text(&p->work, span_of(manifest, len));
        e.file = strncasecmp(path, "file:///", 8) == 0 ? winpath_full(autostart_host(p), path + 8, &p->work) : strstr(path, "://") ? NULL : winpath_full(autostart_host(p), path, &p->work);
    } else if (!blank(file)) {
        e.command = file;
        e.file = winpath_full(autostart_host(p), file, &p->work);
    } else if (p->view->kind == REGF_SOFTWARE || p->view->kind == REGF_CLASSES) {
        regf_key root = regf_root(p->view->hive);
        const char *clsid = regf_text_at(p->view->hive, &root, arena_printf(&p->work, "Classes\\%s\\CLSID", e.entry), "", &p->work);
        if (autostart_is_class(clsid)) {
            e.clsid = clsid;
            e.file = autostart_class_file(p, clsid);
        }
    }
    autostart_note(p, row, from, from->key.cell, 0, &e);
}

static void read_key(autostart_pass *p, const autostart_row *row, const autostart_source *from, bool off)
{
    autostart_entry e = { .entry = autostart_part(from->path, 0, &p->work), .disabled = off };
    switch (row->shape) {
    case SHAPE_CLASS_KEY:
        if (!autostart_is_class(e.entry))
            break;
        e.clsid = e.command = e.entry;
        e.file = autostart_class_file(p, e.clsid);
        const char *name = autostart_text(p, from, "");
        if (!blank(name))
            e.entry = name;
        autostart_note(p, row, from, from->key.cell, 0, &e);
        break;
    case SHAPE_KEY_NAME:
        e.command = e.entry;
        e.file = winpath_library(autostart_host(p), e.entry, &p->work);
        autostart_note(p, row, from, from->key.cell, 0, &e);
        break;
    case SHAPE_OFFICE_ADD_IN:
        read_office_add_in(p, row, from);
        break;
    case SHAPE_SERVICE:
        if (from->lost)
            autostart_service_lost(p, row, from);
        break;
    case SHAPE_CLASS_OR_KEY: {                   /* a key without a value is its own class */
        regf_value v;
        if (!autostart_value(p, from, "", &v) && autostart_is_class(e.entry)) {
            e.clsid = e.command = e.entry;
            e.file = autostart_class_file(p, e.clsid);
            autostart_note(p, row, from, from->key.cell, 0, &e);
        }
        break;
    }
    case SHAPE_SAFE_BOOT: {
        regf_value v;
        if (!autostart_value(p, from, "", &v)) {
            reading r = { .p = p, .row = row, .from = from, .name = "", .base = e };
            read_safe_boot(&r, "");
        }
        break;
    }
    default:
        break;
    }
    if (from->lost)
        for (size_t i = 0; row->values && i < from->value_count; i++)
            read_value(p, row, from, &from->values[i], off);
    else if (row->values) {
        regf_values all = regf_values_of(p->view->hive, &from->key);
        for (regf_value v; regf_values_next(&all, &v);)
            read_value(p, row, from, &v, off);
    }
    arena_reset(&p->work);
}

/* What Autoruns switches off it moves into a key beside. */
static void read_switched_off(autostart_pass *p, const autostart_row *row, const autostart_source *from, arena *mem)
{
    regf_key off;
    if (from->lost || !row->values || !regf_find(p->view->hive, &from->key, "AutorunsDisabled", &off))
        return;
    const char *path = arena_printf(mem, "%s\\AutorunsDisabled", from->path);
    if (row->naming == ENTRY_VALUE)
        read_key(p, row, &(autostart_source){ .key = off, .path = path }, true);
}

/* path and pattern's parts live in `mem`; where many keys fit a part, each is done with before the next. */
static void walk(autostart_pass *p, const autostart_row *row, const regf_key *at, const char *path, const char *pattern, arena *mem)
{
    if (!*pattern) {
        autostart_source from = { .key = *at, .path = path };
        read_key(p, row, &from, false);
        read_switched_off(p, row, &from, mem);
        return;
    }
    size_t len = strcspn(pattern, "\\");
    const char *rest = pattern + len + (pattern[len] != 0);
    char *part = arena_text(mem, span_of(pattern, len));
    regf_key below;
    bool star = strcmp(part, "[*]") != 0 && strpbrk(part, "*?");
    if (!star) {
        const char *name = strcmp(part, "[*]") == 0 ? "*" : part;
        if (regf_find(p->view->hive, at, name, &below))
            walk(p, row, &below, *path ? arena_printf(mem, "%s\\%s", path, name) : name, rest, mem);
        return;
    }
    arena one;
    arena_init(&one, 0);
    regf_keys all = regf_keys_of(p->view->hive, at);
    while (regf_keys_next(&all, &below)) {
        char *name = regf_name_text(below.name, below.latin, &one);
        if (name && autostart_like(part, name) && strcasecmp(name, "AutorunsDisabled") != 0)
            walk(p, row, &below, *path ? arena_printf(&one, "%s\\%s", path, name) : name, rest, &one);
        arena_reset(&one);
    }
    arena_done(&one);
}

/* ---- Rows in the hive at hand ---- */

/* A row's key as it stands below the root of this hive; NULL: not in this hive. */
static const char *key_here(const autostart_pass *p, unsigned in, const char *key, bool wow, arena *mem)
{
    bool classes = strncasecmp(key, "Classes\\", 8) == 0;
    switch (in) {
    case IN_SOFTWARE:
        return !wow ? key : classes ? arena_printf(mem, "Classes\\Wow6432Node\\%s", key + 8) : arena_printf(mem, "Wow6432Node\\%s", key);
    case IN_USER:
        return arena_printf(mem, wow ? classes ? "Software\\Classes\\Wow6432Node\\%s" : "Software\\Wow6432Node\\%s" : "Software\\%s", wow && classes ? key + 8 : key);
    case IN_CLASSES:
        return classes ? arena_printf(mem, wow ? "Wow6432Node\\%s" : "%s", key + 8) : NULL;
    default:
        (void)p;
        return wow ? NULL : key;
    }
}

static unsigned places(const autostart_pass *p, unsigned hives)
{
    switch (p->view->kind) {
    case REGF_SOFTWARE: return hives & IN_SOFTWARE;
    case REGF_USER: return hives & (IN_USER | IN_USER_ROOT);
    case REGF_CLASSES: return hives & IN_CLASSES;
    case REGF_SYSTEM: return hives & (IN_SYSTEM | (p->view->has_control ? IN_CONTROL : 0));
    case REGF_BCD: return hives & IN_BCD;
    default: return 0;
    }
}

static bool set_of_path(const char *path, const char **below)
{
    if (strncasecmp(path, "ControlSet", 10) != 0)
        return false;
    const char *slash = strchr(path, '\\');
    *below = slash ? slash + 1 : "";
    return slash != NULL;
}

/* Whether a path fits a pattern, part by part. */
static bool path_fits(const char *pattern, const char *path)
{
    for (;;) {
        size_t n = strcspn(pattern, "\\"), m = strcspn(path, "\\");
        char one[300], two[300];
        if (n >= sizeof one || m >= sizeof two)
            return false;
        memcpy(one, pattern, n);
        memcpy(two, path, m);
        one[n] = two[m] = 0;
        if (!autostart_like(one, two))
            return false;
        pattern += n;
        path += m;
        if (!*pattern || !*path)
            return !*pattern && !*path;
        pattern++;
        path++;
    }
}

static void read_lost(autostart_pass *p, const autostart_row *row, unsigned in, const char *key)
{
    for (size_t i = 0; i < p->lost_count; i++) {
        const regf_lost *l = &p->lost[i];
        const char *path = l->path;
        if (l->key.cell == REGF_NONE || !path || path[0] == '\\')
            continue;
        const char *compared = path;
        if (in == IN_CONTROL && !set_of_path(path, &compared))
            continue;
        if (path_fits(key, compared))
            read_key(p, row, &(autostart_source){ .key = l->key, .path = path, .values = l->values, .value_count = l->value_count, .lost = true }, false);
    }
}

static void read_row_in(autostart_pass *p, const autostart_row *row, unsigned in)
{
    regf_key root = regf_root(p->view->hive);
    const char *path = "";
    if (in == IN_CONTROL) {
        root = p->view->control;
        path = regf_path(p->view->hive, &root, p->mem);
    }
    for (size_t k = 0; k < row->key_count; k++)
        for (int wow = 0; wow <= (row->wow ? 1 : 0); wow++) {
            const char *key = key_here(p, in, row->keys[k], wow != 0, p->mem);
            if (!key)
                continue;
            p->wow = wow != 0;
            if (row->shape == SHAPE_SERVICE || row->shape == SHAPE_TASK_CACHE) {
                if (row->shape == SHAPE_SERVICE)
                    autostart_services(p, row);
                else
                    autostart_tasks(p, row);
            } else
                walk(p, row, &root, path, key, p->mem);
            if (p->lost_count)
                read_lost(p, row, in, key);
        }
    p->wow = false;
}

/* ---- What the host says of itself ---- */

static void from_values(autostart_pass *p, const char *key, const regf_key *at)
{
    regf_key k;
    if (!regf_find(p->view->hive, at, key, &k))
        return;
    regf_values all = regf_values_of(p->view->hive, &k);
    for (regf_value v; regf_values_next(&all, &v);) {
        char *name = regf_name_text(v.name, v.latin, p->mem);
        if (name && *name && strcasecmp(name, "Path") != 0 && (v.type == REGF_SZ || v.type == REGF_EXPAND_SZ))
            winpath_put(&p->host, name, regf_text(p->view->hive, &v, p->mem));
    }
}

static void put_text(autostart_pass *p, const char *variable, const regf_key *at, const char *key, const char *value)
{
    const char *text = regf_text_at(p->view->hive, at, key, value, p->mem);
    if (text && *text)
        winpath_put(&p->host, variable, text);
}

static void learn_software(autostart_pass *p)
{
    const regf_key *sw = &p->view->software;
    const char *nt = "Microsoft\\Windows NT\\CurrentVersion", *cv = "Microsoft\\Windows\\CurrentVersion";
    put_text(p, "SystemRoot", sw, nt, "SystemRoot");
    put_text(p, "windir", sw, nt, "SystemRoot");
    put_text(p, "ProgramFiles", sw, cv, "ProgramFilesDir");
    put_text(p, "ProgramFiles(x86)", sw, cv, "ProgramFilesDir (x86)");
    put_text(p, "CommonProgramFiles", sw, cv, "CommonFilesDir");
    put_text(p, "CommonProgramFiles(x86)", sw, cv, "CommonFilesDir (x86)");
    put_text(p, "ProgramData", sw, "Microsoft\\Windows NT\\CurrentVersion\\ProfileList", "ProgramData");
    put_text(p, "Public", sw, "Microsoft\\Windows NT\\CurrentVersion\\ProfileList", "Public");
    const char *root = regf_text_at(p->view->hive, sw, nt, "SystemRoot", p->mem);
    if (root && root[0] && root[1] == ':')
        winpath_put(&p->host, "SystemDrive", arena_text(p->mem, span_of(root, 2)));
    uint64_t major, minor;
    const char *version = regf_text_at(p->view->hive, sw, nt, "CurrentVersion", p->mem);
    if (regf_number_at(p->view->hive, sw, nt, "CurrentMajorVersionNumber", &major) && major < 100)
        p->nt = (unsigned)major * 10 + (regf_number_at(p->view->hive, sw, nt, "CurrentMinorVersionNumber", &minor) && minor < 10 ? (unsigned)minor : 0);
    else if (version && version[0] >= '3' && version[0] <= '9' && version[1] == '.' && version[2] >= '0' && version[2] <= '9')
        p->nt = (unsigned)(version[0] - '0') * 10 + (unsigned)(version[2] - '0');
}

static void learn_system(autostart_pass *p)
{
    if (!p->view->has_control)
        return;
    /* Where Windows lies, SYSTEM says only by the folder that it was set up in. */
    regf_key root = regf_root(p->view->hive);
    const char *panther = regf_text_at(p->view->hive, &root, "Setup", "WorkingDirectory", p->mem);
    size_t len = panther ? strlen(panther) : 0;
    if (len > 11 && panther[1] == ':' && strcasecmp(panther + len - 8, "\\Panther") == 0) {
        winpath_put(&p->host, "SystemRoot", arena_text(p->mem, span_of(panther, len - 8)));
        winpath_put(&p->host, "windir", arena_text(p->mem, span_of(panther, len - 8)));
        winpath_put(&p->host, "SystemDrive", arena_text(p->mem, span_of(panther, 2)));
    }
    from_values(p, "Control\\Session Manager\\Environment", &p->view->control);
    regf_key services, one;
    if (!regf_find(p->view->hive, &p->view->control, "Services", &services))
        return;
    for (size_t i = 0; i < p->run->mark_count; i++)
        if (regf_find(p->view->hive, &services, p->run->marks[i].service, &one)) {
            p->nt = p->run->marks[i].nt;
            break;
        }
    /* 7 and 8.1 brought no service of their own that all editions have; the service manager's library and AppID did come with 7. */
    if (p->nt == 60 && regf_find(p->view->hive, &services, "AppIDSvc", &one))
        p->nt = 61;
    if (p->nt == 62 && regf_find(p->view->hive, &services, "workfolderssvc", &one))
        p->nt = 63;
}

static void learn_user(autostart_pass *p)
{
    regf_key root = regf_root(p->view->hive);
    const char *folders = "Software\\Microsoft\\Windows\\CurrentVersion\\Explorer\\Shell Folders";
    put_text(p, "APPDATA", &root, folders, "AppData");
    put_text(p, "LOCALAPPDATA", &root, folders, "Local AppData");
    from_values(p, "Volatile Environment", &root);
    const char *roaming = regf_text_at(p->view->hive, &root, folders, "AppData", p->mem);
    size_t len = roaming ? strlen(roaming) : 0;
    static const char *const tails[] = { "\\AppData\\Roaming", "\\Application Data" };
    for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
        size_t n = strlen(tails[i]);
        if (len > n && strcasecmp(roaming + len - n, tails[i]) == 0)
            winpath_put(&p->host, "USERPROFILE", arena_text(p->mem, span_of(roaming, len - n)));
    }
    from_values(p, "Environment", &root);
}

static void learn_approved(autostart_pass *p)
{
    static const struct { const char *key, *mark; } lists[] = { { "Run", "run" }, { "Run32", "run32" } };
    for (size_t i = 0; p->view->has_software && i < sizeof lists / sizeof *lists; i++) {
        regf_key k;
        if (!regf_find(p->view->hive, &p->view->software, arena_printf(p->mem, "Microsoft\\Windows\\CurrentVersion\\Explorer\\StartupApproved\\%s", lists[i].key), &k))
            continue;
        regf_values all = regf_values_of(p->view->hive, &k);
        for (regf_value v; regf_values_next(&all, &v);) {
            span bytes = regf_data(p->view->hive, &v, p->mem);
            char *name = regf_name_text(v.name, v.latin, p->mem);
            if (!name || !bytes.len || !(bytes.at[0] & 1))
                continue;
            char *mark = arena_printf(p->mem, "%s\x1f%s", lists[i].mark, name);
            utf8_lower_ascii(mark);
            bool was;
            map_put(&p->approved, span_str(mark), &was);
        }
    }
}

static const char *prefix_of(const hive_view *h, arena *mem)
{
    const char *user = h->user && *h->user ? h->user : "?";
    switch (h->kind) {
    case REGF_SOFTWARE: return "HKLM\\SOFTWARE";
    case REGF_SYSTEM: return "HKLM\\SYSTEM";
    case REGF_BCD: return "HKLM\\BCD00000000";
    case REGF_CLASSES: return arena_printf(mem, "HKU\\%s_Classes", user);
    default: return arena_printf(mem, "HKU\\%s", user);
    }
}

static void ask(const void *context, const hive_view *view, detect_log *out)
{
    const autostart_run *run = context;
    if (view->kind != REGF_SOFTWARE && view->kind != REGF_SYSTEM && view->kind != REGF_USER && view->kind != REGF_CLASSES && view->kind != REGF_BCD)
        return;
    autostart_pass *p = arena_alloc(view->mem, sizeof *p);
    *p = (autostart_pass){ .run = run, .view = view, .out = out, .mem = view->mem, .user = view->user ? view->user : "", .room = pattern_room_new(view->mem), .prefix = prefix_of(view, view->mem) };
    arena_init(&p->work, 0);
    map_init(&p->approved);
    if (view->kind == REGF_SOFTWARE)
        learn_software(p);
    if (view->kind == REGF_SYSTEM)
        learn_system(p);
    if (view->kind == REGF_USER)
        learn_user(p);
    p->host_wow = p->host;
    p->host_wow.wow = true;
    learn_approved(p);
    p->lost_count = regf_deleted(view->hive, p->mem, &p->lost);
    for (size_t i = 0; p->room && i < run->row_count; i++)
        for (unsigned in = IN_SOFTWARE; in <= IN_BCD; in <<= 1)
            if (places(p, run->rows[i].hives) & in)
                read_row_in(p, &run->rows[i], in);
    map_done(&p->approved);
    arena_done(&p->work);
}

const artifact_question question_autostart = { "autostart", autostart_setup, ask, autostart_wants, autostart_file, NULL };
