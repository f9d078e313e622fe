/* From YAML to a tree of profile_node, for profiles and scene alike.
 *
 * Shapes    A value that is empty, `~` or `null` is refused in facts; in what a person fills in, its key counts as not there; in
 *           rules it means something, and stays. Rules may be several documents: their roots are siblings.
 * Hostile   At most TREE_BYTES bytes and TREE_DEPTH levels. Anchors, aliases and tags are refused, so a small file is never
 *           a large tree; so are a second document (but in rules), a key that stands twice, and a key that is no word.
 * Fails     STATUS_BAD_INPUT with "name:line: ..." in its words. */
#pragma once
#include "profile/profile.h"

#define TREE_BYTES (4u << 20)
#define TREE_DEPTH 16

typedef enum { TREE_FACTS, TREE_FORM, TREE_RULES } tree_kind;

status tree_read_file(arena *mem, const char *path, span *out);
status tree_parse(arena *mem, const char *name, span bytes, tree_kind kind, const profile_node **root);
bool   tree_read_number(const char *text, int64_t *out);
bool   tree_read_real(const char *text, double *out);
bool   tree_read_duration(const char *text, int64_t *seconds);
bool   tree_same_word(const char *a, const char *b);           /* ASCII letters in any case */
