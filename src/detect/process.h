/* One process start, judged: is it a system process's name borrowed, a known file, a shell under a strange parent, a command
 * that says what it is, a program that somebody started from afar?
 *
 * Shapes    Texts as the record has them, NULL when it does not give them. A verdict's texts live in the arena given, or as long
 *           as the run.
 * Hostile   Everything in a start is evidence. */
#pragma once
#include "detect/commands.h"
#include "detect/detect.h"
#include "detect/family.h"

typedef struct {
    uint64_t record, offset;
    moment time;
    bool recovered;
    uint64_t pid, parent_pid;            /* 0: not given */
    const char *guid, *parent_guid, *image, *command, *parent, *parent_command, *account, *sid, *session, *logon, *integrity, *hashes, *original;
} process_start;

typedef struct {
    bool suspect;
    const char *file;                    /* of the image, in looks_path's form */
    const char *looks;                   /* comma list, "" when none */
    const char *reasons;                 /* words of profiles/core-processes.yml `weights`, comma list */
    const char *finding;                 /* NULL: none */
    severity severity;
    unsigned confidence;
    const char *techniques, *text;
    const char *family, *family_role;
    const command_rule *hits[COMMAND_HITS]; size_t hit_count;      /* of the command line itself */
    const char *decoded;                 /* what an encoded command says */
    /* Started from afar: how. */
    const char *means, *tool, *means_technique, *means_text, *client;
    severity means_severity;
    unsigned means_confidence;
} process_verdict;

typedef struct process_judge process_judge;
typedef struct process_room process_room;      /* one log's: what was found out of its images and command lines, within bounds */

status        process_judge_new(const profile *facts, arena *mem, process_judge **out);
process_room *process_room_new(arena *mem);
void          process_room_done(process_room *room);
void          process_judge_start(const process_judge *j, process_room *room, const process_start *s, arena *mem, process_verdict *out);
