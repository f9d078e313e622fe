/* Reading profiles/autostarts.yml and known-autostarts.yml. */
#include "detect/autostart.h"

#include <limits.h>
#include <stdlib.h>
#include <strings.h>

/* ---- Patterns and versions ---- */

static char small(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c; }

bool autostart_like(const char *pattern, const char *text)
{
    const char *star = NULL, *back = NULL;
    while (*text) {
        if (strncmp(pattern, "[*]", 3) == 0 && *text == '*') {
            pattern += 3;
            text++;
        } else if (*pattern == '*') {
            star = ++pattern;
            back = text;
        } else if (*pattern && (*pattern == '?' || small(*pattern) == small(*text)) && strncmp(pattern, "[*]", 3) != 0) {
            pattern++;
            text++;
        } else if (star) {
            pattern = star;
            text = ++back;
        } else
            return false;
    }
    while (*pattern == '*')
        pattern++;
    return !*pattern;
}

char *autostart_plain(const char *text, arena *mem)
{
    size_t len = strnlen(text, WINPATH_TEXT), to = 0;
    char *out = arena_alloc(mem, len + 1);
    static const char *const names[] = { "%systemroot%", "%windir%", "\\systemroot\\" };
    for (size_t i = 0; i < len;) {
        size_t skip = 0;
        for (size_t k = 0; k < sizeof names / sizeof *names && !skip; k++)
            if (strncasecmp(text + i, names[k], strlen(names[k])) == 0)
                skip = strlen(names[k]) - (names[k][0] == '\\');
        if (!skip && text[i] && text[i + 1] == ':' && (strncasecmp(text + i + 2, "\\windows", 8) == 0 || strncasecmp(text + i + 2, "\\winnt", 6) == 0)) {
            size_t n = strncasecmp(text + i + 2, "\\windows", 8) == 0 ? 10 : 8;
            char after = text[i + n];
            if (after == '\\' || after == 0 || after == '"' || after == ' ')
                skip = n;
        }
        if (skip) {
            out[to++] = '%';
            out[to++] = 'w';
            i += skip;
        } else
            out[to++] = small(text[i++]);
    }
    out[to] = 0;
    return out;
}

static unsigned nt_number(const char *text, size_t len)
{
    unsigned major = 0, minor = 0;
    size_t i = 0;
    for (; i < len && text[i] >= '0' && text[i] <= '9' && major < 1000; i++)
        major = major * 10 + (unsigned)(text[i] - '0');
    if (i < len && text[i] == '.' && i + 1 < len && text[i + 1] >= '0' && text[i + 1] <= '9')
        minor = (unsigned)(text[i + 1] - '0');
    return major * 10 + minor;
}

static nt_range nt_of(const char *text)
{
    if (!text)
        return (nt_range){ 0, UINT_MAX };
    const char *dash = strchr(text, '-');
    if (!dash)
        return (nt_range){ nt_number(text, strlen(text)), nt_number(text, strlen(text)) };
    return (nt_range){ nt_number(text, (size_t)(dash - text)), dash[1] ? nt_number(dash + 1, strlen(dash + 1)) : UINT_MAX };
}

bool autostart_in(nt_range r, unsigned nt)
{
    return nt == 0 || (nt >= r.from && nt <= r.to);
}

/* ---- Words ---- */

static const struct { const char *word; autostart_shape shape; } shapes[] = {
    { "command", SHAPE_COMMAND }, { "commands", SHAPE_COMMANDS }, { "command-list", SHAPE_COMMAND_LIST }, { "run-once-ex", SHAPE_RUN_ONCE_EX }, { "library", SHAPE_LIBRARY },
    { "libraries", SHAPE_LIBRARIES }, { "library-name", SHAPE_LIBRARY_NAME }, { "names", SHAPE_NAMES }, { "class", SHAPE_CLASS }, { "class-name", SHAPE_CLASS_NAME },
    { "class-key", SHAPE_CLASS_KEY }, { "class-or-key", SHAPE_CLASS_OR_KEY }, { "class-or-command", SHAPE_CLASS_OR_COMMAND }, { "class-server", SHAPE_CLASS_SERVER },
    { "class-command", SHAPE_CLASS_COMMAND }, { "office-add-in", SHAPE_OFFICE_ADD_IN }, { "folder", SHAPE_FOLDER }, { "file-path", SHAPE_FILE_PATH }, { "file-list", SHAPE_FILE_LIST },
    { "address", SHAPE_ADDRESS }, { "text", SHAPE_TEXT }, { "name", SHAPE_NAME }, { "key-name", SHAPE_KEY_NAME }, { "hook", SHAPE_HOOK }, { "search-path", SHAPE_SEARCH_PATH },
    { "renames", SHAPE_RENAMES }, { "startup-approved", SHAPE_STARTUP_APPROVED }, { "safe-boot", SHAPE_SAFE_BOOT }, { "boot-setting", SHAPE_BOOT_SETTING },
    { "known-dll", SHAPE_KNOWN_DLL }, { "network-provider", SHAPE_NETWORK_PROVIDER }, { "winsock", SHAPE_WINSOCK }, { "print-processor", SHAPE_PRINT_PROCESSOR },
    { "print-port", SHAPE_PRINT_PORT }, { "driver-names", SHAPE_DRIVER_NAMES }, { "service", SHAPE_SERVICE }, { "service-group", SHAPE_SERVICE_GROUP },
    { "access-list", SHAPE_ACCESS_LIST }, { "task-cache", SHAPE_TASK_CACHE }, { "file", SHAPE_FILE }, { "startup-file", SHAPE_STARTUP_FILE },
    { "assistive-file", SHAPE_ASSISTIVE_FILE }, { "task-xml", SHAPE_TASK_XML }, { "task-job", SHAPE_TASK_JOB }, { "wmi", SHAPE_WMI }, { "bits", SHAPE_BITS },
};

static const struct { const char *word; unsigned hive; } hives[] = {
    { "software", IN_SOFTWARE }, { "user", IN_USER }, { "user-root", IN_USER_ROOT }, { "classes", IN_CLASSES }, { "control", IN_CONTROL }, { "system", IN_SYSTEM }, { "bcd", IN_BCD },
};

static bool verdict_from(const char *word, verdict *out)
{
    static const char *const words[] = { "known", "unknown", "suspicious", "hostile" };
    for (unsigned i = 0; word && i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], word) == 0) {
            *out = (verdict)i;
            return true;
        }
    return !word;
}

static status wrong(const profile_node *row, const char *what)
{
    return status_fail(STATUS_BAD_INPUT, "profiles/autostarts.yml:%u: %s", row->line, what);
}

/* ---- Rows ---- */

static void read_keys(autostart_row *r, const profile_node *node, arena *mem)
{
    const profile_node *keys = profile_get(node, "keys"), *below = profile_get(node, "below");
    r->keys = arena_array(mem, (keys ? keys->count : 0) * (below ? below->count : 1) + 1, sizeof *r->keys);
    for (const profile_node *k = keys ? keys->first : NULL; k; k = k->next) {
        if (!below)
            r->keys[r->key_count++] = k->text;
        for (const profile_node *b = below ? below->first : NULL; b; b = b->next)
            r->keys[r->key_count++] = arena_printf(mem, "%s\\%s", k->text, b->text);
    }
}

static void read_when(autostart_row *r, const profile_node *when)
{
    bool found;
    r->when = profile_text(when, "value");
    r->when_number = (uint64_t)profile_number(when, "is", &r->when_is);
    uint64_t not_this = (uint64_t)profile_number(when, "is_not", &r->when_is_not);
    if (r->when_is_not)
        r->when_number = not_this;
    r->when_bits = (uint64_t)profile_number(when, "bits", &found);
    r->when_since = nt_of(profile_text(when, "since")).from;
}

static status read_lists(autostart_row *r, const profile_node *node, arena *mem)
{
    const profile_node *normal = profile_get(node, "normal"), *hostile = profile_get(node, "hostile");
    r->normals = arena_array(mem, normal ? normal->count + 1 : 1, sizeof *r->normals);
    r->hostiles = arena_array(mem, hostile ? hostile->count + 1 : 1, sizeof *r->hostiles);
    for (const profile_node *n = normal ? normal->first : NULL; n; n = n->next) {
        const char *data = profile_text(n, "data");
        r->normals[r->normal_count++] = (autostart_normal){ profile_text(n, "entry"), data ? autostart_plain(data, mem) : NULL, profile_text(n, "file"), nt_of(profile_text(n, "nt")) };
        if (!data && !profile_text(n, "file") && !profile_text(n, "entry"))
            return wrong(n, "a normal entry that says nothing");
    }
    for (const profile_node *n = hostile ? hostile->first : NULL; n; n = n->next) {
        autostart_hostile *h = &r->hostiles[r->hostile_count++];
        const char *on = profile_text(n, "on");
        h->on_entry = strcmp(on, "entry") == 0;
        if (!h->on_entry && strcmp(on, "command") != 0)
            return wrong(n, "'on' is neither entry nor command");
        status s = pattern_new(mem, profile_text(n, "match"), &h->match);
        if (!status_is_ok(s))
            return wrong(n, s.words);
    }
    return status_ok();
}

static status read_row(autostart_row *r, const profile_node *node, arena *mem)
{
    *r = (autostart_row){ .id = profile_text(node, "id"), .finding = profile_text(node, "finding"), .technique = profile_text(node, "technique"), .wow = profile_true(node, "wow"),
                          .quiet = profile_true(node, "quiet"), .disabled = profile_true(node, "disabled"), .values = profile_list(node, "values"),
                          .not_values = profile_list(node, "not_values"), .files = profile_list(node, "files"), .arguments = profile_text(node, "arguments"),
                          .nt = nt_of(profile_text(node, "nt")), .otherwise = VERDICT_UNKNOWN, .odd = VERDICT_SUSPICIOUS, .script = VERDICT_SUSPICIOUS };
    r->text = arena_printf(mem, "%s.artifact", r->finding);
    const char *shape = profile_text(node, "shape"), *entry = profile_text(node, "entry");
    size_t i = 0;
    while (i < sizeof shapes / sizeof *shapes && strcmp(shapes[i].word, shape) != 0)
        i++;
    if (i == sizeof shapes / sizeof *shapes)
        return wrong(node, "no such shape");
    r->shape = shapes[i].shape;
    for (const profile_node *h = profile_list(node, "hives"); h; h = h->next) {
        for (i = 0; i < sizeof hives / sizeof *hives && strcmp(hives[i].word, h->text) != 0; i++)
            ;
        if (i == sizeof hives / sizeof *hives)
            return wrong(node, "no such hive");
        r->hives |= hives[i].hive;
    }
    if (entry && strcmp(entry, "key") == 0)
        r->naming = ENTRY_KEY;
    else if (entry && strcmp(entry, "parent") == 0)
        r->naming = ENTRY_PARENT;
    else if (entry)
        return wrong(node, "'entry' is neither key nor parent");
    if (!verdict_from(profile_text(node, "otherwise"), &r->otherwise) || !verdict_from(profile_text(node, "odd"), &r->odd) || !verdict_from(profile_text(node, "script"), &r->script))
        return wrong(node, "no such verdict");
    read_keys(r, node, mem);
    if (profile_get(node, "when"))
        read_when(r, profile_get(node, "when"));
    return read_lists(r, node, mem);
}

static status read_rows(autostart_run *run, const profile *facts, arena *mem)
{
    const profile_node *root;
    status s = profile_need(facts, "autostarts", &root);
    const profile_node *list = profile_get(root, "locations");
    run->rows = arena_array(mem, list ? list->count + 1 : 1, sizeof *run->rows);
    for (const profile_node *n = list ? list->first : NULL; n && status_is_ok(s); n = n->next)
        s = read_row(&run->rows[run->row_count++], n, mem);
    for (size_t i = 0; i < run->row_count; i++) {
        if (strcmp(run->rows[i].id, "driver") == 0)
            run->driver = &run->rows[i];
        if (strcmp(run->rows[i].id, "service-failure") == 0)
            run->failure = &run->rows[i];
    }
    if (status_is_ok(s) && (!run->driver || !run->failure))
        s = status_fail(STATUS_BAD_INPUT, "profiles/autostarts.yml: no row 'driver' or 'service-failure'");
    return s;
}

/* ---- What is known ---- */

static known_start *read_starts(const profile_node *root, const char *key, size_t *count, arena *mem)
{
    const profile_node *list = profile_get(root, key);
    known_start *rows = arena_array(mem, list ? list->count + 1 : 1, sizeof *rows);
    for (const profile_node *n = list ? list->first : NULL; n; n = n->next)
        rows[(*count)++] = (known_start){ profile_text(n, "name"), profile_text(n, "file"), profile_text(n, "library"), nt_of(profile_text(n, "nt")) };
    return rows;
}

static int by_name(const void *a, const void *b)
{
    const known_start *x = a, *y = b;
    return strcasecmp(x->name, y->name);
}

static known_list read_known(const profile_node *root, const char *key, arena *mem)
{
    known_list l = { 0 };
    l.rows = read_starts(root, key, &l.count, mem);
    qsort(l.rows, l.count, sizeof *l.rows, by_name);
    l.names = word_table_new(mem, l.count);
    l.starred = arena_array(mem, l.count + 1, sizeof *l.starred);
    for (size_t i = 0; i < l.count; i++) {
        if (strchr(l.rows[i].name, '*'))
            l.starred[l.starred_count++] = &l.rows[i];
        else if (i == 0 || strcasecmp(l.rows[i].name, l.rows[i - 1].name) != 0)
            word_table_put(l.names, l.rows[i].name, (uint32_t)i);
    }
    return l;
}

const known_start *autostart_known(const known_list *l, const char *name, size_t *at)
{
    uint32_t first;
    size_t n = (*at)++;
    if (word_table_find(l->names, name, strlen(name), &first)) {
        if (first + n < l->count && strcasecmp(l->rows[first + n].name, name) == 0)
            return &l->rows[first + n];
        for (size_t i = first; i < l->count && strcasecmp(l->rows[i].name, name) == 0; i++)
            n--;
    }
    for (size_t i = 0; i < l->starred_count; i++)
        if (autostart_like(l->starred[i]->name, name) && n-- == 0)
            return l->starred[i];
    return NULL;
}

static status read_all_known(autostart_run *run, const profile *facts, arena *mem)
{
    const profile_node *root;
    status s = profile_need(facts, "known-autostarts", &root);
    if (!status_is_ok(s))
        return s;
    run->services = read_known(root, "services", mem);
    run->drivers = read_known(root, "drivers", mem);
    run->tasks = read_known(root, "tasks", mem);
    run->products = read_starts(root, "products", &run->product_count, mem);
    run->programs = read_starts(root, "programs", &run->program_count, mem);
    run->libraries = word_table_of(mem, root, "libraries");
    run->safe_boot = word_table_of(mem, root, "safe_boot");
    run->groups = word_table_of(mem, root, "service_groups");
    const profile_node *classes = profile_get(root, "classes"), *marks = profile_get(root, "marks");
    run->classes = word_table_new(mem, classes ? classes->count : 0);
    run->class_files = arena_array(mem, classes ? classes->count + 1 : 1, sizeof *run->class_files);
    uint32_t id = 0;
    for (const profile_node *n = classes ? classes->first : NULL; n; n = n->next) {
        run->class_files[id] = profile_text(n, "file");
        word_table_put(run->classes, profile_text(n, "class"), id++);
    }
    run->marks = arena_array(mem, marks ? marks->count + 1 : 1, sizeof *run->marks);
    for (const profile_node *n = marks ? marks->first : NULL; n; n = n->next)
        run->marks[run->mark_count++] = (nt_mark){ profile_text(n, "service"), nt_of(profile_text(n, "nt")).from };
    return s;
}

static status read_core(autostart_run *run, const profile *facts, arena *mem)
{
    const profile_node *root;
    status s = profile_need(facts, "core-processes", &root);
    if (!status_is_ok(s))
        return s;
    const profile_node *list = profile_get(root, "processes");
    run->core = arena_array(mem, list ? list->count + 1 : 1, sizeof *run->core);
    run->core_names = word_table_new(mem, list ? list->count : 0);
    for (const profile_node *n = list ? list->first : NULL; n; n = n->next) {
        run->core[run->core_count] = (core_name){ profile_text(n, "name"), profile_list(n, "paths") };
        word_table_put(run->core_names, profile_text(n, "name"), (uint32_t)run->core_count++);
    }
    const profile_node *wmi;
    s = profile_need(facts, "wmi", &wmi);
    run->subscriptions = profile_list(wmi, "subscriptions");
    run->also_lawful = profile_list(root, "also_lawful");
    run->near_to = profile_list(root, "near_to");
    run->not_near = word_table_of(mem, root, "not_near");
    return s;
}

status autostart_setup(const detect_setup *s, void **out)
{
    autostart_run *run = arena_alloc(s->mem, sizeof *run);
    *out = run;
    status st = read_rows(run, s->facts, s->mem);
    if (status_is_ok(st))
        st = read_all_known(run, s->facts, s->mem);
    if (status_is_ok(st))
        st = read_core(run, s->facts, s->mem);
    if (status_is_ok(st))
        st = commands_new(s->facts, s->mem, &run->commands);
    if (status_is_ok(st))
        st = families_new(s->facts, s->mem, &run->families);
    if (status_is_ok(st))
        st = remote_tools_new(s->facts, s->mem, &run->remote);
    return status_is_ok(st) ? looks_new(s->facts, s->mem, &run->looks) : st;
}
