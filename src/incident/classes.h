/* Identity from inside: atoms that become classes, one class one host. What identity.c and places.c share. */
#pragma once
#include "incident/internal.h"

/* Names that Windows itself gives. SHARED ones stand in the logs of unrelated machines, because they come from the image
 * that all were installed from; RANDOM ones (WIN- and eleven characters) are drawn anew by each set-up. */
typedef enum { NAME_CHOSEN, NAME_RANDOM, NAME_SHARED } name_sort;

typedef struct {
    const char *file, *name, *folded, *label;        /* label: folded, up to the first dot */
    name_sort sort;
    moment first, last;
    uint64_t records;
    bool later_name;                                 /* the same log goes on under another name */
    const char *unit, *root;                         /* of a place of artifacts; NULL: an atom of logs */
    const char **sids; size_t sid_count;             /* decisive machine SIDs */
    uint32_t parent, next, tail, size;               /* of its class; the members of a class hang on its root */
} atom;

#define ATOM_NONE UINT32_MAX

typedef struct {
    joined *j;
    vec atoms;
    map of;
    uint32_t *by_name;                               /* atoms in order of label, folded name, file */
    map places;                                      /* unit, root and (in a folder of several hosts) name to atom */
    moment overlap;
} classes;


static inline atom *atom_at(const classes *c, uint32_t i) { return vec_at(&c->atoms, i); }

enum { VETO_NONE = 0, VETO_SIDS = 1, VETO_NAMES = 2 };

char       *folded(const joined *j, const char *name);
const char *first_label(const joined *j, const char *name);
name_sort   sort_of_name(const joined *j, const char *name);
uint32_t    atom_of(classes *c, const char *file, const char *name);
uint32_t    class_of(const classes *c, uint32_t i);
bool        has_sid(const atom *a, const char *sid);
bool        decisive_sid(const identity_claim *k);
void        add_sid(const joined *j, atom *a, const char *sid);
bool        bears_name(const atom *a);
bool        put_together(classes *c, uint32_t a, uint32_t b, unsigned vetoes);

/* places.c: artifacts, that bear no computer name. */
bool        lies_somewhere(const joined *j, const char *file, const char *computer, const char *channel);
void        gather_places(classes *c);
void        join_places(classes *c);
void        join_to_only_host(classes *c);
void        host_of_artifacts(joined *j);
void        roots_of_hosts(joined *j);
