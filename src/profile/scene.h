/* The scene: what the responder was told, from scene.yml. Each claim in it that evidence can check is checked later.
 *
 * Format    YAML, UTF-8 or GB18030: customer, time_zone (required), network, team[], hosts[] (name, addresses[], role,
 *           protection), claims[] (host, what, value, precision). scene_template writes one with comments.
 * Shapes    Told times are local to `zone`; here they are UTC. `from` and `until` are the ends, both included, of what was
 *           told give or take its precision (without one: the last digit told, a minute or a second).
 * Owns      Everything lives in the arena given.
 * Fails     The first mistake, with its line: "scene.yml:12: unknown key 'hots'". */
#pragma once
#include "base/base.h"
#include "base/zone.h"

#define SCENE_NO_HOST SIZE_MAX

typedef enum {
    SCENE_BLUE_SCREEN, SCENE_RESTART, SCENE_SLOW, SCENE_FIRST_SEEN, SCENE_NOBODY_LOGGED_ON,     /* these have a time */
    SCENE_OS, SCENE_ANTIVIRUS, SCENE_PATCH, SCENE_OPEN_PORT, SCENE_ACCOUNT,                     /* these have a text */
} scene_what;

typedef struct {
    const char *name;
    const char **addresses; size_t address_count;
    const char *role, *protection;      /* NULL: not told */
    unsigned line;
} scene_host;

typedef struct {
    const char *host;                   /* as told: a name or an address */
    size_t index;                       /* of the host in `hosts` that has this name or address; SCENE_NO_HOST: none has */
    scene_what what;
    const char *value;                  /* as told */
    moment time, from, until;           /* of kinds with a time; MOMENT_UNKNOWN for the others */
    int64_t precision;                  /* seconds */
    const char *precision_told;         /* "5m"; NULL: not told */
    unsigned port;                      /* of SCENE_OPEN_PORT; 0 for the others */
    unsigned line;
} scene_claim;

typedef struct scene {
    const char *customer, *network;     /* NULL: not told */
    const char **team; size_t team_count;
    zone zone;
    scene_host *hosts; size_t host_count;
    scene_claim *claims; size_t claim_count;
} scene;

status      scene_read(arena *mem, const char *path, const scene **out);
status      scene_parse(arena *mem, const char *name, span bytes, const scene **out);    /* `name` stands in the errors */
const char *scene_word(scene_what what);                    /* "blue-screen" */
bool        scene_has_time(scene_what what);
const char *scene_template(const char *lang);               /* "zh" or else English */
