/* Settings held against baselines: what is failed, what is passed, and what nobody can say. */
#include "audit/audit.h"
#include "text/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

enum { ACTS = 256 };

typedef struct { arena mem; act acts[ACTS]; const act *list[ACTS]; size_t count; audit_result *results; size_t result_count; audit_score score; audit_host about; } made;

static profile *facts;
static arena kept;

static const log_ref system_hive = { "aaaa", "Windows/System32/config/SYSTEM", "", "registry/SYSTEM" };
static const log_ref software_hive = { "bbbb", "Windows/System32/config/SOFTWARE", "", "registry/SOFTWARE" };
static const log_ref sam_hive = { "cccc", "Windows/System32/config/SAM", "", "registry/SAM" };
static const log_ref old_hive = { "dddd", "Windows/System32/config/RegBack/SYSTEM", "", "registry/SYSTEM" };
static const log_ref other = { "eeee", "Windows/System32/drivers/srv.sys", "", "file" };

static moment at(const char *iso)
{
    moment t = MOMENT_UNKNOWN;
    assert_true(moment_parse(span_str(iso), &t));
    return t;
}

static made *begin(const char *build)
{
    static made m;
    m = (made){ 0 };
    arena_init(&m.mem, 0);
    m.about = (audit_host){ .os_build = build, .role = "", .acts = m.list, .as_of = at("2020-05-12") };
    return &m;
}

static act *put(made *m, const log_ref *log, const char *kind, ...)
{
    assert_true(m->count < ACTS);
    act *a = &m->acts[m->count];
    *a = (act){ .log = log, .kind = kind, .record = m->count + 1, .time = at("2020-01-01") };
    a->facts = arena_array(&m->mem, NOTE_FACTS, sizeof *a->facts);
    va_list args;
    va_start(args, kind);
    for (const char *name; (name = va_arg(args, const char *));) {
        const char *value = va_arg(args, const char *);
        if (value)
            a->facts[a->fact_count++] = (fact){ name, value };
    }
    va_end(args);
    m->list[m->count++] = a;
    return a;
}

static act *set(made *m, const log_ref *log, const char *name, const char *value)
{
    return put(m, log, "setting", "name", name, value ? "value" : "absent", value ? value : "yes", NULL);
}

static const audit_result *ask_of(made *m, const char *baseline, const char *check)
{
    m->about.act_count = m->count;
    m->result_count = audit_run(facts, baseline, &m->about, &m->mem, &m->results, &m->score);
    for (size_t i = 0; i < m->result_count; i++)
        if (strcmp(m->results[i].check, check) == 0)
            return &m->results[i];
    return NULL;
}

static void expect(made *m, const char *check, audit_state state, const char *found, const char *note)
{
    const audit_result *r = ask_of(m, "seed", check);
    if (!r)
        fail_msg("%s is not asked", check);
    if (r->state != state || (found && strcmp(r->found, found) != 0) || (note && strcmp(r->note, note) != 0))
        fail_msg("%s: state %d, found '%s', note '%s'; expected state %d, '%s', '%s'", check, (int)r->state, r->found, r->note, (int)state, found ? found : "any", note ? note : "any");
}

static void end(made *m)
{
    arena_done(&m->mem);
}

/* ---- The data ---- */

static void every_check_has_its_sentences_and_every_setting_its_place(void **state)
{
    (void)state;
    static const char *const of_policy[] = { "password.length", "password.complexity", "password.age", "password.history", "password.reversible", "lockout.threshold", "lockout.duration", "lockout.window", "audit.subcategory", "audit.category" };
    const profile_node *checks = profile_root(facts, "checks"), *settings = profile_root(facts, "settings");
    size_t count = 0;
    for (const profile_node *n = profile_list(checks, "checks"); n; n = n->next, count++) {
        const char *id = profile_text(n, "id");
        const char *const texts[] = { arena_printf(&kept, "word.check.%s", id), arena_printf(&kept, "check.%s.why", id), arena_printf(&kept, "check.%s.fix", id) };
        for (size_t i = 0; i < 3; i++)
            if (!text_known(texts[i]))
                fail_msg("there are no words for %s", texts[i]);
        severity s;
        assert_true(severity_from(profile_text(n, "severity"), &s));
        assert_true((profile_text(n, "shape") != NULL) != (profile_text(n, "compare") != NULL));
        for (const profile_node *w = profile_list(n, "settings"); w; w = w->next) {
            bool known = false;
            for (size_t i = 0; i < sizeof of_policy / sizeof *of_policy; i++)
                known = known || strcmp(of_policy[i], profile_text(w, "name")) == 0;
            for (const profile_node *x = profile_list(settings, "settings"); x; x = x->next)
                known = known || strcmp(profile_text(x, "name"), profile_text(w, "name")) == 0;
            if (!known)
                fail_msg("%s: nobody reads the setting %s", id, profile_text(w, "name"));
        }
    }
    assert_true(count > 60);
}

static void every_baseline_names_checks_that_exist_with_a_source_each(void **state)
{
    (void)state;
    size_t baselines = 0;
    const char *file;
    for (size_t i = 0; (file = profile_name(facts, i)); i++) {
        if (strncmp(file, "baselines/", 10) != 0)
            continue;
        baselines++;
        const profile_node *root = profile_root(facts, arena_printf(&kept, "%.*s", (int)strlen(file) - 4, file));
        size_t len = strlen(profile_text(root, "name"));
        assert_true(strncmp(file + 10, profile_text(root, "name"), len) == 0 && strcmp(file + 10 + len, ".yml") == 0);
        for (const profile_node *n = profile_list(root, "checks"); n; n = n->next) {
            bool known = false;
            for (const profile_node *c = profile_list(profile_root(facts, "checks"), "checks"); c; c = c->next)
                known = known || strcmp(profile_text(c, "id"), profile_text(n, "check")) == 0;
            if (!known)
                fail_msg("%s:%u: there is no check %s", file, n->line, profile_text(n, "check"));
            assert_true(strlen(profile_text(n, "source")) > 8);
        }
    }
    assert_int_equal(baselines, 7);
}

static void the_report_is_followed_to_the_letter(void **state)
{
    (void)state;
    static const struct { const char *check, *wanted; } chapter[] = {
        { "password-length", "8" }, { "password-complexity", "1" }, { "guest-disabled", "disabled" }, { "spare-accounts", NULL }, { "administrator-renamed", "renamed or disabled" },
        { "lockout-threshold", "5" }, { "lockout-duration", "30" }, { "updates", NULL }, { "rdp-idle", "900000" }, { "antivirus", "present" }, { "antivirus-current", NULL },
        { "netbios", "2" }, { "default-shares", "0" }, { "rdp-exposed", "closed" }, { "ms17-010", "installed" },
    };
    for (size_t i = 0; i < sizeof chapter / sizeof *chapter; i++) {
        const profile_node *found = NULL;
        for (const profile_node *n = profile_list(profile_root(facts, "baselines/seed"), "checks"); n; n = n->next)
            found = strcmp(profile_text(n, "check"), chapter[i].check) == 0 ? n : found;
        assert_non_null(found);
        assert_non_null(strstr(profile_text(found, "source"), "incident report"));
        if (chapter[i].wanted)
            assert_string_equal(profile_text(found, "wanted"), chapter[i].wanted);
    }
}

static void a_baseline_is_found_by_name_and_by_version(void **state)
{
    (void)state;
    assert_true(status_is_ok(audit_baseline(facts, "2012r2", &kept)));
    status s = audit_baseline(facts, "2000", &kept);
    assert_int_equal(s.code, STATUS_NOT_FOUND);
    assert_non_null(strstr(s.words, "2008r2"));
    assert_non_null(strstr(s.words, "seed"));
    assert_string_equal(audit_baseline_for(facts, "6.0.6002"), "2008");
    assert_string_equal(audit_baseline_for(facts, "6.1.7601"), "2008r2");
    assert_string_equal(audit_baseline_for(facts, "6.3.9600"), "2012r2");
    assert_string_equal(audit_baseline_for(facts, "10.0.17763"), "2019");
    assert_string_equal(audit_baseline_for(facts, "10.0.19045"), "seed");
    assert_string_equal(audit_baseline_for(facts, ""), "seed");
}

/* ---- Settings ---- */

static void what_nobody_could_look_at_is_not_passed(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    assert_null(ask_of(m, "seed", "password-length"));
    assert_int_equal(m->result_count, 0);
    set(m, &system_hive, "os.product-type", "ServerNT");
    expect(m, "password-length", AUDIT_UNDECIDED, "", "check.note.unseen");
    expect(m, "guest-disabled", AUDIT_UNDECIDED, "", "check.note.unseen");
    expect(m, "spare-accounts", AUDIT_UNDECIDED, "", "check.note.unseen");
    expect(m, "ms17-010", AUDIT_UNDECIDED, "6.1.7601", "check.note.unseen");
    expect(m, "antivirus", AUDIT_UNDECIDED, "", "check.note.unseen");
    expect(m, "netbios", AUDIT_UNDECIDED, "", "check.note.unseen");
    expect(m, "port-proxy", AUDIT_UNDECIDED, "", "check.note.unseen");
    expect(m, "rdp-exposed", AUDIT_UNDECIDED, NULL, NULL);
    expect(m, "updates", AUDIT_UNDECIDED, "", "check.note.unseen");
    assert_true(m->score.undecided > 40);
    /* Only the end of support follows from the version alone. */
    for (size_t i = 0; i < m->result_count; i++)
        assert_true(m->results[i].state == AUDIT_UNDECIDED || strcmp(m->results[i].check, "supported") == 0);
    end(m);
}

static void a_lockout_time_without_a_threshold_locks_nothing(void **state)
{
    (void)state;
    made *m = begin("6.0.6002");
    set(m, &sam_hive, "password.length", "7");
    set(m, &sam_hive, "lockout.threshold", "0");
    set(m, &sam_hive, "lockout.duration", "30");
    set(m, &sam_hive, "lockout.window", "30");
    expect(m, "password-length", AUDIT_FAILED, "7", "");
    expect(m, "lockout-threshold", AUDIT_FAILED, "0", "");
    expect(m, "lockout-duration", AUDIT_FAILED, NULL, "check.note.undone");
    m->acts[1].facts[1].value = "5";
    m->acts[0].facts[1].value = "8";
    expect(m, "password-length", AUDIT_PASSED, "8", "");
    expect(m, "lockout-threshold", AUDIT_PASSED, "5", "");
    expect(m, "lockout-duration", AUDIT_PASSED, "30", "");
    m->acts[1].facts[1].value = "6";
    expect(m, "lockout-threshold", AUDIT_FAILED, "6", "");
    const audit_result *r = ask_of(m, "seed", "lockout-threshold");
    assert_string_equal(r->command, "net accounts /lockoutthreshold:5");
    assert_string_equal(r->source, "incident report, 5.1, account security 4");
    assert_int_equal(r->source_count, 1);
    assert_int_equal(r->sources[0], 1);
    end(m);
}

static void what_windows_does_by_itself_depends_on_its_version(void **state)
{
    (void)state;
    static const struct { const char *build; audit_state wdigest; const char *found; } rows[] = {
        { "6.0.6002", AUDIT_FAILED, "1" }, { "6.1.7601", AUDIT_FAILED, "1" }, { "6.3.9600", AUDIT_PASSED, "0" }, { "10.0.14393", AUDIT_PASSED, "0" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        made *m = begin(rows[i].build);
        set(m, &system_hive, "wdigest", NULL);
        expect(m, "wdigest", rows[i].wdigest, rows[i].found, "check.note.default");
        end(m);
    }
    made *m = begin("");
    set(m, &system_hive, "wdigest", NULL);
    expect(m, "wdigest", AUDIT_UNDECIDED, "", "check.note.version-unknown");
    end(m);
    m = begin("6.2.9200");
    set(m, &system_hive, "rdp.deny", "0");
    set(m, &system_hive, "rdp.nla", NULL);
    set(m, &software_hive, "rdp.policy.nla", NULL);
    set(m, &software_hive, "rdp.policy.deny", NULL);
    expect(m, "rdp-nla", AUDIT_UNDECIDED, "", "check.note.default-unknown");
    end(m);
}

static void a_policy_wins_and_one_that_nobody_saw_leaves_it_open(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    set(m, &system_hive, "rdp.deny", "0");
    set(m, &system_hive, "rdp.idle", NULL);
    expect(m, "rdp-idle", AUDIT_UNDECIDED, "0", "check.note.policy-unseen");
    set(m, &software_hive, "rdp.policy.idle", NULL);
    set(m, &software_hive, "rdp.policy.deny", NULL);
    expect(m, "rdp-idle", AUDIT_FAILED, "0", "check.note.default");
    m->acts[2].facts[1] = (fact){ "value", "900000" };
    expect(m, "rdp-idle", AUDIT_PASSED, "900000", "");
    m->acts[2].facts[1] = (fact){ "value", "900001" };
    expect(m, "rdp-idle", AUDIT_FAILED, "900001", "");
    /* Where nobody can come in, nobody can be idle. */
    m->acts[0].facts[1].value = "1";
    expect(m, "rdp-idle", AUDIT_PASSED, NULL, "check.note.met");
    end(m);
}

static void every_interface_must_be_without_netbios(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    put(m, &system_hive, "setting", "name", "netbios.interface", "of", "Tcpip_{1}", "value", "2", NULL);
    expect(m, "netbios", AUDIT_PASSED, "2", "");
    put(m, &system_hive, "setting", "name", "netbios.interface", "of", "Tcpip_{2}", "absent", "yes", NULL);
    expect(m, "netbios", AUDIT_FAILED, "0 (1/2)", "check.note.default");
    end(m);
}

static void smb1_is_off_when_its_driver_is_gone(void **state)
{
    (void)state;
    made *m = begin("10.0.14393");
    set(m, &system_hive, "smb1.driver", "present");
    set(m, &system_hive, "smb1.driver-start", "3");
    set(m, &system_hive, "smb1.server", NULL);
    expect(m, "smb1-server", AUDIT_FAILED, "1", "check.note.default");
    m->acts[0].facts[1] = (fact){ "absent", "yes" };
    expect(m, "smb1-server", AUDIT_PASSED, NULL, "check.note.met");
    end(m);
    m = begin("5.2.3790");
    set(m, &system_hive, "smb.server-start", "2");
    expect(m, "smb1-only", AUDIT_FAILED, "2", "");
    assert_null(ask_of(m, "seed", "smb1-server"));
    end(m);
}

static void default_shares_are_asked_of_servers_outside_a_domain(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    set(m, &system_hive, "os.product-type", "ServerNT");
    set(m, &system_hive, "smb.auto-share-server", NULL);
    set(m, &system_hive, "smb.auto-share-client", "0");
    expect(m, "default-shares", AUDIT_FAILED, "1", "check.note.default");
    act *domain = set(m, &software_hive, "os.domain-sid", NULL);
    expect(m, "default-shares", AUDIT_FAILED, "1", "check.note.default");
    domain->facts[1] = (fact){ "value", "S-1-5-21-1-2-3" };
    assert_null(ask_of(m, "seed", "default-shares"));
    end(m);
}

static void an_older_copy_of_a_hive_does_not_count(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    set(m, &old_hive, "wdigest", "0")->time = at("2019-01-01");
    set(m, &system_hive, "wdigest", "1");
    expect(m, "wdigest", AUDIT_FAILED, "1", "");
    end(m);
}

static void audited_is_what_is_audited_in_full(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    put(m, &sam_hive, "setting", "name", "audit.subcategory", "of", "Logon", "value", "success", NULL);
    put(m, &sam_hive, "setting", "name", "audit.subcategory", "of", "Process Creation", "value", "success,failure", NULL);
    expect(m, "audit-logon", AUDIT_FAILED, "success", "");
    expect(m, "audit-process", AUDIT_PASSED, "success,failure", "");
    const audit_result *r = ask_of(m, "seed", "audit-logon");
    assert_string_equal(r->command, "auditpol /set /subcategory:\"{0CCE9215-69AE-11D9-BED3-505054503030}\" /success:enable /failure:enable");
    end(m);
}

/* ---- Accounts ---- */

static act *account(made *m, const char *name, const char *rid, const char *enabled, const char *flags, const char *logon, const char *created)
{
    return put(m, &sam_hive, "account", "account", name, "rid", rid, "enabled", enabled, "flags", flags, "last_logon", logon, "created", created, NULL);
}

static void accounts_are_told_by_number(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    set(m, &system_hive, "os.product-type", "ServerNT");
    account(m, "Gast", "501", "yes", "no-password-needed,normal", NULL, "2019-01-01T00:00:00Z");
    account(m, "Administrateur", "500", "yes", "normal", "2020-05-11T03:08:13Z", "2019-01-01T00:00:00Z");
    expect(m, "guest-disabled", AUDIT_FAILED, "Gast", "check.note.enabled");
    expect(m, "administrator-renamed", AUDIT_FAILED, "Administrateur", "check.note.enabled");
    assert_string_equal(ask_of(m, "seed", "guest-disabled")->command, "net user \"Gast\" /active:no");
    m->acts[2].facts[0].value = "Karl";
    expect(m, "administrator-renamed", AUDIT_PASSED, "Karl", "");
    m->acts[1].facts[2].value = "no";
    expect(m, "guest-disabled", AUDIT_PASSED, "Gast", "check.note.disabled");
    end(m);
}

static void an_account_is_spare_when_nobody_used_it(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    set(m, &system_hive, "os.product-type", "ServerNT");
    account(m, "busy", "1001", "yes", "normal", "2020-05-01T00:00:00Z", "2019-01-01T00:00:00Z");
    account(m, "new", "1002", "yes", "normal", NULL, "2020-05-11T00:00:00Z");
    expect(m, "spare-accounts", AUDIT_PASSED, "", "");
    account(m, "old", "1003", "yes", "normal", "2019-05-01T00:00:00Z", "2019-01-01T00:00:00Z");
    account(m, "never", "1004", "yes", "normal", NULL, "2019-01-01T00:00:00Z");
    account(m, "off", "1005", "no", "disabled", NULL, "2019-01-01T00:00:00Z");
    expect(m, "spare-accounts", AUDIT_FAILED, "old, never", "");
    /* A name that a shell would take apart stays out of commands. */
    account(m, "a&del *", "1006", "yes", "normal", NULL, "2019-01-01T00:00:00Z");
    const audit_result *r = ask_of(m, "seed", "spare-accounts");
    assert_string_equal(r->command, "net user \"old\" /active:no\nnet user \"never\" /active:no");
    end(m);
}

/* ---- MS17-010 ---- */

static void the_driver_decides_about_ms17_010(void **state)
{
    (void)state;
    static const struct { const char *build, *version; audit_state state; } rows[] = {
        { "6.0.6002", "6.0.6002.18005", AUDIT_FAILED }, { "6.0.6002", "6.0.6002.19742", AUDIT_FAILED }, { "6.0.6002", "6.0.6002.19743", AUDIT_PASSED },
        { "6.0.6002", "6.0.6002.22500", AUDIT_FAILED }, { "6.0.6002", "6.0.6002.24066", AUDIT_FAILED }, { "6.0.6002", "6.0.6002.24067", AUDIT_PASSED },
        { "6.0.6001", "6.0.6001.24067", AUDIT_FAILED }, { "6.0.6003", "6.0.6003.20489", AUDIT_PASSED }, { "6.0.6003", "6.0.6002.18005", AUDIT_FAILED },
        { "6.1.7600", "6.1.7600.23689", AUDIT_FAILED }, { "6.1.7601", "6.1.7601.17514", AUDIT_FAILED }, { "6.1.7601", "6.1.7601.23688", AUDIT_FAILED },
        { "6.1.7601", "6.1.7601.23689", AUDIT_PASSED }, { "6.1.7601", "6.1.7601.24545", AUDIT_PASSED }, { "6.2.9200", "6.2.9200.22098", AUDIT_FAILED }, { "6.2.9200", "6.2.9200.22099", AUDIT_PASSED },
        { "6.3.9600", "6.3.9600.16384", AUDIT_FAILED }, { "6.3.9600", "6.3.9600.18604", AUDIT_PASSED }, { "10.0.14393", "10.0.14393.0", AUDIT_FAILED }, { "10.0.14393", "10.0.14393.953", AUDIT_PASSED },
        { "5.2.3790", "5.2.3790.6020", AUDIT_FAILED }, { "5.2.3790", "5.2.3790.6021", AUDIT_PASSED }, { "10.0.17763", "10.0.17763.1", AUDIT_PASSED },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        made *m = begin(rows[i].build);
        set(m, &system_hive, "os.product-type", "ServerNT");
        put(m, &other, "file.version", "file", "C:\\Windows\\System32\\drivers\\srv.sys", "version", rows[i].version, NULL);
        expect(m, "ms17-010", rows[i].state, arena_printf(&m->mem, "srv.sys %s", rows[i].version), NULL);
        /* Whatever update is named: the file is the fact. */
        put(m, &software_hive, "patch", "package", "KB4012212", "state", "installed", NULL);
        expect(m, "ms17-010", rows[i].state, NULL, NULL);
        end(m);
    }
}

static void without_the_driver_names_prove_and_their_absence_does_not(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    set(m, &system_hive, "os.product-type", "ServerNT");
    act *p = put(m, &software_hive, "patch", "package", "KB4457144", "state", "installed", "installed", "2018-09-11T00:00:00Z", NULL);
    expect(m, "ms17-010", AUDIT_UNDECIDED, "update.newest: KB4457144 (2018-09-11)", "check.note.superseded");
    p->facts[0].value = "KB2999226";                        /* of 2015, installed late: it cannot hold it */
    expect(m, "ms17-010", AUDIT_FAILED, "update.newest: KB2999226 (2018-09-11)", "check.note.no-later");
    p->facts[2].value = "2016-06-01T00:00:00Z";
    p->time = at("2016-06-01");
    expect(m, "ms17-010", AUDIT_FAILED, "update.newest: KB2999226 (2016-06-01)", "check.note.no-update-since");
    p->facts[0].value = "KB4012212";
    expect(m, "ms17-010", AUDIT_PASSED, "KB4012212", "check.note.by-package");
    p->facts[1].value = "install-pending";
    expect(m, "ms17-010", AUDIT_FAILED, "KB4012212", "check.note.pending");
    p->facts[1].value = "staged";
    expect(m, "ms17-010", AUDIT_FAILED, "6.1.7601", "check.note.no-later");
    p->facts[0].value = "RollupFix 7601.23714.1.4";
    p->facts[1].value = "superseded";
    expect(m, "ms17-010", AUDIT_PASSED, NULL, "check.note.by-package");
    p->facts[0].value = "RollupFix 7601.23418.1.4";
    expect(m, "ms17-010", AUDIT_FAILED, "update.newest: RollupFix 7601.23418.1.4 (2016-06-01)", "check.note.no-update-since");
    m->about.os_build = "6.1.7600";
    expect(m, "ms17-010", AUDIT_FAILED, "6.1.7600", "check.note.never");
    end(m);
    m = begin("10.0.14393");
    act *u = set(m, &software_hive, "os.revision", "953");
    expect(m, "ms17-010", AUDIT_PASSED, "10.0.14393.953", "check.note.by-revision");
    u->facts[1].value = "952";
    expect(m, "ms17-010", AUDIT_FAILED, "10.0.14393.952", "check.note.by-revision");
    m->about.os_build = "10.0.20348";
    expect(m, "ms17-010", AUDIT_PASSED, NULL, "check.note.by-version");
    end(m);
}

static void smb1_switched_off_makes_unreachable_and_not_patched(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    set(m, &system_hive, "smb1.server", "0")->time = at("2019-06-01");
    act *down = set(m, &system_hive, "os.shutdown", "2019-05-01T00:00:00Z");
    put(m, &other, "file.version", "file", "C:\\Windows\\System32\\drivers\\srv.sys", "version", "6.1.7601.17514", NULL);
    expect(m, "ms17-010", AUDIT_FAILED, "srv.sys 6.1.7601.17514", "");
    assert_int_equal(ask_of(m, "seed", "ms17-010")->severity, SEVERITY_CRITICAL);
    down->facts[1].value = "2019-07-01T00:00:00Z";          /* it was restarted since */
    expect(m, "ms17-010", AUDIT_FAILED, "srv.sys 6.1.7601.17514", "check.note.not-reachable");
    assert_int_equal(ask_of(m, "seed", "ms17-010")->severity, SEVERITY_MEDIUM);
    end(m);
}

/* ---- The network ---- */

static void everything_seen(made *m, const char *deny)
{
    set(m, &system_hive, "rdp.deny", deny);
    set(m, &software_hive, "rdp.policy.deny", NULL);
    set(m, &system_hive, "rdp.port", "3389");
    set(m, &system_hive, "firewall.start", "2");
    static const char *const names[] = { "domain", "private", "public" };
    for (size_t i = 0; i < 3; i++) {
        set(m, &software_hive, arena_printf(&m->mem, "firewall.policy.%s", names[i]), NULL);
        set(m, &system_hive, arena_printf(&m->mem, "firewall.%s", names[i]), "1");
    }
}

static void remote_desktop_is_open_by_rule_or_without_a_firewall(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    everything_seen(m, "1");
    expect(m, "rdp-exposed", AUDIT_PASSED, NULL, "check.note.met");
    m->acts[0].facts[1].value = "0";
    expect(m, "rdp-exposed", AUDIT_PASSED, "3389/tcp", "");
    act *rule = put(m, &system_hive, "firewall.rule", "rule", "rdp", "action", "allow", "direction", "in", "active", "yes", "remote", "any", "port", "3389", NULL);
    expect(m, "rdp-exposed", AUDIT_FAILED, "3389/tcp: rdp", "check.note.network-unknown");
    rule->facts[4].value = "LocalSubnet";
    expect(m, "rdp-exposed", AUDIT_PASSED, NULL, NULL);
    m->acts[2].facts[1].value = "33890";                    /* another port: that rule does not open it */
    rule->facts[4].value = "any";
    expect(m, "rdp-exposed", AUDIT_PASSED, "33890/tcp", "");
    m->acts[9].facts[1].value = "0";                        /* the public profile */
    expect(m, "rdp-exposed", AUDIT_FAILED, NULL, "check.note.firewall-off");
    end(m);
}

static void a_scan_from_outside_is_believed_when_it_sees_a_port_open(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    everything_seen(m, "0");
    assert_null(ask_of(m, "seed", "smb-exposed"));
    act *port = put(m, &other, "port.open", "port", "3389", "protocol", "tcp", "state", "filtered", NULL);
    expect(m, "rdp-exposed", AUDIT_PASSED, "3389/tcp", "");
    port->facts[2].value = "open";
    expect(m, "rdp-exposed", AUDIT_FAILED, "3389/tcp", "check.note.scanned");
    put(m, &other, "port.open", "port", "445", "protocol", "tcp", "state", "open", NULL);
    expect(m, "smb-exposed", AUDIT_FAILED, "445/tcp", "check.note.scanned");
    put(m, &other, "port.open", "port", "445", "protocol", "tcp", "state", "open", "vulnerable", "ms17-010", NULL);
    expect(m, "ms17-010", AUDIT_FAILED, "smb-vuln-ms17-010", "check.note.scanned");
    end(m);
}

static void antispyware_of_old_windows_is_no_antivirus(void **state)
{
    (void)state;
    made *m = begin("6.1.7601");
    put(m, &system_hive, "setting", "name", "antivirus.service", "of", "WinDefend", "value", "2", NULL);
    expect(m, "antivirus", AUDIT_FAILED, "", "");
    m->about.os_build = "10.0.17763";
    expect(m, "antivirus", AUDIT_PASSED, "WinDefend", "");
    act *k = put(m, &system_hive, "setting", "name", "antivirus.service", "of", "AVP", "value", "2", NULL);
    m->about.os_build = "6.1.7601";
    expect(m, "antivirus", AUDIT_PASSED, "AVP", "");
    expect(m, "antivirus-current", AUDIT_UNDECIDED, "AVP", "check.note.other-product");
    k->facts[2].value = "4";
    expect(m, "antivirus", AUDIT_FAILED, "AVP", "");
    end(m);
}

/* ---- Score ---- */

static void points_count_only_what_was_decided(void **state)
{
    (void)state;
    made *m = begin("");
    set(m, &sam_hive, "password.length", "8");              /* high: 5 */
    set(m, &sam_hive, "password.history", "0");             /* low: 1, failed */
    assert_non_null(ask_of(m, "seed", "password-length"));
    assert_int_equal(m->score.passed, 1);
    assert_int_equal(m->score.failed, 1);
    assert_int_equal(m->score.points, 5);
    assert_int_equal(m->score.of, 6);
    assert_int_equal(m->score.undecided, m->result_count - 2);
    for (size_t i = 0; i < m->result_count; i++)
        if (*m->results[i].note && !text_known(m->results[i].note))
            fail_msg("there are no words for %s", m->results[i].note);
    end(m);
}

/* SQL Server keeps its options in its own database; its log tells what became of one. */
static void an_option_of_sql_server_is_as_its_log_told_it_last(void **state)
{
    (void)state;
    static const log_ref log = { "eeee", "Application.evtx", "DB1", "Application" };
    made *m = begin("6.1.7601");
    set(m, &software_hive, "mssql.instance", "MSSQL10.MSSQLSERVER");
    expect(m, "mssql-shell", AUDIT_UNDECIDED, "", "check.note.nowhere");
    act *on = put(m, &log, "remote.exec", "means", "mssql", "tool", "xp_cmdshell", "old", "0", "new", "1", NULL);
    on->time = at("2020-05-10");
    expect(m, "mssql-shell", AUDIT_FAILED, "1", "check.note.by-log");
    act *off = put(m, &log, "remote.exec", "means", "mssql", "tool", "xp_cmdshell", "old", "1", "new", "0", NULL);
    off->time = at("2020-05-12");
    expect(m, "mssql-shell", AUDIT_PASSED, "0", "check.note.by-log");
    off->time = at("2020-05-09");                            /* in whatever order they are told */
    expect(m, "mssql-shell", AUDIT_FAILED, "1", "check.note.by-log");
    end(m);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&kept, 0);
    status s = profile_open(NULL, &kept, &facts);
    if (!status_is_ok(s))
        print_error("%s\n", s.words);
    return !status_is_ok(s);
}

static int tear_down(void **state)
{
    (void)state;
    arena_done(&kept);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_check_has_its_sentences_and_every_setting_its_place),
        cmocka_unit_test(every_baseline_names_checks_that_exist_with_a_source_each),
        cmocka_unit_test(the_report_is_followed_to_the_letter),
        cmocka_unit_test(a_baseline_is_found_by_name_and_by_version),
        cmocka_unit_test(an_option_of_sql_server_is_as_its_log_told_it_last),
        cmocka_unit_test(what_nobody_could_look_at_is_not_passed),
        cmocka_unit_test(a_lockout_time_without_a_threshold_locks_nothing),
        cmocka_unit_test(what_windows_does_by_itself_depends_on_its_version),
        cmocka_unit_test(a_policy_wins_and_one_that_nobody_saw_leaves_it_open),
        cmocka_unit_test(every_interface_must_be_without_netbios),
        cmocka_unit_test(smb1_is_off_when_its_driver_is_gone),
        cmocka_unit_test(default_shares_are_asked_of_servers_outside_a_domain),
        cmocka_unit_test(an_older_copy_of_a_hive_does_not_count),
        cmocka_unit_test(audited_is_what_is_audited_in_full),
        cmocka_unit_test(accounts_are_told_by_number),
        cmocka_unit_test(an_account_is_spare_when_nobody_used_it),
        cmocka_unit_test(the_driver_decides_about_ms17_010),
        cmocka_unit_test(without_the_driver_names_prove_and_their_absence_does_not),
        cmocka_unit_test(smb1_switched_off_makes_unreachable_and_not_patched),
        cmocka_unit_test(remote_desktop_is_open_by_rule_or_without_a_firewall),
        cmocka_unit_test(a_scan_from_outside_is_believed_when_it_sees_a_port_open),
        cmocka_unit_test(antispyware_of_old_windows_is_no_antivirus),
        cmocka_unit_test(points_count_only_what_was_decided),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
