/* Known families and remote tools: whether a name, path, address or text is one of theirs (profiles/families.yml,
 * profiles/remote-tools.yml). A match names them; what it weighs is in `weight`.
 *
 * Shapes    Paths are compared in the form of looks_path (small letters, the Windows folder as %w). Domains match
 *           themselves and what lies below them. */
#pragma once
#include "detect/pattern.h"
#include "profile/profile.h"

typedef struct families families;
typedef struct { const char *family, *role; unsigned weight; } family_hit;      /* family NULL: none */

status     families_new(const profile *facts, arena *mem, families **out);
family_hit families_file(const families *f, const char *path);         /* of looks_path */
family_hit families_service(const families *f, const char *name);
family_hit families_task(const families *f, const char *name);
family_hit families_task_action(const families *f, const char *command);
family_hit families_run_value(const families *f, const char *name);
family_hit families_account(const families *f, const char *name);      /* without domain */
family_hit families_domain(const families *f, const char *name);
family_hit families_address(const families *f, const char *address);
family_hit families_port(const families *f, uint64_t port);
family_hit families_firewall_rule(const families *f, const char *name);
family_hit families_text(const families *f, const char *text);         /* any of its marks in a text */
family_hit families_hashes(const families *f, const char *hashes);     /* "MD5=..,SHA256=.." of Sysmon, or one SHA-256 */

typedef struct remote_tools remote_tools;
typedef struct { const char *tool, *word; pattern *name, *path; bool admin; } remote_service;
typedef struct { pattern *pipe; const char *means, *tool, *technique; } remote_pipe;
typedef struct { const char *means, *service, *process, *technique; } remote_call;
typedef struct { const char *means, *tool, *technique, *parent, *parent_command, *image, *image_path, *command; } remote_ancestry;

status                 remote_tools_new(const profile *facts, arena *mem, remote_tools **out);
const remote_service  *remote_tools_service(const remote_tools *t, pattern_room *room, const char *name, const char *path);
const remote_pipe     *remote_tools_pipe(const remote_tools *t, pattern_room *room, const char *pipe);
/* parent, image: file names in small letters; path (of the image) and commands as they are. */
const remote_ancestry *remote_tools_ancestry(const remote_tools *t, const char *parent, const char *parent_command, const char *image, const char *path, const char *command);
/* Whether an ancestry may be found with this program as parent; or with it as child, whatever its parent. */
void                   remote_tools_roles(const remote_tools *t, const char *file, const char *path, bool *parent, bool *child);
/* Explicit credentials for another host: by the program that used them, else by the service they were for ("RPCSS/HOST"). */
const remote_call     *remote_tools_call(const remote_tools *t, const char *service_name, const char *process);
bool                   remote_tools_shell(const remote_tools *t, const char *image);
