/* Paths and command lines as a host's registry has them, made into the path of the file that starts.
 *
 * Source    How Windows' loader, its service manager (CreateProcess) and its shell find files; [MS-DTYP] for device prefixes.
 * Shapes    Variables are those of the host whose evidence it is, never of the machine that reads: a variable that its hives do not
 *           tell stays as it is written, and the Windows folder is "%SystemRoot%" then. Paths keep their letters' case; compare them
 *           through looks_path. `file` is "" when the text names none.
 * Owns      Results live in the arena given.
 * Hostile   Everything: texts are cut at WINPATH_TEXT bytes, variables are put in WINPATH_ROUNDS times at most. */
#pragma once
#include "base/base.h"

#define WINPATH_TEXT 8192u
#define WINPATH_ROUNDS 4
#define WINPATH_VARIABLES 96u

typedef struct { const char *name, *value; } winpath_variable;               /* name without percent signs */
typedef struct {
    winpath_variable variables[WINPATH_VARIABLES]; size_t count;
    bool wow;                        /* what is read is for 32-bit programs of a 64-bit Windows */
} winpath_host;

typedef struct {
    const char *file;                /* the program, as a full path where it can be told */
    const char *arguments;
    const char *target;              /* what a program runs that only runs others (cmd, rundll32, wscript, ...); "" else */
    bool unquoted;                   /* the path has a blank and no quotes, outside the Windows folder: Windows tries shorter ones first */
} winpath;

void        winpath_put(winpath_host *h, const char *name, const char *value);           /* the first value of a name counts; lent */
const char *winpath_full(const winpath_host *h, const char *path, arena *mem);           /* of one file, without arguments */
const char *winpath_library(const winpath_host *h, const char *name, arena *mem);        /* of a library: without folder it is the system folder's */
winpath     winpath_command(const winpath_host *h, const char *command, arena *mem);
