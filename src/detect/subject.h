/* Who and from where, as notes write it (docs/notes.md). */
#pragma once
#include "event/event.h"

char       *detect_account(const event *ev, field domain, field name, arena *mem);   /* "DOMAIN\name", "name"; NULL when none is given */
const char *detect_address(const char *text, bool *local);      /* in plain form; NULL when it names no other host; *local: it is this one */
bool        address_is_public(const char *address);             /* routed on the Internet; false for names */
