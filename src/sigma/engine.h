/* What the files of this room share: a rule as an expression over predicates, and predicates over fields.
 *
 * Shapes    Texts of events are UTF-8 without blanks and NULs at their end. Patterns are UTF-8, folded (base/fold.h) unless `cased`.
 *           In a pattern two bytes that UTF-8 never has stand for more than themselves: GLOB_ONE and GLOB_DASH. */
#pragma once
#include "sigma/sigma.h"

#include "base/map.h"
#include "base/regex.h"
#include "base/vec.h"

#define GLOB_ONE 0xfe                /* any one code point */
#define GLOB_DASH 0xff               /* '-', '/', and the three long dashes */
#define RULE_NODES 200000u           /* of one rule */
#define RULE_DEPTH 64u
#define RULE_REGEX_TEXT (64u << 10)  /* so much of a value is looked at */

/* ---- patterns ---- */

typedef struct { const uint8_t *at; uint32_t len; bool plain; } glob_part;       /* plain: no GLOB_ bytes in it */
typedef struct {
    glob_part *parts; uint32_t count;    /* '*' stands between them */
    bool open_start, open_end;           /* '*' before the first, behind the last */
    bool cased;
} glob;

/* ---- predicates ---- */

typedef enum { PRED_GLOB, PRED_ABSENT, PRED_PRESENT, PRED_REGEX, PRED_CIDR, PRED_NUMBER, PRED_REF, PRED_TIME, PRED_KEYWORD } pred_kind;
typedef enum { NUMBER_LT, NUMBER_LTE, NUMBER_GT, NUMBER_GTE } number_op;
typedef enum { REF_EQUAL, REF_STARTS, REF_ENDS, REF_CONTAINS } ref_op;
typedef enum { TIME_MINUTE, TIME_HOUR, TIME_DAY, TIME_WEEK, TIME_MONTH, TIME_YEAR } time_part;

typedef struct {
    pred_kind kind;
    uint8_t op;                          /* number_op, ref_op, time_part */
    bool cased;
    uint32_t field;                      /* of engine.fields; UINT32_MAX for keywords */
    uint32_t other;                      /* PRED_REF */
    glob g;                              /* PRED_GLOB, PRED_KEYWORD */
    const regex *re;                     /* PRED_REGEX, and PRED_KEYWORD with one */
    span need;                           /* of a regex: folded text that must be there, or empty */
    double number;
    uint8_t net[16]; unsigned bits; bool v6;
} predicate;

/* ---- expressions ---- */

typedef enum { NODE_FALSE, NODE_TRUE, NODE_PRED, NODE_NOT, NODE_AND, NODE_OR } node_kind;
typedef struct node node;
struct node { node_kind kind; uint32_t pred; const node **of; uint32_t count; };

/* ---- fields ---- */

typedef enum { CONVERT_NONE, CONVERT_DECIMAL, CONVERT_INTEGRITY, CONVERT_REGISTRY, CONVERT_OPERATION, CONVERT_ACCOUNT, CONVERT_PROTOCOL, CONVERT_OUTBOUND } conversion;
typedef enum { FROM_DATA, FROM_EVENT_ID, FROM_PROVIDER, FROM_CHANNEL, FROM_COMPUTER, FROM_LEVEL, FROM_TASK, FROM_OPCODE, FROM_KEYWORDS, FROM_VERSION,
               FROM_RECORD_ID, FROM_USER } field_origin;       /* of System, when no data field has the name */
typedef struct {
    const char *sigma;                   /* as rules call it */
    const char *name;                    /* as events of this source call it */
    const char *second;                  /* CONVERT_ACCOUNT: the name behind the domain */
    conversion convert;
    field_origin origin;
    bool is_list;                        /* unnamed Data */
    field id, second_id;                 /* once interned */
} rule_field;

/* ---- sources ---- */

typedef struct { const char *sigma, *name, *second; conversion convert; } rename_field;
typedef struct log_source {
    const char *category, *service;      /* one of them; NULL: not asked */
    const char **channels; size_t channel_count;     /* folded; none: any */
    const char **providers; size_t provider_count;   /* folded; none: any */
    uint32_t *ids; size_t id_count;      /* none: any */
    const char *when_field; const char **when; size_t when_count;        /* only where the field says one of these */
    rename_field *renames; size_t rename_count;
    const struct log_source *next;
} log_source;

/* ---- rules ---- */

typedef struct { uint32_t rule; const log_source *source; const node *condition; } rule_way;     /* source NULL: any log */
/* hidden: only correlations tell of it; wanted: one does. needs: fields that its hits then bring. */
typedef struct { const char *name; const log_source *source; uint32_t field; } needed_field;
typedef struct named_rule { sigma_rule pub; const profile_node *body; bool hidden, wanted, is_correlation; vec needs; } named_rule;

/* ---- correlations ---- */

#define CORRELATION_FIELDS 16
typedef enum { CORRELATE_COUNT, CORRELATE_VALUES, CORRELATE_SUM, CORRELATE_AVERAGE, CORRELATE_PERCENTILE, CORRELATE_TEMPORAL, CORRELATE_ORDERED } correlation_kind;
typedef enum { BOUND_LT, BOUND_LTE, BOUND_GT, BOUND_GTE, BOUND_EQ, BOUND_NEQ } bound_op;
typedef struct {
    correlation_kind kind;
    uint32_t rule;                       /* itself */
    uint32_t *rules; size_t rule_count;
    const char *by[CORRELATION_FIELDS]; size_t by_count;
    struct { const char *name, *field; uint32_t rule; } *aliases; size_t alias_count;
    moment timespan;
    const char *field;                   /* of value_*; NULL */
    double percentile;
    struct { uint8_t op; double than; } bounds[4]; size_t bound_count;
} correlation;

/* A document that narrows other rules. */
typedef struct { const profile_node *root, *body; const char *path; } filter_rule;

struct sigma_rules {
    arena *mem;
    const profile *facts;
    vec rules;                           /* named_rule */
    vec refused, odd;                    /* sigma_refusal */
    map ids;                             /* of rules */
    map named;                           /* what correlations count, by name or id */
    size_t below;                        /* rules left out for their level */
    vec ways;                            /* rule_way */
    vec correlations;                    /* correlation */
    vec filters;                         /* filter_rule */
    vec preds; map pred_index;           /* predicate */
    vec fields; map field_index;         /* rule_field */
    const log_source *sources;
    const profile_node *values;          /* of placeholders */
    char hash[65];
    bool interned;
};

/* What building one rule needs, and the first thing that is wrong with it. */
typedef struct {
    sigma_rules *all;
    const log_source *source;            /* for renames */
    const sigma_rule *about;
    const profile_node *detection;
    struct { const char *name; const node *made; } *named; size_t named_count, named_room;
    size_t nodes;
    struct { const char *name; const log_source *source; uint32_t number; } last_field;      /* most values have that of the one before */
    bool wrong; unsigned line; const char *reason;
} builder;

void        build_fail(builder *b, unsigned line, const char *format, ...) __attribute__((format(printf, 3, 4)));
const node *build_node(builder *b, node_kind kind, const node **of, size_t count);       /* simplifies constants */
const node *build_not(builder *b, const node *of);
const node *build_pred(builder *b, const predicate *p);
uint32_t    build_field(builder *b, const char *sigma_name);

bool        glob_read(arena *mem, const char *text, bool cased, bool dashes, glob *out);     /* escapes and wildcards of a value */
char       *glob_plain(arena *mem, const char *text);        /* the value when it has no wildcards, escapes resolved; NULL else */
void        glob_open(arena *mem, glob *g, bool start, bool end);    /* contains, startswith, endswith */
bool        glob_matches(const glob *g, span text);
span        glob_longest(const glob *g);                      /* of its plain stretches; empty: none */

span        regex_need(arena *mem, const char *text);         /* folded text without which it cannot match; empty: none known */

const node *item_build(builder *b, const profile_node *item);            /* one `Field|modifiers: values` */
const node *keyword_build(builder *b, const profile_node *value, bool all);
const node *selection_build(builder *b, const profile_node *selection);
const node *condition_build(builder *b, const profile_node *condition);  /* a text, or a list of them */

bool        correlation_build(builder *b, const profile_node *root, uint32_t rule);
void        want_field(sigma_rules *r, uint32_t rule, const char *name);

status      sources_read(sigma_rules *r);
bool        source_takes(const log_source *s, span channel, span provider, uint32_t event_id);   /* UTF-16LE */

/* ---- scanning a field's text for all that a class of events asks of it ---- */

typedef struct text_index text_index;
text_index *index_new(arena *mem, const predicate *preds, const uint32_t *of, const uint32_t *as, size_t count);    /* preds[of[i]] is told as as[i] */
/* Of a text, and the same folded: calls found for each predicate that holds. */
/* out: of uint32_t. said, tried, by predicate: told, and looked at closely, once a turn (a text). */
typedef struct { vec *out; uint32_t *said, *tried, turn; regex_room *room; } scan_out;
/* Whether any of its literals may stand in the UTF-16LE text; only ever wrong in saying so. Only for what index_is_plain says so of. */
bool        index_may(const text_index *x, span units);
bool        index_is_plain(const text_index *x);              /* nothing but literals of four ASCII characters or more, wherever they stand */
void        index_scan(const text_index *x, const predicate *preds, span text, span folded, scan_out *to);
bool        pred_holds(const predicate *p, span text, span folded, regex_room *room);
