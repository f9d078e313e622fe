/* The tools that a person would use by hand for the steps of the plan: what each shows or does, and how it is called. */
#include "report/tell.h"

/* text: what it is for and what to look at; kinds: of findings or phases of the plan that make it worth naming, NULL: always. */
static const struct { const char *name, *command, *text, *phases; } tools[] = {
    { "wevtutil", "wevtutil epl Security D:\\evidence\\Security.evtx", "report.tool-wevtutil", "contain" },
    { "reg save", "reg save HKLM\\SYSTEM D:\\evidence\\SYSTEM", "report.tool-reg-save", "contain" },
    { "netsh advfirewall", "netsh advfirewall firewall show rule name=all", "report.tool-netsh", "contain" },
    { "netstat / tcpview", "netstat -ano", "report.tool-netstat", "stop" },
    { "Process Explorer / tasklist", "tasklist /v & wmic process get ProcessId,ParentProcessId,ExecutablePath,CommandLine", "report.tool-process", "stop" },
    { "Autoruns / autorunsc", "autorunsc -a * -s -h -c > autoruns.csv", "report.tool-autoruns", "persistence" },
    { "sc", "sc query state= all & sc qc NAME", "report.tool-sc", "persistence" },
    { "schtasks", "schtasks /query /v /fo csv > tasks.csv", "report.tool-schtasks", "persistence" },
    { "regedit / reg query", "reg query HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Run", "report.tool-regedit", "persistence" },
    { "WMI", "powershell Get-WmiObject -Namespace root\\subscription -Class __EventConsumer", "report.tool-wmi", "persistence" },
    { "certutil", "certutil -hashfile FILE SHA256", "report.tool-certutil", "files" },
    { "net user / lusrmgr.msc", "net user & net localgroup Administrators", "report.tool-net-user", "accounts" },
    { "secpol.msc / gpedit.msc", "net accounts", "report.tool-secpol", "close" },
    { "wmic qfe / systeminfo", "wmic qfe list brief", "report.tool-qfe", "close" },
    { "suyuan", "suyuan autoruns PATH & suyuan audit PATH & suyuan registry SYSTEM --deleted", "report.tool-suyuan", "verify" },
};

void tell_tools(const report *r, block *chapter)
{
    table *t = NULL;
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++) {
        bool used = false;
        for (const json *step = tell_first(r->c, "plan"); step && !used; step = step->next)
            used = tell_is(step, "phase", tools[i].phases);
        if (!used)
            continue;
        if (!t) {
            block *section = doc_section(chapter, r->d, 2, "tools", (both){ NULL, NULL }, tell_label("report.tools"));
            runs_words(doc_paragraph(section, r->d, NULL), tell_label("report.tools-how"));
            t = doc_table(section, r->d, NULL, tell_label("report.tools"), "stack", 60000);
            doc_column(t, tell_label("report.tool"), "name");
            doc_column(t, tell_label("report.phase"), NULL);
            doc_column(t, tell_label("report.tool-for"), "wide");
            doc_column(t, tell_label("report.command"), "code");
        }
        row *line = doc_row(t, r->d, NULL, 0);
        runs_add(&line->cells[0], RUN_STRONG, (both){ tools[i].name, NULL });
        put_badge(r, &line->cells[1], "phase.", tools[i].phases);
        runs_words(&line->cells[2], tell_say(r, tools[i].text, NULL));
        runs_code(&line->cells[3], tools[i].command);
    }
}
