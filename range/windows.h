/* What each Windows version calls itself, and what its logs say in English and in Chinese.
 *
 * Source    6009, 6013 and Kernel-General 12 of published logs; display names and states as services.msc and the service
 *           control manager show them in either language. Simplified Chinese Windows keeps "Administrators", "NT AUTHORITY"
 *           and "WORKGROUP" in English. */
#pragma once
#include "base/base.h"

typedef enum { NT_60, NT_61, NT_62, NT_63, NT_100, NT_VERSIONS } nt_version;

typedef struct {
    const char *number;                     /* "6.0" */
    const char *name;                       /* "Windows Server 2008 Standard" */
    const char *long_number;                /* of 6009: "6.00." */
    unsigned major, minor, build, pack, qfe, revision;
    const char *pack_name;                  /* "Service Pack 2", or "" */
    const char *lab;                        /* build lab of 6013 */
    const char *shell;                      /* version of PowerShell that comes with it */
} nt_info;
extern const nt_info nt_table[NT_VERSIONS];
bool nt_parse(const char *number, nt_version *out);

typedef struct { const char *key, *en, *zh; } service_name;
/* Services whose states come and go over a day; those that stop and start with the machine; ends with a NULL key. */
extern const service_name services_daily[], services_boot[];
const char *service_shown(const char *key, bool zh);           /* the display name; the key itself when not known */

typedef enum {
    WORD_RUNNING, WORD_STOPPED, WORD_DEMAND, WORD_AUTO, WORD_DISABLED, WORD_USER_SERVICE, WORD_RESTART, WORD_POWER_OFF, WORD_PLANNED,
    WORD_PLANNED_OTHER, WORD_LOCAL, WORD_ZONE, WORDS
} word_id;
const char *windows_word(word_id w, bool zh);

/* 6008's texts of a local time: time and date as the system's language writes them, the date with its U+200E marks. */
void windows_time_text(moment local, bool zh, char time[32], char date[48]);
void windows_systemtime(moment t, uint8_t out[16]);
