/* Shell links (.lnk): what a click, or a startup folder, would run.
 *
 * Format    [MS-SHLLINK].
 * Shapes    Texts are UTF-8, "" when not given. `target` is the best that the link tells: its local path, else its environment block,
 *           its network path, the path that its items spell. Code pages are not known: bytes above 0x7f of 8-bit texts become U+FFFD unless
 *           they are UTF-8 or the link has the Unicode one, too.
 * Owns      Texts live in `mem`.
 * Hostile   Every size and offset; LNK_ITEMS items.
 * Fails     STATUS_DAMAGED when the header is not there. What is torn behind it is noted ("lnk.torn"). */
#pragma once
#include "base/base.h"

#define LNK_ITEMS 1024u

typedef struct {
    const char *target, *arguments, *folder;         /* folder: working directory */
    const char *local_path, *network_path, *environment_path, *item_path, *relative_path;
    const char *name, *icon;                         /* description; icon's file */
    const char *machine;                             /* NetBIOS name of the tracker block: where the target last was */
    const char *volume_label; uint32_t volume_serial; uint32_t drive_type;      /* serial and type: 0 when not given */
    uint32_t flags, attributes, show;
    moment created, accessed, written;               /* of the target */
    uint32_t target_size;
    uint16_t hotkey;
} lnk;

bool   lnk_is(span first_bytes);
status lnk_read(arena *mem, span bytes, problems *noted, lnk *out);
