/* Events, logs and logons, counted. */
#include "hunt/stats.h"

#include "base/utf16.h"
#include "hunt/counter.h"

#include <strings.h>

enum { KEY_BYTES = 1 << 20, PART_BYTES = 4096, PARTS = 8 };
enum { N_ACCOUNT, N_DOMAIN, N_ADDRESS, N_WORKSTATION, N_TYPE, N_USER, N_SESSION_ADDRESS, N_PARAM1, N_PARAM2, N_PARAM3, NAMES };

typedef struct { counter of[STATS_KINDS]; buf key, text; } worker;
typedef struct { worker *workers; field names[NAMES]; hunt_mask mask; } stats;

static const char *const names[NAMES] = { "TargetUserName", "TargetDomainName", "IpAddress", "WorkstationName", "LogonType", "User", "Address", "Param1", "Param2", "Param3" };

static void put_units(buf *out, span units)
{
    size_t from = out->len;
    utf16_utf8(units, out);
    const uint8_t *nul = out->len > from ? memchr(out->at + from, 0, out->len - from) : NULL;
    size_t len = nul ? (size_t)(nul - out->at) - from : out->len - from;
    out->len = from + (len < PART_BYTES ? len : PART_BYTES);
    buf_char(out, '\0');
}

static void put_field(worker *w, const event *ev, field name)
{
    buf_clear(&w->text);
    binxml_value v = event_get(ev, name);
    if (!value_absent(v))
        binxml_value_text(v, &w->text);
    span text = buf_bytes(&w->text);
    const uint8_t *nul = text.len ? memchr(text.at, 0, text.len) : NULL;
    text.len = nul ? (size_t)(nul - text.at) : text.len;
    while (text.len && text.at[text.len - 1] == ' ')
        text.len--;
    if (!(text.len == 1 && text.at[0] == '-'))
        buf_span(&w->key, span_part(text, 0, PART_BYTES));
    buf_char(&w->key, '\0');
}

static void put_id(worker *w, uint32_t id)
{
    buf_u64(&w->key, id);
    buf_char(&w->key, '\0');
}

static void count_logon(const stats *s, worker *w, const event *ev)
{
    bool security = utf16_is(ev->channel, "Security") && (ev->event_id == 4624 || ev->event_id == 4625);
    bool session = utf16_is(ev->channel, "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational") && (ev->event_id == 21 || ev->event_id == 25);
    bool remote = utf16_is(ev->channel, "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational") && ev->event_id == 1149;
    if (!security && !session && !remote)
        return;
    const field *n = s->names;
    const field asked[][5] = {
        { n[N_ACCOUNT], n[N_DOMAIN], n[N_ADDRESS], n[N_WORKSTATION], n[N_TYPE] },
        { n[N_USER], FIELD_NONE, n[N_SESSION_ADDRESS], FIELD_NONE, FIELD_NONE },
        { n[N_PARAM1], n[N_PARAM2], n[N_PARAM3], FIELD_NONE, FIELD_NONE },
    };
    const withheld_rule *hidden = withheld_of(s->mask.names, ev);
    buf_clear(&w->key);
    put_units(&w->key, ev->computer);
    put_id(w, ev->event_id);
    for (size_t i = 0; i < 5; i++) {
        field name = asked[security ? 0 : session ? 1 : 2][i];
        if (name != FIELD_NONE && withheld_hides(hidden, security && i == 0 ? names[N_ACCOUNT] : NULL)) {
            buf_str(&w->key, s->mask.unknown);
            buf_char(&w->key, '\0');
        } else if (name != FIELD_NONE) {
            put_field(w, ev, name);
        } else {
            buf_char(&w->key, '\0');
        }
    }
    counter_add(&w->of[STATS_LOGONS], buf_bytes(&w->key), ev->time);
}

static void look_at(void *context, unsigned number, const event *ev, uint64_t file)
{
    const stats *s = context;
    worker *w = &s->workers[number];
    (void)file;
    buf_clear(&w->key);
    put_units(&w->key, ev->channel);
    put_units(&w->key, ev->provider);
    put_id(w, ev->event_id);
    counter_add(&w->of[STATS_EVENTS], buf_bytes(&w->key), ev->time);
    buf_clear(&w->key);
    put_units(&w->key, ev->computer);
    put_units(&w->key, ev->channel);
    counter_add(&w->of[STATS_LOGS], buf_bytes(&w->key), ev->time);
    count_logon(s, w, ev);
}

static bool hand_in(void *context, unsigned number)
{
    (void)context;
    (void)number;
    return true;
}

static int by_key(const counter_row *l, const counter_row *r)
{
    size_t len = l->key.len < r->key.len ? l->key.len : r->key.len;
    int by = len ? memcmp(l->key.at, r->key.at, len) : 0;
    return by ? by : l->key.len < r->key.len ? -1 : l->key.len > r->key.len;
}

static int by_count(const void *a, const void *b)
{
    const counter_row *l = a, *r = b;
    return l->count != r->count ? (l->count > r->count ? -1 : 1) : by_key(l, r);
}

static int by_name(const void *a, const void *b) { return by_key(a, b); }

/* By host first, then as often. */
static int by_host(const void *a, const void *b)
{
    const counter_row *l = a, *r = b;
    int host = strcmp((const char *)l->key.at, (const char *)r->key.at);
    return host ? host : by_count(a, b);
}

/* Of a session at the console no address is told, or this word in the system's language. */
static bool is_remote(const char *address)
{
    return *address && strcasecmp(address, "LOCAL") != 0 && strcmp(address, "本地") != 0;
}

static stats_row row_of(stats_kind kind, const counter_row *t)
{
    const char *part[PARTS] = { "", "", "", "", "", "", "", "" };
    size_t at = 0;
    for (size_t i = 0; i < PARTS && at < t->key.len; i++) {
        part[i] = (const char *)t->key.at + at;
        at += strlen(part[i]) + 1;
    }
    stats_row r = { .count = t->count, .first = t->first, .last = t->last, .host = "", .channel = "", .provider = "", .account = "", .domain = "", .address = "",
                    .workstation = "", .type = "" };
    uint32_t id = 0;
    for (const char *c = part[kind == STATS_EVENTS ? 2 : 1]; kind != STATS_LOGS && *c; c++)
        id = id * 10 + (uint32_t)(*c - '0');
    r.event_id = id;
    if (kind == STATS_EVENTS) {
        r.channel = part[0];
        r.provider = part[1];
        return r;
    }
    r.host = part[0];
    if (kind == STATS_LOGS) {
        r.channel = part[1];
        return r;
    }
    r.failed = id == 4625;
    r.account = part[2];
    r.domain = part[3];
    r.address = part[4];
    r.workstation = part[5];
    r.type = id == 1149 || ((id == 21 || id == 25) && is_remote(r.address)) ? "10" : part[6];
    return r;
}

status stats_run(const read_options *o, hunt_mask mask, void (*each)(void *context, stats_kind kind, const stats_row *row), void *context, stats_counts *out)
{
    static int (*const orders[STATS_KINDS])(const void *, const void *) = { by_count, by_name, by_host };
    stats s = { .mask = mask };
    arena mem;
    read_options how = *o;
    reading *r;
    unsigned threads = o->threads ? o->threads : 1;
    *out = (stats_counts){ 0 };
    arena_init(&mem, 0);
    fields *interned = fields_new(&mem);
    for (size_t i = 0; i < NAMES; i++)
        s.names[i] = fields_intern(interned, names[i]);
    if (mask.names)
        withheld_intern(mask.names, interned);
    how.names = interned;
    how.each = look_at;
    how.hand_in = hand_in;
    how.context = &s;
    status done = reading_open(&how, &r);
    if (!status_is_ok(done)) {
        arena_done(&mem);
        return done;
    }
    s.workers = arena_array(&mem, threads, sizeof *s.workers);
    for (unsigned i = 0; i < threads; i++) {
        for (int k = 0; k < STATS_KINDS; k++)
            counter_init(&s.workers[i].of[k]);
        buf_init(&s.workers[i].key, KEY_BYTES);
        buf_init(&s.workers[i].text, 4 * KEY_BYTES);
    }
    reading_run(r, &out->read);
    reading_close(r);
    for (int k = 0; k < STATS_KINDS; k++) {
        counter *all = &s.workers[0].of[k];
        for (unsigned i = 1; i < threads; i++)
            counter_take(all, &s.workers[i].of[k]);
        counter_settle(all, orders[k]);
        out->others[k] = all->others;
        for (size_t i = 0; i < all->rows.count; i++) {
            stats_row row = row_of((stats_kind)k, vec_at(&all->rows, i));
            each(context, (stats_kind)k, &row);
        }
    }
    for (unsigned i = 0; i < threads; i++) {
        for (int k = 0; k < STATS_KINDS; k++)
            counter_done(&s.workers[i].of[k]);
        buf_done(&s.workers[i].key);
        buf_done(&s.workers[i].text);
    }
    arena_done(&mem);
    return status_ok();
}
