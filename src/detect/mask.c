#include "detect/mask.h"

enum { RULES_MOST = 4, WORDS_MOST = 64, VALUE_MOST = 1024 };       /* how far one rule looks: work stays in proportion to the text */

typedef struct { size_t from, to; } range;

/* What the text shows so far: words are told apart by blanks; quotes do not count for that, since a command line may stand
 * in quotes as a whole and have others inside. */
typedef struct {
    const mask *m;
    const char *text;
    size_t len;
    vec found;                                                 /* range */
    const profile_node *programs[RULES_MOST]; size_t program_count;     /* rules of the program at hand */
    bool has_user;
} masking;

struct mask { const profile_node *root; };

status mask_new(const profile *facts, arena *mem, mask **out)
{
    mask *m = arena_alloc(mem, sizeof *m);
    m->root = profile_root(facts, "masking");
    *out = m;
    return m->root ? status_ok() : status_fail(STATUS_BAD_INPUT, "profiles/masking.yml is missing");
}

static bool blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f'; }
static bool quote(char c) { return c == '"' || c == '\''; }
static char small(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 32) : c; }
static bool letter(char c) { return small(c) >= 'a' && small(c) <= 'z'; }

static bool same(const char *text, size_t len, const char *word, bool exact)
{
    if (strlen(word) != len)
        return false;
    for (size_t i = 0; i < len; i++)
        if (exact ? text[i] != word[i] : small(text[i]) != small(word[i]))
            return false;
    return true;
}

static bool starts(const char *text, size_t len, const char *word, bool exact)
{
    size_t n = strlen(word);
    return n <= len && same(text, n, word, exact);
}

/* "\\*" the beginning, "?:" a drive, else the whole word. */
static bool is_like(const char *text, size_t len, const char *pattern)
{
    size_t n = strlen(pattern);
    if (n > 1 && pattern[n - 1] == '*')
        return len >= n - 1 && strncmp(text, pattern, n - 1) == 0;
    if (strcmp(pattern, "?:") == 0)
        return len == 2 && text[1] == ':';
    return same(text, len, pattern, false);
}

static void hide(masking *k, size_t from, size_t to)
{
    if (from < to)
        *(range *)vec_push(&k->found) = (range){ from, to };
}

/* The value that begins at `at`: in quotes up to the quote that closes it, else up to a blank, without what only closes
 * something around it. */
static range value_at(const masking *k, size_t at)
{
    const char *t = k->text;
    bool escaped = at + 1 < k->len && t[at] == '\\' && t[at + 1] == '"';
    if (escaped || quote(t[at])) {
        size_t from = at + 1 + escaped, to = from;
        char q = t[from - 1];
        while (to < k->len && to - from < VALUE_MOST && !(t[to] == q && (escaped ? t[to - 1] == '\\' : t[to - 1] != '\\' || q == '\'' || to == from)))
            to++;
        if (escaped && to < k->len && to > from)
            to--;
        return (range){ from, to };
    }
    size_t to = at;
    while (to < k->len && !blank(t[to]))
        to++;
    while (to > at && (quote(t[to - 1]) || t[to - 1] == ')' || t[to - 1] == '}' || (t[to - 1] == '\\' && to < k->len && t[to] == '"')))
        to--;
    return (range){ at, to };
}

static size_t behind(const masking *k, range value)
{
    size_t at = value.to;
    while (at < k->len && !blank(k->text[at]))
        at++;
    return at;
}

static size_t skip_blanks(const masking *k, size_t at)
{
    while (at < k->len && blank(k->text[at]))
        at++;
    return at;
}

static void hide_part(masking *k, range value, const char *part)
{
    if (part && *part) {
        const char *at = memchr(k->text + value.from, part[0], value.to - value.from);
        if (!at)
            return;
        value.from = (size_t)(at - k->text) + 1;
        while (value.to > value.from && quote(k->text[value.to - 1]))
            value.to--;
    }
    hide(k, value.from, value.to);
}

/* A word of the line without what stands around it: quotes, brackets, the call operator. */
static range core_of(const masking *k, size_t from, size_t to)
{
    const char *t = k->text;
    while (from < to && (quote(t[from]) || t[from] == '(' || t[from] == '{' || t[from] == '&' || t[from] == '@' || (t[from] == '\\' && from + 1 < to && t[from + 1] == '"')))
        from++;
    while (to > from && (quote(t[to - 1]) || t[to - 1] == ')' || t[to - 1] == '}' || t[to - 1] == ';'))
        to--;
    return (range){ from, to };
}

static bool find_programs(masking *k, range core)
{
    const char *t = k->text;
    size_t from = core.to, to = core.to;
    while (from > core.from && t[from - 1] != '\\' && t[from - 1] != '/' && !quote(t[from - 1]))
        from--;
    if (to - from > 4 && (same(t + to - 4, 4, ".exe", false) || same(t + to - 4, 4, ".com", false)))
        to -= 4;
    else if (to - from > 3 && same(t + to - 3, 3, ".py", false))
        to -= 3;
    size_t count = 0;
    const profile_node *rules[RULES_MOST];
    for (const profile_node *p = profile_list(k->m->root, "programs"); p; p = p->next)
        for (const profile_node *n = profile_list(p, "names"); n; n = n->next)
            if (same(t + from, to - from, n->text, false) && count < RULES_MOST)
                rules[count++] = p;
    if (count == 0)
        return false;
    memcpy(k->programs, rules, sizeof rules);
    k->program_count = count;
    return true;
}

/* The value of a switch that was read: the rest behind ':' or '=', or the next word. */
static size_t take_switch(masking *k, range core, size_t word_end, size_t name_len, bool careful, const char *part)
{
    const char *t = k->text;
    size_t at = core.from + name_len;
    if (at < core.to && (t[at] == ':' || t[at] == '='))
        at++;
    else if (at >= core.to)
        at = skip_blanks(k, word_end);
    if (at >= k->len || t[at] == '(')
        return word_end;
    if (careful && (t[at] == '-' || t[at] == '/') && at + 1 < k->len && letter(t[at + 1]))
        return word_end;
    range value = value_at(k, at);
    hide_part(k, value, part);
    size_t end = behind(k, value);
    return end > word_end ? end : word_end;
}

static bool fits_switch(const masking *k, range core, const char *name, bool exact, bool joined)
{
    size_t len = core.to - core.from, n = strlen(name);
    const char *t = k->text + core.from;
    if (!starts(t, len, name, exact))
        return false;
    return len == n || t[n] == ':' || t[n] == '=' || joined;
}

static size_t read_switch(masking *k, range core, size_t word_end)
{
    const profile_node *root = k->m->root;
    for (size_t i = 0; i < k->program_count; i++) {
        const profile_node *p = k->programs[i];
        bool exact = profile_true(p, "exact"), joined = profile_true(p, "joined");
        for (const profile_node *s = profile_list(p, "switches"); s; s = s->next)
            if (fits_switch(k, core, s->text, exact, joined))
                return take_switch(k, core, word_end, strlen(s->text), false, profile_text(p, "part"));
    }
    for (const profile_node *s = profile_list(root, "switches"); s; s = s->next)
        if (fits_switch(k, core, s->text, false, false))
            return take_switch(k, core, word_end, strlen(s->text), true, NULL);
    if (k->program_count == 0 && k->has_user)
        for (const profile_node *s = profile_list(root, "password_switches"); s; s = s->next)
            if (fits_switch(k, core, s->text, false, false))
                return take_switch(k, core, word_end, strlen(s->text), true, NULL);
    return word_end;
}

static bool is_switch(const masking *k, range core)
{
    return core.to > core.from && (k->text[core.from] == '-' || k->text[core.from] == '/');
}

static bool ends_command(const masking *k, range word)
{
    const char *t = k->text + word.from;
    size_t len = word.to - word.from;
    return len <= 2 && len > 0 && (t[0] == '&' || t[0] == '|' || t[0] == ';');
}

/* ">", "2>>", ">file": a file, no word of the command. How long the sign is; 0: no redirection. */
static size_t redirect_at(const masking *k, range word)
{
    size_t at = word.from;
    if (at + 1 < word.to && k->text[at] >= '0' && k->text[at] <= '9')
        at++;
    size_t sign = at;
    while (at < word.to && (k->text[at] == '>' || k->text[at] == '<'))
        at++;
    return at > sign ? at - word.from : 0;
}

/* A quote that no quote of this word opens closes what the command stands in. */
static bool closes_command(const masking *k, range word)
{
    const char *t = k->text;
    while (word.to > word.from && (t[word.to - 1] == ')' || t[word.to - 1] == '}' || t[word.to - 1] == ';' || t[word.to - 1] == ','))
        word.to--;
    if (word.to == word.from || !quote(t[word.to - 1]) || quote(t[word.from]) || t[word.from] == '\\')
        return false;
    size_t count = 0;
    for (size_t i = word.from; i < word.to; i++)
        count += t[i] == t[word.to - 1];
    return count % 2 == 1;
}

/* The n-th word behind a verb (or behind the program, when no verb is told). */
static void read_positions(masking *k, const profile_node *rule, size_t at)
{
    const char *verb = profile_text(rule, "verb");
    bool found;
    int64_t wanted = profile_number(rule, "position", &found);
    int64_t seen = 0;
    bool in = verb == NULL;
    for (size_t steps = 0; found && at < k->len && steps < WORDS_MOST; steps++) {
        at = skip_blanks(k, at);
        size_t end = at;
        while (end < k->len && !blank(k->text[end]))
            end++;
        range word = { at, end }, core = core_of(k, at, end);
        if (ends_command(k, word))
            return;
        if (!in) {
            in = same(k->text + core.from, core.to - core.from, verb, false);
            if ((!in && !is_switch(k, core) && core.to > core.from) || closes_command(k, word))
                return;
            at = end;
            continue;
        }
        size_t sign = redirect_at(k, word);
        if (sign) {
            size_t file = word.from + sign < word.to ? word.from + sign : skip_blanks(k, end);
            at = file < k->len ? behind(k, value_at(k, file)) : file;
            continue;
        }
        range value = at < k->len ? value_at(k, at) : word;
        bool last = value.from == word.from && closes_command(k, word);
        at = behind(k, value) > end ? behind(k, value) : end;
        if (core.to == core.from || is_switch(k, core)) {
            if (last)
                return;
            continue;
        }
        bool none = false;
        for (const profile_node *n = profile_list(rule, "not_like"); n; n = n->next)
            none = none || is_like(k->text + value.from, value.to - value.from, n->text);
        if (none && wanted == 1 && !last)
            continue;
        if (++seen == wanted) {
            if (!none)
                hide_part(k, value, profile_text(rule, "part"));
            return;
        }
        if (last)
            return;
    }
}

static void read_words(masking *k)
{
    for (size_t at = skip_blanks(k, 0); at < k->len;) {
        size_t end = at;
        while (end < k->len && !blank(k->text[end]))
            end++;
        range core = core_of(k, at, end);
        size_t next = end;
        if (ends_command(k, (range){ at, end })) {
            k->program_count = 0;
        } else if (is_switch(k, core)) {
            next = read_switch(k, core, end);
        } else if (find_programs(k, core)) {
            for (size_t i = 0; i < k->program_count; i++)
                if (profile_get(k->programs[i], "position"))
                    read_positions(k, k->programs[i], end);
        }
        at = skip_blanks(k, next);
    }
}

static bool has_user(const masking *k)
{
    for (size_t at = skip_blanks(k, 0); at < k->len;) {
        size_t end = at;
        while (end < k->len && !blank(k->text[end]))
            end++;
        range core = core_of(k, at, end);
        for (const profile_node *s = profile_list(k->m->root, "user_switches"); s; s = s->next)
            if (is_switch(k, core) && fits_switch(k, core, s->text, false, false))
                return true;
        at = skip_blanks(k, end);
    }
    return false;
}

/* How long a key's name that ends right before `at` is; 0: none. */
static bool ends_with_key(const masking *k, size_t at)
{
    for (int whole = 0; whole < 2; whole++) {
        for (const profile_node *n = profile_list(k->m->root, whole ? "whole" : "keys"); n; n = n->next) {
            size_t len = strlen(n->text);
            if (len > at || !same(k->text + at - len, len, n->text, false))
                continue;
            if (!whole || len == at || !letter(k->text[at - len - 1]))
                return true;
        }
    }
    return false;
}

/* name=value and name: value, also with quotes around the name, and user:password@host. */
static void read_keys(masking *k)
{
    const char *t = k->text;
    for (size_t i = 1; i < k->len; i++) {
        if (t[i] != '=' && t[i] != ':')
            continue;
        size_t name = i;
        while (name > 0 && blank(t[name - 1]))
            name--;
        while (name > 0 && (quote(t[name - 1]) || t[name - 1] == '\\' || t[name - 1] == ']'))
            name--;
        if (!ends_with_key(k, name))
            continue;
        size_t at = i + 1;
        if (at < k->len && t[at] == '=')
            at++;
        at = skip_blanks(k, at);
        if (at >= k->len)
            continue;
        range value = value_at(k, at);
        if (value.from == at) {          /* bare: a list of settings ends it too */
            size_t to = value.from;
            while (to < value.to && t[to] != ';')
                to++;
            value.to = to;
        }
        hide(k, value.from, value.to);
    }
}

static bool in_name(char c)
{
    return !blank(c) && !quote(c) && c != '/' && c != '\\' && c != '@' && c != ':' && c != '=' && c != '(' && c != ',';
}

static void read_addresses(masking *k)
{
    const char *t = k->text;
    for (size_t i = 1; i + 1 < k->len; i++) {
        if (t[i] != ':' || !in_name(t[i - 1]) || blank(t[i + 1]) || t[i + 1] == '/' || t[i + 1] == '\\')
            continue;
        size_t user = i;
        while (user > 0 && in_name(t[user - 1]))
            user--;
        if (i - user < 2)                /* a drive */
            continue;
        if (same(t + user, i - user, "mailto", false) || same(t + user, i - user, "sip", false))
            continue;
        size_t host = i + 1, last = 0;
        while (host < k->len && host - i < VALUE_MOST / 4 && !blank(t[host]) && !quote(t[host]) && t[host] != '/') {
            if (t[host] == '@')
                last = host;
            host++;
        }
        if (last > i + 1 && last + 1 < k->len && (letter(t[last + 1]) || (t[last + 1] >= '0' && t[last + 1] <= '9') || t[last + 1] == '['))
            hide(k, i + 1, last);
    }
}

static const char *find_name(const masking *k, size_t from, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = from; i + n <= k->len; i++)
        if (small(k->text[i]) == name[0] && same(k->text + i, n, name, false))
            return k->text + i;
    return NULL;
}

/* 'secret' | ConvertTo-SecureString */
static void read_pipe(masking *k, size_t name)
{
    const char *t = k->text;
    size_t at = name;
    while (at > 0 && blank(t[at - 1]))
        at--;
    if (at == 0 || t[at - 1] != '|')
        return;
    at--;
    while (at > 0 && (blank(t[at - 1]) || t[at - 1] == ')'))
        at--;
    if (at < 2 || !quote(t[at - 1]))
        return;
    size_t to = at - 1, from = to;
    while (from > 0 && to - from < VALUE_MOST && t[from - 1] != t[to])
        from--;
    hide(k, from, to);
}

static void read_call(masking *k, const profile_node *call)
{
    const char *name = profile_text(call, "name"), *t = k->text;
    bool found;
    int64_t wanted = profile_number(call, "position", &found);
    for (const char *at = find_name(k, 0, name); at; at = find_name(k, (size_t)(at - t) + 1, name)) {
        read_pipe(k, (size_t)(at - t));
        size_t i = (size_t)(at - t) + strlen(name);
        if (i < k->len && quote(t[i]))
            i++;                         /* Invoke("SetPassword", ...) */
        int64_t seen = 0;
        for (size_t steps = 0; i < k->len && steps < WORDS_MOST; steps++) {
            while (i < k->len && (blank(t[i]) || t[i] == '(' || t[i] == ',' || t[i] == '@' || t[i] == '['))
                i++;
            if (i >= k->len || t[i] == ')' || t[i] == '|' || t[i] == ';')
                break;
            range value = value_at(k, i);
            bool bare = value.from == i;
            if (bare) {                  /* of arguments in brackets the next comma ends one */
                size_t to = value.from;
                while (to < value.to && t[to] != ',' && t[to] != ')')
                    to++;
                value.to = to;
            }
            if (value.to <= i)
                break;
            if (bare && (t[i] == '-' || t[i] == '/')) {
                i = value.to;
                continue;
            }
            if (++seen == wanted) {
                if (!bare || t[i] != '$')
                    hide(k, value.from, value.to);
                break;
            }
            i = value.to + !bare;
        }
    }
}

/* reg add ... /v DefaultPassword /d secret; Set-ItemProperty -Name DefaultPassword -Value secret */
static void read_registry(masking *k)
{
    static const char *const data[] = { "/d", "-value", "-d" };
    bool named = false;
    for (const profile_node *n = profile_list(k->m->root, "registry"); n; n = n->next)
        named = named || find_name(k, 0, n->text);
    for (size_t at = skip_blanks(k, 0); named && at < k->len;) {
        size_t end = at;
        while (end < k->len && !blank(k->text[end]))
            end++;
        for (size_t i = 0; i < sizeof data / sizeof *data; i++)
            if (same(k->text + at, end - at, data[i], false) && skip_blanks(k, end) < k->len) {
                range value = value_at(k, skip_blanks(k, end));
                hide(k, value.from, value.to);
            }
        at = skip_blanks(k, end);
    }
}

static int range_order(const void *a, const void *b)
{
    const range *x = a, *y = b;
    return x->from != y->from ? (x->from < y->from ? -1 : 1) : x->to < y->to ? -1 : x->to > y->to;
}

static const char *rewrite(masking *k, arena *mem)
{
    vec_sort(&k->found, range_order);
    buf out;
    buf_init(&out, 4 * MASK_TEXT);
    size_t at = 0;
    for (size_t i = 0; i < k->found.count; i++) {
        range r = *(range *)vec_at(&k->found, i);
        if (r.to <= at)
            continue;
        if (r.from >= at) {
            buf_put(&out, k->text + at, r.from - at);
            buf_str(&out, "***");
        }
        at = r.to;
    }
    buf_put(&out, k->text + at, k->len - at);
    const char *text = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return text;
}

const char *mask_passwords(const mask *m, const char *text, arena *mem)
{
    masking k = { .m = m, .text = text, .len = strnlen(text, MASK_TEXT) };
    vec_init(&k.found, sizeof(range));
    k.has_user = has_user(&k);
    read_words(&k);
    read_keys(&k);
    read_addresses(&k);
    read_registry(&k);
    for (const profile_node *c = profile_list(m->root, "calls"); c; c = c->next)
        read_call(&k, c);
    const char *masked = k.found.count || k.len == MASK_TEXT ? rewrite(&k, mem) : text;
    vec_done(&k.found);
    return masked;
}

const char *mask_account(const char *account, arena *mem)
{
    const char *name = account ? strrchr(account, '\\') : NULL;
    return name ? arena_printf(mem, "%.*s***", (int)(name - account + 1), account) : "***";
}
