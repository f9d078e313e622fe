/* From a rule's log source to logs: profiles/logsources.yml. */
#include "sigma/engine.h"

#include "base/fold.h"

#include <stdlib.h>

static const char **folded_list(arena *mem, const profile_node *map, const char *key, size_t *count)
{
    const profile_node *n = profile_get(map, key);
    *count = n ? (n->kind == PROFILE_WORD ? 1 : n->count) : 0;
    const char **out = *count ? arena_array(mem, *count, sizeof *out) : NULL;
    const profile_node *v = n && n->kind != PROFILE_WORD ? n->first : n;
    for (size_t i = 0; i < *count; i++, v = v->next) {
        uint8_t *text = arena_alloc(mem, FOLD_ROOM(strlen(v->text)));
        text[fold_utf8(span_str(v->text), text)] = '\0';
        out[i] = (const char *)text;
    }
    return out;
}

static const char *const conversions[] = {
    [CONVERT_DECIMAL] = "decimal", [CONVERT_INTEGRITY] = "integrity", [CONVERT_REGISTRY] = "registry", [CONVERT_OPERATION] = "operation",
    [CONVERT_ACCOUNT] = "account", [CONVERT_PROTOCOL] = "protocol", [CONVERT_OUTBOUND] = "outbound",
};

static status read_renames(arena *mem, const profile_node *n, log_source *s)
{
    const profile_node *list = profile_get(n, "fields");
    s->renames = arena_array(mem, list ? list->count : 0, sizeof *s->renames);
    for (const profile_node *f = list ? list->first : NULL; f; f = f->next) {
        rename_field *r = &s->renames[s->rename_count++];
        const char *as = profile_text(f, "as");
        *r = (rename_field){ profile_text(f, "rule"), profile_text(f, "event"), profile_text(f, "second"), CONVERT_NONE };
        for (size_t i = 1; as && i < sizeof conversions / sizeof *conversions; i++)
            if (strcmp(as, conversions[i]) == 0)
                r->convert = (conversion)i;
        if (as && !r->convert)
            return status_fail(STATUS_BAD_INPUT, "profiles/logsources.yml:%u: unknown conversion '%s'", f->line, as);
        if ((r->convert == CONVERT_ACCOUNT || r->convert == CONVERT_REGISTRY) && !r->second)
            return status_fail(STATUS_BAD_INPUT, "profiles/logsources.yml:%u: '%s' asks for a second field", f->line, as);
    }
    return status_ok();
}

static status read_one(sigma_rules *r, const profile_node *n, const log_source ***last)
{
    arena *mem = r->mem;
    log_source *s = arena_alloc(mem, sizeof *s);
    s->category = profile_text(n, "category");
    s->service = profile_text(n, "service");
    s->channels = folded_list(mem, n, "channels", &s->channel_count);
    s->providers = folded_list(mem, n, "providers", &s->provider_count);
    size_t ids;
    const char **texts = folded_list(mem, n, "ids", &ids);
    s->ids = arena_array(mem, ids, sizeof *s->ids);
    for (; s->id_count < ids; s->id_count++)
        s->ids[s->id_count] = (uint32_t)strtoul(texts[s->id_count], NULL, 10);
    const profile_node *when = profile_get(n, "when");
    if (when && when->first) {
        s->when_field = when->first->key;
        s->when = folded_list(mem, when, when->first->key, &s->when_count);
    }
    **last = s;
    *last = &s->next;
    return read_renames(mem, n, s);
}

status sources_read(sigma_rules *r)
{
    const profile_node *root;
    const log_source **last = &r->sources;
    status s = profile_need(r->facts, "logsources", &root);
    for (const profile_node *n = profile_list(root, "categories"); n && status_is_ok(s); n = n->next)
        s = read_one(r, n, &last);
    for (const profile_node *n = profile_list(root, "services"); n && status_is_ok(s); n = n->next)
        s = read_one(r, n, &last);
    return s;
}

static bool one_of(const char **list, size_t count, span units)
{
    for (size_t i = 0; i < count; i++)
        if (utf16_is(units, list[i]))
            return true;
    return count == 0;
}

bool source_takes(const log_source *s, span channel, span provider, uint32_t event_id)
{
    if (!s)
        return true;
    bool id = s->id_count == 0;
    for (size_t i = 0; i < s->id_count; i++)
        id |= s->ids[i] == event_id;
    return id && one_of(s->channels, s->channel_count, channel) && one_of(s->providers, s->provider_count, provider);
}
