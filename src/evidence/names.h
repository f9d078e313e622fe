/* Names of files as evidence has them, and what they become in a logical path. Nothing is ever opened or written by a
 * logical path.
 *
 * Shapes    Bytes are UTF-8, else GB18030, else shown as %XX. '\' separates like '/'. From a part that names a drive the way
 *           Velociraptor does (C%3A, %5C%5C.%5CC%3A) on, %XX is decoded.
 * Hostile   "..", leading separators, drive letters, control characters, length (NAME_LONGEST): neutralised, and said. */
#pragma once
#include "base/base.h"

#define NAME_LONGEST 1024u

/* *wrong is set to words when something had to be neutralised, else NULL. Never empty. */
char *name_logical(arena *mem, span raw, const char **wrong);
char *name_join(arena *mem, const char *folder, const char *name);           /* "" and "a/b.evtx": "a/b.evtx" */
bool  name_is_system(const char *part);                                      /* a folder's name that is the same on every host: C, Windows, Logs, uploads */
