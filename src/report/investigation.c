#include "report/tell.h"

void tell_investigation(report *r)
{
    block *chapter = doc_section(r->d->root, r->d, 1, "investigation", tell_label("report.number-2"), tell_label("report.chapter-2"));
    tell_crashes(r, chapter);
    tell_entry(r, chapter);
    tell_activity(r, chapter);
    tell_story(r, chapter);
    tell_findings(r, chapter);
    tell_rules(r, chapter);
}
