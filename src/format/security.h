/* Security descriptors: who owns a thing, and whom its list lets do what.
 *
 * Format    [MS-DTYP] 2.4.6 self-relative SECURITY_DESCRIPTOR, 2.4.4 ACEs, 2.4.2 SIDs, 2.5.1 SDDL.
 * Shapes    A SID is a span of its binary form. Rights are access masks; generic ones are spelled out by the object's kind before
 *           they are compared.
 * Owns      Spans point into the bytes read; lists and texts live in `mem`.
 * Hostile   Every offset, size and count; SECURITY_ACES entries a list.
 * Fails     STATUS_DAMAGED when it is no descriptor. An entry that cannot be read ends its list, noted ("security.ace"), and the list
 *           is marked torn: what it allows is not known then. */
#pragma once
#include "base/base.h"

#define SECURITY_ACES 4096u

typedef enum { SECURITY_FILE, SECURITY_KEY, SECURITY_SERVICE, SECURITY_MANAGER, SECURITY_WMI } security_object;      /* MANAGER: of the service manager itself */

enum { SECURITY_ACE_ALLOW = 0, SECURITY_ACE_DENY = 1, SECURITY_ACE_AUDIT = 2, SECURITY_ACE_ALLOW_OBJECT = 5, SECURITY_ACE_DENY_OBJECT = 6,
       SECURITY_ACE_ALLOW_CALLBACK = 9, SECURITY_ACE_DENY_CALLBACK = 10, SECURITY_ACE_LABEL = 17 };
enum { SECURITY_INHERIT_ONLY = 8 };

typedef struct {
    uint8_t type, flags;
    uint32_t mask;
    span sid;                        /* empty: of a kind that has none, or whose body is not known */
    span object, inherited;          /* 16 bytes each, or empty */
    span rest;                       /* behind the SID: a condition, a claim */
} security_ace;

typedef struct { bool present, null, torn; security_ace *aces; size_t count; } security_list;      /* null: present, and lets everybody do everything */
typedef struct { uint16_t control; span owner, group; security_list access, audit; } security;

status security_read(arena *mem, span bytes, problems *noted, security *out);

/* What of `wanted` the list gives somebody who is all of `who` (SIDs as text or by two letters: "SY", "BA", "IU", "SU", "WD",
 * "S-1-5-21-..."; ends with NULL): entries in order, the first that speaks of a right decides. Conditions and objects are taken as
 * if they held when they deny, and not when they allow. */
uint32_t security_allowed(const security *s, security_object kind, const char *const *who, uint32_t wanted);
/* What of `wanted` an entry denies one of `who`, whatever else allows it. */
uint32_t security_denied(const security *s, security_object kind, const char *const *who, uint32_t wanted);
uint32_t security_all(security_object kind);                             /* full control */
uint32_t security_read_rights(security_object kind);                     /* what listing and looking needs */
uint32_t security_write_rights(security_object kind);                    /* any of them lets one change what it does */

bool  security_sid_is(span sid, const char *who);
char *security_sid_text(arena *mem, span sid);                           /* "S-1-5-32-544"; "" when it is none */
const char *security_sid_letters(span sid);                              /* "BA"; NULL when SDDL has no letters for it */
char *security_sddl(arena *mem, const security *s, security_object kind);/* owner, group, access and audit list */
