/* Audits of hosts as text, JSON lines, CSV and one HTML page.
 *
 * Shapes    Of a case: its hosts and exposure. table: for a person, failed checks first, the worst of them first, each with why, the
 *           policy and the exact command. JSONL: one object a check, and one a host with its score ("score"). CSV: one line a check.
 *           html: all of it on one page that needs nothing else, in both languages.
 * Hostile   Names and values are evidence: the caller escapes for a terminal, a cell of CSV never begins as a formula does. */
#pragma once
#include "audit/audit.h"
#include "model/case.h"
#include "text/text.h"

typedef enum { AUDIT_TABLE, AUDIT_JSONL, AUDIT_CSV, AUDIT_HTML } audit_format;

audit_score audit_score_of(const suyuan_case *c, uint32_t host);     /* all zero: nothing of the host was asked */
const char *audit_baseline_word(const char *baseline, char *room, size_t size, lang l);     /* its name for a person */
const char *audit_wanted(const exposure *e, lang l);                 /* in words where it is no number */
void        audit_print(const suyuan_case *c, audit_format f, lang l, buf *out);
void        audit_page(const suyuan_case *c, lang l, arena *mem, buf *out);
