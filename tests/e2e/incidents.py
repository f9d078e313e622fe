#!/usr/bin/env python3
"""Real incidents whose story is known (TRUTH.md beside each), investigated from evidence to case:  incidents.py SUYUAN NAME

Each test states what is known of the incident and holds the case against it: what must be found, and what must not be
claimed. Exits 77 when the samples are not here."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
GRAVE = ("high", "critical")


class Case:
    def __init__(self, suyuan, *evidence):
        self.suyuan, self.evidence = suyuan, [str(e) for e in evidence]
        with tempfile.TemporaryDirectory() as at:
            run = subprocess.run([suyuan, "investigate", "--lang", "en", "-o", os.path.join(at, "case"), *self.evidence], capture_output=True, text=True)
            if run.returncode not in (0, 3):
                sys.exit("investigate ended with %d: %s" % (run.returncode, run.stderr[-2000:]))
            self.summary = run.stdout
            self.case = json.loads(pathlib.Path(at, "case", "case.json").read_text())
        self.names = {h["id"]: h["names"][0] if h["names"] else h["id"] for h in self.case["hosts"]}
        self.wrong = []

    def say(self, holds, words):
        print(("ok    " if holds else "WRONG ") + words)
        if not holds:
            self.wrong.append(words)

    def hosts(self, **want):
        return [h for h in self.case["hosts"] if all(h.get(k) == v for k, v in want.items())]

    def findings(self, kind=None, *parts, grave=False, time=None):
        """Findings of a kind (None: any) whose facts, entities or text hold every part, in any case."""
        out = []
        for f in self.case["findings"]:
            text = json.dumps(f, ensure_ascii=False).replace("\\\\", "\\").lower()
            if (kind in (None, f["kind"]) and (not grave or f["severity"] in GRAVE) and (not time or (f["time"] or "").startswith(time))
                    and all(p.lower() in text for p in parts)):
                out.append(f)
        return out

    def persistence(self, part, *verdicts):
        return [p for p in self.case["persistence"] if part.lower() in json.dumps(p, ensure_ascii=False).lower() and (not verdicts or p["verdict"] in verdicts)]

    def no_break_in(self):
        self.say(not self.hosts(infected="yes"), "no host is called infected")
        self.say(self.case["entry"] is None, "no way in is claimed")
        self.say(not self.case["spread"], "no spread is claimed")
        self.say(not self.findings("logon-after-guessing", grave=True), "no password is said to have been guessed")


def shieldbase(c):
    c.say(any("wks-win764bitb" in n.lower() for h in c.case["hosts"] for n in h["names"]), "the host is WKS-WIN764BITB")
    for t in ("2012-04-05T17:03:51", "2012-04-05T17:07:15", "2012-04-05T17:23:04", "2012-04-06T18:09:48"):
        found = c.findings("remote-execution", "psexesvc", time=t) or [f for f in c.findings("remote-execution", "psexesvc") if f["count"] > 1 and f["time"] <= t <= (f["end"] or f["time"]) + "Z"]
        c.say(bool(found), "PsExec's service of %s is noted" % t)
    stops = [x for x in c.case["crashes"] if (x["bugcheck"] or {}).get("code") and int(x["bugcheck"]["code"], 16) == 0x10001]
    c.say(len(stops) == 1 and stops[0]["time"].startswith("2012-04-06T1"), "one blue screen, 0x10001, on 2012-04-06")
    c.say(not [x for x in c.case["crashes"] if x["time"].startswith("2012-04-06T19") and (x["bugcheck"] or {}).get("code") and int(x["bugcheck"]["code"], 16)], "the stop of 19:11 is no blue screen")
    for benign in ("fresponse", "mnemosyne", "bcwipe", "bcswap", "fsh"):
        c.say(not [f for f in c.findings(None, benign, grave=True) if f["kind"] != "crash"], "%s is not held against the host" % benign)
    c.say(c.case["entry"] is None or c.case["entry"]["access"] != "guessed-password", "no guessed password is claimed")


def aptsim(c):
    c.say(len(c.case["hosts"]) == 1, "one host, though its tasks and its WMI repository lie in archives of their own")
    c.say(not c.case["spread"], "no spread is claimed")
    entry = c.case["entry"]
    c.say(entry is None or entry["access"] in ("user-action", "unknown") or entry["confidence"] < 0.6, "no entry over the network is claimed")
    c.say(bool(c.findings("fake-system-process", "\\users\\public\\svchost.exe")), "the fake svchost in Users\\Public")
    c.say(bool(c.findings(None, "guest", time="2022-03-10T20:26")), "Guest enabled and made administrator")
    c.say(bool(c.findings("admin-group-add", time="2022-03-10T20:26")), "Guest in the group of administrators")
    c.say(bool(c.findings(None, "sethc.exe")), "sethc.exe's debugger")
    c.say(bool(c.findings("wmi-persistence", "killprocess")), "the WMI subscription KillProcess")
    for name in ("UpdateSvc", "GameOver", "sethc.exe", "UserInitMprLogonScript", "KillProcess"):
        c.say(bool(c.persistence(name, "hostile", "suspicious")), "%s is told as what brings it back" % name)
    c.say(not [p for p in c.persistence("\\\\", "hostile", "suspicious") if "task" in p["location"].lower() and "gameover" not in p["name"].lower()], "no second hostile task")
    c.say(len(c.findings("malware-file")) > 0, "Defender's detections")
    c.say(not c.findings("service-install", "wceservice"), "the record that eventcreate wrote is no service")
    c.say(not c.findings(None, "update health", grave=True), "Microsoft Update Health Service is benign")


def belkasoft(c):
    c.no_break_in()
    names = [n.lower() for h in c.hosts(collected=True) for n in h["names"]]
    c.say(any("desktop-23ps6es" in n for n in names), "the host is DESKTOP-23PS6ES")
    c.say(not c.findings("password-guessing", grave=True), "mistyped passwords are no attack")
    c.say(len(c.case["crashes"]) == 3 and "3 unclean stops" in c.summary and "blue screens" not in c.summary.lower(), "three stops without a bug check are no blue screens")


# Captures of one lab in which little was logged: what is told of a host and what its story tells must not contradict each other.
def told_alike(c):
    hostile = {s["host"] for s in c.case["story"] if s["findings"]}
    c.say("no sign of an attack" not in c.summary, "the summary does not call a story nothing")
    c.say(hostile and all(h["infected"] != "no" for h in c.case["hosts"] if h["id"] in hostile), "no host of the story is said to have no trace")


def covenant(c):
    told_alike(c)
    c.say([c.names[h["id"]].split(".")[0] for h in c.hosts(infected="suspected", collected=True)] == ["WORKSTATION6"], "WORKSTATION6 alone is suspected")


def run_key(c):
    told_alike(c)
    c.say(bool(c.persistence("Updater", "hostile")), "the Run value whose command lies in the registry brings it back")


def little(c):
    told_alike(c)
    c.say(not c.hosts(infected="yes"), "no host is called infected")
    c.say(c.case["entry"] is None, "no way in is claimed")


def zeus(c):
    c.no_break_in()
    c.say(len(c.hosts(collected=True)) == 1, "one host, whatever it was called before")
    c.say(not c.findings(None, grave=True), "nothing grave is read out of the System log")
    c.say(not [p for p in c.case["persistence"] if p["verdict"] == "hostile"], "no hostile autostart is claimed")


def benign(c):
    c.no_break_in()
    c.say(not c.findings(None, grave=True), "nothing grave on a clean machine")


# What each capture of Lateral_Movement shows: an ATT&CK technique that must be named, on the host and day of the capture.
CAPTURES = [
    ("LM_5145_Remote_FileCopy", "T1021.002", "PC01", "2019-03-18"), ("LM_DCOM_MSHTA_LethalHTA", "T1021.003", "IEWIN7", "2019-05-14"),
    ("LM_Remote_Service01_5145_svcctl", "T1569.002", "WIN-77LTAPHIQ1R", "2019-03-19"), ("LM_ScheduledTask_ATSVC", "T1053.005", "WIN-77LTAPHIQ1R", "2019-03-19"),
    ("LM_WMIC_4648_rpcss", "T1047", "PC01", "2019-03-18"), ("LM_WMI_4624_4688", "T1047", "WIN-77LTAPHIQ1R", "2019-03-18"),
    ("LM_impacket_dcomexec", "T1021.003", "IEWIN7", "2019-04-30"), ("LM_renamed_psexecsvc", "T1569.002", "IEWIN7", "2019-01-19"),
    ("LM_tsclient_SharpRdp", "T1021.001", "MSEDGEWIN10", "2020-07-10"), ("LM_SharpRDP", "T1021.001", "MSEDGEWIN10", "2020-07-09"),
    ("LM_psexec_smb_meterpreter", "T1569.002", "IEWIN7", "2019-04-30"), ("LM_remote_task_src_powershell", "T1053.005", "MSEDGEWIN10", "2020-12-15"),
    ("LM_IIS_webshell", "T1505.003", "IEWIN7", "2019-05-24"), ("LM_winrm_exec", "T1021.006", "DC1", "2019-05-16"),
    ("LM_wmiexec_impacket", "T1047", "IEWIN7", "2019-04-30"), ("lateral_movement_startup", "T1547.001", "MSEDGEWIN10", "2020-12-09"),
    ("net_share_drive_5142", "T1021.002", "PC04", "2019-03-17"), ("smb_bi_auth_conn_spoolsample", "T1187", "MSEDGEWIN10", "2019-09-01"),
    ("smbmap_upload_exec", "T1047", "MSEDGEWIN10", "2020-10-17"), ("spoolsample_5145", "T1187", "MSEDGEWIN10", "2019-09-01"),
    ("sysmon_1_exec_via_sql_xpcmdshell", "T1505.001", "MSEDGEWIN10", "2019-11-03"), ("wmi_remote_registry", "T1047", "MSEDGEWIN10", "2020-12-10"),
]


def lateral(c):
    for capture, technique, name, day in CAPTURES:
        hit = [f for f in c.case["findings"] if technique in f["techniques"] and f["time"].startswith(day) and c.names[f["host"]].lower().startswith(name.lower())]
        c.say(bool(hit), "%s: %s on %s, %s" % (capture, technique, name, day))
    records = {}
    for line in subprocess.run([c.suyuan, "dump", *c.evidence], capture_output=True, text=True).stdout.splitlines():
        system = json.loads(line)["Event"]["System"]
        records.setdefault((system["Channel"], system["EventRecordID"]), []).append(line)
    channels = {e["id"]: e.get("channel") for e in c.case["evidence"]}
    addresses = {h["id"]: h["addresses"] + h["names"] for h in c.case["hosts"]}
    for e in c.case["spread"]:
        source = e["from"]["address"] if isinstance(e["from"], dict) else e["from"]
        named = addresses.get(source, [source])
        cited = [line for r in e["evidence"] for line in records.get((channels.get(r.get("id") or r.get("evidence")), r["record"]), [])]
        c.say(any(n in line for n in named for line in cited), "the step %s -> %s is told by a record that names it" % (source, c.names[e["to"]]))
    c.say(len([e for e in c.case["episodes"] if e["hostile"]]) >= 7, "the episodes are told apart")
    labs = [{c.names[h].partition(".")[2] or c.names[h] for h in e["hosts"]} for e in c.case["episodes"]]
    c.say(all(len(lab) == 1 for lab in labs), "hosts of unrelated labs are not joined")


OTRF = "extra/incidents/otrf/"
TESTS = {
    "copied-over-smb": (covenant, [OTRF + "covenant_copy_smb_CreateRequest.zip"]),
    "started-over-wmi": (covenant, [OTRF + "covenant_sharpwmi_create_dcerpc_wmi.zip"]),
    "run-key": (run_key, [OTRF + "empire_persistence_registry_modification_run_keys_elevated_user.zip"]),
    "registered-over-dcom": (little, [OTRF + "covenant_dcom_registerxll.zip"]),
    "shieldbase": (shieldbase, ["extra/incidents/shieldbase/WKS-WIN764BITB-system.evtx"]),
    "aptsim": (aptsim, ["extra/incidents/aptsim-win10"]),
    "belkasoft": (belkasoft, ["extra/incidents/belkasoft-insider"]),
    "zeus": (zeus, ["extra/incidents/zeus-win7/System.evtx"]),
    "benign": (benign, ["extra/benign/win10-rathbun"]),
    "lateral": (lateral, ["evtx/attack/Lateral_Movement"]),
}


def main():
    suyuan, name = sys.argv[1], sys.argv[2]
    test, paths = TESTS[name]
    for folder in filter(None, [os.environ.get("SUYUAN_SAMPLES"), ROOT.parent / "shared" / "samples"]):
        found = [pathlib.Path(folder, p) for p in paths]
        if all(p.exists() for p in found):
            case = Case(suyuan, *found)
            test(case)
            sys.exit(1 if case.wrong else 0)
    print("skipped: the samples are not here")
    sys.exit(77)


if __name__ == "__main__":
    main()
