#include "profile/scene.h"

#include "profile/schema.h"
#include "profile/tree.h"

#include <arpa/inet.h>
#include <errno.h>
#include <iconv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { HOSTS = 4096, CLAIMS = 4096, NAME = 255 };
static const int64_t longest_precision = 366 * 86400;

static const schema_key keys[] = {
    { "scene", "customer", SCHEMA_TEXT, SCHEMA_OPTIONAL },
    { "scene", "time_zone", SCHEMA_TEXT, SCHEMA_OPTIONAL },
    { "scene", "network", SCHEMA_TEXT, SCHEMA_OPTIONAL },
    { "scene", "team", SCHEMA_TEXTS, SCHEMA_OPTIONAL },
    { "scene", "hosts", SCHEMA_LIST, SCHEMA_OPTIONAL },
    { "scene", "hosts[]", SCHEMA_MAP, SCHEMA_OPTIONAL },
    { "scene", "hosts[].name", SCHEMA_TEXT, SCHEMA_REQUIRED },
    { "scene", "hosts[].addresses", SCHEMA_TEXTS, SCHEMA_OPTIONAL },
    { "scene", "hosts[].role", SCHEMA_TEXT, SCHEMA_OPTIONAL },
    { "scene", "hosts[].protection", SCHEMA_TEXT, SCHEMA_OPTIONAL },
    { "scene", "claims", SCHEMA_LIST, SCHEMA_OPTIONAL },
    { "scene", "claims[]", SCHEMA_MAP, SCHEMA_OPTIONAL },
    { "scene", "claims[].host", SCHEMA_TEXT, SCHEMA_REQUIRED },
    { "scene", "claims[].what", SCHEMA_TEXT, SCHEMA_REQUIRED },
    { "scene", "claims[].value", SCHEMA_TEXT, SCHEMA_REQUIRED },
    { "scene", "claims[].precision", SCHEMA_DURATION, SCHEMA_OPTIONAL },
};

/* In order of scene_what. */
static const char *const words[] = { "blue-screen", "restart", "slow", "first-seen", "nobody-logged-on",
                                     "os", "antivirus", "patch", "open-port", "account" };

typedef struct { arena *mem; const char *name; scene *out; } reader;

__attribute__((format(printf, 3, 4)))
static status refuse(const reader *r, unsigned line, const char *format, ...)
{
    char text[200];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return status_fail(STATUS_BAD_INPUT, "%s:%u: %s", r->name, line, text);
}

static status too_large(const reader *r)
{
    return status_fail(STATUS_LIMIT, "%s: too large", r->name);
}

const char *scene_word(scene_what what)
{
    return words[what];
}

bool scene_has_time(scene_what what)
{
    return what <= SCENE_NOBODY_LOGGED_ON;
}

/* Names and addresses. */

static bool is_name(const char *text)
{
    size_t len = strlen(text);
    if (len == 0 || len > NAME)
        return false;
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7F)
            return false;
    return true;
}

/* An address in the one way to write it; NULL when it is none. */
static const char *address_of(arena *mem, const char *text)
{
    static const int families[] = { AF_INET, AF_INET6 };
    for (size_t i = 0; i < 2; i++) {
        struct in6_addr bytes;
        char out[INET6_ADDRSTRLEN];
        if (inet_pton(families[i], text, &bytes) == 1 && inet_ntop(families[i], &bytes, out, sizeof out))
            return arena_str(mem, out);
    }
    return NULL;
}

static size_t find_host(const scene *s, const char *name, const char *address)
{
    for (size_t i = 0; i < s->host_count; i++) {
        const scene_host *h = &s->hosts[i];
        if (name && tree_same_word(h->name, name))
            return i;
        for (size_t a = 0; address && a < h->address_count; a++)
            if (strcmp(h->addresses[a], address) == 0)
                return i;
    }
    return SCENE_NO_HOST;
}

/* Words of a list, or the one word that stands in its place. */
static size_t word_count(const profile_node *node)
{
    return !node ? 0 : node->kind == PROFILE_WORD ? 1 : node->count;
}

static const profile_node *first_word(const profile_node *node)
{
    return node && node->kind == PROFILE_LIST ? node->first : node;
}

static status read_addresses(const reader *r, const profile_node *node, scene_host *h)
{
    size_t count = word_count(node);
    const profile_node *word = first_word(node);
    h->addresses = arena_array(r->mem, count, sizeof *h->addresses);
    if (!h->addresses)
        return too_large(r);
    for (size_t i = 0; i < count; i++, word = word->next) {
        const char *address = address_of(r->mem, word->text);
        if (!address)
            return refuse(r, word->line, "'%.60s' is no address", word->text);
        size_t other = find_host(r->out, NULL, address);
        if (other != SCENE_NO_HOST)
            return refuse(r, word->line, "the address %s belongs to %.100s already", address, r->out->hosts[other].name);
        h->addresses[h->address_count++] = address;
    }
    return status_ok();
}

static status read_hosts(const reader *r, const profile_node *list)
{
    scene *s = r->out;
    if (!list)
        return status_ok();
    if (list->count > HOSTS)
        return refuse(r, list->line, "more than %d hosts", HOSTS);
    s->hosts = arena_array(r->mem, list->count, sizeof *s->hosts);
    if (!s->hosts)
        return too_large(r);
    for (const profile_node *node = list->first; node; node = node->next) {
        const profile_node *name = profile_get(node, "name");
        if (!is_name(name->text))
            return refuse(r, name->line, "'name' must be a name of at most %d letters, without blanks", NAME);
        if (find_host(s, name->text, NULL) != SCENE_NO_HOST)
            return refuse(r, name->line, "the host %.100s stands here twice", name->text);
        scene_host h = { .name = name->text, .role = profile_text(node, "role"), .protection = profile_text(node, "protection"),
                         .line = node->line };
        status done = read_addresses(r, profile_get(node, "addresses"), &h);
        if (!status_is_ok(done))
            return done;
        s->hosts[s->host_count++] = h;
    }
    return status_ok();
}

/* Claims. */

static status read_what(const reader *r, const profile_node *node, scene_what *out)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp(words[i], node->text) == 0) {
            *out = (scene_what)i;
            return status_ok();
        }
    return refuse(r, node->line, "'what' must be one of blue-screen, restart, slow, first-seen, nobody-logged-on, os, antivirus, "
                  "patch, open-port, account");
}

/* "2020-05-11 12:05", or with seconds: what a person says, without zone or parts of a second. */
static bool read_local_time(const char *text, moment *local, int64_t *precision)
{
    size_t len = strlen(text);
    if ((len != 16 && len != 19) || text[4] != '-' || text[len - 1] < '0' || text[len - 1] > '9' || text[13] != ':')
        return false;
    *precision = len == 16 ? 60 : 1;
    return moment_parse(span_of(text, len), local);
}

static status read_time(const reader *r, const profile_node *node, const profile_node *value, scene_claim *c)
{
    moment local, last;
    if (!read_local_time(value->text, &local, &c->precision))
        return refuse(r, value->line, "'value' must be a local time, as in 2020-05-11 12:05 or 2020-05-11 12:05:10");
    if (!zone_to_utc(&r->out->zone, local, &c->time, &last))
        return refuse(r, value->line, "no clock in %s showed %s", r->out->zone.name, value->text);
    const profile_node *precision = profile_get(node, "precision");
    if (precision) {
        c->precision_told = precision->text;
        if (!tree_read_duration(precision->text, &c->precision) || c->precision > longest_precision)
            return refuse(r, precision->line, "'precision' must be at most 366d");
    }
    moment by = (moment)c->precision * MOMENT_SECOND;
    c->from = c->time < by ? 0 : c->time - by;
    c->until = last > MOMENT_UNKNOWN - 1 - by ? MOMENT_UNKNOWN - 1 : last + by;
    return status_ok();
}

static bool read_port(const char *text, unsigned *port)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long number = strtoul(text, &end, 10);
    *port = (unsigned)number;
    return number >= 1 && number <= 65535 && (*end == '\0' || strcmp(end, "/tcp") == 0 || strcmp(end, "/udp") == 0);
}

static status read_claim(const reader *r, const profile_node *node, scene_claim *c)
{
    const profile_node *host = profile_get(node, "host"), *value = profile_get(node, "value");
    const profile_node *precision = profile_get(node, "precision");
    *c = (scene_claim){ .host = host->text, .value = value->text, .line = node->line,
                        .time = MOMENT_UNKNOWN, .from = MOMENT_UNKNOWN, .until = MOMENT_UNKNOWN };
    if (!is_name(host->text))
        return refuse(r, host->line, "'host' must be a name or an address");
    if (*value->text == '\0')
        return refuse(r, value->line, "'value' is empty");
    c->index = find_host(r->out, host->text, address_of(r->mem, host->text));
    status done = read_what(r, profile_get(node, "what"), &c->what);
    if (!status_is_ok(done))
        return done;
    if (scene_has_time(c->what))
        return read_time(r, node, value, c);
    if (precision)
        return refuse(r, precision->line, "'precision' belongs to a time, and %s has none", words[c->what]);
    if (c->what == SCENE_OPEN_PORT && !read_port(value->text, &c->port))
        return refuse(r, value->line, "'value' must be a port, as in 3389 or 3389/tcp");
    return status_ok();
}

static status read_claims(const reader *r, const profile_node *list)
{
    scene *s = r->out;
    if (!list)
        return status_ok();
    if (list->count > CLAIMS)
        return refuse(r, list->line, "more than %d claims", CLAIMS);
    s->claims = arena_array(r->mem, list->count, sizeof *s->claims);
    if (!s->claims)
        return too_large(r);
    for (const profile_node *node = list->first; node; node = node->next) {
        status done = read_claim(r, node, &s->claims[s->claim_count]);
        if (!status_is_ok(done))
            return done;
        s->claim_count++;
    }
    return status_ok();
}

/* The whole. */

/* Not UTF-8: what an editor in China saves by itself. */
static status from_gb18030(arena *mem, const char *name, span bytes, span *out)
{
    iconv_t how = iconv_open("UTF-8", "GB18030");
    if (how == (iconv_t)-1)
        return status_fail(STATUS_BAD_INPUT, "%s: not UTF-8, and this system cannot convert from GB18030; save it as UTF-8", name);
    size_t room = 2 * bytes.len, left = room, in_left = bytes.len;      /* two bytes become three at most, four stay four */
    char *at = arena_alloc(mem, room), *in = (char *)bytes.at, *begin = at;
    bool good = at && iconv(how, &in, &in_left, &at, &left) != (size_t)-1;
    iconv_close(how);
    if (!begin)
        return status_fail(STATUS_LIMIT, "%s: too large", name);
    if (!good) {
        unsigned line = 1;
        for (const uint8_t *p = bytes.at; p < (const uint8_t *)in; p++)
            line += *p == '\n';
        return status_fail(STATUS_BAD_INPUT, "%s:%u: neither UTF-8 nor GB18030", name, line);
    }
    *out = span_of(begin, room - left);
    return status_ok();
}

static status read_root(const reader *r, const profile_node *root)
{
    scene *s = r->out;
    const profile_node *zone = profile_get(root, "time_zone"), *team = profile_get(root, "team");
    if (!zone)                      /* a key without a value is as good as none, so no line can be named */
        return status_fail(STATUS_BAD_INPUT, "%s: 'time_zone' is not chosen: in which zone are the told times? Write its name, as in Asia/Shanghai, or an offset, as in +08:00", r->name);
    status done = zone_open(r->mem, zone->text, &s->zone);
    if (!status_is_ok(done))
        return refuse(r, zone->line, "%s", done.words);
    s->customer = profile_text(root, "customer");
    s->network = profile_text(root, "network");
    s->team = arena_array(r->mem, word_count(team), sizeof *s->team);
    if (!s->team)
        return too_large(r);
    for (const profile_node *word = first_word(team); s->team_count < word_count(team); word = word->next)
        s->team[s->team_count++] = word->text;
    done = read_hosts(r, profile_get(root, "hosts"));
    if (status_is_ok(done))
        done = read_claims(r, profile_get(root, "claims"));
    return done;
}

status scene_parse(arena *mem, const char *name, span bytes, const scene **out)
{
    scene *s = arena_alloc(mem, sizeof *s);
    reader r = { mem, name, s };
    const profile_node *root;
    status done = s ? status_ok() : too_large(&r);
    if (status_is_ok(done) && !utf8_valid(bytes))
        done = from_gb18030(mem, name, bytes, &bytes);
    if (status_is_ok(done))
        done = tree_parse(mem, name, bytes, TREE_FORM, &root);
    if (status_is_ok(done))
        done = schema_check(keys, sizeof keys / sizeof *keys, "scene", name, root);
    if (status_is_ok(done))
        done = read_root(&r, root);
    if (mem->spent)
        return too_large(&r);
    if (status_is_ok(done))
        *out = s;
    return done;
}

status scene_read(arena *mem, const char *path, const scene **out)
{
    span bytes;
    status done = tree_read_file(mem, path, &bytes);
    return status_is_ok(done) ? scene_parse(mem, path, bytes, out) : done;
}
