/* Who came by OpenSSH, and who tried? (OpenSSH/Operational 4: one line of sshd, in English whatever the system's language.) */
#include "detect/attempts.h"
#include "detect/subject.h"

typedef struct { attempt_facts *facts; field payload; } ssh_run;
typedef struct { attempts *tries; } ssh_state;

static status setup(const detect_setup *s, void **out)
{
    ssh_run *run = arena_alloc(s->mem, sizeof *run);
    run->payload = fields_intern(s->names, "payload");
    *out = run;
    return attempt_facts_new(s->facts, s->mem, &run->facts);
}

static void *start(const void *data, arena *mem)
{
    const ssh_run *run = data;
    ssh_state *p = arena_alloc(mem, sizeof *p);
    p->tries = attempts_new(run->facts, mem);
    return p;
}

/* "... for [invalid user ]NAME from ADDRESS port N ssh2": NAME may hold blanks, and even " from ". */
static bool read_line(char *line, attempt *t, bool *invalid)
{
    char *name = strstr(line, " for ");
    if (!name)
        return false;
    name += 5;
    *invalid = strncmp(name, "invalid user ", 13) == 0;
    name += *invalid ? 13 : 0;
    char *from = NULL, *port;
    for (char *at = strstr(name, " from "); at; at = strstr(at + 1, " from "))
        from = at;
    if (!from)
        return false;
    *from = 0;
    char *address = from + 6;
    port = strstr(address, " port ");
    if (port) {
        *port = 0;
        t->port = port + 6;
        port[6 + strcspn(port + 6, " ")] = 0;
    }
    address[strcspn(address, "% ")] = 0;
    t->account = name;
    t->source = detect_address(address, &t->source_local);
    return *name != 0;
}

static void step(const void *data, void *state, const event *ev, detect_log *out)
{
    const ssh_run *run = data;
    ssh_state *p = state;
    char *line = value_text(event_get(ev, run->payload), detect_scratch(out));
    if (!line)
        return;
    bool failed = strncmp(line, "Failed ", 7) == 0, accepted = strncmp(line, "Accepted ", 9) == 0, invalid;
    attempt t = { .protocol = "ssh" };
    char *how = line + (failed ? 7 : 9);
    if ((!failed && !accepted) || !read_line(line, &t, &invalid))
        return;
    how[strcspn(how, " ")] = 0;
    if (failed && strcmp(how, "none") != 0) {      /* "none" is a client asking which ways there are */
        t.reason = invalid ? "user" : strcmp(how, "password") == 0 ? "password" : "other";
        attempts_failed(p->tries, ev, &t, out);
    } else if (accepted) {
        t.package = how;
        attempts_succeeded(p->tries, ev, &t, out);
    }
}

static void finish(const void *data, void *state, detect_log *out)
{
    (void)data;
    attempts_end(((ssh_state *)state)->tries, out);
}

static const detect_want wants[] = { { "OpenSSH/Operational", NULL, 4 } };
const detector detect_ssh = { "ssh", wants, 1, setup, start, step, finish };
