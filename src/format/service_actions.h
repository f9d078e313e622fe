/* What a service does when it fails, and what starts it: values FailureActions and TriggerInfo of its key.
 *
 * Format    FailureActions: SERVICE_FAILURE_ACTIONS as the service manager stores it, 20 bytes and 8 for each action.
 *           TriggerInfo\N: Type, Action, GUID, DataN with DataTypeN (SERVICE_TRIGGER).
 * Owns      Lists and texts live in `mem`; spans point into the value.
 * Hostile   Counts and offsets; SERVICE_ACTIONS actions.
 * Fails     false when it is no such value; a list that is cut off keeps what is there, and says so. */
#pragma once
#include "base/base.h"

#define SERVICE_ACTIONS 1024u

typedef enum { SERVICE_ACTION_NONE = 0, SERVICE_ACTION_RESTART = 1, SERVICE_ACTION_REBOOT = 2, SERVICE_ACTION_COMMAND = 3, SERVICE_ACTION_OWN_RESTART = 4 } service_action_kind;

typedef struct { uint32_t kind; uint32_t delay_ms; } service_action;     /* kind: service_action_kind, or a number not known */
typedef struct {
    uint32_t reset_seconds;          /* UINT32_MAX: never */
    bool message, command;           /* the value says that there is one beside it */
    service_action *actions; size_t count;
    bool torn;
} service_failure;

bool        service_failure_read(arena *mem, span value, service_failure *out);
bool        service_failure_runs(const service_failure *f);              /* whether any action runs FailureCommand */
const char *service_action_word(uint32_t kind);                          /* "none", "restart", "reboot", "command", "own-restart", "other" */

typedef enum { SERVICE_TRIGGER_DEVICE = 1, SERVICE_TRIGGER_ADDRESS = 2, SERVICE_TRIGGER_DOMAIN = 3, SERVICE_TRIGGER_PORT = 4, SERVICE_TRIGGER_POLICY = 5,
               SERVICE_TRIGGER_ENDPOINT = 6, SERVICE_TRIGGER_STATE = 7, SERVICE_TRIGGER_ETW = 20, SERVICE_TRIGGER_AGGREGATE = 30 } service_trigger_kind;
enum { SERVICE_TRIGGER_START = 1, SERVICE_TRIGGER_STOP = 2 };
enum { SERVICE_DATA_BINARY = 1, SERVICE_DATA_STRING = 2, SERVICE_DATA_LEVEL = 3, SERVICE_DATA_ANY = 4, SERVICE_DATA_ALL = 5 };

const char *service_trigger_word(uint32_t kind);                         /* "device", "address", "domain", "port", "policy", "endpoint", "state", "etw", "aggregate", "other" */
const char *service_trigger_meaning(span guid16);                        /* "first-address", "domain-join", "port-open", "pipe", "rpc", ...; NULL when not known */
char       *service_guid(arena *mem, span guid16);                       /* "{...}"; "" when it is none */
/* A DataN as words: strings joined with '\n', a level in decimal, bytes in hex. */
char       *service_trigger_data(arena *mem, span data, uint32_t type);
