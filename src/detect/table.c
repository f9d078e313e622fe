/* All detectors, and all questions asked of artifacts. A record, or an artifact, is offered to them in this order. */
#include "detect/artifact.h"

extern const detector detect_process, detect_services, detect_tasks, detect_scripts, detect_shares, detect_network, detect_firewall, detect_registry, detect_wmi, detect_credentials, detect_files, detect_calls, detect_exploit, detect_inject;

extern const detector detect_faults, detect_crashes, detect_clocks, detect_identity, detect_logons, detect_rdp, detect_mssql, detect_ssh, detect_accounts, detect_evidence_removed, detect_antivirus;

const detector *const detectors[] = {
    &detect_crashes,
    &detect_faults,
    &detect_clocks,
    &detect_identity,
    &detect_logons,
    &detect_rdp,
    &detect_mssql,
    &detect_ssh,
    &detect_accounts,
    &detect_evidence_removed,
    &detect_antivirus,
    &detect_process,
    &detect_services,
    &detect_tasks,
    &detect_scripts,
    &detect_shares,
    &detect_network,
    &detect_firewall,
    &detect_registry,
    &detect_wmi,
    &detect_credentials,
    &detect_files,
    &detect_calls,
    &detect_exploit,
    &detect_inject,
    NULL,
};

extern const artifact_question question_identity, question_settings, question_accounts, question_autostart, question_crash_dump, question_crash_processes, question_file_versions;

const artifact_question *const artifact_questions[] = {
    &question_identity,
    &question_settings,
    &question_accounts,
    &question_autostart,
    &question_crash_dump,
    &question_crash_processes,
    &question_file_versions,
    NULL,
};
