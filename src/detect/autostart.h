/* What starts by itself: the rows of profiles/autostarts.yml looked up in a hive, what stands there read by its shape, and judged.
 *
 * Shapes    command: a command line. commands: several, commas between. command-list: one a line of a MULTI_SZ. library, libraries:
 *           one DLL; several, by lines, commas or blanks. names: of packages, the library is the name. library-name: the value's name
 *           is the path. class, class-name, class-key, class-or-key: a CLSID as data, as the value's name, as the key's, as either.
 *           The rest is told where it is read.
 * Owns      A pass and its texts live until the artifact's end.
 * Hostile   What a row finds is bounded by the hive; entries of one value by ENTRIES_OF_VALUE. Data that cannot be read as the row's
 *           shape says are an entry whose reason is `unreadable`. */
#pragma once
#include "detect/artifact.h"
#include "detect/commands.h"
#include "detect/family.h"
#include "detect/looks.h"
#include "detect/winpath.h"
#include "detect/words.h"

#define ENTRIES_OF_VALUE 256u

typedef enum { VERDICT_KNOWN, VERDICT_UNKNOWN, VERDICT_SUSPICIOUS, VERDICT_HOSTILE } verdict;

typedef enum {
    SHAPE_COMMAND, SHAPE_COMMANDS, SHAPE_COMMAND_LIST, SHAPE_RUN_ONCE_EX, SHAPE_LIBRARY, SHAPE_LIBRARIES, SHAPE_LIBRARY_NAME, SHAPE_NAMES,
    SHAPE_CLASS, SHAPE_CLASS_NAME, SHAPE_CLASS_KEY, SHAPE_CLASS_OR_KEY, SHAPE_CLASS_OR_COMMAND, SHAPE_CLASS_SERVER, SHAPE_CLASS_COMMAND, SHAPE_OFFICE_ADD_IN,
    SHAPE_FOLDER, SHAPE_FILE_PATH, SHAPE_FILE_LIST, SHAPE_ADDRESS, SHAPE_TEXT, SHAPE_NAME, SHAPE_KEY_NAME, SHAPE_HOOK, SHAPE_SEARCH_PATH, SHAPE_RENAMES,
    SHAPE_STARTUP_APPROVED, SHAPE_SAFE_BOOT, SHAPE_BOOT_SETTING, SHAPE_KNOWN_DLL, SHAPE_NETWORK_PROVIDER, SHAPE_WINSOCK, SHAPE_PRINT_PROCESSOR,
    SHAPE_PRINT_PORT, SHAPE_DRIVER_NAMES, SHAPE_SERVICE, SHAPE_SERVICE_GROUP, SHAPE_ACCESS_LIST, SHAPE_TASK_CACHE,
    SHAPE_FILE, SHAPE_STARTUP_FILE, SHAPE_ASSISTIVE_FILE, SHAPE_TASK_XML, SHAPE_TASK_JOB, SHAPE_WMI, SHAPE_BITS,
} autostart_shape;

typedef enum { IN_SOFTWARE = 1, IN_USER = 2, IN_USER_ROOT = 4, IN_CLASSES = 8, IN_CONTROL = 16, IN_SYSTEM = 32, IN_BCD = 64 } autostart_hive;
typedef enum { ENTRY_VALUE, ENTRY_KEY, ENTRY_PARENT } autostart_naming;

typedef struct { unsigned from, to; } nt_range;         /* 52, 61, 100; to UINT_MAX: open */
typedef struct { const char *entry, *data, *file; nt_range nt; } autostart_normal;      /* NULL: any; patterns */
typedef struct { bool on_entry; pattern *match; } autostart_hostile;

typedef struct {
    const char *id, *finding, *technique, *text;
    autostart_shape shape;
    unsigned hives;
    autostart_naming naming;
    bool wow, quiet, disabled;
    const char **keys; size_t key_count;
    const profile_node *values, *not_values, *files;
    const char *arguments;              /* value beside the command */
    const char *when;                   /* value beside it that switches it on; NULL: none needed */
    bool when_is, when_is_not; uint64_t when_number, when_bits; unsigned when_since;
    nt_range nt;
    verdict otherwise, odd, script;
    autostart_normal *normals; size_t normal_count;
    autostart_hostile *hostiles; size_t hostile_count;
} autostart_row;

typedef struct { const char *name, *file, *library; nt_range nt; } known_start;       /* patterns in the form of looks_path; library NULL: none */
typedef struct { known_start *rows; size_t count; word_table *names; const known_start **starred; size_t starred_count; } known_list;
typedef struct { const char *service; unsigned nt; } nt_mark;
typedef struct { const char *name; const profile_node *folders; } core_name;

typedef struct {
    autostart_row *rows; size_t row_count;
    const autostart_row *driver, *failure;
    known_list services, drivers, tasks;
    known_start *products; size_t product_count;
    known_start *programs; size_t program_count;
    word_table *libraries, *safe_boot, *groups, *classes;
    const char **class_files;
    nt_mark *marks; size_t mark_count;
    core_name *core; size_t core_count; word_table *core_names;
    const profile_node *also_lawful, *near_to; word_table *not_near;
    const profile_node *subscriptions;  /* of WMI, known ones */
    commands *commands;
    families *families;
    remote_tools *remote;
    looks *looks;
} autostart_run;

/* One hive's pass. */
typedef struct {
    const autostart_run *run;
    const hive_view *view;              /* NULL: a file that is no hive */
    const char *user;                   /* whose; "" when it cannot be told */
    detect_log *out;
    arena *mem, work;                   /* work is emptied after each entry's source */
    pattern_room *room;
    winpath_host host, host_wow;
    unsigned nt;                        /* 0: not told */
    bool wow;                           /* the row at hand is read in its 32-bit twin */
    const char *prefix;                 /* what stands before the path of a key: "HKLM\SOFTWARE"; NULL: nothing */
    map approved;                       /* names that Explorer switched off */
    regf_lost *lost; size_t lost_count;
} autostart_pass;

/* A key with its values, live or recovered. */
typedef struct { regf_key key; const char *path; const regf_value *values; size_t value_count; bool lost; } autostart_source;

/* What was found, before it is judged. Texts NULL or "": not told. */
typedef struct {
    const char *entry, *value, *data;   /* data: what normal values are compared with; NULL: the command */
    const char *command, *file, *target;
    const char *clsid, *runs_as, *start, *type, *hidden, *arguments;
    const char *definition;             /* of a task: SHA-256 of its definition file, without its byte order mark */
    bool harmless, in_place;            /* it starts nothing; its folder is the one it belongs in */
    bool disabled, switched_off, unquoted, unreadable;     /* switched_off: what stands beside it does not let it start */
    const char *family_name;            /* a name by which families are known, beside the entry's */
    enum { AS_ANY, AS_SERVICE, AS_TASK, AS_RUN } as;
    bool has_verdict; verdict verdict; const char *reason;         /* what the shape itself says, at least */
} autostart_entry;

typedef struct { verdict verdict; const char *reason, *looks, *family, *decoded; unsigned confidence; } autostart_judged;

status autostart_setup(const detect_setup *s, void **run);
bool   autostart_like(const char *pattern, const char *text);                           /* `*`, `?` and [*]; ASCII letters in any case */
char  *autostart_plain(const char *text, arena *mem);                                   /* small letters, the Windows folder as %w wherever it stands */
bool   autostart_in(nt_range r, unsigned nt);

autostart_judged autostart_judge(autostart_pass *p, const autostart_row *row, const autostart_entry *e);
const known_start *autostart_known(const known_list *l, const char *name, size_t *at);   /* each of that name in turn; at begins with 0 */
bool autostart_windows_library(const autostart_run *r, const char *path);                /* of looks_path */
bool autostart_core_elsewhere(const autostart_run *r, const char *path);                 /* of looks_path: a core process's name outside its folders */

/* Notes an entry. record tells entries of one value apart by their number. */
void autostart_note(autostart_pass *p, const autostart_row *row, const autostart_source *from, uint32_t cell, size_t number, autostart_entry *e);

const winpath_host *autostart_host(const autostart_pass *p);
bool        autostart_value(const autostart_pass *p, const autostart_source *from, const char *name, regf_value *out);
const char *autostart_text(autostart_pass *p, const autostart_source *from, const char *name);       /* NULL: none, or no text */
bool        autostart_number(autostart_pass *p, const autostart_source *from, const char *name, uint64_t *out);
const char *autostart_part(const char *path, unsigned up, arena *mem);                   /* the last part of a path, or the one `up` before it */
void        autostart_set_command(autostart_pass *p, autostart_entry *e, const char *command);

/* The file behind a class, if its hive tells it; NULL when the class is not in this hive. */
const char *autostart_class_file(autostart_pass *p, const char *clsid);
bool        autostart_is_class(const char *text);

/* Of a class of the machine that Windows' own libraries do not serve: its file, for entries of other hives that name it. */
void autostart_note_class(autostart_pass *p, const autostart_source *from, const autostart_entry *e, const autostart_judged *j, const char *verdict);

void autostart_services(autostart_pass *p, const autostart_row *row);
void autostart_service_lost(autostart_pass *p, const autostart_row *row, const autostart_source *from);
void autostart_tasks(autostart_pass *p, const autostart_row *row);

bool   autostart_wants(const void *run, artifact_kind kind, const char *where, const char *path);
status autostart_file(const void *run, const file_view *f, detect_log *out);
