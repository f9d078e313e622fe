/* Writes the smallest Windows driver that says its version: headers, and one section of resources. It holds no code.
 *
 * Format    Microsoft, "PE format"; VS_VERSIONINFO. */
#pragma once
#include "base/base.h"

void pe_driver(buf *out, const char *name, const unsigned version[4], const char *version_text, moment linked);
