/* Rules: found, read, and built; those that cannot be honoured, refused with the reason. */
#include "sigma/engine.h"

#include "base/embedded.h"
#include "profile/tree.h"

#include <errno.h>
#include <fts.h>
#include <stdlib.h>

enum { RULE_FILES = 200000 };

extern const embedded_file own_rules[];
extern const size_t own_rules_count;

static const char *const levels[] = { "informational", "low", "medium", "high", "critical" };

const char *sigma_level_word(sigma_level l) { return levels[l]; }
size_t sigma_count(const sigma_rules *r) { return r->rules.count; }
size_t sigma_below(const sigma_rules *r) { return r->below; }
const sigma_rule *sigma_rule_at(const sigma_rules *r, size_t i) { return &((const named_rule *)vec_at(&r->rules, i))->pub; }
const char *sigma_hash(const sigma_rules *r) { return r->hash; }

size_t sigma_refused(const sigma_rules *r, const sigma_refusal **out)
{
    *out = r->refused.at;
    return r->refused.count;
}

size_t sigma_lint_count(const sigma_rules *r) { return r->odd.count; }
sigma_refusal sigma_lint(const sigma_rules *r, size_t i) { return *(const sigma_refusal *)vec_at(&r->odd, i); }

static void refuse(sigma_rules *r, const char *path, const char *title, unsigned line, const char *reason)
{
    *(sigma_refusal *)vec_push(&r->refused) = (sigma_refusal){ path, title ? title : "", line, reason };
}

/* ---- fields ---- */

static const struct { const char *name; field_origin origin; } system_fields[] = {
    { "EventID", FROM_EVENT_ID }, { "Provider_Name", FROM_PROVIDER }, { "Provider", FROM_PROVIDER }, { "Source", FROM_PROVIDER },
    { "Channel", FROM_CHANNEL }, { "Computer", FROM_COMPUTER }, { "ComputerName", FROM_COMPUTER }, { "Level", FROM_LEVEL }, { "Task", FROM_TASK },
    { "Opcode", FROM_OPCODE }, { "Keywords", FROM_KEYWORDS }, { "Version", FROM_VERSION }, { "EventRecordID", FROM_RECORD_ID }, { "UserID", FROM_USER },
};

uint32_t build_field(builder *b, const char *sigma_name)
{
    sigma_rules *r = b->all;
    if (b->last_field.name == sigma_name && b->last_field.source == b->source)
        return b->last_field.number;
    rule_field f = { .sigma = sigma_name, .name = sigma_name, .id = FIELD_NONE, .second_id = FIELD_NONE };
    for (size_t i = 0; b->source && i < b->source->rename_count; i++) {
        const rename_field *n = &b->source->renames[i];
        if (strcmp(n->sigma, sigma_name) == 0) {
            f.name = n->name;
            f.second = n->second;
            f.convert = n->convert;
        }
    }
    for (size_t i = 0; i < sizeof system_fields / sizeof *system_fields; i++)
        if (strcmp(system_fields[i].name, f.name) == 0)
            f.origin = system_fields[i].origin;
    f.is_list = strcmp(f.name, "Data") == 0;
    buf key;
    buf_init(&key, 8 << 20);
    buf_put(&key, f.sigma, strlen(f.sigma) + 1);
    buf_put(&key, f.name, strlen(f.name) + 1);
    buf_str(&key, f.second ? f.second : "");
    buf_char(&key, (char)f.convert);
    bool was;
    uint64_t *at = map_put(&r->field_index, buf_bytes(&key), &was);
    buf_done(&key);
    if (!was) {
        *at = r->fields.count;
        *(rule_field *)vec_push(&r->fields) = f;
    }
    b->last_field.name = sigma_name;
    b->last_field.source = b->source;
    b->last_field.number = (uint32_t)*at;
    return (uint32_t)*at;
}

void sigma_intern(sigma_rules *r, fields *names)
{
    for (size_t i = 0; i < r->fields.count; i++) {
        rule_field *f = vec_at(&r->fields, i);
        f->id = fields_intern(names, f->name);
        f->second_id = f->second ? fields_intern(names, f->second) : FIELD_NONE;
    }
    r->interned = true;
}

bool sigma_wanted(const sigma_rules *r, uint32_t rule) { return ((const named_rule *)vec_at(&r->rules, rule))->wanted; }
bool sigma_hidden(const sigma_rules *r, uint32_t rule) { return ((const named_rule *)vec_at(&r->rules, rule))->hidden; }

/* In each log that the rule means the field may be called otherwise. */
void want_field(sigma_rules *r, uint32_t rule, const char *name)
{
    named_rule *n = vec_at(&r->rules, rule);
    for (size_t i = 0; i < n->needs.count; i++)
        if (strcmp(((const needed_field *)vec_at(&n->needs, i))->name, name) == 0)
            return;
    for (size_t i = 0; i < r->ways.count; i++) {
        const rule_way *w = vec_at(&r->ways, i);
        builder b = { .all = r, .source = w->source };
        if (w->rule == rule)
            *(needed_field *)vec_push(&n->needs) = (needed_field){ name, w->source, build_field(&b, name) };
    }
}

/* ---- one rule ---- */


static const node *when_node(builder *b, const log_source *s)
{
    vec of;
    vec_init(&of, sizeof(const node *));
    for (size_t i = 0; i < s->when_count; i++) {
        predicate p = { .kind = PRED_GLOB };
        builder plain = *b;
        plain.source = NULL;                             /* as the log itself calls it */
        glob_read(b->all->mem, s->when[i], false, false, &p.g);
        p.field = build_field(&plain, s->when_field);
        *(const node **)vec_push(&of) = build_pred(b, &p);
    }
    const node *made = build_node(b, NODE_OR, of.at, of.count);
    vec_done(&of);
    return made;
}

static bool filter_names(const profile_node *rules, const sigma_rule *p)
{
    if (!rules)
        return false;
    if (rules->kind == PROFILE_WORD)
        return strcmp(rules->text, "any") == 0 || strcmp(rules->text, p->id) == 0 || (*p->name && strcmp(rules->text, p->name) == 0);
    for (const profile_node *n = rules->first; n; n = n->next)
        if (n->text && filter_names(&(profile_node){ .kind = PROFILE_WORD, .text = n->text }, p))
            return true;
    return false;
}

static bool same_source(const profile_node *filter, const sigma_rule *p)
{
    const profile_node *source = profile_get(filter, "logsource");
    const struct { const char *key, *is; } parts[] = { { "category", p->category }, { "product", p->product }, { "service", p->service } };
    for (size_t i = 0; i < 3; i++) {
        const char *asked = profile_text(source, parts[i].key);
        if (asked && strcmp(asked, parts[i].is) != 0)
            return false;
    }
    return true;
}

/* The rule's condition, and those of the filters that narrow it. */
static const node *narrowed(builder *b, const sigma_rule *p, const node *made)
{
    const profile_node *detection = b->detection;
    for (size_t i = 0; i < b->all->filters.count && made; i++) {
        const filter_rule *f = vec_at(&b->all->filters, i);
        if (!filter_names(profile_get(f->body, "rules"), p) || !same_source(f->root, p))
            continue;
        b->detection = f->body;
        b->named_count = 0;
        b->named_room = f->body->count;
        b->named = arena_array(b->all->mem, f->body->count, sizeof *b->named);
        const node *both[2] = { made, condition_build(b, profile_get(f->body, "condition")) };
        made = b->wrong ? NULL : build_node(b, NODE_AND, both, 2);
        b->detection = detection;
    }
    return made;
}

static bool add_way(builder *b, const profile_node *detection, uint32_t rule, const log_source *source)
{
    b->source = source;
    b->named_count = b->nodes = 0;
    b->named_room = detection->count;
    b->named = arena_array(b->all->mem, detection->count, sizeof *b->named);
    const node *made = narrowed(b, b->about, condition_build(b, profile_get(detection, "condition")));
    if (made && source && source->when_count) {
        const node *both[2] = { when_node(b, source), made };
        made = build_node(b, NODE_AND, both, 2);
    }
    if (!b->wrong)
        *(rule_way *)vec_push(&b->all->ways) = (rule_way){ rule, source, made };
    return !b->wrong;
}

static bool same_text(const char *a, const char *b)
{
    return a && b && strcmp(a, b) == 0;
}

/* Every log that the log source means; none, for a log source of which we know nothing. */
static bool add_ways(builder *b, const profile_node *root, uint32_t rule)
{
    const profile_node *source = profile_get(root, "logsource"), *detection = profile_get(root, "detection");
    const char *product = profile_text(source, "product"), *category = profile_text(source, "category"), *service = profile_text(source, "service");
    b->detection = detection;
    b->named_room = detection->count;
    b->named = arena_array(b->all->mem, detection->count, sizeof *b->named);
    size_t ways = b->all->ways.count;
    if ((product && strcmp(product, "windows") != 0) || (!product && !category && !service)) {
        if (condition_build(b, profile_get(detection, "condition")) == NULL)
            return false;
        return !b->wrong;
    }
    for (const log_source *s = b->all->sources; s && !b->wrong; s = s->next) {
        bool fits = category ? same_text(s->category, category) : same_text(s->service, service);
        if (fits && category && service) {               /* both are told: the category's logs within the service's */
            const log_source *within = b->all->sources;
            while (within && !(same_text(within->service, service) && (!within->channel_count || (s->channel_count && strcmp(within->channels[0], s->channels[0]) == 0))))
                within = within->next;
            fits = within != NULL;
        }
        if (fits)
            add_way(b, detection, rule, s);
    }
    if (!category && !service && !b->wrong)
        add_way(b, detection, rule, NULL);
    if (b->all->ways.count == ways && !b->wrong)
        condition_build(b, profile_get(detection, "condition"));     /* whether it could be honoured is told all the same */
    return !b->wrong;
}

static void lint(sigma_rules *r, const named_rule *n, size_t ways)
{
    bool was = false, never = true, always = false;
    const sigma_rule *p = &n->pub;
    const char *said[4];
    size_t count = 0;
    if (*p->id)
        map_put(&r->ids, span_str(p->id), &was);
    if (was)
        said[count++] = "its id stands twice";
    for (size_t i = ways; i < r->ways.count; i++) {
        const node *c = ((const rule_way *)vec_at(&r->ways, i))->condition;
        never &= c->kind == NODE_FALSE;
        always |= c->kind == NODE_TRUE;
    }
    if (ways == r->ways.count)
        said[count++] = "nothing is known of its log source: it never matches";
    else if (never)
        said[count++] = "its condition can never hold";
    if (always)
        said[count++] = "its condition always holds";
    for (size_t i = 0; i < count; i++)
        *(sigma_refusal *)vec_push(&r->odd) = (sigma_refusal){ p->path, p->title, p->line, said[i] };
}

static const char *text_of(const profile_node *root, const char *key)
{
    const char *text = profile_text(root, key);
    return text ? text : "";
}

static bool is_named(const sigma_rules *r, const sigma_rule *p)
{
    return (*p->name && map_find(&r->named, span_str(p->name))) || (*p->id && map_find(&r->named, span_str(p->id)));
}

static bool read_about(sigma_rules *r, const profile_node *root, const char *path, named_rule *out)
{
    const profile_node *source = profile_get(root, "logsource"), *tags = profile_get(root, "tags");
    sigma_rule *p = &out->pub;
    *p = (sigma_rule){
        .path = path, .id = text_of(root, "id"), .title = text_of(root, "title"), .title_zh = text_of(root, "title_zh"), .status = text_of(root, "status"), .name = text_of(root, "name"),
        .category = text_of(source, "category"), .product = text_of(source, "product"), .service = text_of(source, "service"),
        .level = SIGMA_MEDIUM, .line = root->line,
    };
    const char *level = profile_text(root, "level");
    for (size_t i = 0; level && i < sizeof levels / sizeof *levels; i++)
        if (strcmp(level, levels[i]) == 0)
            p->level = (sigma_level)i;
    if (tags && tags->kind == PROFILE_LIST) {
        p->tags = arena_array(r->mem, tags->count, sizeof *p->tags);
        for (const profile_node *t = tags->first; t; t = t->next)
            if (t->kind == PROFILE_WORD)
                p->tags[p->tag_count++] = t->text;
    }
    return true;
}

static void add_document(sigma_rules *r, const sigma_options *o, const char *path, const profile_node *root)
{
    const char *title = profile_text(root, "title");
    const profile_node *source = profile_get(root, "logsource"), *detection = profile_get(root, "detection");
    const char *missing = !title ? "title" : !source || source->kind != PROFILE_MAP ? "logsource" : !detection || detection->kind != PROFILE_MAP ? "detection"
                          : !profile_get(detection, "condition") ? "condition" : NULL;
    if (profile_get(root, "correlation") || profile_get(root, "filter"))
        return;
    if (missing) {
        refuse(r, path, title, root->line, arena_printf(r->mem, "it has no %s", missing));
        return;
    }
    size_t ways = r->ways.count;
    named_rule made = { .body = root };
    builder b = { .all = r, .about = &made.pub };
    vec_init(&made.needs, sizeof(needed_field));
    read_about(r, root, path, &made);
    if (made.pub.level < o->least && !is_named(r, &made.pub)) {
        r->below++;
        return;
    }
    made.hidden = made.pub.level < o->least;
    if (add_ways(&b, root, (uint32_t)r->rules.count)) {
        *(named_rule *)vec_push(&r->rules) = made;
        lint(r, &made, ways);
    } else {
        r->ways.count = ways;
        refuse(r, path, title, b.line ? b.line : root->line, b.reason);
    }
}

static void add_filter(sigma_rules *r, const char *path, const profile_node *root)
{
    const profile_node *body = profile_get(root, "filter");
    if (!body)
        return;
    if (body->kind != PROFILE_MAP || !profile_get(body, "rules") || !profile_get(body, "condition"))
        refuse(r, path, profile_text(root, "title"), root->line, "filter: it names no rules, or has no condition");
    else
        *(filter_rule *)vec_push(&r->filters) = (filter_rule){ root, body, path };
}

static void add_correlation(sigma_rules *r, const sigma_options *o, const char *path, const profile_node *root, bool *again)
{
    const char *title = profile_text(root, "title");
    named_rule made = { .body = root, .is_correlation = true };
    builder b = { .all = r };
    if (!title) {
        refuse(r, path, NULL, root->line, "it has no title");
        return;
    }
    read_about(r, root, path, &made);
    vec_init(&made.needs, sizeof(needed_field));
    if (made.pub.level < o->least && !is_named(r, &made.pub)) {
        r->below++;
        return;
    }
    made.hidden = made.pub.level < o->least;
    *(named_rule *)vec_push(&r->rules) = made;
    if (correlation_build(&b, root, (uint32_t)r->rules.count - 1))
        return;
    r->rules.count--;
    if (again)
        *again = true;                                   /* it may name a correlation that comes later */
    else
        refuse(r, path, title, b.line, b.reason);
}

typedef struct { const char *path; const profile_node *root; bool done; } document;

/* Whatever its own level, a rule that a correlation counts is needed. */
static void name_counted(sigma_rules *r, const profile_node *root)
{
    const profile_node *rules = profile_get(profile_get(root, "correlation"), "rules");
    bool was;
    if (rules && rules->kind == PROFILE_WORD && rules->text)
        map_put(&r->named, span_str(rules->text), &was);
    for (const profile_node *n = rules && rules->kind == PROFILE_LIST ? rules->first : NULL; n; n = n->next)
        if (n->text)
            map_put(&r->named, span_str(n->text), &was);
}

/* Filters first, then rules, then what is said of rules. */
static void add_documents(sigma_rules *r, const sigma_options *o, const vec *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const document *d = vec_at(all, i);
        add_filter(r, d->path, d->root);
        name_counted(r, d->root);
    }
    for (size_t i = 0; i < all->count; i++) {
        const document *d = vec_at(all, i);
        add_document(r, o, d->path, d->root);
    }
    for (int round = 0; round < 9; round++)              /* chains of correlations, in any order of files */
        for (size_t i = 0; i < all->count; i++) {
            document *d = vec_at(all, i);
            bool again = false;
            if (!d->done && profile_get(d->root, "correlation")) {
                add_correlation(r, o, d->path, d->root, round < 8 ? &again : NULL);
                d->done = !again;
            }
        }
}

/* ---- files ---- */

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool is_yaml(const char *name)
{
    size_t len = strlen(name);
    return (len > 4 && strcmp(name + len - 4, ".yml") == 0) || (len > 5 && strcmp(name + len - 5, ".yaml") == 0);
}

/* `s`: how reading its bytes went. */
static void add_bytes(sigma_rules *r, vec *all, const char *shown, status s, span bytes, sha256 *sum)
{
    const profile_node *root;
    if (status_is_ok(s)) {
        sha256_add(sum, span_of(shown, strlen(shown) + 1));
        sha256_add(sum, bytes);
        s = tree_parse(r->mem, shown, bytes, TREE_RULES, &root);
    }
    if (!status_is_ok(s)) {
        const char *colon = strncmp(s.words, shown, strlen(shown)) == 0 ? s.words + strlen(shown) : NULL;
        unsigned line = colon && *colon == ':' ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;
        refuse(r, shown, NULL, line, arena_str(r->mem, s.words));
        return;
    }
    for (; root; root = root->next)
        *(document *)vec_push(all) = (document){ .path = shown, .root = root };
}

static void add_file(sigma_rules *r, vec *all, const char *path, const char *shown, sha256 *sum)
{
    span bytes = { 0 };
    status s = tree_read_file(r->mem, path, &bytes);
    add_bytes(r, all, shown, s, bytes, sum);
}

static status add_path(sigma_rules *r, vec *all, const char *given, sha256 *sum)
{
    char *path = arena_str(r->mem, given);
    FTS *walk = fts_open((char *[]){ path, NULL }, FTS_LOGICAL | FTS_NOCHDIR, by_name);
    FTSENT *at;
    status s = status_ok();
    size_t prefix = strlen(given), files = 0;
    while (walk && status_is_ok(s) && (at = fts_read(walk))) {
        bool root = at->fts_level == FTS_ROOTLEVEL;
        if (at->fts_info == FTS_F && (root || is_yaml(at->fts_name))) {
            const char *shown = root ? at->fts_name : at->fts_path + prefix + (at->fts_path[prefix] == '/');
            if (root && strrchr(given, '/'))
                shown = strrchr(given, '/') + 1;
            if (++files > RULE_FILES)
                s = status_fail(STATUS_LIMIT, "%.150s: more than %d rules", given, RULE_FILES);
            else
                add_file(r, all, at->fts_accpath, arena_str(r->mem, shown), sum);
        } else if (root && at->fts_info != FTS_D && at->fts_info != FTS_DP) {
            s = status_fail(at->fts_errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "%.150s: %s", given, strerror(at->fts_errno ? at->fts_errno : ENOENT));
        }
    }
    if (walk)
        fts_close(walk);
    return s;
}

static status read_values(sigma_rules *r, const char *path, sha256 *sum)
{
    span bytes;
    if (!path)
        return status_ok();
    status s = tree_read_file(r->mem, path, &bytes);
    if (status_is_ok(s))
        sha256_add(sum, bytes);
    return status_is_ok(s) ? tree_parse(r->mem, path, bytes, TREE_FORM, &r->values) : s;
}

status sigma_load(const profile *facts, const sigma_options *o, arena *mem, sigma_rules **out)
{
    sigma_rules *r = arena_alloc(mem, sizeof *r);
    *r = (sigma_rules){ .mem = mem, .facts = facts };
    vec_init(&r->rules, sizeof(named_rule));
    vec_init(&r->refused, sizeof(sigma_refusal));
    vec_init(&r->odd, sizeof(sigma_refusal));
    map_init(&r->ids);
    map_init(&r->named);
    vec_init(&r->ways, sizeof(rule_way));
    vec_init(&r->preds, sizeof(predicate));
    vec_init(&r->fields, sizeof(rule_field));
    map_init(&r->pred_index);
    map_init(&r->field_index);
    vec_init(&r->correlations, sizeof(correlation));
    vec_init(&r->filters, sizeof(filter_rule));
    vec all;
    vec_init(&all, sizeof(document));
    sha256 *sum = sha256_begin();
    status s = sources_read(r);
    if (status_is_ok(s))
        s = read_values(r, o->values, sum);
    for (size_t i = 0; o->own && i < own_rules_count; i++)
        add_bytes(r, &all, arena_printf(mem, "rules/%s", own_rules[i].name), status_ok(), own_rules[i].bytes, sum);
    if (o->text.len)
        add_bytes(r, &all, "text", status_ok(), o->text, sum);
    for (size_t i = 0; i < o->path_count && status_is_ok(s); i++)
        s = add_path(r, &all, o->paths[i], sum);
    sha256_add(sum, span_str(sigma_level_word(o->least)));
    add_documents(r, o, &all);
    vec_done(&all);
    uint8_t hash[32];
    sha256_end(sum, hash);
    hex_of(span_of(hash, sizeof hash), r->hash);
    *out = r;
    return s;
}

void sigma_free(sigma_rules *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->rules.count; i++)
        vec_done(&((named_rule *)vec_at(&r->rules, i))->needs);
    vec_done(&r->rules);
    vec_done(&r->correlations);
    vec_done(&r->filters);
    vec_done(&r->refused);
    vec_done(&r->odd);
    map_done(&r->ids);
    map_done(&r->named);
    vec_done(&r->ways);
    vec_done(&r->preds);
    vec_done(&r->fields);
    map_done(&r->pred_index);
    map_done(&r->field_index);
}
