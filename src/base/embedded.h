/* A file that was built into the program by scripts/embed.py. */
#pragma once
#include "base/span.h"

typedef struct { const char *name; span bytes; } embedded_file;
