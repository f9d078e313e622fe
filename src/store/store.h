/* The store: a case on disk. case.json for other programs (docs/case.schema.json), case.sqlite with all of it.
 *
 * Shapes    Sentences become {en, zh} here. Same case, same bytes, but for the run's own time, which obeys SOURCE_DATE_EPOCH.
 *           case.sqlite is made from case.json: a table for each list (src/store/store_sqlite.c), `reference` for evidence,
 *           and `sentence`, which finds any three characters of either language.
 * Fails     STATUS_IO. STATUS_LIMIT, when a case would be larger than STORE_BYTES. Files are written under a temporary
 *           name, synced and renamed. */
#pragma once
#include "base/base.h"
#include "model/case.h"
#include "text/text.h"

#define STORE_BYTES (512u << 20)

status store_json(const suyuan_case *c, moment made, buf *out);
status store_write(const suyuan_case *c, moment made, const char *folder);           /* case.json and case.sqlite */
status store_file(const char *folder, const char *name, span bytes);                 /* any file, in the same careful way */
status store_path(const char *path, span bytes);                                      /* the same, of a path as somebody gave it */
status store_sqlite(const json *c, const char *folder);                              /* case.sqlite, from a parsed case.json */
