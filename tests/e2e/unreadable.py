#!/usr/bin/env python3
"""What cannot be read is named, costs nothing else, and is told by the exit status; what the user wrote wrongly is one line.

usage: unreadable.py SUYUAN MADE_LOGS SOURCE_ROOT"""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

SOURCE, MADE_LOGS, SUYUAN = pathlib.Path(sys.argv.pop()).resolve(), os.path.abspath(sys.argv.pop()), os.path.abspath(sys.argv.pop())
OK, FAILED, USAGE, UNREADABLE = 0, 1, 2, 3


def run(*arguments):
    return subprocess.run([SUYUAN, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120)


class Unreadable(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.kept.name)
        cls.made, cls.evidence = cls.root / "made", cls.root / "evidence"
        cls.made.mkdir()
        cls.evidence.mkdir()
        subprocess.run([MADE_LOGS, "plain", cls.made], check=True)
        cls.good = cls.evidence / "System.evtx"
        cls.good.write_bytes((cls.made / "System.evtx").read_bytes())
        seeds = SOURCE / "tests/fuzz/archive"
        for name, seed in ("locked.zip", "zipcrypto-zip"), ("locked.7z", "encrypted-7z"):
            (cls.evidence / name).write_bytes((seeds / seed).read_bytes())
        (cls.evidence / "torn.zip").write_bytes((seeds / "zip").read_bytes()[:100])
        (cls.evidence / "empty.evtx").write_bytes(b"")
        (cls.evidence / "noise.evtx").write_bytes(bytes(range(1, 256)) * 20)
        (cls.evidence / "stub.evtx").write_bytes(cls.good.read_bytes()[:70])
        (cls.evidence / "torn.evtx").write_bytes((cls.made / "Other.evtx").read_bytes()[:100_000])
        os.mkfifo(cls.evidence / "pipe")
        (cls.evidence / "root").symlink_to("/")
        (cls.evidence / "loop").symlink_to(".")
        cls.told = run("investigate", "--lang", "en", "-o", cls.root / "case", cls.evidence)
        cls.case = json.loads((cls.root / "case/case.json").read_bytes())
        cls.files = {e["path"]: e for e in cls.case["evidence"]}

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def test_each_is_named_and_the_rest_is_read(self):
        self.assertEqual(self.told.returncode, UNREADABLE, self.told.stderr)
        for name in "locked.zip", "locked.7z", "torn.zip", "stub.evtx", "torn.evtx":
            self.assertIn(name, self.told.stderr)
        lost = [path for path, e in self.files.items() if any(p["kind"] in ("file.encrypted", "file.unreadable", "file.torn") for p in e["problems"])]
        self.assertEqual({path.split("/")[0] for path in lost}, {"locked.zip", "locked.7z", "torn.zip"})
        self.assertIn(f"{len(lost)} unreadable", self.told.stderr)
        self.assertEqual(self.files["System.evtx"]["records"], 450)
        self.assertGreater(self.files["torn.evtx"]["records"], 0)
        self.assertTrue((self.root / "case/report.html").stat().st_size > 0)
        unknown = {u["what"]: u["text"]["en"] for u in self.case["unknowns"]}
        self.assertTrue(unknown["unreadable"].startswith(f"{len(lost)} file"), unknown["unreadable"])

    def test_damage_that_costs_records_is_told_and_damage_that_costs_nothing_is_not(self):
        alone, whole = self.root / "torn", self.good.read_bytes()
        alone.mkdir()
        def investigated(name, content):
            (alone / name).write_bytes(content)
            told = run("investigate", "--lang", "en", "--new", "-o", self.root / "torn-case", alone / name)
            return told.returncode, "damaged, and not read in full: 1 file " in told.stderr, run("dump", "-o", self.root / "torn.jsonl", alone / name).returncode
        self.assertEqual(investigated("sound.evtx", whole), (OK, False, OK))
        dirty = bytearray(whole)
        dirty[120] |= 1                         # not closed: the flag costs nothing
        self.assertEqual(investigated("dirty.evtx", bytes(dirty)), (OK, False, OK))
        checksum = bytearray(whole)
        checksum[4096 + 52] ^= 0xff             # of the first chunk's records: it is noted, and all of them are read
        self.assertEqual(investigated("checksum.evtx", bytes(checksum)), (OK, False, OK))
        self.assertEqual(investigated("torn.evtx", (self.made / "Other.evtx").read_bytes()[:100_000]), (UNREADABLE, True, UNREADABLE))
        broken = bytearray(whole)
        first = broken.index(b"\x2a\x2a\0\0", 4096 + 512)
        broken[first + 24 + 4:first + 24 + 40] = b"\xff" * 36           # the first record's document
        self.assertEqual(investigated("record.evtx", bytes(broken)), (UNREADABLE, True, UNREADABLE))
        told = run("survey", "--lang", "zh", "-o", self.root / "torn-digests", alone)
        self.assertEqual(told.returncode, UNREADABLE)
        self.assertIn("2 个文件已损坏", told.stderr)

    def test_what_another_verb_takes_is_said_in_one_line(self):
        case, log = self.root / "case", self.good
        digest, text = next((case / "digests").glob("*.digest")), self.root / "text.evtx"
        text.write_text("no log at all\n")
        for arguments, words in (["report", log], "an event log, and not a case folder"), (["report", text], "not a case folder"), \
                (["report", self.root], "not a case folder"), (["report", digest], "suyuan join takes it"), (["report", case / "digests"], "suyuan join takes it"), \
                (["join", "-o", self.root / "x", log], "suyuan investigate takes it"), (["join", "-o", self.root / "x", text], "not a digest"), \
                (["join", "-o", self.root / "x", case], "suyuan report takes it"), (["join", "-o", self.root / "x", self.evidence], "not a digest"), \
                (["investigate", "-o", self.root / "x", case], "suyuan report takes it"), (["investigate", "-o", self.root / "x", digest], "suyuan join takes it"), \
                (["survey", "-o", self.root / "x", case / "case.json"], "suyuan report takes it"), (["dump", digest], "suyuan join takes it"), \
                (["investigate", "-o", text, log], "a case is a folder"), (["investigate", "--scene", log, "-o", self.root / "x", log], "suyuan scene writes one"):
            told = run(*arguments)
            self.assertEqual((told.returncode, told.stdout), (USAGE, ""), arguments)
            self.assertEqual(told.stderr.count("\n"), 1, told.stderr)
            self.assertIn(words, told.stderr)
        self.assertFalse((self.root / "x").exists())

    def test_what_is_said_while_reading_is_in_the_chosen_language(self):
        for language, words in ("en", "1 unit (0 read before), 1 file, 1 log with 450 records, copies included, 0 unreadable"), ("zh", "共 1 个单元（0 个此前已读取）、1 个文件、1 个日志、450 条记录（含副本），0 个文件无法读取"):
            told = run("investigate", "--lang", language, "--new", "-o", self.root / f"said-{language}", self.good)
            self.assertEqual(told.returncode, OK)
            self.assertEqual(told.stderr.splitlines()[-1], words)

    def test_the_number_of_records_is_one_number_everywhere(self):
        said = re.search(r"([0-9,]+) records, copies included(?: \(([0-9,]+) of them recovered\))?, \d+ unreadable", self.told.stderr)
        page = (self.root / "case/report.html").read_text()
        shown = re.search(r"of evidence with ([0-9,]+) records(?: \(([0-9,]+) of them recovered\))?\.", page)
        self.assertEqual(said.groups(), shown.groups())
        number = lambda text: int((text or "0").replace(",", ""))
        logs = [e for e in self.case["evidence"] if e["kind"] == "evtx"]
        self.assertEqual(number(shown[1]), sum(e["records"] + (e["recovered"] or 0) for e in logs))
        self.assertEqual(number(shown[2]), sum(e["recovered"] or 0 for e in logs))

    def test_nothing_is_passed_in_silence(self):
        for name in "empty.evtx", "noise.evtx", "pipe", "root", "loop":
            self.assertFalse(self.files[name]["read"])
            self.assertTrue(self.files[name]["why"], name)
        self.assertFalse(any(path.startswith(("root/", "loop/")) for path in self.files))

    def test_a_file_that_may_not_be_read_is_named(self):
        if os.geteuid() == 0:
            self.skipTest("root may read everything")
        closed = self.root / "closed"
        closed.mkdir()
        (closed / "System.evtx").write_bytes(self.good.read_bytes())
        (closed / "Secret.evtx").write_bytes(self.good.read_bytes())
        (closed / "Secret.evtx").chmod(0)
        for verb in ["investigate", "-o", self.root / "closed-case"], ["dump", "-o", self.root / "closed.jsonl"]:
            told = run(*verb, closed)
            self.assertEqual(told.returncode, UNREADABLE, told.stderr)
            self.assertIn("Secret.evtx", told.stderr)

    def test_what_is_not_there_is_refused_before_anything_is_made(self):
        made, rule = self.root / "never", self.root / "rule.yml"
        rule.write_text("title: a\nid: 1\nlogsource: {product: windows, service: system}\ndetection: {a: {EventID: 1}, condition: a}\n")
        for missing in self.root / "nowhere", self.good / "below":
            for verb in ["investigate", "-o", made], ["survey", "-o", made], ["audit"], ["autoruns"], ["registry"], ["hunt", "-r", rule, "-o", made], \
                    ["dump", "-o", made], ["dump", "--recover", "-o", made], ["join", "-o", made]:
                given = [missing] if verb[0] in ("registry", "join") else [self.good, missing]
                told = run(*verb, *given)
                self.assertEqual((told.returncode, told.stdout), (USAGE, ""), verb)
                why = "Not a directory" if missing.parent == self.good else "No such file or directory"
                self.assertEqual(told.stderr, f"suyuan: {missing}: {why}\n")
                self.assertFalse(made.exists(), verb)

    def test_a_hunt_without_a_rule_is_no_hunt(self):
        rules, wrong, low, none = (self.root / name for name in ("rules", "wrong.yml", "low.yml", "none.txt"))
        rules.mkdir()
        wrong.write_text("title: a\nlogsource: {product: windows}\n")
        low.write_text("title: a\nlevel: informational\nlogsource: {product: windows, service: system}\ndetection: {a: {EventID|gt: 0}, condition: a}\n")
        none.write_text("")
        for path, words in (rules, "no Sigma rule is there"), (none, "1 refused, the first: none.txt:1: there is nothing in it"), (wrong, "wrong.yml:1: it has no detection"), (low, "no rule is of level low or above"):
            told = run("hunt", "-l", "low", "-r", path, self.good)
            self.assertEqual((told.returncode, told.stdout, told.stderr.count("\n")), (USAGE, "", 1), told.stderr)
            self.assertIn(words, told.stderr)
        (rules / "low.yml").write_text(low.read_text())
        told = run("hunt", "-r", rules, self.good)
        self.assertEqual(told.returncode, OK, told.stderr)
        self.assertRegex(told.stdout, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  informational")
        # What a correlation counts is needed whatever its level, and is told only by it.
        (rules / "many.yml").write_text("title: many\nlevel: high\ncorrelation: {type: event_count, rules: [each], group-by: [Computer], timespan: 365d, condition: {gte: 2}}\n")
        (rules / "low.yml").write_text("name: each\n" + low.read_text())
        told = run("hunt", "-l", "low", "--summary", "-r", rules, self.good)
        self.assertEqual(told.returncode, OK, told.stderr)
        self.assertIn("of level low and above (0 refused)", told.stderr)
        self.assertRegex(told.stdout, r"^Hits by rule\n +\d+  high +many\n\nHits by host\n")

    def test_where_nothing_is_found_it_is_said_in_one_line(self):
        empty, text = self.root / "nothing", self.root / "words.txt"
        empty.mkdir()
        text.write_text("no evidence\n")
        for verb, words in ("audit", "a host's state"), ("autoruns", "a host's state"), ("dump", "no event log was found"):
            for given in [empty] if verb == "dump" else [empty, text]:
                told = run(verb, given)
                self.assertEqual((told.returncode, told.stdout, told.stderr.count("\n")), (UNREADABLE, "", 1), (verb, told))
                self.assertIn(words, told.stderr)

    def test_what_cannot_be_written_is_named_as_it_was_given(self):
        path = self.root / "no-folder/report.html"
        told = run("report", "-o", path, self.root / "case")
        self.assertEqual((told.returncode, told.stderr), (FAILED, f"suyuan report: cannot write {path}: No such file or directory\n"))

    def test_a_password_makes_the_difference(self):
        locked = self.evidence / "locked.zip"
        for password, unreadable in (None, 1), ("wrong", 1), ("infected", 0):       # what is in it is the stub of a log
            told = run("investigate", "--lang", "en", "--new", "-o", self.root / "locked", *(["--password", password] if password else []), locked)
            self.assertEqual(told.returncode, UNREADABLE, told.stderr)
            self.assertIn(f", {unreadable} unreadable", told.stderr)
            self.assertEqual("damaged, and not read in full: 1 file" in told.stderr, not unreadable, told.stderr)

    def test_digests_of_anybody_are_refused_in_one_line(self):
        digest = next((self.root / "case/digests").glob("*.digest"))
        good, bad = digest.read_bytes(), self.root / "bad.digest"
        for wrong in b"", b"garbage", good[:len(good) // 2], good + b"x", good[:40] + bytes([good[40] ^ 1]) + good[41:]:
            bad.write_bytes(wrong)
            told = run("join", "-o", self.root / "joined", bad)
            self.assertEqual((told.returncode, told.stdout), (FAILED, ""))
            self.assertEqual(told.stderr.count("\n"), 1, told.stderr)
            self.assertIn("bad.digest", told.stderr)

    def test_bad_usage_is_one_line(self):
        case, scene = self.root / "usage", self.root / "scene.yml"
        scene.write_text("time_zone: Asia/Shanghai\nhots: []\n")
        for bad in ["investigate"], ["investigate", "-o"], ["investigate", "-o", case, "-j", "0", self.good], ["investigate", "-o", case, "--lang", "fr", self.good], \
                ["investigate", "-o", case, "--since", "yesterday", self.good], ["investigate", "-o", case, "--since", "2021-01-01", "--until", "2020-01-01", self.good], \
                ["investigate", "-o", case, "--what", self.good], ["investigate", "-o", self.evidence / "case", self.evidence], \
                ["investigate", "-o", case, "--scene", scene, self.good], ["join"], ["join", "-o", case], ["join", "--lang", "fr", self.good]:
            told = run(*bad)
            self.assertEqual((told.returncode, told.stdout), (USAGE, ""), bad)
            self.assertEqual(told.stderr.count("\n"), 1, told.stderr)
        self.assertIn("scene.yml:2", run("investigate", "-o", case, "--scene", scene, self.good).stderr)
        self.assertFalse((self.evidence / "case").exists())


if __name__ == "__main__":
    unittest.main()
