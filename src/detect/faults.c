/* What else did the machine complain of, and what was changed on it? Processors, memory, disks and heat; exhausted memory; updates,
 * drivers and definitions of virus scanners; the cluster, the virtual machine's host and the power supply around it. None of
 * this is a finding: it speaks for and against the causes of a stop.
 *
 * Source    field names of the manifests of Windows 7 and 10; disk and Ntfs events have unnamed data that begin with the device;
 *           3230 to 3232 of the UPS service as lmerrlog.h numbers them.
 * Shapes    What comes in floods (corrected errors, retries) is counted, the rest is an act each. */
#include "detect/detect.h"

#include "base/utf16.h"

#include <strings.h>

#define WHEA "Microsoft-Windows-WHEA-Logger"
#define POWER "Microsoft-Windows-Kernel-Power"
#define UPDATE "Microsoft-Windows-WindowsUpdateClient"
#define CLUSTER "Microsoft-Windows-FailoverClustering"
#define SERVICING "Microsoft-Windows-Servicing"
#define PNP "Microsoft-Windows-Kernel-PnP"
#define DEFENDER "Microsoft-Windows-Windows Defender/Operational"

enum { NAMES = 6 };

/* kind NULL: only counted, as hardware.trouble. names: a field and the fact it becomes, in turn. */
typedef struct { const char *channel, *provider; uint32_t id; const char *kind, *what; const char *names[2 * NAMES]; } row;

#define PROCESSOR { "ErrorSource", "source", "ErrorType", "error", "ApicId", "processor", "MCABank", "bank", "MciStat", "status", "MciAddr", "address" }
#define MEMORY { "ErrorSource", "source", "ErrorType", "error", "PhysicalAddress", "address", "Node", "node", "Card", "card", "Module", "part" }
#define BUS { "ErrorSource", "source", "Bus", "bus", "Device", "slot", "Function", "function", "VendorID", "vendor", "DeviceID", "part" }
#define PACKAGE { "PackageIdentifier", "title", "IntendedPackageState", "wanted", "ErrorCode", "error", "Client", "by", "identifier", "title", "errorCode", "error" }
#define UPDATED { "updateTitle", "title", "errorCode", "error", "updatelist", "title" }
#define CONFIGURED { "DeviceInstanceId", "device", "DriverName", "driver", "DriverProvider", "provider", "DriverVersion", "version", "ServiceName", "service", "Status", "status" }

static const row rows[] = {
    { "System", WHEA, 18, "hardware.fault", "processor", PROCESSOR },
    { "System", WHEA, 20, "hardware.fault", "processor", PROCESSOR },
    { "System", WHEA, 46, "hardware.fault", "memory", MEMORY },
    { "System", WHEA, 22, "hardware.fault", "memory", MEMORY },
    { "System", WHEA, 16, "hardware.fault", "bus", BUS },
    { "System", WHEA, 24, "hardware.fault", "bus", BUS },
    { "System", WHEA, 1, "hardware.fault", "reported", { 0 } },
    { "System", WHEA, 19, NULL, "corrected-processor", { 0 } },
    { "System", WHEA, 47, NULL, "corrected-memory", { 0 } },
    { "System", WHEA, 17, NULL, "corrected-bus", { 0 } },
    { "System", WHEA, 41, NULL, "corrected-bus", { 0 } },
    { "System", "disk", 7, NULL, "disk-bad-block", { 0 } },
    { "System", "disk", 11, NULL, "disk-controller", { 0 } },
    { "System", "disk", 15, NULL, "disk-not-ready", { 0 } },
    { "System", "disk", 51, NULL, "disk-paging", { 0 } },
    { "System", "disk", 52, "hardware.fault", "disk-failing", { 0 } },
    { "System", "disk", 153, NULL, "disk-retried", { 0 } },
    { "System", "disk", 154, NULL, "disk-hardware", { 0 } },
    { "System", "disk", 157, "hardware.fault", "disk-removed", { 0 } },
    { "System", NULL, 129, NULL, "disk-reset", { 0 } },
    { "System", "Ntfs", 55, NULL, "volume-corrupt", { 0 } },
    { "System", "Microsoft-Windows-Ntfs", 55, NULL, "volume-corrupt", { 0 } },
    { "System", "Ntfs", 50, NULL, "volume-lost-write", { 0 } },
    { "System", "Ntfs", 57, NULL, "volume-lost-write", { 0 } },
    { "System", "Microsoft-Windows-Ntfs", 140, NULL, "volume-lost-write", { 0 } },
    { "System", "Ntfs", 137, NULL, "volume-transactions", { 0 } },
    { "System", "Microsoft-Windows-MemoryDiagnostics-Results", 1101, "memory.test", "clean", { 0 } },
    { "System", "Microsoft-Windows-MemoryDiagnostics-Results", 1201, "memory.test", "clean", { 0 } },
    { "System", "Microsoft-Windows-MemoryDiagnostics-Results", 1102, "memory.test", "errors", { "NumBadPages", "pages" } },
    { "System", "Microsoft-Windows-MemoryDiagnostics-Results", 1202, "memory.test", "errors", { "NumBadPages", "pages" } },
    { "System", POWER, 86, "hardware.fault", "heat", { "ThermalZoneDeviceInstance", "device", "_CRT", "limit" } },
    { "System", "Microsoft-Windows-Kernel-Processor-Power", 37, NULL, "throttled", { 0 } },
    { "System", "Microsoft-Windows-Resource-Exhaustion-Detector", 2004, "resource.low", "commit",
      { "Process_1_Name", "process", "Name", "process", "Process_1_ID", "pid", "SystemCommitCharge", "used", "SystemCommitLimit", "limit", "NonPagedPoolTag_1", "tag" } },
    { "System", "srv*", 2019, "resource.low", "nonpaged-pool", { 0 } },
    { "System", "srv*", 2020, "resource.low", "paged-pool", { 0 } },
    { "System", UPDATE, 19, "update", "installed", UPDATED },
    { "System", UPDATE, 20, "update", "failed", UPDATED },
    { "System", UPDATE, 21, "update", "restart-needed", UPDATED },
    { "System", UPDATE, 43, "update", "begun", UPDATED },
    { "Setup", SERVICING, 2, "update", "package", PACKAGE },
    { "Setup", SERVICING, 3, "update", "package-failed", PACKAGE },
    { "Setup", SERVICING, 4, "update", "restart-needed", PACKAGE },
    { "System", "Microsoft-Windows-UserPnp", 20001, "driver.install", "installed",
      { "DriverName", "driver", "DriverVersion", "version", "DriverProvider", "provider", "DeviceInstanceID", "device", "InstallStatus", "status", "DriverDescription", "title" } },
    { "System", "Microsoft-Windows-UserPnp", 20003, "driver.install", "service", { "ServiceName", "service", "DriverFileName", "file", "DeviceInstanceID", "device", "AddServiceStatus", "status" } },
    { "System", PNP, 219, "driver.fail", "not-loaded", { "DriverName", "device", "FailureName", "file", "Status", "status" } },
    { "Microsoft-Windows-Kernel-PnP/Configuration", PNP, 400, "driver.install", "configured", CONFIGURED },
    { "Microsoft-Windows-Kernel-PnP/Configuration", PNP, 410, "driver.install", "started", CONFIGURED },
    { "Microsoft-Windows-Kernel-PnP/Configuration", PNP, 411, "driver.fail", "not-started", CONFIGURED },
    { "Microsoft-Windows-Kernel-PnP/Configuration", PNP, 420, "driver.install", "removed", CONFIGURED },
    { DEFENDER, NULL, 2000, "protection.update", "definitions", { "Product Name", "product", "Current Signature Version", "version" } },
    { DEFENDER, NULL, 2002, "protection.update", "engine", { "Product Name", "product", "Current Engine Version", "version" } },
    { "System", "Microsoft Antimalware", 2000, "protection.update", "definitions", { "Product Name", "product", "Current Signature Version", "version" } },
    { "System", "Microsoft Antimalware", 2002, "protection.update", "engine", { "Product Name", "product", "Current Engine Version", "version" } },
    { "System", CLUSTER, 1135, "cluster.fault", "node-lost", { "NodeName", "node" } },
    { "System", CLUSTER, 1146, "cluster.fault", "resource-host-ended", { "ResourceName", "resource" } },
    { "System", CLUSTER, 1230, "cluster.fault", "resource-hung", { "ResourceName", "resource", "ResTypeDll", "file" } },
    { "Microsoft-Windows-Hyper-V-Worker-Admin", NULL, 18590, "guest.crash", "bug-check", { "VmName", "guest", "VmId", "id", "ErrorCode0", "code" } },
    { "System", "UPS", 3230, "power.supply", "lost", { 0 } },
    { "System", "UPS", 3231, "power.supply", "back", { 0 } },
    { "System", "UPS", 3232, "power.supply", "battery-low", { 0 } },
    { "System", POWER, 105, "power.supply", "source", { "AcOnline", "mains" } },
};
enum { ROWS = sizeof rows / sizeof *rows };

typedef struct { field of[ROWS][NAMES]; } faults_run;

static status setup(const detect_setup *s, void **out)
{
    faults_run *run = arena_alloc(s->mem, sizeof *run);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t k = 0; k < NAMES; k++)
            run->of[i][k] = rows[i].names[2 * k] ? fields_intern(s->names, rows[i].names[2 * k]) : FIELD_NONE;
    *out = run;
    return status_ok();
}

static bool fits(span name, const char *wanted, arena *mem)
{
    if (!wanted)
        return true;
    const char *text = utf16_text(mem, utf16_trim(name));
    size_t len = strlen(wanted);
    if (wanted[len - 1] == '*')
        return strncasecmp(text, wanted, len - 1) == 0;
    return strcasecmp(text, wanted) == 0;
}

static const row *row_of(const event *ev, arena *mem)
{
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].id == ev->event_id && fits(ev->channel, rows[i].channel, mem)
            && (fits(ev->provider, rows[i].provider, mem) || fits(ev->event_source, rows[i].provider, mem)))
            return &rows[i];
    return NULL;
}

/* The first of the unnamed data that names a device, as \Device\Harddisk0\DR0. */
static const char *device_of(const event *ev, arena *mem)
{
    for (size_t i = 0; i < event_data_count(ev) && i < 3; i++) {
        const char *text = value_text(event_data(ev, i), mem);
        if (text && (strncasecmp(text, "\\Device\\", 8) == 0 || (text[0] && text[1] == ':')))
            return text;
    }
    return NULL;
}

static void step(const void *context, void *state, const event *ev, detect_log *out)
{
    const faults_run *run = context;
    arena *mem = detect_scratch(out);
    const row *r = row_of(ev, mem);
    (void)state;
    if (!r)
        return;
    const char *device = device_of(ev, mem);
    bool plain = strcmp(r->what, "disk-reset") == 0;
    /* The number 129 is everybody's; only a driver of storage names a port. */
    if (plain && (!device || (strncasecmp(device, "\\Device\\RaidPort", 16) != 0 && strncasecmp(device, "\\Device\\Scsi", 12) != 0)))
        return;
    if (!r->kind) {
        detect_count(out, ev, "hardware.trouble", "what", r->what, "device", device, NULL);
        return;
    }
    detect_act_builder *a = detect_act(out, ev, r->kind);
    detect_fact(a, "state", r->what);
    detect_fact(a, "device", device);
    for (size_t k = 0; k < NAMES && r->names[2 * k]; k++) {
        binxml_value v = event_get(ev, run->of[r - rows][k]);
        uint64_t flag;
        if (strcmp(r->names[2 * k + 1], "mains") == 0)
            detect_fact(a, "mains", value_u64(v, &flag) ? flag ? "yes" : "no" : NULL);
        else
            detect_fact_value(a, r->names[2 * k + 1], v);
    }
}

static const detect_want wants[] = {
    { "System", WHEA, DETECT_ANY }, { "System", "disk", DETECT_ANY }, { "System", NULL, 129 }, { "System", "Ntfs", DETECT_ANY },
    { "System", "Microsoft-Windows-Ntfs", DETECT_ANY }, { "System", "Microsoft-Windows-MemoryDiagnostics-Results", DETECT_ANY },
    { "System", POWER, 86 }, { "System", POWER, 105 }, { "System", "Microsoft-Windows-Kernel-Processor-Power", 37 },
    { "System", "Microsoft-Windows-Resource-Exhaustion-Detector", 2004 }, { "System", "srv*", 2019 }, { "System", "srv*", 2020 },
    { "System", UPDATE, 19 }, { "System", UPDATE, 20 }, { "System", UPDATE, 21 }, { "System", UPDATE, 43 }, { "Setup", SERVICING, 2 },
    { "Setup", SERVICING, 3 }, { "Setup", SERVICING, 4 }, { "System", "Microsoft-Windows-UserPnp", 20001 },
    { "System", "Microsoft-Windows-UserPnp", 20003 }, { "System", PNP, 219 }, { "Microsoft-Windows-Kernel-PnP/Configuration", PNP, DETECT_ANY },
    { DEFENDER, NULL, 2000 }, { DEFENDER, NULL, 2002 }, { "System", "Microsoft Antimalware", 2000 }, { "System", "Microsoft Antimalware", 2002 },
    { "System", CLUSTER, 1135 }, { "System", CLUSTER, 1146 }, { "System", CLUSTER, 1230 }, { "Microsoft-Windows-Hyper-V-Worker-Admin", NULL, 18590 },
    { "System", "UPS", DETECT_ANY },
};
const detector detect_faults = { "faults", wants, sizeof wants / sizeof *wants, setup, NULL, step, NULL };
