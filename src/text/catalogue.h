/* The catalogue itself, for text.c and for the test that reads all of it. */
#pragma once
#include <stddef.h>

typedef struct { const char *id, *en, *zh; } text_entry;

const text_entry *catalogue_find(const char *id);         /* NULL when there is none */
const text_entry *catalogue_entries(size_t *count);       /* in the order of the files */
