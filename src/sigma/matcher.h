/* What the files that match share: a matcher, and its classes of events.
 *
 * Shapes    Events of one channel, provider and number are a class: the rules that may speak of them, with what is the same for all
 *           of them worked into their conditions. Fields of rules are told by their place in the rules' list. */
#pragma once
#include "sigma/engine.h"

#define MATCH_TEXT (64u << 20)

typedef struct { uint8_t kind; uint32_t at, count; } code;              /* of NODE_PRED: at is the predicate; else `count` children from kids[at] */
typedef struct { uint32_t rule; const node *condition; uint32_t program; } way;

typedef struct {
    uint32_t field;
    const rule_field *of;
    text_index *index;                   /* NULL: only whether it is there is asked */
    uint32_t absent, present;            /* predicates + 1; 0: not asked */
} class_field;

typedef struct {
    uint32_t id;
    arena mem;
    span channel, provider; uint32_t event_id;
    way *ways; size_t way_count;
    uint32_t *preds; size_t pred_count;  /* global number of each */
    class_field *fields; size_t field_count;
    field *names;                        /* of each, as events call it */
    binxml_value *values;                /* of the event at hand */
    uint8_t *seen;                       /* whether any event had it */
    text_index *keywords;                /* of values that are no field of the class; asked of its fields with the rest */
    bool letters;                        /* no keyword can stand in a number, an identifier or a time */
    uint8_t *is_field; size_t known;     /* by field: the class looks at it as it is */
    code *codes; uint32_t *kids; size_t code_count, kid_count;
    uint32_t *witness_from, *witnesses;  /* ways, by predicate */
    uint32_t *always; size_t always_count;
    uint32_t *lazy; size_t lazy_count;   /* ways that compare fields: run for every event, for what they say is not remembered */
    uint32_t tries, known_tries;         /* whether records of this class repeat at all */
    uint32_t *stamp, *said, *tried;      /* by predicate: epoch in which it holds; turns of scanning */
} event_class;

typedef struct memo memo;
typedef struct event_memo event_memo;
typedef struct record_memo record_memo;

struct sigma_matcher {
    const sigma_rules *rules;
    arena self, memo_mem, record_mem;
    map index; vec classes;              /* by channel, provider, number; event_class * */
    event_class **recent;                /* direct-mapped, by number and lengths */
    memo *memos; event_memo *events; record_memo *records;               /* direct-mapped */
    buf record;
    map answers;                         /* lists of predicates: their number */
    uint32_t epoch, turn, class_ids;
    const event *now;
    uint32_t *way_stamp; size_t way_room;
    uint8_t *chances; uint32_t *missing; /* of classes that are dropped: by rule */
    vec scratch, held, hits, why, candidates, serials, rule_list;
    buf key, text, second;
    uint8_t *fold; size_t fold_room;
    regex_room *room;
};

static inline const predicate *match_pred(const sigma_matcher *m, uint32_t i) { return vec_at(&m->rules->preds, i); }
static inline const rule_field *match_field(const sigma_matcher *m, uint32_t i) { return vec_at(&m->rules->fields, i); }

typedef enum { TEXT_ABSENT, TEXT_ONE, TEXT_SEVERAL } text_state;
text_state   field_state(const event *ev, const rule_field *f, binxml_value *out);
text_state   value_state(const event *ev, const rule_field *f, binxml_value v);      /* of what event_get gave */
span         field_text(sigma_matcher *m, const event *ev, const rule_field *f, binxml_value v);     /* of one that is TEXT_ONE; valid until the next */
span         system_text(const event *ev, const rule_field *f, buf *out);
span         value_trimmed(buf *out, binxml_value v);         /* without what does not count at its end */
span         text_folded(sigma_matcher *m, span text);        /* valid until the next */

event_class *class_make(sigma_matcher *m, const event *ev);
