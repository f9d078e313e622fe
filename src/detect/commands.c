#include "detect/commands.h"

#include "detect/words.h"

#include <ctype.h>
#include <strings.h>

enum { RULES_MOST = 256 };

/* Rules by the words that they need: of a text in which none of a rule's words stands, its expression is not tried. */
struct commands {
    command_rule *rules; size_t count;
    word_finder *needs;
    uint64_t (*wake)[RULES_MOST / 64];      /* by word: the rules that need it */
    uint64_t always[RULES_MOST / 64];       /* rules that need none */
    const profile_node *root;
};

static status index_needs(commands *c, arena *mem)
{
    size_t most = 0, words = 0;
    for (size_t i = 0; i < c->count; i++)
        most += c->rules[i].need_count;
    if (most > WORDS_MOST || c->count > RULES_MOST)
        return status_fail(STATUS_LIMIT, "profiles/commands.yml: too many rows");
    const char **all = arena_array(mem, most + 1, sizeof *all);
    word_table *known = word_table_new(mem, most);
    c->wake = arena_array(mem, most + 1, sizeof *c->wake);
    for (size_t i = 0; i < c->count; i++) {
        const command_rule *r = &c->rules[i];
        for (size_t n = 0; n < r->need_count; n++) {
            uint32_t id;
            if (!word_table_find(known, r->needs[n], strlen(r->needs[n]), &id)) {
                id = (uint32_t)words++;
                all[id] = r->needs[n];
                word_table_put(known, all[id], id);
            }
            c->wake[id][i / 64] |= 1ull << (i % 64);
        }
        if (!r->need_count)
            c->always[i / 64] |= 1ull << (i % 64);
    }
    c->needs = word_finder_new(mem, all, words);
    return c->needs ? status_ok() : status_fail(STATUS_LIMIT, "profiles/commands.yml: too many words");
}

status commands_new(const profile *facts, arena *mem, commands **out)
{
    const profile_node *root;
    status found_file = profile_need(facts, "commands", &root);
    if (!status_is_ok(found_file))
        return found_file;
    const profile_node *list = profile_get(root, "commands");
    commands *c = arena_alloc(mem, sizeof *c);
    c->root = root;
    c->rules = arena_array(mem, list ? list->count : 0, sizeof *c->rules);
    for (const profile_node *row = list ? list->first : NULL; row; row = row->next) {
        command_rule *r = &c->rules[c->count++];
        bool found;
        r->looks = profile_text(row, "looks");
        r->finding = profile_text(row, "finding");
        r->technique = profile_text(row, "technique");
        r->tool = profile_text(row, "tool");
        r->confidence = (unsigned)profile_number(row, "confidence", &found);
        if (!severity_from(profile_text(row, "severity"), &r->severity))
            return status_fail(STATUS_BAD_INPUT, "profiles/commands.yml:%u: '%s' is no severity", row->line, profile_text(row, "severity"));
        const profile_node *needs = profile_get(row, "needs");
        r->needs = arena_array(mem, needs ? needs->count : 0, sizeof *r->needs);
        for (const profile_node *n = needs ? needs->first : NULL; n; n = n->next)
            r->needs[r->need_count++] = n->text;
        status s = pattern_new(mem, profile_text(row, "match"), &r->match);
        if (!status_is_ok(s))
            return status_fail(s.code, "profiles/commands.yml:%u: %.200s", row->line, s.words);
        if (profile_true(row, "by_host")) {
            command_rule *light = arena_alloc(mem, sizeof *light);
            *light = *r;
            light->severity = SEVERITY_LOW;
            light->confidence = 20;
            r->lawful = light;
        }
    }
    *out = c;
    return index_needs(c, mem);
}

/* Does the text name hosts, and none but lawful ones? */
static bool lawful_hosts(const commands *c, const char *text, size_t len_all)
{
    char lower[PATTERN_TEXT + 1];
    memcpy(lower, text, len_all);
    lower[len_all] = 0;
    utf8_lower_ascii(lower);
    size_t found = 0;
    for (const char *at = lower; (at = strstr(at, "://")); found++) {
        at += 3;
        size_t whole = strcspn(at, "/'\"`) \t\r\n,;"), len = strcspn(at, "/:'\"`) \t\r\n,;");
        if (memchr(at, '@', whole))
            return false;
        bool lawful = false;
        for (const profile_node *host = profile_list(c->root, "lawful_hosts"); host && !lawful; host = host->next) {
            size_t n = strlen(host->text);
            lawful = len >= n && strncmp(at + len - n, host->text, n) == 0 && (len == n || at[len - n - 1] == '.');
        }
        if (!lawful)
            return false;
    }
    return found > 0;
}

size_t commands_judge(const commands *c, pattern_room *room, const char *text, const command_rule *hits[COMMAND_HITS])
{
    size_t len = strnlen(text, PATTERN_TEXT), count = 0;
    words_found found;
    word_finder_scan(c->needs, text, len, &found);
    uint64_t awake[RULES_MOST / 64];
    memcpy(awake, c->always, sizeof awake);
    for (size_t i = 0; found.any && i < WORDS_MOST / 64; i++)
        for (uint64_t bits = found.bits[i]; bits; bits &= bits - 1) {
            size_t word = i * 64 + (size_t)__builtin_ctzll(bits);
            for (size_t j = 0; j < RULES_MOST / 64; j++)
                awake[j] |= c->wake[word][j];
        }
    for (size_t j = 0; j < RULES_MOST / 64; j++)
        for (uint64_t bits = awake[j]; bits && count < COMMAND_HITS; bits &= bits - 1) {
            const command_rule *r = &c->rules[j * 64 + (size_t)__builtin_ctzll(bits)];
            if (pattern_matches(r->match, room, text, len))
                hits[count++] = r->lawful && lawful_hosts(c, text, len) ? r->lawful : r;
        }
    return count;
}

const command_rule *commands_worst(const command_rule *const *hits, size_t count)
{
    const command_rule *worst = NULL;
    for (size_t i = 0; i < count; i++)
        if (!worst || hits[i]->severity > worst->severity || (hits[i]->severity == worst->severity && hits[i]->confidence > worst->confidence))
            worst = hits[i];
    return worst;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Bytes of the Base64 word at `at`; its length in *len. */
static uint8_t *base64_bytes(const char *at, size_t *len, arena *mem)
{
    size_t digits = 0;
    while (base64_digit(at[digits]) >= 0)
        digits++;
    if (digits < 16)
        return NULL;
    uint8_t *out = arena_alloc(mem, digits / 4 * 3 + 3);
    if (!out)
        return NULL;
    size_t n = 0;
    uint32_t bits = 0;
    unsigned held = 0;
    for (size_t i = 0; i < digits; i++) {
        bits = bits << 6 | (uint32_t)base64_digit(at[i]);
        held += 6;
        if (held >= 8) {
            held -= 8;
            out[n++] = (uint8_t)(bits >> held);
        }
    }
    *len = n;
    return out;
}

/* Text only: UTF-16LE of mostly ASCII, or plain ASCII. */
static char *as_text(const uint8_t *bytes, size_t len, arena *mem)
{
    size_t wide = 0, plain = 0;
    for (size_t i = 0; i + 1 < len; i += 2)
        wide += bytes[i + 1] == 0 && (bytes[i] >= 0x20 || isspace(bytes[i]));
    for (size_t i = 0; i < len; i++)
        plain += (bytes[i] >= 0x20 && bytes[i] < 0x7f) || isspace(bytes[i]);
    if (len >= 8 && wide * 2 * 10 >= len * 8)
        return utf16_text(mem, span_of(bytes, len));
    if (len >= 8 && plain == len)
        return arena_text(mem, span_of(bytes, len));
    return NULL;
}

static bool option_is_encoded(const char *at, size_t len)
{
    static const char full[] = "encodedcommand";
    if (len == 0 || len >= sizeof full)
        return false;
    if (len == 2 && tolower(at[0]) == 'e' && tolower(at[1]) == 'c')
        return true;
    for (size_t i = 0; i < len; i++)
        if (tolower((unsigned char)at[i]) != full[i])
            return false;
    return true;
}

char *commands_decoded(const char *text, arena *mem)
{
    for (const char *at = text; *at; at++) {
        const char *word = NULL;
        bool dash = *at == '-' || *at == '/' || strncmp(at, "\xe2\x80\x93", 3) == 0 || strncmp(at, "\xe2\x80\x94", 3) == 0 || strncmp(at, "\xe2\x80\x95", 3) == 0;
        if (dash && (at == text || isspace((unsigned char)at[-1]) || at[-1] == '"')) {
            const char *name = at + ((unsigned char)*at == 0xe2 ? 3 : 1), *end = name;
            while (isalpha((unsigned char)*end))
                end++;
            bool option = option_is_encoded(name, (size_t)(end - name));
            end += *end == '"';
            if (option && isspace((unsigned char)*end))
                word = end;
        } else if (strncasecmp(at, "FromBase64String(", 17) == 0) {
            word = at + 17;
        }
        if (!word)
            continue;
        while (isspace((unsigned char)*word) || *word == '"' || *word == '\'')
            word++;
        size_t len = 0;
        uint8_t *bytes = base64_bytes(word, &len, mem);
        char *out = bytes ? as_text(bytes, len, mem) : NULL;
        if (out)
            return out;
    }
    return NULL;
}
