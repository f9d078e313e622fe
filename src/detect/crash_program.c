/* Which program left its memory, and was it the one that keeps the credentials? */
#include "detect/crash_program.h"

#include "detect/crash_dump.h"

status program_read(arena *mem, source from, problems *noted, program_reading *r)
{
    *r = (program_reading){ 0 };
    status s = minidump_open(mem, from, noted, &r->dump);
    if (!status_is_ok(s))
        return s;
    const minidump *m = r->dump;
    if (m->module_count) {
        r->process = m->modules[0].name;
        r->path = m->modules[0].path;
    }
    r->lsass = minidump_is_of_lsass(m);
    if (m->exception_known) {
        r->address_known = true;
        r->address = m->exception.address ? m->exception.address : m->context.ip;
        r->module = minidump_module_at(m, r->address);
        r->caller_count = minidump_callers(m, &m->context, PROGRAM_CALLERS, r->callers);
    }
    return s;
}

void program_note(const program_reading *r, detect_log *out)
{
    const minidump *m = r->dump;
    if (!r->lsass && !m->exception_known)
        return;
    arena *mem = detect_scratch(out);
    detect_act_builder *a = detect_act_at(out, "crash.program", 1, m->written, false);
    detect_fact(a, "process", r->process);
    detect_fact(a, "path", r->path);
    if (m->pid_known)
        detect_fact_u64(a, "pid", m->pid);
    if (m->exception_known)
        detect_fact(a, "exception", arena_printf(mem, "0x%08x", (unsigned)m->exception.code));
    if (r->address_known)
        detect_fact(a, "address", arena_printf(mem, "0x%016llx", (unsigned long long)r->address));
    detect_fact(a, "module", r->module ? r->module->name : NULL);
    if (m->system_known) {
        detect_fact(a, "system", minidump_system_word(m->system));
        detect_fact(a, "architecture", dump_machine_word(m->machine));
        if (m->system == MINIDUMP_WINDOWS)
            detect_fact(a, "build", arena_printf(mem, "%u.%u.%u", m->major, m->minor, m->build));
    }
    detect_fact_time(a, "started", m->started);
    detect_fact(a, "lsass", r->lsass ? "yes" : NULL);
    /* Windows itself writes the memory of an lsass that failed: only one that ran on was dumped by somebody. */
    if (r->lsass)
        detect_finding(a, "credential-theft", m->exception_known ? SEVERITY_MEDIUM : SEVERITY_HIGH, m->exception_known ? 40 : 85, "T1003.001",
                       m->exception_known ? "credential-theft.lsass-failed" : "credential-theft.lsass-dump");
}
