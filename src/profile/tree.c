#include "profile/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

typedef struct {
    arena *mem;
    const char *name;
    tree_kind kind;
    yaml_parser_t yaml;
    status failed;              /* STATUS_OK while all is well */
} reader;

static void fail(reader *r, size_t line, const char *what)
{
    if (status_is_ok(r->failed))
        r->failed = status_fail(STATUS_BAD_INPUT, "%s:%zu: %s", r->name, line + 1, what);
}

static bool next_event(reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->yaml, event))
        return true;
    size_t line = r->yaml.problem_mark.line;
    if (r->yaml.error == YAML_READER_ERROR)         /* it gives an offset, and no line */
        line = r->yaml.mark.line;
    fail(r, line, r->yaml.problem ? r->yaml.problem : "not YAML");
    return false;
}

static bool is_empty(const profile_node *node)
{
    return node->kind == PROFILE_WORD && !node->quoted &&
           (*node->text == '\0' || strcmp(node->text, "~") == 0 || strcmp(node->text, "null") == 0);
}

static profile_node *new_node(reader *r, profile_kind kind, size_t line)
{
    profile_node *node = arena_alloc(r->mem, sizeof *node);
    if (!node) {
        fail(r, line, "too large");
        return NULL;
    }
    node->kind = kind;
    node->line = (unsigned)line + 1;
    return node;
}

static profile_node *read_node(reader *r, yaml_event_t *event, unsigned depth);

static const char *read_key(reader *r, const yaml_event_t *event, const profile_node *map)
{
    size_t line = event->start_mark.line;
    if (event->type != YAML_SCALAR_EVENT || event->data.scalar.length == 0) {
        fail(r, line, "a key must be a word");
        return NULL;
    }
    const char *key = (const char *)event->data.scalar.value;
    if (strlen(key) != event->data.scalar.length)
        fail(r, line, "a NUL in a key");
    if (profile_get(map, key))
        fail(r, line, "this key stands twice");
    const char *kept = arena_str(r->mem, key);
    if (!kept)
        fail(r, line, "too large");
    return kept;
}

/* The children of a list or map, up to its end. */
static void read_children(reader *r, profile_node *parent, unsigned depth)
{
    const profile_node **last = &parent->first;
    yaml_event_type_t end = parent->kind == PROFILE_MAP ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
    yaml_event_t event;
    while (status_is_ok(r->failed) && next_event(r, &event)) {
        if (event.type == end) {
            yaml_event_delete(&event);
            return;
        }
        const char *key = NULL;
        size_t line = event.start_mark.line;
        if (parent->kind == PROFILE_MAP) {
            key = read_key(r, &event, parent);
            yaml_event_delete(&event);
            if (!status_is_ok(r->failed) || !next_event(r, &event))
                return;
        }
        profile_node *child = read_node(r, &event, depth);
        if (!child)
            return;
        child->key = key;
        child->line = (unsigned)line + 1;
        if (r->kind != TREE_RULES && is_empty(child)) {
            if (!key || r->kind == TREE_FACTS)
                fail(r, line, "a value is missing here");
            continue;
        }
        *last = child;
        last = &child->next;
        parent->count++;
    }
}

static profile_node *read_word(reader *r, const yaml_event_t *event)
{
    size_t line = event->start_mark.line, len = event->data.scalar.length;
    const char *text = (const char *)event->data.scalar.value;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    profile_node *node = new_node(r, PROFILE_WORD, line);
    if (strlen(text) != len)
        fail(r, line, "a NUL in a value");
    if (!node)
        return NULL;
    node->text = arena_str(r->mem, text);
    node->quoted = !plain;
    if (!node->text)
        fail(r, line, "too large");
    return node;
}

/* Takes the event over. NULL when something is wrong. */
static profile_node *read_node(reader *r, yaml_event_t *event, unsigned depth)
{
    profile_node *node = NULL;
    size_t line = event->start_mark.line;
    bool marked = false;            /* with an anchor or a tag */
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        marked = event->data.scalar.anchor || event->data.scalar.tag;
        node = read_word(r, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        marked = event->data.sequence_start.anchor || event->data.sequence_start.tag;
        node = new_node(r, PROFILE_LIST, line);
        break;
    case YAML_MAPPING_START_EVENT:
        marked = event->data.mapping_start.anchor || event->data.mapping_start.tag;
        node = new_node(r, PROFILE_MAP, line);
        break;
    default:
        fail(r, line, "aliases are not read here");
    }
    yaml_event_delete(event);
    if (marked)
        fail(r, line, "anchors and tags are not read here");
    if (depth == TREE_DEPTH)
        fail(r, line, "nested too deeply");
    if (status_is_ok(r->failed) && node->kind != PROFILE_WORD)
        read_children(r, node, depth + 1);
    return status_is_ok(r->failed) ? node : NULL;
}

/* The events around the one document. */
static const profile_node *read_stream(reader *r)
{
    const profile_node *root = NULL, **next = &root;
    bool ended = false;
    while (!ended && status_is_ok(r->failed)) {
        yaml_event_t event;
        if (!next_event(r, &event))
            return NULL;
        size_t line = event.start_mark.line;
        switch (event.type) {
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
            yaml_event_delete(&event);
            break;
        case YAML_DOCUMENT_START_EVENT:
            yaml_event_delete(&event);
            if (root && r->kind != TREE_RULES)
                fail(r, line, "a second document");
            break;
        case YAML_STREAM_END_EVENT:
            ended = true;
            yaml_event_delete(&event);
            break;
        default: {
            profile_node *made = read_node(r, &event, 0);
            if (made && made->kind != PROFILE_MAP)
                fail(r, made->line - 1, "keys were expected");
            *next = made;
            next = made ? &made->next : next;
        }
        }
    }
    if (!root)
        fail(r, 0, "there is nothing in it");
    return root;
}

status tree_read_file(arena *mem, const char *path, span *out)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    struct stat about;
    if (file < 0)
        return status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
    status done = status_ok();
    if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode) || about.st_size > (off_t)TREE_BYTES) {
        done = status_fail(STATUS_BAD_INPUT, "%s: not a file of at most %u bytes", path, TREE_BYTES);
    } else {
        size_t size = (size_t)about.st_size, at = 0;
        uint8_t *bytes = arena_alloc(mem, size);
        ssize_t got = bytes ? 1 : -1;
        while (got > 0 && at < size) {
            got = read(file, bytes + at, size - at);
            at += got > 0 ? (size_t)got : 0;
        }
        if (got < 0)
            done = status_fail(STATUS_IO, "%s: %s", path, strerror(errno));
        *out = span_of(bytes, at);
    }
    close(file);
    return done;
}

status tree_parse(arena *mem, const char *name, span bytes, tree_kind kind, const profile_node **root)
{
    reader r = { .mem = mem, .name = name, .kind = kind };
    if (bytes.len > TREE_BYTES)
        return status_fail(STATUS_BAD_INPUT, "%s: larger than %u bytes", name, TREE_BYTES);
    if (!yaml_parser_initialize(&r.yaml))
        return status_fail(STATUS_LIMIT, "%s: no memory", name);
    if (span_is(span_part(bytes, 0, 3), "\xEF\xBB\xBF"))
        bytes = span_part(bytes, 3, SIZE_MAX);              /* libyaml would count the mark as a column */
    yaml_parser_set_encoding(&r.yaml, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.yaml, bytes.len ? bytes.at : (const uint8_t *)"", bytes.len);     /* it asserts a place */
    const profile_node *tree = read_stream(&r);
    yaml_parser_delete(&r.yaml);
    if (mem->spent)
        return status_fail(STATUS_LIMIT, "%s: too large", name);
    if (status_is_ok(r.failed))
        *root = tree;
    return r.failed;
}

bool tree_read_number(const char *text, int64_t *out)
{
    const char *digits = *text == '-' ? text + 1 : text;
    bool hex = digits[0] == '0' && digits[1] == 'x';
    if (hex)
        digits += 2;
    if (*digits == '\0' || digits[strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789")] != '\0')
        return false;
    errno = 0;
    *out = strtoll(text, NULL, hex ? 16 : 10);
    return errno == 0;
}

static locale_t plain;
static pthread_once_t plain_made = PTHREAD_ONCE_INIT;

static void make_plain(void)
{
    plain = newlocale(LC_ALL_MASK, "C", NULL);
    if (!plain)
        abort();
}

bool tree_read_real(const char *text, double *out)
{
    if (*text == '\0' || text[strspn(text, "0123456789.-")] != '\0')
        return false;
    pthread_once(&plain_made, make_plain);
    char *end;
    *out = strtod_l(text, &end, plain);
    return *end == '\0' && isfinite(*out);
}

bool tree_read_duration(const char *text, int64_t *seconds)
{
    int64_t n = 0;
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || strlen(text) != digits + 1)
        return false;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (text[i] - '0');
    int64_t unit = text[digits] == 's' ? 1 : text[digits] == 'm' ? 60 : text[digits] == 'h' ? 3600 : text[digits] == 'd' ? 86400 : 0;
    *seconds = n * unit;
    return unit != 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool tree_same_word(const char *a, const char *b)
{
    while (*a && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}
