/* The WMI repository: what Windows itself waits for, and on some hosts what the worm does (its builds from June 2020 on). */
#include "range/host.h"

#include "range/wmi_write.h"

void host_wmi(estate *e)
{
    wmi_subscription all[3] = { { "NTEventLogEventConsumer", "SCM Event Log Filter", "select * from MSFT_SCMEventLogEvent",
                                  "SCM Event Log Consumer", NULL, "Service Control Manager", host_sid(e->mem, "S-1-5-32-544"),
                                  e->installed } };
    size_t count = 1;
    moment at = e->h->step >= 0 ? host_clock(e, e->w->steps[e->h->step].success) + 6 * MOMENT_MINUTE : e->end;
    bool hostile = e->h->step >= 0 && e->w->seed != 1 && rng_chance(&e->plant, 30) && at < e->end;
    if (e->h->nt <= NT_61)
        all[count++] = (wmi_subscription){ "CommandLineEventConsumer",
                                           "BVTFilter",
                                           "SELECT * FROM __InstanceModificationEvent WITHIN 60 WHERE TargetInstance ISA "
                                           "\"Win32_Processor\" AND TargetInstance.LoadPercentage > 99",
                                           "BVTConsumer",
                                           "cscript KernCap.vbs",
                                           NULL,
                                           host_sid(e->mem, "S-1-5-32-544"),
                                           e->installed };
    if (hostile) {
        unsigned n = (unsigned)rng_range(&e->plant, 1000, 9999);
        const char *consumer = host_print(e, "c%u", n), *command = "cmd.exe /c powershell -w hidden -ep bypass -e " ENCODED;
        all[count++] = (wmi_subscription){
            "CommandLineEventConsumer",
            host_print(e, "f%u", n),
            "SELECT * FROM __InstanceModificationEvent WITHIN 3600 WHERE TargetInstance ISA 'Win32_PerfFormattedData_PerfOS_System'",
            consumer,
            command,
            NULL,
            host_sid(e->mem, "S-1-5-18"),
            at
        };
        told_planted(e, (planted){ .kind = "wmi-subscription",
                                   .location = "Windows/System32/wbem/Repository/OBJECTS.DATA",
                                   .value = "",
                                   .name = consumer,
                                   .command = command,
                                   .file = "cmd.exe",
                                   .technique = "T1546.003",
                                   .hostile = true,
                                   .at = at });
    }
    buf files[3];
    static const char *const names[] = { "OBJECTS.DATA", "INDEX.BTR", "MAPPING1.MAP" };
    for (int i = 0; i < 3; i++)
        buf_init(&files[i], 1 << 24);
    wmi_repository(all, count, e->installed, &files[0], &files[1], &files[2]);
    for (int i = 0; i < 3; i++) {
        host_file(e, host_print(e, "Windows/System32/wbem/Repository/%s", names[i]), buf_bytes(&files[i]));
        buf_done(&files[i]);
    }
}
