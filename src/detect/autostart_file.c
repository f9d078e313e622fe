/* What starts by itself and stands in files: tasks, jobs, WMI subscriptions, transfer jobs, start-up folders, and files whose mere
 * place makes Windows run them. */
#include "detect/autostart.h"

#include "detect/autostart_action.h"
#include "format/bits.h"
#include "format/lnk.h"
#include "format/pe.h"
#include "format/task_job.h"
#include "format/task_xml.h"
#include "format/wmi.h"

#include <strings.h>

enum { SCRIPT_SHOWN = 2048 };

static const autostart_row *row_of(const autostart_run *run, autostart_shape shape)
{
    for (size_t i = 0; i < run->row_count; i++)
        if (run->rows[i].shape == shape)
            return &run->rows[i];
    return NULL;
}

static bool by_place(autostart_shape s)
{
    return s == SHAPE_FILE || s == SHAPE_STARTUP_FILE || s == SHAPE_ASSISTIVE_FILE;
}

/* The row that names this place; NULL: none does. path: in looks_path's form. */
static const autostart_row *row_at(const autostart_run *run, const char *path)
{
    for (size_t i = 0; *path && i < run->row_count; i++)
        for (const profile_node *f = by_place(run->rows[i].shape) ? run->rows[i].files : NULL; f; f = f->next)
            if (autostart_like(f->text, path))
                return &run->rows[i];
    return NULL;
}

bool autostart_wants(const void *context, artifact_kind kind, const char *where, const char *path)
{
    (void)path;
    if (kind == ARTIFACT_TASK || kind == ARTIFACT_JOB || kind == ARTIFACT_WMI || kind == ARTIFACT_BITS)
        return true;
    arena mem;
    arena_init(&mem, 0);
    bool wanted = row_at(context, looks_path(where, &mem)) != NULL;
    arena_done(&mem);
    return wanted;
}

/* ---- Tasks ---- */

/* "\Microsoft\Windows\X" of a file below Tasks; its own name else. */
static const char *task_name(const file_view *f, const task *t, arena *mem)
{
    static const char *const roots[] = { "\\system32\\tasks\\", "\\syswow64\\tasks\\", "\\system32\\tasks_migrated\\" };
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        const char *at = strcasestr(f->where, roots[i]);
        if (at)
            return at + strlen(roots[i]) - 1;
    }
    if (*t->uri)
        return t->uri;
    const char *whole = *f->where ? f->where : f->path, *last = strrchr(whole, *f->where ? '\\' : '/');
    return arena_printf(mem, "\\%s", last ? last + 1 : whole);
}

static status read_task_file(autostart_pass *p, const file_view *f, autostart_source *from)
{
    task t;
    task_init(&t);
    bool job = f->kind == ARTIFACT_JOB;
    status s = job ? task_job_read(p->mem, f->bytes, f->noted, &t) : task_xml_read(p->mem, f->bytes, f->noted, &t);
    const autostart_row *row = row_of(p->run, job ? SHAPE_TASK_JOB : SHAPE_TASK_XML);
    if (!status_is_ok(s) || !row)
        return s;
    span bytes = f->bytes;
    if (bytes.len >= 2 && bytes.at[0] == 0xff && bytes.at[1] == 0xfe)
        bytes = span_part(bytes, 2, SIZE_MAX);
    uint8_t hash[32];
    char definition[65];
    sha256_of(bytes, hash);
    hex_of(span_of(hash, 32), definition);
    autostart_entry e = { .entry = task_name(f, &t, &p->work), .definition = job ? NULL : definition };
    autostart_note_task(p, row, from, 1, &t, &e);
    return s;
}

/* One line: what stands in lines of its own is set apart by semicolons. */
static const char *one_line(const char *text, arena *mem)
{
    buf out;
    buf_init(&out, 4 * SCRIPT_SHOWN);
    for (bool gap = false; *text; text++) {
        if (*text == '\r' || *text == '\n') {
            gap = out.len > 0;
            continue;
        }
        if (gap)
            buf_str(&out, "; ");
        gap = false;
        buf_char(&out, *text);
    }
    const char *line = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return line;
}

/* ---- WMI ---- */

static bool known_subscription(const autostart_run *run, const char *text)
{
    for (const profile_node *n = run->subscriptions; n; n = n->next)
        if (text && strcasestr(text, n->text))
            return true;
    return false;
}

static const wmi_filter *filter_named(const wmi *w, const char *name)
{
    for (size_t i = 0; i < w->filter_count; i++)
        if (strcasecmp(w->filters[i].name, name) == 0)
            return &w->filters[i];
    return NULL;
}

static const wmi_consumer *consumer_named(const wmi *w, const char *class_name, const char *name)
{
    for (size_t i = 0; i < w->consumer_count; i++)
        if (strcasecmp(w->consumers[i].name, name) == 0 && (!*class_name || strcasecmp(w->consumers[i].class_name, class_name) == 0))
            return &w->consumers[i];
    return NULL;
}

static void note_consumer(autostart_pass *p, const autostart_row *row, const char *path, const wmi_consumer *c, const wmi_filter *f, const wmi_binding *b, uint32_t record)
{
    const wmi_record *r = c ? &c->record : &b->record;
    autostart_source from = { .path = path, .lost = r->standing == WMI_RECOVERED };
    from.key.written = MOMENT_UNKNOWN;           /* a repository tells only since when at the earliest */
    autostart_entry e = { .entry = c ? c->name : b->consumer, .type = c ? wmi_consumer_word(c->kind) : b->consumer_class, .start = f ? f->query : b ? b->filter : NULL };
    if (c && c->kind == WMI_COMMAND) {
        autostart_set_command(p, &e, *c->command ? c->command : c->program);
        if (*c->program)
            e.file = winpath_command(&p->host, c->program, &p->work).file;
    } else if (c && c->kind == WMI_SCRIPT) {
        e.command = *c->script ? one_line(arena_text(&p->work, span_of(c->script, strnlen(c->script, SCRIPT_SHOWN))), &p->work) : c->script_file;
        e.file = *c->script_file ? winpath_full(&p->host, c->script_file, &p->work) : NULL;
    } else if (c)
        e.command = c->text;
    e.harmless = c && (c->kind == WMI_LOG_FILE || c->kind == WMI_EVENT_LOG || c->kind == WMI_EMAIL);
    /* A name is soon borrowed: one that starts something is known only when both ends and what it does are. */
    bool consumer = known_subscription(p->run, e.entry), filter = (f && known_subscription(p->run, f->name)) || (b && known_subscription(p->run, b->filter));
    if (consumer && (e.harmless || (filter && known_subscription(p->run, e.command)))) {
        e.has_verdict = true;
        e.verdict = VERDICT_KNOWN;
        e.reason = "normal";
    }
    if (!b)
        e.hidden = "no-binding";
    autostart_note(p, row, &from, record, 0, &e);
    arena_reset(&p->work);
}

static status read_wmi(autostart_pass *p, const file_view *f, const char *path)
{
    wmi w;
    wmi_files alone = { .objects = f->bytes };
    status s = wmi_read(p->mem, f->wmi ? f->wmi : &alone, f->noted, &w);
    const autostart_row *row = row_of(p->run, SHAPE_WMI);
    if (!status_is_ok(s) || !row)
        return s;
    uint32_t record = 1;
    bool *bound = arena_array(p->mem, w.consumer_count + 1, sizeof *bound);
    for (size_t i = 0; i < w.binding_count; i++) {
        const wmi_binding *b = &w.bindings[i];
        const wmi_consumer *c = consumer_named(&w, b->consumer_class, b->consumer);
        if (c)
            bound[c - w.consumers] = true;
        note_consumer(p, row, path, c, filter_named(&w, b->filter), b, record++);
    }
    /* One that waits for nothing now starts nothing; that it is there is told. */
    for (size_t i = 0; i < w.consumer_count; i++)
        if (!bound[i] && (w.consumers[i].kind == WMI_COMMAND || w.consumers[i].kind == WMI_SCRIPT))
            note_consumer(p, row, path, &w.consumers[i], NULL, NULL, record++);
    return s;
}

/* ---- Transfer jobs ---- */

static status read_bits(autostart_pass *p, const file_view *f, const char *path)
{
    bits b;
    status s = bits_read(p->mem, f->bytes, f->noted, &b);
    const autostart_row *row = row_of(p->run, SHAPE_BITS);
    for (size_t i = 0; status_is_ok(s) && row && i < b.job_count; i++) {
        const bits_job *j = &b.jobs[i];
        if (!*j->command)
            continue;
        autostart_source from = { .path = path, .lost = j->recovered };
        from.key.written = moment_known(j->modified) ? j->modified : j->created;
        autostart_entry e = { .entry = *j->name ? j->name : j->id, .runs_as = j->owner, .start = j->has_state ? bits_state_word(j->state) : NULL, .type = bits_type_word(j->type) };
        autostart_set_command(p, &e, *j->arguments ? j->arguments : j->command);
        e.file = winpath_command(&p->host, j->command, &p->work).file;
        e.arguments = j->file_count ? j->files[0].url : NULL;
        autostart_note(p, row, &from, (uint32_t)i + 1, 0, &e);
        arena_reset(&p->work);
    }
    return s;
}

/* ---- Files by their place ---- */

static bool is_script(const char *name)
{
    static const char *const kinds[] = { "*.bat", "*.cmd", "*.vbs", "*.vbe", "*.js", "*.jse", "*.wsf", "*.wsh", "*.hta", "*.ps1", "*.sct" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (autostart_like(kinds[i], name))
            return true;
    return false;
}

/* The beginning of a script, as text: of UTF-16 or whatever else its bytes are. */
static const char *script_text(span bytes, arena *mem)
{
    bytes = span_part(bytes, 0, 2 * SCRIPT_SHOWN);
    if (bytes.len >= 2 && bytes.at[0] == 0xff && bytes.at[1] == 0xfe)
        return utf16_text(mem, span_part(bytes, 2, SIZE_MAX));
    size_t len = bytes.len < SCRIPT_SHOWN ? bytes.len : SCRIPT_SHOWN;
    while (len && bytes.at[len - 1] >= 0x80)                     /* a letter may have been cut */
        len--;
    return arena_text(mem, span_of(bytes.at, len));
}

/* ---- What a command file starts ---- */

/* What stands behind a word and blanks; NULL: the text begins with another word. */
static const char *behind(const char *text, const char *word)
{
    size_t n = strlen(word);
    if (strncasecmp(text, word, n) != 0 || !strchr(" \t", text[n]) || !text[n])
        return NULL;
    return text + n + strspn(text + n, " \t");
}

/* A word, without its quotes; *at comes to stand at the next one. */
static const char *next_word(const char **at, arena *mem)
{
    bool quoted = **at == '"';
    const char *begin = *at + quoted;
    size_t n = strcspn(begin, quoted ? "\"" : " \t");
    *at = begin + n + (quoted && begin[n]);
    *at += strspn(*at, " \t");
    return arena_text(mem, span_of(begin, n));
}

static const char *folder_named(const char *text, arena *mem)
{
    if (behind(text, "/d"))
        text = behind(text, "/d");
    size_t skip = *text == '"', n = strcspn(text + skip, "\"");
    while (n && strchr(" \t\\", text[skip + n - 1]))
        n--;
    const char *folder = arena_text(mem, span_of(text + skip, n));
    return *folder == '%' || (*folder && folder[1] == ':') ? folder : "";
}

/* The program of one command in the folder at hand, as a full path; "" when it cannot be told. A bare name is looked for in that
 * folder first and in Windows' own then: it is taken for a file of the folder only where programs have no business. */
static const char *program_of(autostart_pass *p, const char *command, const char *folder)
{
    const char *rest = behind(command, "start"), *at = rest ? rest : command;
    if (rest && *at == '"')                                      /* what is quoted first is the window's title */
        next_word(&at, &p->work);
    while (rest && *at == '/') {
        bool there = strcasecmp(next_word(&at, &p->work), "/d") == 0;
        if (there)
            folder = folder_named(arena_printf(&p->work, "\"%s\"", next_word(&at, &p->work)), &p->work);
    }
    const char *name = next_word(&at, &p->work), *last = strrchr(name, '\\');
    bool dot = strchr(last ? last : name, '.'), full = *name == '%' || (*name && name[1] == ':');
    if (!*name || (!dot && !rest))
        return "";
    const char *file = arena_printf(&p->work, "%s%s", name, dot ? "" : ".exe");
    if (full)
        return last ? file : "";
    const char *there = *folder ? arena_printf(&p->work, "%s\\%s", folder, file) : "";
    return last || looks_odd_folder(p->run->looks, looks_path(there, &p->work)) ? there : "";
}

/* Of the programs that a command file starts: one that borrows a core process's name, else the first. */
static const char *started_by(autostart_pass *p, const char *text)
{
    const char *folder = "", *first = "";
    while (*text) {
        size_t n = 0;
        for (bool quoted = false; text[n] && !strchr(quoted ? "\r\n" : "\r\n&|", text[n]); n++)
            quoted ^= text[n] == '"';
        const char *command = arena_text(&p->work, span_of(text, n));
        text += n + (text[n] != 0);
        command += strspn(command, " \t@(");
        command = behind(command, "call") ? behind(command, "call") : command;
        const char *to = behind(command, "cd");
        to = to ? to : behind(command, "chdir");
        to = to ? to : behind(command, "pushd");
        if (to) {
            folder = folder_named(to, &p->work);
            continue;
        }
        const char *program = program_of(p, command, folder);
        if (autostart_core_elsewhere(p->run, looks_path(program, &p->work)))
            return program;
        first = *first ? first : program;
    }
    return first;
}

static void judge_assistive(autostart_pass *p, const file_view *f, autostart_entry *e)
{
    pe program;
    if (f->kind != ARTIFACT_PROGRAM || !status_is_ok(pe_read(&p->work, f->bytes, f->noted, &program)) || !program.has_version || !*program.original_name)
        return;
    size_t stem = strcspn(program.original_name, "."), own = strcspn(e->entry, ".");
    bool same = stem == own && strncasecmp(program.original_name, e->entry, stem) == 0;
    e->type = program.original_name;
    e->has_verdict = true;
    e->verdict = same ? VERDICT_KNOWN : VERDICT_HOSTILE;
    e->reason = same ? "normal" : "other-program";
}

static void read_place(autostart_pass *p, const autostart_row *row, const file_view *f, const autostart_source *from)
{
    const char *whole = *f->where ? f->where : f->path, *last = strrchr(whole, '\\');
    autostart_entry e = { .entry = last ? last + 1 : whole, .file = f->where };
    if (row->shape == SHAPE_ASSISTIVE_FILE)
        judge_assistive(p, f, &e);
    if (f->kind == ARTIFACT_LINK) {
        lnk link;
        if (status_is_ok(lnk_read(&p->work, f->bytes, f->noted, &link))) {
            const char *line = strchr(link.target, ' ') ? arena_printf(&p->work, "\"%s\"%s%s", link.target, *link.arguments ? " " : "", link.arguments)
                                                        : arena_printf(&p->work, "%s%s%s", link.target, *link.arguments ? " " : "", link.arguments);
            autostart_set_command(p, &e, line);
            e.unquoted = false;
        } else
            e.unreadable = true;
    } else if (is_script(e.entry)) {
        const char *text = script_text(f->bytes, &p->work);
        e.command = one_line(text, &p->work);
        if (row->shape == SHAPE_STARTUP_FILE) {
            if (autostart_like("*.bat", e.entry) || autostart_like("*.cmd", e.entry))
                e.target = started_by(p, text);
            e.has_verdict = true;
            e.verdict = VERDICT_SUSPICIOUS;
            e.reason = "start-up-script";
        }
    }
    /* The folder of start-up files is no odd one for them: what they start is judged. */
    if (row->shape == SHAPE_STARTUP_FILE && f->kind != ARTIFACT_LINK)
        e.in_place = true;
    autostart_note(p, row, from, 1, 0, &e);
}

static const char *user_of(const char *where, arena *mem)
{
    static const char *const above[] = { "\\users\\", "\\documents and settings\\" };
    for (size_t i = 0; i < sizeof above / sizeof *above; i++) {
        const char *at = strcasestr(where, above[i]);
        if (at) {
            at += strlen(above[i]);
            return arena_text(mem, span_of(at, strcspn(at, "\\")));
        }
    }
    return "";
}

status autostart_file(const void *context, const file_view *f, detect_log *out)
{
    const autostart_run *run = context;
    autostart_pass p = { .run = run, .out = out, .mem = f->mem, .user = user_of(f->where, f->mem), .room = pattern_room_new(f->mem) };
    autostart_source from = { .path = *f->where ? f->where : f->path };
    from.key.written = MOMENT_UNKNOWN;
    arena_init(&p.work, 0);
    map_init(&p.approved);
    status s = status_ok();
    const autostart_row *row;
    switch (f->kind) {
    case ARTIFACT_TASK:
    case ARTIFACT_JOB: s = read_task_file(&p, f, &from); break;
    case ARTIFACT_WMI: s = read_wmi(&p, f, from.path); break;
    case ARTIFACT_BITS: s = read_bits(&p, f, from.path); break;
    default:
        row = row_at(run, looks_path(f->where, &p.work));
        if (row)
            read_place(&p, row, f, &from);
        break;
    }
    map_done(&p.approved);
    arena_done(&p.work);
    return s;
}
