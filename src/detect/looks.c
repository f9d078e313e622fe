#include "detect/looks.h"

#include <stdio.h>
#include <stdlib.h>

enum { LETTERS = 26, START = 26, END = 26, NAME_MOST = 64, PARTS_MOST = 128 };

typedef struct { const char *text; size_t len; } word;

static bool digit(char c) { return c >= '0' && c <= '9'; }
static bool upper(char c) { return c >= 'A' && c <= 'Z'; }
static bool lower(char c) { return c >= 'a' && c <= 'z'; }
static bool letter(char c) { return upper(c) || lower(c); }

struct looks {
    const profile_node *root;
    int8_t pairs[LETTERS + 1][LETTERS + 1];
    int shortest, longest, below, odd_case, inner_digits;
    double fragment;
    word *fragments; size_t fragment_count;      /* longest first */
    word *stems; size_t stem_count;              /* known names with a star */
    size_t near_shortest, near_two;
};

static status read_pairs(looks *l, const profile_node *pairs)
{
    for (const profile_node *row = pairs ? pairs->first : NULL; row; row = row->next) {
        bool start = strcmp(row->key, "start") == 0;
        if (!start && (strlen(row->key) != 1 || row->key[0] < 'a' || row->key[0] > 'z'))
            return status_fail(STATUS_BAD_INPUT, "profiles/looks.yml:%u: a row of pairs is a letter or 'start'", row->line);
        int8_t *to = l->pairs[start ? START : row->key[0] - 'a'];
        const char *at = row->text;
        for (size_t i = 0; i <= LETTERS; i++) {
            char *end;
            long bits = strtol(at, &end, 10);
            if (end == at || bits < -99 || bits > 99)
                return status_fail(STATUS_BAD_INPUT, "profiles/looks.yml:%u: a row of pairs has 27 numbers", row->line);
            to[i] = (int8_t)bits;
            at = end;
        }
    }
    return status_ok();
}

static int longer_first(const void *a, const void *b)
{
    const word *x = a, *y = b;
    return x->len != y->len ? (x->len > y->len ? -1 : 1) : strcmp(x->text, y->text);
}

status looks_new(const profile *facts, arena *mem, looks **out)
{
    looks *l = arena_alloc(mem, sizeof *l);
    l->root = profile_root(facts, "looks");
    const profile_node *random = profile_get(l->root, "random"), *near = profile_get(l->root, "near");
    bool found;
    l->shortest = (int)profile_number(random, "shortest", &found);
    l->longest = (int)profile_number(random, "longest", &found);
    l->below = (int)profile_number(random, "below", &found);
    l->odd_case = (int)profile_number(random, "odd_case", &found);
    l->inner_digits = (int)profile_number(random, "inner_digits", &found);
    l->fragment = profile_real(random, "fragment", &found);
    l->near_shortest = (size_t)profile_number(near, "shortest", &found);
    l->near_two = (size_t)profile_number(near, "two_slips", &found);
    status done = read_pairs(l, profile_get(l->root, "pairs"));

    const profile_node *fragments = profile_get(l->root, "fragments");
    vec words;
    vec_init(&words, sizeof(word));
    for (const profile_node *f = fragments ? fragments->first : NULL; f; f = f->next)
        if (strlen(f->text) >= 3)
            *(word *)vec_push(&words) = (word){ f->text, strlen(f->text) };
    vec_sort(&words, longer_first);
    l->fragment_count = words.count;
    l->fragments = arena_array(mem, words.count + 1, sizeof(word));
    if (words.count)
        memcpy(l->fragments, words.at, words.count * sizeof(word));
    vec_done(&words);

    const profile_node *known = profile_get(l->root, "known");
    l->stems = arena_array(mem, known ? known->count + 1 : 1, sizeof(word));
    for (const profile_node *k = known ? known->first : NULL; k; k = k->next) {
        size_t len = strlen(k->text);
        if (len && k->text[len - 1] == '*')
            l->stems[l->stem_count++] = (word){ k->text, len - 1 };
    }
    *out = l;
    return done;
}

/* Paths. Part by part: a path is a root ("c:", "%w", "\\server", "%temp%", "" for a relative one) and names below it. */
typedef struct { char text[LOOKS_PATH + 16]; size_t at[PARTS_MOST]; size_t part_count, len, root; } path_parts;

static void put_part(path_parts *p, const char *part, size_t len)
{
    while (len > 0 && (part[len - 1] == ' ' || part[len - 1] == '.') && !(len <= 2 && part[0] == '.'))
        len--;
    if (len == 0 || (len == 1 && part[0] == '.'))
        return;
    if (len == 2 && part[0] == '.' && part[1] == '.') {
        if (p->part_count > p->root)
            p->len = p->at[--p->part_count];
        return;
    }
    if (p->part_count == PARTS_MOST || p->len + len + 1 > LOOKS_PATH)
        return;
    p->at[p->part_count++] = p->len;
    if (p->len > 0)
        p->text[p->len++] = '\\';
    memcpy(p->text + p->len, part, len);
    p->len += len;
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* What a path's beginning may be written as. `rest` is put behind `is`. */
static const struct { const char *written, *is; } beginnings[] = {
    { "%systemroot%\\", "%w\\" }, { "%windir%\\", "%w\\" }, { "\\systemroot\\", "%w\\" }, { "%systemdrive%\\windows\\", "%w\\" },
    { "%comspec%", "%w\\system32\\cmd.exe" }, { "%systemdrive%\\", "c:\\" }, { "%programdata%\\", "c:\\programdata\\" },
    { "%allusersprofile%\\", "c:\\programdata\\" }, { "%public%\\", "c:\\users\\public\\" }, { "%programfiles%\\", "c:\\program files\\" },
    { "%programfiles(x86)%\\", "c:\\program files (x86)\\" }, { "%commonprogramfiles%\\", "c:\\program files\\common files\\" },
    { "system32\\", "%w\\system32\\" }, { "syswow64\\", "%w\\syswow64\\" },
};

static const char *short_name(const char *part, size_t len)
{
    static const struct { const char *is, *means; } names[] = {
        { "progra~1", "program files" }, { "progra~2", "program files (x86)" }, { "progra~3", "programdata" }, { "docume~1", "documents and settings" },
        { "common~1", "common files" }, { "micros~1", "microsoft" }, { "syswow~1", "syswow64" }, { "system~1", "system32" },
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].is) == len && memcmp(names[i].is, part, len) == 0)
            return names[i].means;
    return NULL;
}

/* Small letters, backslashes, no quotes, no prefix that only says "from here on as it is". */
static char *plain(const char *path, arena *mem)
{
    while (*path == ' ' || *path == '"' || *path == '\'')
        path++;
    size_t len = strnlen(path, LOOKS_PATH);
    while (len > 0 && (path[len - 1] == ' ' || path[len - 1] == '"' || path[len - 1] == '\''))
        len--;
    char *text = arena_alloc(mem, len + 16);
    for (size_t i = 0; i < len; i++)
        text[i] = path[i] == '/' ? '\\' : path[i] >= 'A' && path[i] <= 'Z' ? (char)(path[i] | 32) : path[i];
    for (;;) {
        if (starts(text, "\\??\\unc\\") || starts(text, "\\\\?\\unc\\")) {
            text[6] = '\\';               /* "\\server": one backslash stands behind the "unc" already */
            return text + 6;
        }
        if (!starts(text, "\\??\\") && !starts(text, "\\\\?\\") && !starts(text, "\\\\.\\"))
            return text;
        text += 4;
    }
}

char *looks_path(const char *path, arena *mem)
{
    char *text = plain(path ? path : "", mem);
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        if (starts(text, beginnings[i].written)) {
            text = arena_printf(mem, "%s%s", beginnings[i].is, text + strlen(beginnings[i].written));
            break;
        }
    }
    if (starts(text, "\\device\\harddiskvolume") && digit(text[22])) {
        const char *rest = strchr(text + 22, '\\');
        text = arena_printf(mem, "?:%s", rest ? rest : "");
    }
    path_parts *p = arena_alloc(mem, sizeof *p);
    if (starts(text, "\\\\")) {
        memcpy(p->text, "\\", 1);                    /* the second backslash comes with the first part */
        p->len = 1;
        text += 2;
    }
    bool rooted = text[0] == '\\', absolute = letter(text[0]) && text[1] == ':';
    absolute = absolute || starts(text, "?:") || text[0] == '%' || p->len;
    while (*text) {
        size_t len = strcspn(text, "\\");
        const char *part = text, *long_name = short_name(part, len);
        if (long_name)
            put_part(p, long_name, strlen(long_name));
        else
            put_part(p, part, len);
        if (absolute && p->root == 0 && p->part_count)
            p->root = 1;
        /* "c:\windows" is the Windows folder whatever the drive. */
        bool windows = p->part_count == 2 && p->len >= 4 && p->text[1] == ':' &&
                       (strcmp(p->text + 2, "\\windows") == 0 || strcmp(p->text + 2, "\\winnt") == 0);
        if (windows && (text[len] == '\\' || text[len] == 0)) {
            memset(p->text, 0, p->len);
            p->part_count = p->len = 0;
            put_part(p, "%w", 2);
        }
        if (rooted && p->part_count == 1 && (strcmp(p->text, "windows") == 0 || strcmp(p->text, "winnt") == 0)) {
            memset(p->text, 0, p->len);
            p->part_count = p->len = 0;
            put_part(p, "%w", 2);
            rooted = false;
        }
        /* A 32-bit program's name for the 64-bit folder. */
        if (p->part_count == 2 && strcmp(p->text, "%w\\sysnative") == 0) {
            memset(p->text, 0, p->len);
            p->part_count = p->len = 0;
            put_part(p, "%w", 2);
            put_part(p, "system32", 8);
        }
        p->text[p->len] = 0;
        text += len + (text[len] == '\\');
    }
    p->text[p->len] = 0;
    return arena_printf(mem, "%s%s", rooted ? "\\" : "", p->text);
}

const char *looks_file(const char *path)
{
    const char *last = strrchr(path, '\\');
    return last ? last + 1 : path;
}

bool looks_odd_folder(const looks *l, const char *path)
{
    const char *file = looks_file(path), *dot = strrchr(file, '.');
    if (!*file || file == path)
        return false;
    if (dot && !profile_has(l->root, "program_extensions", dot + 1))
        return false;
    for (const profile_node *f = profile_list(l->root, "odd_folders"); f; f = f->next) {
        bool anywhere = f->text[0] == '\\';
        if (anywhere ? strstr(path, f->text) != NULL : starts(path, f->text))
            return true;
    }
    for (const profile_node *f = profile_list(l->root, "odd_roots"); f; f = f->next)
        if (starts(path, f->text) && path + strlen(f->text) == file)
            return true;
    return false;
}

const char *looks_carried(const looks *l, const char *path)
{
    const char *file = looks_file(path);
    for (const profile_node *d = profile_list(l->root, "carried_drivers"); d; d = d->next)
        if (strcmp(profile_text(d, "file"), file) == 0)
            return profile_text(d, "tool");
    return NULL;
}

/* Names. */
static size_t stem_of(const char *name, char out[NAME_MOST + 1])
{
    const char *file = strrchr(name, '\\');
    file = file ? file + 1 : name;
    size_t len = strlen(file);
    const char *dot = strrchr(file, '.');
    if (dot && dot > file && strlen(dot) <= 5)
        len = (size_t)(dot - file);
    if (len > NAME_MOST)
        len = NAME_MOST;
    memcpy(out, file, len);
    out[len] = 0;
    return len;
}

static bool is_known(const looks *l, const char *small)
{
    for (size_t i = 0; i < l->stem_count; i++)
        if (strncmp(small, l->stems[i].text, l->stems[i].len) == 0)
            return true;
    return profile_has(l->root, "known", small);
}


/* Capitals that no way of writing puts there: one small letter between two ("EcB"), one at the end after small ones ("ireidJ"). */
static int odd_capitals(const char *name, size_t len)
{
    int odd = 0;
    for (size_t i = 1; i < len; i++) {
        odd += i + 1 < len && upper(name[i - 1]) && lower(name[i]) && upper(name[i + 1]);
        odd += i + 1 == len && lower(name[i - 1]) && upper(name[i]);
        odd += i + 2 == len && lower(name[i - 1]) && upper(name[i]) && lower(name[i + 1]);
    }
    return odd;
}

static int digits_inside(const char *name, size_t len)
{
    int inside = 0;
    for (size_t i = 1; i < len; i++) {
        if (!digit(name[i]) || !letter(name[i - 1]))
            continue;
        while (i < len && digit(name[i]))
            i++;
        inside += i < len && letter(name[i]);
    }
    return inside;
}

int looks_bits(const looks *l, const char *name)
{
    char stem[NAME_MOST + 1], small[NAME_MOST + 1];
    size_t len = stem_of(name, stem);
    memcpy(small, stem, len + 1);
    utf8_lower_ascii(small);
    double covered = 0;
    for (size_t i = 0; i < l->fragment_count; i++) {
        for (char *at; (at = strstr(small, l->fragments[i].text));) {
            memset(at, ' ', l->fragments[i].len);
            covered += (double)l->fragments[i].len * l->fragment;
        }
    }
    int bits = (int)covered;
    for (size_t i = 0; i < len;) {
        size_t end = i;
        while (end < len && lower(small[end]))
            end++;
        if (end - i > 1) {
            int before = START;
            for (size_t j = i; j < end; j++) {
                bits += l->pairs[before][small[j] - 'a'];
                before = small[j] - 'a';
            }
            bits += l->pairs[before][END];
        }
        i = end > i ? end : i + 1;
    }
    return bits - l->odd_case * odd_capitals(stem, len) - l->inner_digits * digits_inside(stem, len);
}

bool looks_random(const looks *l, const char *name)
{
    char stem[NAME_MOST + 1];
    if (!name)
        return false;
    size_t len = stem_of(name, stem);
    if ((int)len < l->shortest || (int)len > l->longest)
        return false;
    bool any = false;
    for (size_t i = 0; i < len; i++) {
        if (!digit(stem[i]) && !letter(stem[i]))
            return false;
        any = any || letter(stem[i]);
    }
    if (!any || looks_bits(l, stem) >= l->below)
        return false;
    utf8_lower_ascii(stem);
    return !is_known(l, stem);
}

/* Letters put in, left out, changed, or two of them swapped. */
static size_t slips(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t rows[3][NAME_MOST + 1];
    for (size_t j = 0; j <= b_len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        size_t *now = rows[i % 3], *before = rows[(i + 2) % 3], *older = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t best = before[j - 1] + (a[i - 1] != b[j - 1]);
            if (before[j] + 1 < best)
                best = before[j] + 1;
            if (now[j - 1] + 1 < best)
                best = now[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && older[j - 2] + 1 < best)
                best = older[j - 2] + 1;
            now[j] = best;
        }
    }
    return rows[a_len % 3][b_len];
}

size_t looks_slips(const char *a, const char *b)
{
    char x[NAME_MOST + 1], y[NAME_MOST + 1];
    size_t x_len = strnlen(a, NAME_MOST), y_len = strnlen(b, NAME_MOST);
    memcpy(x, a, x_len);
    memcpy(y, b, y_len);
    x[x_len] = y[y_len] = 0;
    utf8_lower_ascii(x);
    utf8_lower_ascii(y);
    return slips(x, x_len, y, y_len);
}

bool looks_near(const looks *l, const char *core, const char *file)
{
    char a[NAME_MOST + 1], b[NAME_MOST + 1];
    size_t a_len = stem_of(core, a), b_len = stem_of(file, b);
    utf8_lower_ascii(a);
    utf8_lower_ascii(b);
    if (a_len < l->near_shortest || strcmp(a, b) == 0 || b_len > a_len + 2 || b_len + 2 < a_len)
        return false;
    size_t wrong = slips(a, a_len, b, b_len);
    return wrong == 1 || (wrong == 2 && a_len >= l->near_two && a[0] == b[0]);
}
