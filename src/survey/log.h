/* One event log of evidence: its records through the detectors, their notes into a digest.
 *
 * Owns      A reader belongs to one thread and is used for one log after the other. */
#pragma once
#include "detect/detect.h"
#include "digest/digest.h"
#include "evidence/evidence.h"
#include "survey/rules.h"

typedef struct {
    const detect_run *run;
    const rule_setup *rules;                 /* NULL: none */
    binxml_templates *templates;             /* shared by all readers */
    moment since, until;
    progress *progress;                      /* told as bytes of logs that are no members of archives are read */
} log_setup;

typedef struct log_reader log_reader;
log_reader *log_reader_new(const log_setup *setup);
void        log_reader_free(log_reader *r);
/* Adds the log's notes to `out`, and to *e what is known of the file; problems go to `noted`. */
status      log_read(log_reader *r, const evidence_item *item, problems *noted, evidence_file *e, digest *out);
/* The same of an export in JSON; STATUS_UNSUPPORTED when there is no event in it. */
status      log_read_json(log_reader *r, const evidence_item *item, problems *noted, evidence_file *e, digest *out);
