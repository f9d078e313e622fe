#include "detect/winpath.h"

#include <strings.h>

static bool blank(char c) { return c == ' ' || c == '\t'; }
static bool letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

static bool starts(const char *text, const char *with)
{
    return strncasecmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, size_t len, const char *with)
{
    size_t n = strlen(with);
    return len >= n && strncasecmp(text + len - n, with, n) == 0;
}

void winpath_put(winpath_host *h, const char *name, const char *value)
{
    if (!name || !*name || !value || !*value || h->count == WINPATH_VARIABLES)
        return;
    for (size_t i = 0; i < h->count; i++)
        if (strcasecmp(h->variables[i].name, name) == 0)
            return;
    h->variables[h->count++] = (winpath_variable){ name, value };
}

static const char *value_of(const winpath_host *h, const char *name, size_t len)
{
    for (size_t i = 0; i < h->count; i++)
        if (strlen(h->variables[i].name) == len && strncasecmp(h->variables[i].name, name, len) == 0)
            return h->variables[i].value;
    return NULL;
}

/* ---- Step 1: variables ---- */

static char *expand_once(const winpath_host *h, const char *text, arena *mem, bool *changed)
{
    buf out;
    buf_init(&out, WINPATH_TEXT);
    *changed = false;
    for (const char *p = text; *p;) {
        const char *end = *p == '%' ? strchr(p + 1, '%') : NULL;
        const char *value = end ? value_of(h, p + 1, (size_t)(end - p - 1)) : NULL;
        size_t name = end ? (size_t)(end - p - 1) : 0;
        /* "%SystemRoot%" that is said to be "%SystemRoot%" says nothing. */
        bool itself = value && value[0] == '%' && strncasecmp(value + 1, p + 1, name) == 0 && value[1 + name] == '%';
        if (value && !itself) {
            buf_str(&out, value);
            p = end + 1;
            *changed = true;
        } else
            buf_char(&out, *p++);
    }
    char *done = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return done;
}

static char *expand(const winpath_host *h, const char *text, arena *mem)
{
    size_t len = strnlen(text, WINPATH_TEXT);
    char *now = arena_text(mem, span_of(text, len));
    bool changed = true;
    for (int i = 0; i < WINPATH_ROUNDS && changed && strchr(now, '%'); i++)
        now = expand_once(h, now, mem, &changed);
    return now;
}

/* ---- Step 2: prefixes ---- */

static const char *windows(const winpath_host *h)
{
    const char *root = value_of(h, "SystemRoot", 10);
    if (!root || root[0] == '%')
        root = value_of(h, "windir", 6);
    return root && root[0] != '%' ? root : "%SystemRoot%";
}

static const char *drive(const winpath_host *h, arena *mem)
{
    const char *root = windows(h);
    return letter(root[0]) && root[1] == ':' ? arena_text(mem, span_of(root, 2)) : "%SystemDrive%";
}

/* What stands before a path and only says where to begin. The folder of Windows comes without a backslash at its end. */
static const char *rooted(const winpath_host *h, const char *path, arena *mem)
{
    for (bool again = true; again;) {
        again = false;
        static const char *const prefixes[] = { "\\??\\", "\\\\?\\", "\\\\.\\" };
        for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
            if (!starts(path, prefixes[i]))
                continue;
            path += 4;
            again = true;
            if (starts(path, "UNC\\"))
                return arena_printf(mem, "\\\\%s", path + 4);
        }
    }
    if (starts(path, "\\SystemRoot\\"))
        return arena_printf(mem, "%s%s", windows(h), path + 11);
    if (starts(path, "SystemRoot\\"))
        return arena_printf(mem, "%s%s", windows(h), path + 10);
    static const char *const below[] = { "system32\\", "SysWOW64\\", "Microsoft.NET\\", "servicing\\" };
    for (size_t i = 0; i < sizeof below / sizeof *below; i++)
        if (starts(path, below[i]))
            return arena_printf(mem, "%s\\%s", windows(h), path);
    if (path[0] == '\\' && path[1] != '\\' && !starts(path, "\\Device\\"))
        return arena_printf(mem, "%s%s", drive(h, mem), path);
    return path;
}

/* ---- Step 6: names that a 32-bit program knows folders by ---- */

static const char *wide(const winpath_host *h, const char *path, arena *mem)
{
    const char *root = windows(h);
    size_t n = strlen(root);
    if (strncasecmp(path, root, n) != 0 || path[n] != '\\')
        return path;
    if (starts(path + n, "\\Sysnative\\"))
        return arena_printf(mem, "%s\\System32%s", root, path + n + 10);
    if (h->wow && starts(path + n, "\\system32\\"))
        return arena_printf(mem, "%s\\SysWOW64%s", root, path + n + 9);
    return path;
}

/* Slashes forward become backslashes, "." and ".." go, as Windows resolves a path that it opens; quotes and blanks around it go. */
static char *resolved(const char *path, arena *mem)
{
    while (blank(*path) || *path == '"')
        path++;
    size_t len = strnlen(path, WINPATH_TEXT);
    while (len && (blank(path[len - 1]) || path[len - 1] == '"'))
        len--;
    char *text = arena_text(mem, span_of(path, len));
    size_t to = 0, root = 0;
    for (size_t i = 0; text[i]; i++)
        if (text[i] == '/')
            text[i] = '\\';
    if (text[0] && text[1] == ':')
        root = 2;
    else if (text[0] == '\\' && text[1] == '\\')
        root = 2 + strcspn(text + 2, "\\");
    for (size_t i = 0; text[i];) {
        size_t part = strcspn(text + i, "\\");
        bool dot = part == 1 && text[i] == '.', up = part == 2 && text[i] == '.' && text[i + 1] == '.';
        size_t whole = part + (text[i + part] == '\\');
        if (i >= root && up && to > root) {
            if (to > root + 1)
                to--;
            while (to > root && text[to - 1] != '\\')
                to--;
        } else if (!(i >= root && i > 0 && (dot || up))) {
            memmove(text + to, text + i, whole);
            to += whole;
        }
        i += whole;
    }
    text[to] = 0;
    return text;
}

const char *winpath_full(const winpath_host *h, const char *path, arena *mem)
{
    if (!path)
        return "";
    path = expand(h, path, mem);
    return wide(h, rooted(h, resolved(path, mem), mem), mem);
}

static bool has_folder(const char *path)
{
    return strchr(path, '\\') || (letter(path[0]) && path[1] == ':');
}

static const char *file_of(const char *path)
{
    const char *last = strrchr(path, '\\');
    return last ? last + 1 : path;
}

static bool has_extension(const char *path)
{
    const char *dot = strrchr(file_of(path), '.');
    return dot && dot[1];
}

static const char *system_folder(const winpath_host *h)
{
    return h->wow ? "SysWOW64" : "System32";
}

const char *winpath_library(const winpath_host *h, const char *name, arena *mem)
{
    const char *path = winpath_full(h, name, mem);
    if (!*path)
        return "";
    if (!has_extension(path))
        path = arena_printf(mem, "%s.dll", path);
    return has_folder(path) ? path : arena_printf(mem, "%s\\%s\\%s", windows(h), system_folder(h), path);
}

/* ---- Step 3: where a program ends and its arguments begin ---- */

static bool program_name(const char *text, size_t len)
{
    static const char *const kinds[] = { ".exe", ".com", ".bat", ".cmd", ".sys", ".dll", ".scr", ".cpl", ".ocx", ".drv", ".vbs", ".vbe", ".js", ".jse", ".wsf", ".ps1", ".hta", ".msc", ".pif", ".lnk" };
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (ends(text, len, kinds[i]))
            return true;
    return false;
}

typedef struct { const char *program; const char *rest; bool quoted; } split;

static split split_command(const char *text, arena *mem)
{
    while (blank(*text))
        text++;
    if (*text == '"') {
        const char *end = strchr(text + 1, '"');
        size_t len = end ? (size_t)(end - text - 1) : strlen(text + 1);
        return (split){ arena_text(mem, span_of(text + 1, len)), end ? end + 1 : "", true };
    }
    size_t len = strlen(text), bare = strcspn(text, " \t,");
    /* A first word without folder is the program, whatever file its arguments name. */
    if (!has_folder(arena_text(mem, span_of(text, bare))) && text[0] != '%')
        return (split){ arena_text(mem, span_of(text, bare)), text + bare, false };
    for (size_t i = 1; i <= len; i++)
        if ((i == len || blank(text[i]) || text[i] == ',' || text[i] == '"') && program_name(text, i))
            return (split){ arena_text(mem, span_of(text, i)), text + i, false };
    size_t first = strcspn(text, " \t");
    /* Nothing in it ends as a program does: a path with folders and no switch is taken whole. */
    if (has_folder(text) && first < len && !strpbrk(text + first, "/-\"%|&<>"))
        first = len;
    return (split){ arena_text(mem, span_of(text, first)), text + first, false };
}

static bool program_of_system(const char *file)
{
    static const char *const roots[] = { "explorer", "regedit", "notepad", "hh", "winhlp32", "twunk_32" };
    size_t stem = strcspn(file, ".");
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        if (strlen(roots[i]) == stem && strncasecmp(roots[i], file, stem) == 0)
            return true;
    return false;
}

static const char *program_path(const winpath_host *h, const char *name, arena *mem)
{
    const char *path = winpath_full(h, name, mem);
    if (!*path)
        return "";
    if (!has_extension(path))
        path = arena_printf(mem, "%s.exe", path);
    if (has_folder(path))
        return path;
    if (program_of_system(path))
        return arena_printf(mem, "%s\\%s", windows(h), path);
    if (strcasecmp(path, "powershell.exe") == 0)
        return arena_printf(mem, "%s\\%s\\WindowsPowerShell\\v1.0\\%s", windows(h), system_folder(h), path);
    return arena_printf(mem, "%s\\%s\\%s", windows(h), system_folder(h), path);
}

/* ---- Step 5: programs that only run what stands behind them ---- */

typedef enum { RUNS_NOTHING, RUNS_COMMAND, RUNS_LIBRARY, RUNS_FIRST, RUNS_LAST, RUNS_PACKAGE, RUNS_POWERSHELL } runs;

static runs runs_of(const char *file)
{
    static const struct { const char *name; runs what; } known[] = {
        { "cmd.exe", RUNS_COMMAND }, { "rundll32.exe", RUNS_LIBRARY }, { "wscript.exe", RUNS_FIRST }, { "cscript.exe", RUNS_FIRST }, { "mshta.exe", RUNS_FIRST },
        { "regsvr32.exe", RUNS_LAST }, { "msiexec.exe", RUNS_PACKAGE }, { "powershell.exe", RUNS_POWERSHELL }, { "pwsh.exe", RUNS_POWERSHELL }, { "control.exe", RUNS_FIRST },
        { "mmc.exe", RUNS_FIRST }, { "forfiles.exe", RUNS_NOTHING }, { "conhost.exe", RUNS_COMMAND },
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(known[i].name, file) == 0)
            return known[i].what;
    return RUNS_NOTHING;
}

/* The next word; quotes hold blanks together and go. */
static const char *word(const char **at, arena *mem)
{
    while (blank(**at))
        (*at)++;
    if (!**at)
        return NULL;
    buf out;
    buf_init(&out, WINPATH_TEXT);
    bool quoted = false;
    for (; **at && (quoted || !blank(**at)); (*at)++) {
        if (**at == '"')
            quoted = !quoted;
        else
            buf_char(&out, **at);
    }
    const char *text = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return text;
}

static bool is_switch(const char *w) { return w[0] == '/' || w[0] == '-'; }

static const char *command_target(const winpath_host *h, const char *rest, arena *mem)
{
    while (blank(*rest))
        rest++;
    const char *body = rest;
    while (body[0] == '/' && letter(body[1])) {          /* /c, /k, /q, /d, /v:on, in any order and without blanks between */
        bool runs = (body[1] | 32) == 'c' || (body[1] | 32) == 'k' || (body[1] | 32) == 'r';
        body += 2;
        if (*body == ':')
            while (*body && !blank(*body))
                body++;
        while (blank(*body))
            body++;
        if (runs)
            break;
    }
    size_t n = strlen(body);
    bool doubled = body[0] == '"' && body[1] == '"';
    if (doubled || (body[0] == '"' && n > 2 && body[n - 1] == '"' && strchr(body + 1, '"') == body + n - 1)) {
        body++;
        if (n > 2 && body[n - 2] == '"')
            body = arena_text(mem, span_of(body, n - 2));
    }
    static const char *const words[] = { "start", "call", "@", "/min", "/b", "/wait", "\"\"" };
    for (bool again = true; again;) {
        again = false;
        while (blank(*body))
            body++;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
            size_t len = strlen(words[i]);
            if (strncasecmp(body, words[i], len) == 0 && (blank(body[len]) || words[i][0] == '@')) {
                body += len;
                again = true;
            }
        }
    }
    size_t len = strcspn(body, "&|<>");
    split s = split_command(arena_text(mem, span_of(body, len)), mem);
    static const char *const inner[] = { "echo", "set", "if", "for", "del", "copy", "move", "cd", "md", "mkdir", "rd", "rmdir", "erase", "rename", "ren", "type", "ver", "exit", "rem", "cls", "title", "pushd" };
    for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
        if (strcasecmp(s.program, inner[i]) == 0)
            return "";
    return *s.program ? program_path(h, s.program, mem) : "";
}

static const char *library_target(const winpath_host *h, const char *rest, arena *mem)
{
    while (blank(*rest))
        rest++;
    bool quoted = *rest == '"';
    size_t len = quoted ? strcspn(rest + 1, "\"") : strcspn(rest, ",");
    const char *name = arena_text(mem, span_of(rest + quoted, len));
    if (!quoted) {                                       /* "shell32 Control_RunDLL": a blank does where the comma should be */
        const char *gap = strchr(name, ' ');
        if (gap && program_name(name, (size_t)(gap - name)))
            name = arena_text(mem, span_of(name, (size_t)(gap - name)));
    }
    const char *comma = strchr(name, ',');
    if (comma)
        name = arena_text(mem, span_of(name, (size_t)(comma - name)));
    return starts(name, "javascript:") || starts(name, "vbscript:") ? name : winpath_library(h, name, mem);
}

static const char *script_path(const winpath_host *h, const char *name, arena *mem)
{
    if (!name)
        return "";
    return strstr(name, "://") || starts(name, "javascript:") || starts(name, "vbscript:") ? name : winpath_full(h, name, mem);
}

static const char *target_of(const winpath_host *h, const char *file, const char *rest, arena *mem)
{
    const char *w, *found = "";
    switch (runs_of(file)) {
    case RUNS_NOTHING:
        return "";
    case RUNS_COMMAND:
        return command_target(h, rest, mem);
    case RUNS_LIBRARY:
        return library_target(h, rest, mem);
    case RUNS_FIRST:
        while ((w = word(&rest, mem)))
            if (!is_switch(w))
                return script_path(h, w, mem);
        return "";
    case RUNS_LAST:
        while ((w = word(&rest, mem)))
            if (!is_switch(w))
                found = winpath_library(h, w, mem);
            else if (starts(w + 1, "i:http") || starts(w + 1, "i:\\\\") || starts(w + 1, "i:ftp"))
                return arena_str(mem, w + 3);
        return found;
    case RUNS_PACKAGE:
        while ((w = word(&rest, mem)))
            if (is_switch(w) && ((w[1] | 32) == 'i' || (w[1] | 32) == 'p' || (w[1] | 32) == 'a' || (w[1] | 32) == 'y'))
                return w[2] && (w[1] | 32) != 'p' ? script_path(h, w + 2, mem) : script_path(h, word(&rest, mem), mem);
        return "";
    case RUNS_POWERSHELL:
        while ((w = word(&rest, mem))) {
            if (is_switch(w) && (w[1] | 32) == 'f')
                return script_path(h, word(&rest, mem), mem);
            if (!is_switch(w) && ends(w, strlen(w), ".ps1"))
                return script_path(h, w, mem);
        }
        return "";
    }
    return "";
}

winpath winpath_command(const winpath_host *h, const char *command, arena *mem)
{
    winpath p = { "", "", "", false };
    if (!command)
        return p;
    const char *text = expand(h, command, mem);
    split s = split_command(text, mem);
    if (!*s.program)
        return p;
    p.file = program_path(h, s.program, mem);
    while (blank(*s.rest))
        s.rest++;
    p.arguments = s.rest;
    p.target = target_of(h, file_of(p.file), s.rest, mem);
    size_t root = strlen(windows(h));
    bool own = strncasecmp(p.file, windows(h), root) == 0 && p.file[root] == '\\';
    p.unquoted = !s.quoted && !own && strchr(s.program, ' ') && has_folder(s.program);
    return p;
}
