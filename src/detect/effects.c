#include "detect/effects.h"

#include <ctype.h>
#include <strings.h>

typedef struct { char *word[EFFECT_WORDS]; size_t count; } words;

/* Words as the C runtime of Windows splits them: blanks between, quotes hold together, a backslash before a quote escapes it. */
static words split(const char *command, arena *mem)
{
    words w = { 0 };
    for (const char *at = command; *at && w.count < EFFECT_WORDS;) {
        while (isspace((unsigned char)*at))
            at++;
        if (!*at)
            break;
        char *out = arena_alloc(mem, strlen(at) + 1), *to = out;
        bool quoted = false;
        for (; *at && (quoted || !isspace((unsigned char)*at)); at++) {
            if (*at == '\\' && at[1] == '"')
                *to++ = *++at;
            else if (*at == '"')
                quoted = !quoted;
            else
                *to++ = *at;
        }
        *to = 0;
        w.word[w.count++] = out;
    }
    return w;
}

static bool is_option(const char *word, const char *name)
{
    return (word[0] == '/' || word[0] == '-') && strcasecmp(word + 1, name) == 0;
}

/* The word after /name; NULL when there is none. */
static const char *option(const words *w, const char *name)
{
    for (size_t i = 0; i + 1 < w->count; i++)
        if (is_option(w->word[i], name))
            return w->word[i + 1];
    return NULL;
}

/* "name=value", or "name=" and the next word, as sc and netsh write. */
static const char *assigned(const words *w, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 0; i < w->count; i++)
        if (strncasecmp(w->word[i], name, n) == 0 && w->word[i][n] == '=')
            return w->word[i][n + 1] ? w->word[i] + n + 1 : i + 1 < w->count ? w->word[i + 1] : NULL;
    return NULL;
}

static size_t place(const words *w, const char *word)
{
    for (size_t i = 0; i < w->count; i++)
        if (strcasecmp(w->word[i], word) == 0)
            return i;
    return w->count;
}

static const char *after(const words *w, const char *word)
{
    size_t at = place(w, word);
    return at + 1 < w->count ? w->word[at + 1] : NULL;
}

static detect_act_builder *begin(detect_log *out, const event *ev, const char *kind, const char *account)
{
    detect_act_builder *a = detect_act(out, ev, kind);
    detect_fact(a, "basis", "command");
    detect_fact(a, "by", account);
    return a;
}

static void task_made(detect_log *out, const event *ev, const command_rule *rule, const words *w, const char *account)
{
    const char *name = option(w, "tn");
    if (!name)
        return;
    arena *mem = detect_scratch(out);
    const char *every = option(w, "sc"), *step = option(w, "mo");
    detect_act_builder *a = begin(out, ev, "task.create", account);
    detect_fact(a, "name", name[0] == '\\' ? name : arena_printf(mem, "\\%s", name));
    detect_fact(a, "command", option(w, "tr"));
    detect_fact(a, "runs_as", option(w, "ru"));
    detect_fact(a, "interval", every ? arena_printf(mem, "%s%s%s", every, step ? " " : "", step ? step : "") : NULL);
    detect_fact(a, "target", option(w, "s"));
    detect_finding(a, "task-create", rule->severity, rule->confidence, rule->technique, "task-create");
}

static void value_set(detect_log *out, const event *ev, const command_rule *rule, const words *w, const char *account)
{
    const char *key = after(w, "add"), *value = option(w, "v"), *data = option(w, "d");
    if (!key || !data)
        return;
    arena *mem = detect_scratch(out);
    detect_act_builder *a = begin(out, ev, "registry.autostart", account);
    detect_fact(a, "key", arena_printf(mem, "%s\\%s", key, value ? value : ""));
    detect_fact(a, "value", value);
    detect_fact(a, "data", data);
    detect_fact(a, "image", "reg.exe");
    detect_fact(a, "point", rule->looks);
    detect_finding(a, rule->finding, rule->severity, rule->confidence, rule->technique, rule->finding);
}

static void service_made(detect_log *out, const event *ev, const command_rule *rule, const words *w, const char *account)
{
    const char *name = after(w, place(w, "create") < w->count ? "create" : "config"), *path = assigned(w, "binpath");
    if (!name || !path)
        return;
    detect_act_builder *a = begin(out, ev, "service.install", account);
    detect_fact(a, "name", name);
    detect_fact(a, "path", path);
    detect_fact(a, "start", assigned(w, "start"));
    for (size_t i = 0; i < w->count; i++)
        if (strncmp(w->word[i], "\\\\", 2) == 0)
            detect_fact(a, "target", w->word[i] + 2);
    detect_finding(a, "service-install", rule->severity, rule->confidence, rule->technique, "service-install");
}

static void user_made(detect_log *out, const event *ev, const command_rule *rule, const words *w, const char *account)
{
    const char *name = after(w, "user");
    if (!name || name[0] == '/')
        return;
    detect_act_builder *a = begin(out, ev, "account.create", account);
    detect_fact(a, "account", name);
    detect_finding(a, "account-create", rule->severity, rule->confidence, rule->technique, "account-create.by-command");
}

static void group_made(detect_log *out, const event *ev, const command_rule *rule, const words *w, const char *account)
{
    size_t at = place(w, "localgroup");
    if (at + 2 >= w->count)
        return;
    detect_act_builder *a = begin(out, ev, "group.add", account);
    detect_fact(a, "group", w->word[at + 1]);
    detect_fact(a, "member", w->word[at + 2]);
    detect_finding(a, "admin-group-add", rule->severity, rule->confidence, rule->technique, "admin-group-add.by-command");
}

static void port_forwarded(detect_log *out, const event *ev, const command_rule *rule, const words *w, const char *account, const char *command)
{
    const char *listen = assigned(w, "listenport"), *to = assigned(w, "connectaddress"), *port = assigned(w, "connectport"), *at = assigned(w, "listenaddress");
    if (!listen)
        return;
    arena *mem = detect_scratch(out);
    detect_act_builder *a = begin(out, ev, "portproxy.change", account);
    detect_fact(a, "listen", arena_printf(mem, "%s/%s", at ? at : "*", listen));
    detect_fact(a, "connect", arena_printf(mem, "%s/%s", to ? to : "?", port ? port : listen));
    detect_fact(a, "command", command);
    detect_finding(a, "port-proxy", rule->severity, rule->confidence, rule->technique, "port-proxy");
}

static void firewall_opened(detect_log *out, const event *ev, const command_rule *rule, const words *w, const char *account)
{
    const char *name = assigned(w, "name"), *port = assigned(w, "localport"), *program = assigned(w, "program");
    size_t old = place(w, "portopening");
    if (old + 3 < w->count) {           /* netsh firewall add portopening tcp 65533 DNSd */
        port = w->word[old + 2];
        name = w->word[old + 3];
    }
    if (!name && !port && !program)
        return;
    detect_act_builder *a = begin(out, ev, "firewall.change", account);
    detect_fact(a, "rule", name ? name : "-");
    detect_fact(a, "port", port);
    detect_fact(a, "application", program);
    detect_fact(a, "action", assigned(w, "action"));
    detect_fact(a, "direction", assigned(w, "dir"));
    detect_finding(a, "firewall-change", rule->severity, rule->confidence, rule->technique, "firewall-change");
}

void effects_note(detect_log *out, const event *ev, const command_rule *rule, const char *command, const char *account)
{
    words w = split(command, detect_scratch(out));
    static const char *const values[] = { "run-key", "ifeo", "logon-script" };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (strcmp(rule->looks, values[i]) == 0)
            value_set(out, ev, rule, &w, account);
    if (strcmp(rule->looks, "task-made") == 0)
        task_made(out, ev, rule, &w, account);
    else if (strcmp(rule->looks, "service-made") == 0)
        service_made(out, ev, rule, &w, account);
    else if (strcmp(rule->looks, "user-made") == 0)
        user_made(out, ev, rule, &w, account);
    else if (strcmp(rule->looks, "group-made") == 0)
        group_made(out, ev, rule, &w, account);
    else if (strcmp(rule->looks, "portproxy") == 0)
        port_forwarded(out, ev, rule, &w, account, command);
    else if (strcmp(rule->looks, "firewall-open") == 0)
        firewall_opened(out, ev, rule, &w, account);
}
