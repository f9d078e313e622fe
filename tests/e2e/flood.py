#!/usr/bin/env python3
"""A flood of failed logons under random account names, workstations and sources does not cost more than it may, and does not
hide the client that guessed a password in it; what was not told apart is said.

usage: flood.py SUYUAN MADE_LOGS MEGABYTES"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

MEGABYTES = sys.argv.pop()
MADE_LOGS, SUYUAN = os.path.abspath(sys.argv.pop()), os.path.abspath(sys.argv.pop())
MOST_MEMORY, MOST_TEXT = 256 << 20, 64 << 20
GUESSER, ACCOUNT, GUESSES = "203.0.113.9", "Administrator", 600


def run(*arguments):
    """Exit status, and the most memory that this one process held."""
    child = subprocess.Popen([SUYUAN, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    return child.returncode, used.ru_maxrss * 1024


class Flood(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.kept.name)
        log = cls.root / "Security.evtx"
        subprocess.run([MADE_LOGS, "flood", log, MEGABYTES], check=True)
        cls.survey = run("survey", "-j", "2", "-o", cls.root / "digests", log)
        log.unlink()
        cls.join = run("join", "--lang", "en", "-o", cls.root / "case", *(cls.root / "digests").glob("*.digest"))
        cls.case = json.loads((cls.root / "case/case.json").read_bytes())

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def test_memory_is_bounded(self):
        for status, memory in self.survey, self.join:
            self.assertEqual(status, 0)
            self.assertLess(memory, MOST_MEMORY)
        print(f"{MEGABYTES} MB: survey {self.survey[1] >> 20} MiB, join {self.join[1] >> 20} MiB", file=sys.stderr)

    def test_the_digest_is_bounded(self):
        digest, = (self.root / "digests").glob("*.digest")
        text = int(subprocess.run([MADE_LOGS, "text", digest], capture_output=True, check=True).stdout)
        self.assertLess(text, MOST_TEXT)

    def test_the_one_who_guessed_is_found(self):
        found = [f for f in self.case["findings"] if f["kind"] == "password-guessing" and GUESSER in json.dumps(f)]
        self.assertEqual(len(found), 1)
        self.assertEqual(found[0]["count"], GUESSES)
        self.assertIn(ACCOUNT, json.dumps(found[0]))
        logons = [f for f in self.case["findings"] if f["kind"] == "logon-after-guessing"]
        self.assertEqual(len(logons), 1)
        self.assertIn(GUESSER, json.dumps(logons[0]))
        self.assertIn(ACCOUNT, json.dumps(logons[0]))

    def test_the_flood_is_told_and_what_was_left_out_is_unknown(self):
        flood = [f for f in self.case["findings"] if f["kind"] == "password-guessing" and GUESSER not in json.dumps(f)]
        records = self.case["evidence"][0]["records"]
        self.assertGreater(sum(f["count"] for f in flood), records * 3 // 4)        # few sources are still told apart
        for f in flood:
            self.assertNotIn("(accounts tried: 0)", json.dumps(f))
        unknown = [u["what"] for u in self.case["unknowns"]]
        self.assertIn("cut", unknown)
        self.assertNotIn("source-empty", unknown)       # the log names sources, more than are told apart


if __name__ == "__main__":
    unittest.main()
