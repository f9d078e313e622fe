/* The store: a case on disk. case.json for other programs (docs/case.schema.json), case.sqlite with all of it.
 *
 * Shapes    Sentences become {en, zh} here. Same case, same bytes, but for the run's own time, which obeys SOURCE_DATE_EPOCH.
 * Fails     STATUS_IO. Files are written under a temporary name, synced and renamed. */
#pragma once
#include "base/base.h"
#include "model/case.h"
#include "text/text.h"

status store_json(const suyuan_case *c, moment made, buf *out);
status store_write(const suyuan_case *c, moment made, const char *folder);           /* case.json and case.sqlite */
