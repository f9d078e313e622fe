/* Every file of the catalogue, one a line. Included by catalogue.c alone, which says what TEXT(id, en, zh) makes of them. */
#include "text/catalogue/words.def"
#include "text/catalogue/report.def"
#include "text/catalogue/detect_a.def"
#include "text/catalogue/detect_b.def"
#include "text/catalogue/incident_findings.def"
#include "text/catalogue/incident_story.def"
#include "text/catalogue/plan.def"
#include "text/catalogue/incident_crashes.def"
