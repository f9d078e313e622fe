#include "store/store.h"

#include "base/json_write.h"
#include "profile/scene.h"

/* Room for what one sentence may become: its arguments are cut by who makes them (NOTE_VALUE), 32 at most. */
#define SENTENCE_BYTES (1u << 20)

typedef struct { json_writer json; buf *out; buf words; const suyuan_case *of; text_zone zone; } writer;

static void put_text(writer *w, const char *key, const char *utf8)
{
    json_key(&w->json, key);
    json_text(&w->json, utf8);
}

static void put_given(writer *w, const char *key, const char *utf8)
{
    put_text(w, key, utf8 && *utf8 ? utf8 : NULL);
}

static void put_word(writer *w, const char *key, const char *word, const char *otherwise)
{
    put_text(w, key, word ? word : otherwise);
}

static void put_texts(writer *w, const char *key, const char *const *texts, size_t count)
{
    json_key(&w->json, key);
    json_array(&w->json);
    for (size_t i = 0; i < count; i++)
        json_text(&w->json, texts[i]);
    json_end_array(&w->json);
}

static void put_count(writer *w, const char *key, uint64_t n)
{
    json_key(&w->json, key);
    json_u64(&w->json, n);
}

static void put_number_or_null(writer *w, const char *key, uint64_t n, bool known)
{
    json_key(&w->json, key);
    if (known)
        json_u64(&w->json, n);
    else
        json_null(&w->json);
}

static void put_bool(writer *w, const char *key, bool b)
{
    json_key(&w->json, key);
    json_bool(&w->json, b);
}

static void put_percent(writer *w, const char *key, int64_t percent)
{
    json_key(&w->json, key);
    json_fixed(&w->json, (double)(percent < 0 ? 0 : percent > 100 ? 100 : percent) / 100, 2);
}

static void put_time(writer *w, const char *key, moment t)
{
    char text[MOMENT_TEXT];
    put_text(w, key, moment_known(t) ? moment_iso(t, text) : NULL);
}

static void put_words(writer *w, const sentence *s, lang l, const char *key)
{
    buf_clear(&w->words);
    text_sentence(s, l, w->zone, &w->words);
    json_key(&w->json, key);
    json_bytes(&w->json, buf_bytes(&w->words));
}

static void put_bare_sentence(writer *w, const sentence *s)
{
    if (!s->id) {
        json_null(&w->json);
        return;
    }
    json_object(&w->json);
    put_words(w, s, LANG_EN, "en");
    put_words(w, s, LANG_ZH, "zh");
    json_end_object(&w->json);
}

static void put_sentence(writer *w, const char *key, const sentence *s)
{
    json_key(&w->json, key);
    put_bare_sentence(w, s);
}

static void put_sentences(writer *w, const char *key, const sentence *s, size_t count)
{
    json_key(&w->json, key);
    json_array(&w->json);
    for (size_t i = 0; i < count; i++)
        if (s[i].id)
            put_bare_sentence(w, &s[i]);
    json_end_array(&w->json);
}

static const char *host_id(const writer *w, uint32_t host)
{
    return host < w->of->host_count ? w->of->hosts[host].id : NULL;
}

static void put_host(writer *w, const char *key, uint32_t host)
{
    put_text(w, key, host_id(w, host));
}

static void put_hosts(writer *w, const char *key, const uint32_t *hosts, size_t count)
{
    json_key(&w->json, key);
    json_array(&w->json);
    for (size_t i = 0; i < count; i++)
        if (host_id(w, hosts[i]))
            json_text(&w->json, host_id(w, hosts[i]));
    json_end_array(&w->json);
}

static void put_place(writer *w, const char *key, const place *p)
{
    json_key(&w->json, key);
    if (host_id(w, p->host))
        json_text(&w->json, host_id(w, p->host));
    else if (p->address) {
        json_object(&w->json);
        put_text(w, "address", p->address);
        json_end_object(&w->json);
    } else
        json_text(&w->json, p->outside ? "outside" : NULL);
}

static const char *finding_id(const writer *w, uint32_t finding)
{
    return finding < w->of->finding_count ? w->of->findings[finding].id : NULL;
}

static void put_evidence(writer *w, const evidence_ref *refs, size_t count)
{
    json_key(&w->json, "evidence");
    json_array(&w->json);
    for (size_t i = 0; i < count; i++) {
        const evidence_ref *r = &refs[i];
        json_object(&w->json);
        put_text(w, "evidence", r->file);
        if (r->channel)
            put_text(w, "channel", r->channel);
        if (r->record && !r->key)
            put_count(w, "record", r->record);
        if (r->key)
            put_text(w, "key", r->key);
        if ((r->record && !r->key) || r->offset)
            put_count(w, "offset", r->offset);
        if (moment_known(r->time))
            put_time(w, "time", r->time);
        json_end_object(&w->json);
    }
    json_end_array(&w->json);
}

/* A case may have a hundred thousand entries: what is not told of one is left out. */
static void put_told(writer *w, const char *key, const char *text)
{
    if (text && *text)
        put_text(w, key, text);
}

static void put_told_time(writer *w, const char *key, moment t)
{
    if (moment_known(t))
        put_time(w, key, t);
}

static void put_accounts(writer *w, const host *h)
{
    json_key(&w->json, "accounts");
    json_array(&w->json);
    for (size_t i = 0; i < h->account_count; i++) {
        const host_account *a = &h->accounts[i];
        json_object(&w->json);
        put_text(w, "name", a->name);
        put_told(w, "rid", a->rid);
        put_told(w, "sid", a->sid);
        put_told(w, "full_name", a->full_name);
        put_told(w, "comment", a->comment);
        put_bool(w, "enabled", a->enabled);
        put_bool(w, "administrator", a->administrator);
        put_told(w, "flags", a->flags);
        put_told(w, "groups", a->groups);
        put_told(w, "looks", a->looks);
        put_told(w, "logons", a->logons);
        put_told_time(w, "created", a->created);
        put_told_time(w, "last_logon", a->last_logon);
        put_told_time(w, "password_set", a->password_set);
        json_end_object(&w->json);
    }
    json_end_array(&w->json);
}

/* Items of the long lists stand on lines of their own, so that two cases can be compared with diff. */
static void begin_list(writer *w, const char *key)
{
    json_key(&w->json, key);
    json_array(&w->json);
}

static void begin_item(writer *w)
{
    buf_char(w->out, '\n');
    json_object(&w->json);
}

static void end_list(writer *w)
{
    json_end_array(&w->json);
    buf_char(w->out, '\n');
}

static void put_scene(writer *w, const scene *s)
{
    json_key(&w->json, "scene");
    if (!s) {
        json_null(&w->json);
        return;
    }
    json_object(&w->json);
    put_text(w, "customer", s->customer);
    put_text(w, "network", s->network);
    put_text(w, "time_zone", s->zone.name);
    put_texts(w, "team", s->team, s->team_count);
    begin_list(w, "hosts");
    for (size_t i = 0; i < s->host_count; i++) {
        const scene_host *h = &s->hosts[i];
        begin_item(w);
        put_text(w, "name", h->name);
        put_texts(w, "addresses", h->addresses, h->address_count);
        put_text(w, "role", h->role);
        put_text(w, "protection", h->protection);
        json_end_object(&w->json);
    }
    end_list(w);
    json_end_object(&w->json);
}

static void put_claims(writer *w)
{
    begin_list(w, "claims");
    for (size_t i = 0; i < w->of->claim_count; i++) {
        const claim *c = &w->of->claims[i];
        begin_item(w);
        put_host(w, "host", c->host);
        put_text(w, "what", c->what);
        put_text(w, "told", c->told);
        put_text(w, "precision", c->precision);
        put_text(w, "found", c->found);
        put_word(w, "verdict", c->verdict, "undecided");
        put_sentence(w, "why", &c->why);
        put_evidence(w, c->evidence, c->evidence_count);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_problems(writer *w, const evidence_file *f)
{
    json_key(&w->json, "problems");
    json_array(&w->json);
    for (size_t i = 0; i < f->problem_count; i++) {
        const problem *p = &f->problems[i];
        json_object(&w->json);
        put_text(w, "kind", p->kind);
        put_number_or_null(w, "chunk", p->chunk, p->chunk != PROBLEM_NO_CHUNK);
        put_count(w, "offset", p->offset);
        put_word(w, "text", p->text, "");
        json_end_object(&w->json);
    }
    json_end_array(&w->json);
    put_count(w, "problems_dropped", f->problems_dropped);
}

static void put_files(writer *w)
{
    begin_list(w, "evidence");
    for (size_t i = 0; i < w->of->evidence_count; i++) {
        const evidence_file *f = &w->of->evidence[i];
        begin_item(w);
        put_text(w, "id", f->id);
        put_word(w, "path", f->path, "");
        put_text(w, "unit", f->unit);
        put_text(w, "sha256", f->sha256);
        put_count(w, "bytes", f->bytes);
        put_word(w, "kind", f->kind, "other");
        put_bool(w, "read", f->read);
        put_text(w, "why", f->why);
        put_text(w, "computer", f->computer);
        put_host(w, "host", w->of->evidence_host ? w->of->evidence_host[i] : HOST_NONE);
        put_count(w, "records", f->records);
        put_count(w, "recovered", f->recovered);
        put_number_or_null(w, "first_record", f->first_record, f->records > 0);
        put_number_or_null(w, "last_record", f->last_record, f->records > 0);
        put_time(w, "first", f->records ? f->first : MOMENT_UNKNOWN);
        put_time(w, "last", f->records ? f->last : MOMENT_UNKNOWN);
        put_text(w, "channel", f->channel);
        put_problems(w, f);
        json_end_object(&w->json);
    }
    end_list(w);
}

static const char *infection_word(infection i)
{
    static const char *const words[] = { "no", "suspected", "yes", "unknown" };
    return words[i <= INFECTED_UNKNOWN ? i : INFECTED_UNKNOWN];
}

static void put_host_list(writer *w)
{
    begin_list(w, "hosts");
    for (size_t i = 0; i < w->of->host_count; i++) {
        const host *h = &w->of->hosts[i];
        begin_item(w);
        put_text(w, "id", h->id);
        put_texts(w, "names", h->names, h->name_count);
        put_texts(w, "addresses", h->addresses, h->address_count);
        put_text(w, "os", h->os);
        put_text(w, "role", h->role);
        put_text(w, "domain", h->domain);
        put_time(w, "first_seen", h->first_seen);
        put_text(w, "time_zone", h->time_zone);
        put_count(w, "crashes", h->crash_count);
        put_text(w, "infected", infection_word(h->infected));
        put_bool(w, "collected", h->collected);
        json_key(&w->json, "coverage");
        json_array(&w->json);
        for (size_t k = 0; k < h->covered_count; k++) {
            const coverage *c = &h->covered[k];
            json_object(&w->json);
            put_text(w, "channel", c->channel);
            put_time(w, "from", c->from);
            put_time(w, "to", c->to);
            put_count(w, "records", c->records);
            put_count(w, "gaps", c->missing);
            put_sentence(w, "note", &c->note);
            json_end_object(&w->json);
        }
        json_end_array(&w->json);
        put_sentences(w, "notes", h->notes, h->note_count);
        if (h->account_count)
            put_accounts(w, h);
        json_key(&w->json, "clock");
        json_object(&w->json);
        json_key(&w->json, "low");
        json_i64(&w->json, h->clock_low);
        json_key(&w->json, "high");
        json_i64(&w->json, h->clock_high);
        json_end_object(&w->json);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_findings(writer *w)
{
    begin_list(w, "findings");
    for (size_t i = 0; i < w->of->finding_count; i++) {
        const finding *f = &w->of->findings[i];
        begin_item(w);
        put_text(w, "id", f->id);
        put_text(w, "kind", f->kind);
        put_host(w, "host", f->host);
        put_time(w, "time", f->time);
        put_time(w, "end", f->end);
        put_count(w, "count", f->count);
        put_text(w, "severity", severity_word(f->severity));
        put_percent(w, "confidence", f->confidence);
        put_texts(w, "techniques", f->techniques, f->technique_count);
        put_sentence(w, "title", &f->title);
        put_sentence(w, "text", &f->text);
        json_key(&w->json, "facts");
        json_object(&w->json);
        for (size_t k = 0; k < f->fact_count; k++)
            put_word(w, f->facts[k].name, f->facts[k].value, "");
        json_end_object(&w->json);
        json_key(&w->json, "entities");
        json_array(&w->json);
        for (size_t k = 0; k < f->entity_count; k++) {
            json_object(&w->json);
            put_text(w, "type", f->entities[k].type);
            put_word(w, "value", f->entities[k].value, "");
            json_end_object(&w->json);
        }
        json_end_array(&w->json);
        put_evidence(w, f->evidence, f->evidence_count);
        put_text(w, "source", f->source);
        put_number_or_null(w, "episode", f->episode, f->episode != 0);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_episodes(writer *w)
{
    begin_list(w, "episodes");
    for (size_t i = 0; i < w->of->episode_count; i++) {
        const episode *e = &w->of->episodes[i];
        begin_item(w);
        put_count(w, "number", e->number);
        put_text(w, "label", e->label);
        put_time(w, "from", e->from);
        put_time(w, "to", e->to);
        put_hosts(w, "hosts", e->hosts, e->host_count);
        put_sentence(w, "title", &e->title);
        put_bool(w, "hostile", e->hostile);
        json_key(&w->json, "first_host");
        if (e->first) {
            json_object(&w->json);
            put_host(w, "host", e->first->host);
            put_time(w, "time", e->first->time);
            put_percent(w, "confidence", e->first->confidence);
            json_end_object(&w->json);
        } else
            json_null(&w->json);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_story(writer *w)
{
    begin_list(w, "story");
    for (size_t i = 0; i < w->of->story_count; i++) {
        const story_step *s = &w->of->story[i];
        begin_item(w);
        put_number_or_null(w, "episode", s->episode, s->episode != 0);
        put_host(w, "host", s->host);
        put_time(w, "time", s->time);
        put_sentence(w, "text", &s->text);
        put_percent(w, "confidence", s->confidence);
        json_key(&w->json, "findings");
        json_array(&w->json);
        for (size_t k = 0; k < s->finding_count; k++)
            if (finding_id(w, s->findings[k]))
                json_text(&w->json, finding_id(w, s->findings[k]));
        json_end_array(&w->json);
        put_evidence(w, s->evidence, s->evidence_count);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_processes(writer *w)
{
    begin_list(w, "processes");
    for (size_t i = 0; i < w->of->process_count; i++) {
        const process *p = &w->of->processes[i];
        begin_item(w);
        put_host(w, "host", p->host);
        put_text(w, "id", p->id);
        put_text(w, "parent", p->parent);
        put_time(w, "start", p->start);
        put_text(w, "image", p->image);
        put_text(w, "command", p->command);
        put_text(w, "account", p->account);
        put_text(w, "session", p->session);
        put_word(w, "verdict", p->verdict, "unknown");
        put_sentence(w, "why", &p->why);
        put_evidence(w, p->evidence, p->evidence_count);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_points(writer *w, const char *key, double points)
{
    json_key(&w->json, key);
    json_fixed(&w->json, points, 2);
}

static void put_terms(writer *w, const char *key, const cause_term *t, size_t count)
{
    json_key(&w->json, key);
    json_array(&w->json);
    for (size_t i = 0; i < count; i++) {
        if (!t[i].why.id)
            continue;
        json_object(&w->json);
        put_words(w, &t[i].why, LANG_EN, "en");
        put_words(w, &t[i].why, LANG_ZH, "zh");
        put_points(w, "points", t[i].points);
        if (t[i].hosts) {
            json_key(&w->json, "hosts");
            json_u64(&w->json, t[i].hosts);
        }
        json_end_object(&w->json);
    }
    json_end_array(&w->json);
}

static void put_dump(writer *w, const crash_dump *d)
{
    json_key(&w->json, "dump");
    if (!d) {
        json_null(&w->json);
        return;
    }
    json_object(&w->json);
    put_text(w, "path", d->path);
    put_given(w, "type", d->type);
    put_given(w, "module", d->module);
    put_given(w, "module_path", d->module_path);
    put_given(w, "address", d->address);
    put_given(w, "process", d->process);
    put_given(w, "build", d->build);
    put_given(w, "uptime", d->uptime);
    put_texts(w, "callers", d->callers, d->caller_count);
    put_texts(w, "signs", d->signs, d->sign_count);
    put_evidence(w, &d->evidence, 1);
    json_end_object(&w->json);
}

static void put_hypotheses(writer *w, const hypothesis *list, size_t count)
{
    json_key(&w->json, "hypotheses");
    json_array(&w->json);
    for (size_t i = 0; i < count; i++) {
        json_object(&w->json);
        put_word(w, "cause", list[i].cause, "unknown");
        put_percent(w, "score", list[i].score);
        put_points(w, "prior", list[i].prior);
        put_points(w, "points", list[i].points);
        put_terms(w, "for", list[i].for_, list[i].for_count);
        put_terms(w, "against", list[i].against, list[i].against_count);
        json_end_object(&w->json);
    }
    json_end_array(&w->json);
}

static void put_crashes(writer *w)
{
    begin_list(w, "crashes");
    for (size_t i = 0; i < w->of->crash_count; i++) {
        const crash *c = &w->of->crashes[i];
        begin_item(w);
        put_host(w, "host", c->host);
        put_time(w, "time", c->time);
        put_sentence(w, "time_basis", &c->time_basis);
        json_key(&w->json, "bugcheck");
        if (c->code) {
            size_t given = 0;
            while (given < 4 && c->parameters[given])
                given++;
            json_object(&w->json);
            put_text(w, "code", c->code);
            put_text(w, "name", c->code_name);
            json_key(&w->json, "meaning");
            if (c->means_en && c->means_zh) {
                json_object(&w->json);
                put_text(w, "en", c->means_en);
                put_text(w, "zh", c->means_zh);
                json_end_object(&w->json);
            } else
                json_null(&w->json);
            put_texts(w, "parameters", c->parameters, given);
            json_end_object(&w->json);
        } else
            json_null(&w->json);
        put_text(w, "module", c->module);
        put_time(w, "booted", c->booted);
        put_dump(w, c->dump);
        put_hypotheses(w, c->hypotheses, c->hypothesis_count);
        put_word(w, "state", c->state, "undecided");
        put_sentence(w, "verdict", &c->verdict);
        put_sentence(w, "decides", &c->decides);
        put_evidence(w, c->evidence, c->evidence_count);
        json_end_object(&w->json);
    }
    end_list(w);
    begin_list(w, "crash_clusters");
    for (size_t i = 0; i < w->of->cluster_count; i++) {
        const crash_cluster *c = &w->of->clusters[i];
        begin_item(w);
        put_hosts(w, "hosts", c->hosts, c->host_count);
        json_key(&w->json, "window");
        json_object(&w->json);
        put_time(w, "from", c->from);
        put_time(w, "to", c->to);
        json_end_object(&w->json);
        json_key(&w->json, "probability");
        if (c->probability < 0)
            json_null(&w->json);
        else
            json_fixed(&w->json, c->probability > 1 ? 1 : c->probability, 12);
        json_key(&w->json, "of_hosts");
        json_u64(&w->json, c->of_hosts);
        json_key(&w->json, "within_seconds");
        json_u64(&w->json, c->window / MOMENT_SECOND);
        put_hypotheses(w, c->hypotheses, c->hypothesis_count);
        put_word(w, "state", c->state, "undecided");
        put_sentence(w, "verdict", &c->verdict);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_way_items(writer *w, const entry_way *e)
{
    json_object(&w->json);
    put_host(w, "host", e->host);
    put_time(w, "time", e->time);
    put_text(w, "access", e->access);
    put_text(w, "means", e->means);
    put_text(w, "account", e->account);
    put_place(w, "source", &e->source);
    put_percent(w, "confidence", e->confidence);
    put_sentence(w, "why", &e->why);
    put_evidence(w, e->evidence, e->evidence_count);
    put_number_or_null(w, "episode", e->episode, e->episode != 0);
}

static void put_way(writer *w, const entry_way *e)
{
    put_way_items(w, e);
    json_key(&w->json, "alternatives");
    json_array(&w->json);
    for (size_t i = 0; i < e->alternative_count; i++) {
        put_way_items(w, &e->alternatives[i]);
        json_end_object(&w->json);
    }
    json_end_array(&w->json);
    json_end_object(&w->json);
}

static void put_ways(writer *w)
{
    json_key(&w->json, "entry");
    if (w->of->entry)
        put_way(w, w->of->entry);
    else
        json_null(&w->json);
    put_sentence(w, "entry_unknown", &w->of->entry_unknown);
    begin_list(w, "entries");
    for (size_t i = 0; i < w->of->entries_count; i++)
        put_way(w, &w->of->entries[i]);
    end_list(w);
}

static void put_spread(writer *w)
{
    begin_list(w, "spread");
    for (size_t i = 0; i < w->of->spread_count; i++) {
        const edge *e = &w->of->spread[i];
        begin_item(w);
        put_place(w, "from", &e->from);
        put_host(w, "to", e->to);
        put_time(w, "time", e->time);
        put_text(w, "access", e->access);
        put_text(w, "means", e->means);
        put_text(w, "account", e->account);
        put_percent(w, "confidence", e->confidence);
        put_sentence(w, "why", &e->why);
        put_evidence(w, e->evidence, e->evidence_count);
        put_number_or_null(w, "episode", e->episode, e->episode != 0);
        json_key(&w->json, "alternatives");
        json_array(&w->json);
        for (size_t k = 0; k < e->alternative_count; k++) {
            json_object(&w->json);
            put_place(w, "from", &e->alternatives[k].from);
            put_percent(w, "confidence", e->alternatives[k].confidence);
            json_end_object(&w->json);
        }
        json_end_array(&w->json);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_first(writer *w)
{
    const first_host *f = w->of->first;
    json_key(&w->json, "first_host");
    if (f) {
        json_object(&w->json);
        put_host(w, "host", f->host);
        put_time(w, "time", f->time);
        put_number_or_null(w, "episode", f->episode, f->episode != 0);
        put_percent(w, "confidence", f->confidence);
        put_sentence(w, "why", &f->why);
        json_key(&w->json, "alternatives");
        json_array(&w->json);
        for (size_t i = 0; i < f->alternative_count; i++) {
            json_object(&w->json);
            put_place(w, "host", &f->alternatives[i].where);
            put_percent(w, "confidence", f->alternatives[i].confidence);
            json_end_object(&w->json);
        }
        json_end_array(&w->json);
        json_end_object(&w->json);
    } else
        json_null(&w->json);
    put_sentence(w, "first_host_unknown", &w->of->first_unknown);
}

/* A reason that has no words of its own yet is told by its word alone. */
static void put_sentence_known(writer *w, const char *key, const sentence *s)
{
    static const sentence none = { 0 };
    put_sentence(w, key, s->id && text_known(s->id) ? s : &none);
}

static void put_persistence(writer *w)
{
    begin_list(w, "persistence");
    for (size_t i = 0; i < w->of->persistence_count; i++) {
        const persistence *p = &w->of->persistence[i];
        begin_item(w);
        put_host(w, "host", p->host);
        put_text(w, "location", p->location);
        put_text(w, "name", p->name);
        put_text(w, "command", p->command);
        put_text(w, "file", p->file);
        put_text(w, "signed", p->signed_);
        put_word(w, "verdict", p->verdict, "unknown");
        put_sentence_known(w, "why", &p->why);
        put_time(w, "time", p->time);
        put_evidence(w, p->evidence, p->evidence_count);
        put_told(w, "point", p->point);
        put_told(w, "reason", p->reason);
        put_told(w, "state", p->state);
        put_told(w, "origin", p->origin);
        put_told(w, "value", p->value);
        put_told(w, "user", p->user);
        put_told(w, "runs_as", p->runs_as);
        put_told(w, "start", p->start);
        put_told(w, "hidden", p->hidden);
        put_told(w, "sha256", p->sha256);
        if (p->in_evidence)
            put_bool(w, "in_evidence", true);
        put_told_time(w, "written", p->written);
        put_told_time(w, "created", p->created);
        put_told(w, "by", p->by);
        put_told(w, "logon", p->logon);
        put_told(w, "from", p->from);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_exposure(writer *w)
{
    begin_list(w, "exposure");
    for (size_t i = 0; i < w->of->exposure_count; i++) {
        const exposure *e = &w->of->exposure[i];
        begin_item(w);
        put_host(w, "host", e->host);
        put_word(w, "check", e->check, "");
        put_text(w, "found", e->found);
        put_text(w, "wanted", e->wanted);
        put_text(w, "severity", severity_word(e->severity));
        put_word(w, "state", e->state, "undecided");
        put_sentence(w, "title", &e->title);
        put_sentence(w, "why", &e->why);
        put_sentence(w, "note", &e->note);
        put_sentence(w, "fix", &e->fix);
        put_text(w, "command", e->command);
        put_text(w, "baseline", e->baseline);
        put_text(w, "source", e->source);
        put_evidence(w, e->evidence, e->evidence_count);
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_plan(writer *w)
{
    begin_list(w, "plan");
    for (size_t i = 0; i < w->of->plan_count; i++) {
        const plan_step *p = &w->of->plan[i];
        begin_item(w);
        put_host(w, "host", p->host);
        put_text(w, "phase", p->phase);
        put_sentence(w, "action", &p->action);
        put_text(w, "target", p->target);
        put_sentence(w, "why", &p->why);
        put_sentence(w, "risk", &p->risk);
        put_sentence(w, "undo", &p->undo);
        json_key(&w->json, "commands");
        json_array(&w->json);
        for (size_t k = 0; k < p->command_count; k++) {
            json_object(&w->json);
            put_word(w, "system", p->commands[k].system, "any");
            put_word(w, "command", p->commands[k].command, "");
            json_end_object(&w->json);
        }
        json_end_array(&w->json);
        put_text(w, "finding", finding_id(w, p->finding));
        json_end_object(&w->json);
    }
    end_list(w);
}

static void put_unknowns(writer *w)
{
    begin_list(w, "unknowns");
    for (size_t i = 0; i < w->of->unknown_count; i++) {
        const unknown *u = &w->of->unknowns[i];
        begin_item(w);
        put_host(w, "host", u->host);
        put_word(w, "what", u->what, "");
        put_sentence(w, "text", &u->text);
        put_sentence(w, "decides", &u->decides);
        json_end_object(&w->json);
    }
    end_list(w);
}

status store_json(const suyuan_case *c, moment made, buf *out)
{
    writer w = { .out = out, .of = c, .zone = { c->zone_minutes, c->zone ? c->zone : "UTC" } };
    buf_init(&w.words, SENTENCE_BYTES);
    json_begin(&w.json, out);
    json_object(&w.json);
    put_text(&w, "schema", "suyuan.case/1");
    put_time(&w, "made", made);
    json_key(&w.json, "tool");
    json_object(&w.json);
    put_word(&w, "version", c->tool_version, SUYUAN_VERSION);
    put_text(&w, "rules", c->rules_hash);
    put_text(&w, "profiles", c->profiles_hash);
    json_end_object(&w.json);
    json_key(&w.json, "zone");
    json_object(&w.json);
    put_text(&w, "name", w.zone.name);
    json_key(&w.json, "minutes");
    json_i64(&w.json, c->zone_minutes);
    json_end_object(&w.json);
    put_sentence(&w, "headline", &c->headline);
    put_scene(&w, c->scene);
    put_claims(&w);
    put_files(&w);
    put_host_list(&w);
    put_findings(&w);
    put_episodes(&w);
    put_story(&w);
    put_processes(&w);
    put_crashes(&w);
    put_ways(&w);
    put_spread(&w);
    put_first(&w);
    put_persistence(&w);
    put_exposure(&w);
    put_plan(&w);
    put_unknowns(&w);
    json_end_object(&w.json);
    buf_char(out, '\n');
    bool cut = w.words.overflow;
    buf_done(&w.words);
    if (out->overflow || cut)
        return status_fail(STATUS_LIMIT, "the case is larger than %zu bytes", out->limit);
    return status_ok();
}
