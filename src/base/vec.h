/* A vector: elements of one size, grown on the heap.  item = vec_push(&v) gives a zeroed element at its end. */
#pragma once
#include "base/span.h"

typedef struct { void *at; size_t count, room, each; } vec;

void  vec_init(vec *v, size_t each);
void *vec_push(vec *v);
static inline void *vec_at(const vec *v, size_t i) { return (uint8_t *)v->at + i * v->each; }
void  vec_sort(vec *v, int (*compare)(const void *, const void *));   /* stable */
void  vec_done(vec *v);
