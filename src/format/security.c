#include "format/security.h"

#include <stdio.h>
#include <stdlib.h>

enum { SID_SUBS = 15, SID_TEXT = 16 + 24 + SID_SUBS * 11 };
enum { GENERIC_ALL = 0x10000000, GENERIC_EXECUTE = 0x20000000, GENERIC_WRITE = 0x40000000 };
#define GENERIC_READ 0x80000000u
enum { DELETE = 0x10000, READ_CONTROL = 0x20000, WRITE_DAC = 0x40000, WRITE_OWNER = 0x80000 };
enum { HAS_ACCESS = 0x4, HAS_AUDIT = 0x10 };

/* ---- SIDs ---- */

static size_t sid_len(span s)
{
    if (s.len < 8 || s.at[0] != 1 || s.at[1] > SID_SUBS || s.len < 8u + 4u * s.at[1])
        return 0;
    return 8u + 4u * s.at[1];
}

static void put_sid(span s, char out[SID_TEXT])
{
    *out = '\0';
    if (!sid_len(s))
        return;
    uint64_t authority = 0;
    for (size_t i = 2; i < 8; i++)
        authority = authority << 8 | s.at[i];
    int len = snprintf(out, SID_TEXT, authority >> 32 ? "S-1-0x%012llx" : "S-1-%llu", (unsigned long long)authority);
    for (size_t i = 0; i < s.at[1]; i++)
        len += snprintf(out + len, SID_TEXT - (size_t)len, "-%u", le32(s.at + 8 + 4 * i));
}

char *security_sid_text(arena *mem, span sid)
{
    char text[SID_TEXT];
    put_sid(sid, text);
    return arena_str(mem, text);
}

/* [MS-DTYP] 2.5.1.1. Those of a domain have only their last number. */
static const struct { char letters[3]; const char *sid; uint32_t rid; } aliases[] = {
    { "WD", "S-1-1-0", 0 }, { "CO", "S-1-3-0", 0 }, { "CG", "S-1-3-1", 0 }, { "OW", "S-1-3-4", 0 }, { "NU", "S-1-5-2", 0 }, { "IU", "S-1-5-4", 0 },
    { "SU", "S-1-5-6", 0 }, { "AN", "S-1-5-7", 0 }, { "ED", "S-1-5-9", 0 }, { "PS", "S-1-5-10", 0 }, { "AU", "S-1-5-11", 0 }, { "RC", "S-1-5-12", 0 },
    { "SY", "S-1-5-18", 0 }, { "LS", "S-1-5-19", 0 }, { "NS", "S-1-5-20", 0 }, { "WR", "S-1-5-33", 0 }, { "BA", "S-1-5-32-544", 0 }, { "BU", "S-1-5-32-545", 0 },
    { "BG", "S-1-5-32-546", 0 }, { "PU", "S-1-5-32-547", 0 }, { "AO", "S-1-5-32-548", 0 }, { "SO", "S-1-5-32-549", 0 }, { "PO", "S-1-5-32-550", 0 },
    { "BO", "S-1-5-32-551", 0 }, { "RE", "S-1-5-32-552", 0 }, { "RU", "S-1-5-32-554", 0 }, { "RD", "S-1-5-32-555", 0 }, { "NO", "S-1-5-32-556", 0 },
    { "MU", "S-1-5-32-558", 0 }, { "LU", "S-1-5-32-559", 0 }, { "IS", "S-1-5-32-568", 0 }, { "CY", "S-1-5-32-569", 0 }, { "ER", "S-1-5-32-573", 0 },
    { "CD", "S-1-5-32-574", 0 }, { "RA", "S-1-5-32-575", 0 }, { "ES", "S-1-5-32-576", 0 }, { "MS", "S-1-5-32-577", 0 }, { "HA", "S-1-5-32-578", 0 },
    { "AA", "S-1-5-32-579", 0 }, { "RM", "S-1-5-32-580", 0 }, { "AC", "S-1-15-2-1", 0 }, { "LW", "S-1-16-4096", 0 }, { "ME", "S-1-16-8192", 0 },
    { "MP", "S-1-16-8448", 0 }, { "HI", "S-1-16-12288", 0 }, { "SI", "S-1-16-16384", 0 },
    { "LA", NULL, 500 }, { "LG", NULL, 501 }, { "RO", NULL, 498 }, { "DA", NULL, 512 }, { "DU", NULL, 513 }, { "DG", NULL, 514 }, { "DC", NULL, 515 },
    { "DD", NULL, 516 }, { "CA", NULL, 517 }, { "SA", NULL, 518 }, { "EA", NULL, 519 }, { "PA", NULL, 520 }, { "CN", NULL, 522 }, { "AP", NULL, 525 },
    { "RS", NULL, 553 },
};
enum { ALIASES = sizeof aliases / sizeof *aliases };

static bool is_alias(size_t i, span sid, const char *text)
{
    if (aliases[i].sid)
        return strcmp(aliases[i].sid, text) == 0;
    size_t len = sid_len(sid);
    return strncmp(text, "S-1-5-21-", 9) == 0 && le32(sid.at + len - 4) == aliases[i].rid;
}

const char *security_sid_letters(span sid)
{
    char text[SID_TEXT];
    put_sid(sid, text);
    for (size_t i = 0; i < ALIASES && *text; i++)
        if (is_alias(i, sid, text))
            return aliases[i].letters;
    return NULL;
}

bool security_sid_is(span sid, const char *who)
{
    char text[SID_TEXT];
    put_sid(sid, text);
    if (!*text)
        return false;
    if (strncmp(who, "S-", 2) == 0)
        return strcmp(text, who) == 0;
    for (size_t i = 0; i < ALIASES; i++)
        if (strcmp(aliases[i].letters, who) == 0)
            return is_alias(i, sid, text);
    return false;
}

/* ---- reading ---- */

static bool with_object(uint8_t type) { return (type >= 5 && type <= 8) || type == 11 || type == 12 || type == 15 || type == 16; }
static bool with_sid(uint8_t type) { return type <= 3 || (type >= 5 && type <= 20); }

static void read_ace(cursor body, security_ace *a)
{
    if (!with_sid(a->type)) {
        a->rest = body.all;
        return;
    }
    a->mask = cur_u32(&body, "ace.mask");
    if (with_object(a->type)) {
        uint32_t flags = cur_u32(&body, "ace.flags");
        a->object = flags & 1 ? cur_bytes(&body, 16, "ace.object") : (span){ 0 };
        a->inherited = flags & 2 ? cur_bytes(&body, 16, "ace.inherited") : (span){ 0 };
    }
    span sid = span_part(body.all, body.at, SIZE_MAX);
    a->sid = cur_ok(&body) ? span_part(sid, 0, sid_len(sid)) : (span){ 0 };
    a->rest = a->sid.len ? span_part(sid, a->sid.len, SIZE_MAX) : (span){ 0 };
}

static void read_list(arena *mem, span bytes, uint32_t at, problems *noted, security_list *out)
{
    out->present = true;
    out->null = at == 0;
    if (out->null)
        return;
    cursor c = cur_open(bytes);
    cur_seek(&c, at, "acl");
    cur_skip(&c, 2, "acl.revision");
    uint16_t size = cur_u16(&c, "acl.size"), told = cur_u16(&c, "acl.count");
    cur_skip(&c, 2, "acl");
    span all = span_part(bytes, at, size);                   /* entries lie inside the list's size */
    size_t count = told < SECURITY_ACES ? told : SECURITY_ACES;
    out->aces = cur_ok(&c) && count ? arena_array(mem, count, sizeof *out->aces) : NULL;
    c = cur_open(all);
    cur_seek(&c, 8, "acl");
    while (out->aces && out->count < count && cur_ok(&c)) {
        security_ace a = { .type = cur_u8(&c, "ace.type"), .flags = cur_u8(&c, "ace.flags") };
        uint16_t len = cur_u16(&c, "ace.size");
        if (len < 4)
            cur_fail(&c, "ace.size");
        span body = cur_bytes(&c, len < 4 ? 0 : len - 4u, "ace.body");
        if (!cur_ok(&c))
            break;
        read_ace(cur_open(body), &a);
        if (with_sid(a.type) && a.sid.len == 0)
            cur_fail(&c, "ace.sid");
        else
            out->aces[out->count++] = a;
    }
    out->torn = out->count < told || !cur_ok(&c);
    if (out->torn)
        problems_note(noted, "security.ace", PROBLEM_NO_CHUNK, at, "entry %zu of %u cannot be read", out->count, told);
}

static span sid_at(span bytes, uint32_t at)
{
    span s = at ? span_part(bytes, at, SIZE_MAX) : (span){ 0 };
    return span_part(s, 0, sid_len(s));
}

status security_read(arena *mem, span bytes, problems *noted, security *out)
{
    enum { SELF_RELATIVE = 0x8000 };
    cursor c = cur_open(bytes);
    uint8_t revision = cur_u8(&c, "security.revision");
    cur_skip(&c, 1, "security");
    uint16_t control = cur_u16(&c, "security.control");
    uint32_t owner = cur_u32(&c, "security.owner"), group = cur_u32(&c, "security.group"), audit = cur_u32(&c, "security.audit"), access = cur_u32(&c, "security.access");
    if (!cur_ok(&c) || revision != 1 || !(control & SELF_RELATIVE))
        return status_fail(STATUS_DAMAGED, "no self-relative security descriptor");
    *out = (security){ .control = control, .owner = sid_at(bytes, owner), .group = sid_at(bytes, group) };
    if (control & HAS_ACCESS)
        read_list(mem, bytes, access, noted, &out->access);
    if (control & HAS_AUDIT && audit)
        read_list(mem, bytes, audit, noted, &out->audit);
    return status_ok();
}

/* ---- what is allowed ---- */

static const struct { uint32_t read, write, execute, all, look, change; } kinds[] = {
    [SECURITY_FILE]    = { 0x120089, 0x120116, 0x1200a0, 0x1f01ff, 0x1, 0x6 | DELETE | WRITE_DAC | WRITE_OWNER },
    [SECURITY_KEY]     = { 0x20019, 0x20006, 0x20019, 0xf003f, 0x9, 0x6 | DELETE | WRITE_DAC | WRITE_OWNER },
    [SECURITY_SERVICE] = { 0x2008d, 0x20002, 0x20170, 0xf01ff, 0x5, 0x2 | DELETE | WRITE_DAC | WRITE_OWNER },
    [SECURITY_MANAGER] = { 0x20014, 0x20022, 0x20009, 0xf003f, 0x5, 0x2 | WRITE_DAC | WRITE_OWNER },
    [SECURITY_WMI]     = { 0x20001, 0x2001c, 0x20002, 0x600ff, 0x1, 0x1c | WRITE_DAC | WRITE_OWNER },
};

uint32_t security_all(security_object kind) { return kinds[kind].all; }
uint32_t security_read_rights(security_object kind) { return kinds[kind].look; }
uint32_t security_write_rights(security_object kind) { return kinds[kind].change; }

static uint32_t spelled_out(uint32_t mask, security_object kind)
{
    uint32_t out = mask & 0x0fffffff;
    out |= mask & GENERIC_READ ? kinds[kind].read : 0;
    out |= mask & GENERIC_WRITE ? kinds[kind].write : 0;
    out |= mask & GENERIC_EXECUTE ? kinds[kind].execute : 0;
    out |= mask & GENERIC_ALL ? kinds[kind].all : 0;
    return out;
}

static bool concerns(const security_ace *a, const char *const *who)
{
    if (a->flags & SECURITY_INHERIT_ONLY)
        return false;
    for (; *who; who++)
        if (security_sid_is(a->sid, *who))
            return true;
    return false;
}

static bool denies(uint8_t type) { return type == SECURITY_ACE_DENY || type == SECURITY_ACE_DENY_OBJECT || type == SECURITY_ACE_DENY_CALLBACK || type == 12; }

uint32_t security_allowed(const security *s, security_object kind, const char *const *who, uint32_t wanted)
{
    if (!s->access.present || s->access.null)
        return wanted;
    uint32_t allowed = 0, denied = 0;
    for (size_t i = 0; i < s->access.count; i++) {
        const security_ace *a = &s->access.aces[i];
        if (!concerns(a, who))
            continue;
        if (a->type == SECURITY_ACE_ALLOW)
            allowed |= spelled_out(a->mask, kind) & ~denied;
        else if (denies(a->type))
            denied |= spelled_out(a->mask, kind) & ~allowed;
    }
    return allowed & wanted;
}

uint32_t security_denied(const security *s, security_object kind, const char *const *who, uint32_t wanted)
{
    uint32_t denied = 0;
    for (size_t i = 0; i < s->access.count; i++)
        if (denies(s->access.aces[i].type) && concerns(&s->access.aces[i], who))
            denied |= spelled_out(s->access.aces[i].mask, kind);
    return denied & wanted;
}

/* ---- SDDL ---- */

typedef struct { char word[4]; uint32_t bits; } named_bits;

static const named_bits rights[] = { { "CC", 1 }, { "DC", 2 }, { "LC", 4 }, { "SW", 8 }, { "RP", 0x10 }, { "WP", 0x20 }, { "DT", 0x40 }, { "LO", 0x80 }, { "CR", 0x100 },
    { "SD", DELETE }, { "RC", READ_CONTROL }, { "WD", WRITE_DAC }, { "WO", WRITE_OWNER }, { "GX", GENERIC_EXECUTE }, { "GW", GENERIC_WRITE }, { "GR", GENERIC_READ }, { "GA", GENERIC_ALL } };
static const named_bits label_rights[] = { { "NW", 1 }, { "NR", 2 }, { "NX", 4 } };
static const named_bits ace_flags[] = { { "OI", 1 }, { "CI", 2 }, { "NP", 4 }, { "IO", 8 }, { "ID", 0x10 }, { "SA", 0x40 }, { "FA", 0x80 } };

static void put_bits(buf *out, uint32_t bits, const named_bits *names, size_t count)
{
    uint32_t known = 0;
    for (size_t i = 0; i < count; i++)
        known |= names[i].bits;
    if (bits & ~known) {
        buf_printf(out, "0x%x", bits);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (bits & names[i].bits)
            buf_str(out, names[i].word);
}

static void put_rights(buf *out, const security_ace *a, security_object kind)
{
    static const named_bits file[] = { { "FA", 0x1f01ff }, { "FR", 0x120089 }, { "FW", 0x120116 }, { "FX", 0x1200a0 } };
    static const named_bits key[] = { { "KA", 0xf003f }, { "KR", 0x20019 }, { "KW", 0x20006 } };
    const named_bits *whole = kind == SECURITY_FILE ? file : kind == SECURITY_KEY ? key : NULL;
    size_t count = kind == SECURITY_FILE ? 4 : kind == SECURITY_KEY ? 3 : 0;
    if (a->type == SECURITY_ACE_LABEL) {
        put_bits(out, a->mask, label_rights, 3);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (whole[i].bits == a->mask) {
            buf_str(out, whole[i].word);
            return;
        }
    }
    put_bits(out, a->mask, rights, sizeof rights / sizeof *rights);
}

static void put_who(buf *out, span sid)
{
    char text[SID_TEXT];
    const char *letters = security_sid_letters(sid);
    put_sid(sid, text);
    buf_str(out, letters ? letters : text);
}

static void put_guid(buf *out, span g)
{
    if (g.len == 16)
        buf_printf(out, "%08x-%04x-%04x-%02x%02x-%02x%02x%02x%02x%02x%02x", le32(g.at), le16(g.at + 4), le16(g.at + 6), g.at[8], g.at[9], g.at[10], g.at[11],
                   g.at[12], g.at[13], g.at[14], g.at[15]);
}

static void put_rest(buf *out, span rest)
{
    buf_char(out, ';');
    for (size_t i = 0; i < rest.len; i++)
        buf_printf(out, "%02x", rest.at[i]);
}

static void put_list(buf *out, char letter, uint16_t control, const security_list *list, security_object kind)
{
    static const char *const types[] = { [0] = "A", [1] = "D", [2] = "AU", [3] = "AL", [5] = "OA", [6] = "OD", [7] = "OU", [8] = "OL", [9] = "XA", [10] = "XD",
                                         [11] = "ZA", [13] = "XU", [17] = "ML", [18] = "RA", [19] = "SP", [20] = "TL" };
    unsigned shift = letter == 'S' ? 1 : 0;                  /* flags of the two lists lie side by side */
    if (!list->present)
        return;
    buf_printf(out, "%c:%s%s%s", letter, control >> shift & 0x1000 ? "P" : "", control >> shift & 0x100 ? "AR" : "", control >> shift & 0x400 ? "AI" : "");
    if (list->null)
        buf_str(out, "NO_ACCESS_CONTROL");
    for (size_t i = 0; i < list->count; i++) {
        const security_ace *a = &list->aces[i];
        const char *type = a->type < sizeof types / sizeof *types && types[a->type] ? types[a->type] : NULL;
        if (type)
            buf_printf(out, "(%s;", type);
        else
            buf_printf(out, "(0x%x;", a->type);
        put_bits(out, a->flags, ace_flags, sizeof ace_flags / sizeof *ace_flags);
        buf_char(out, ';');
        put_rights(out, a, kind);
        buf_char(out, ';');
        put_guid(out, a->object);
        buf_char(out, ';');
        put_guid(out, a->inherited);
        buf_char(out, ';');
        put_who(out, a->sid);
        if (a->rest.len && a->type >= 9 && a->type != SECURITY_ACE_LABEL)
            put_rest(out, a->rest);
        buf_char(out, ')');
    }
}

char *security_sddl(arena *mem, const security *s, security_object kind)
{
    buf out;
    buf_init(&out, 4u << 20);
    if (s->owner.len) {
        buf_str(&out, "O:");
        put_who(&out, s->owner);
    }
    if (s->group.len) {
        buf_str(&out, "G:");
        put_who(&out, s->group);
    }
    put_list(&out, 'D', s->control, &s->access, kind);
    put_list(&out, 'S', s->control, &s->audit, kind);
    char *text = arena_text(mem, buf_bytes(&out));
    buf_done(&out);
    return text;
}
