/* The truth's part of what hives, task files and folders hold: `state` of truth.json. */
#include "range/range.h"

static void time_of(json_writer *j, const char *key, moment t)
{
    char text[MOMENT_TEXT];
    json_key(j, key);
    if (moment_known(t))
        json_text(j, moment_iso(t, text));
    else
        json_null(j);
}
static void text_of(json_writer *j, const char *key, const char *text)
{
    json_key(j, key);
    json_text(j, text);
}
static void bool_of(json_writer *j, const char *key, bool b)
{
    json_key(j, key);
    json_bool(j, b);
}
static void number_of(json_writer *j, const char *key, uint64_t n)
{
    json_key(j, key);
    json_u64(j, n);
}

static void begin(json_writer *j, const world *w, int host)
{
    json_object(j);
    text_of(j, "host", w->hosts[host].name);
}

static void write_planted(const world *w, json_writer *j)
{
    json_key(j, "persistence");
    json_array(j);
    for (size_t i = 0; i < w->planted.count; i++) {
        const planted *p = vec_at(&w->planted, i);
        begin(j, w, p->host);
        text_of(j, "kind", p->kind);
        text_of(j, "location", p->location);
        text_of(j, "value", p->value);
        text_of(j, "name", p->name);
        text_of(j, "command", p->command);
        text_of(j, "file", p->file);
        bool_of(j, "hostile", p->hostile);
        bool_of(j, "deleted", p->deleted);
        bool_of(j, "in_log", p->in_log);
        text_of(j, "technique", p->technique);
        time_of(j, "written", p->at);
        json_end_object(j);
    }
    json_end_array(j);
}

static void write_accounts(const world *w, json_writer *j)
{
    json_key(j, "accounts");
    json_array(j);
    for (size_t i = 0; i < w->accounts.count; i++) {
        const sam_account *a = vec_at(&w->accounts, i);
        begin(j, w, a->host);
        text_of(j, "account", a->name);
        number_of(j, "rid", a->rid);
        text_of(j, "groups", a->groups);
        bool_of(j, "disabled", a->disabled);
        text_of(j, "looks", a->looks ? a->looks : "");
        bool_of(j, "hostile", a->hostile);
        time_of(j, "created", a->created);
        time_of(j, "password_set", a->password_set);
        time_of(j, "last_logon", a->last_logon);
        number_of(j, "logons", a->logons);
        json_end_object(j);
    }
    json_end_array(j);
}

static void write_secrets(const world *w, json_writer *j)
{
    json_key(j, "secrets");
    json_array(j);
    for (size_t i = 0; i < w->secrets.count; i++) {
        const secret *s = vec_at(&w->secrets, i);
        char hex[2 * 512 + 1] = { 0 };
        hex_of(span_part(s->bytes, 0, 512), hex);
        begin(j, w, s->host);
        text_of(j, "what", s->what);
        text_of(j, "hex", hex);
        if (s->text)
            text_of(j, "text", s->text);
        json_end_object(j);
    }
    json_end_array(j);
}

void truth_hives(const world *w, json_writer *j)
{
    json_key(j, "state");
    json_object(j);
    json_key(j, "hosts");
    json_array(j);
    for (size_t i = 0; i < w->states.count; i++) {
        const host_state *s = vec_at(&w->states, i);
        const host *h = &w->hosts[s->host];
        begin(j, w, s->host);
        text_of(j, "computer", h->later_name && h->rename_at < w->to ? h->later_name : h->name);
        text_of(j, "machine_sid", h->sid);
        text_of(j, "product", s->product);
        text_of(j, "build", s->build);
        text_of(j, "domain", w->domain);
        text_of(j, "address", h->address);
        bool_of(j, "dhcp", s->dhcp);
        text_of(j, "zone", w->zone_en);
        bool_of(j, "system_dirty", h->dirty);
        time_of(j, "installed", s->installed);
        time_of(j, "shutdown", s->shutdown);
        json_end_object(j);
    }
    json_end_array(j);
    write_planted(w, j);
    write_accounts(w, j);
    json_key(j, "exposure");
    json_array(j);
    for (size_t i = 0; i < w->exposed.count; i++) {
        const exposed *x = vec_at(&w->exposed, i);
        begin(j, w, x->host);
        text_of(j, "check", x->check);
        text_of(j, "found", x->found);
        text_of(j, "state", x->state);
        json_end_object(j);
    }
    json_end_array(j);
    write_secrets(w, j);
    json_end_object(j);
}
