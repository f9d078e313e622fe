/* A case folder as join and investigate work on it: the digests it has, those that are added, the scene, and what is written.
 *
 * Shapes    CASE/digests (each NAME.digest), CASE/scene.yml (the scene last given), case.json, case.sqlite, report.html.
 * Owns      What was opened; casework_done gives it back. casework_add takes a digest over.
 * Fails     In words, as status; what was in the folder stays as it was until everything new is made. */
#pragma once
#include "cli/verb.h"
#include "digest/digest.h"
#include "profile/profile.h"
#include "profile/scene.h"
#include "text/text.h"

/* For the verb's own table of options. */
#define CASEWORK_OPTIONS \
    { 'o', "output", "CASE", "the folder of the case (case, when not given); what is in it is added to" }, \
    { 0, "scene", "FILE", "what you were told; `suyuan scene` writes one to fill in" }, \
    { 0, "lang", "zh|en", "language of the summary, and the one that the report shows first" }, \
    { 0, "new", NULL, "replace the case in the folder instead of adding to it" }

typedef struct {
    arena mem;
    const char *folder, *digest_folder;
    lang shown;
    bool anew;                       /* what is in the folder does not count */
    profile *facts;
    const scene *scene;              /* NULL: none */
    const char *scene_path;          /* as given; NULL: the folder's own, or none */
    vec digests;                     /* of digest * */
    map names;                       /* of digests that are there already */
} casework;

const char *casework_folder(const call *c);
lang        casework_lang(const call *c);                            /* --lang, else that of the locale */
/* Reads what the folder has of digests, unless --new, and the scene. Makes the folder when it is not there. */
status casework_open(casework *w, const call *c, const char *folder);
status casework_add(casework *w, digest *d, const char *name);       /* twice the same counts once */
status casework_add_file(casework *w, const char *path);             /* a digest, or a folder of them */
/* When all went well so far: joins, writes the folder, prints the summary. Gives back what was opened, in any case. */
int    casework_finish(casework *w, const call *c, status so_far);
void   casework_done(casework *w);
