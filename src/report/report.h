/* The report: one self-contained HTML page, both languages inside, from a case as case.json has it.
 *
 * Shapes    Reads the parsed case.json only (docs/case.schema.json), so an old case can be printed again.
 * Hostile   Every string of the case is evidence: escaped where it is put.
 * Fails     STATUS_DAMAGED when it is no case. */
#pragma once
#include "base/base.h"
#include "text/text.h"

status report_html(const json *c, lang first, buf *out);
status report_summary(const json *c, lang l, unsigned max_lines, buf *out);          /* plain text for a terminal, at most max_lines */
