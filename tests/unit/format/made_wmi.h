/* WMI repositories made for tests: classes, objects, pages, an index and a map. */
#pragma once
#include "format/wmi.h"

typedef struct {
    unsigned version;                /* 5: XP, 6: later */
    buf objects, index, map;
    struct { uint32_t id, size; size_t at; } entries[64];   /* of the page that is filled */
    size_t entry_count, used;
    buf page;                        /* contents behind the table, from offset 1040 on */
    uint32_t *order; size_t pages;   /* physical page of each logical one */
    struct { char key[400]; } keys[256];
    size_t key_count;
    uint32_t next_id;
} made_wmi;

typedef struct { const char *name; uint32_t type; const char *text; uint32_t number; span bytes; } made_field;       /* text NULL, bytes empty: a number; name NULL ends */

void made_wmi_init(made_wmi *m, unsigned version);
void made_wmi_done(made_wmi *m);
/* A class with own properties behind `inherited` ones of `inherited_bytes`; a number of one is where its value lies instead, and one more. */
void made_class(made_wmi *m, const char *space, const char *name, const char *super, const made_field *own, unsigned inherited, uint32_t inherited_bytes);
/* An object; fields of the class from its first ancestor on; those with text NULL, no bytes and number 0 are not set. `space` NULL: no key
 * leads to it. Gives where in its page it lies. */
size_t made_object(made_wmi *m, const char *space, const char *class_name, const made_field *all, uint64_t written);
void made_page(made_wmi *m, bool mapped);                    /* ends a page */
wmi_files made_files(made_wmi *m);                           /* ends index and map */
/* The usual classes of root\subscription. */
void made_usual_classes(made_wmi *m);
void made_filter(made_wmi *m, const char *space, const char *name, const char *query);
void made_command(made_wmi *m, const char *space, const char *name, const char *command);
void made_binding(made_wmi *m, const char *space, const char *filter_path, const char *consumer_path);
