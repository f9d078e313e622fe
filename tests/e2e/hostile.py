#!/usr/bin/env python3
"""Logs whose every field is written by an attacker, through dump and investigate: what comes out steers nobody's terminal,
spreadsheet, browser or parser, and still says what the records say.

usage: hostile.py SUYUAN MADE_LOGS"""
import base64
import csv
import hashlib
import html.parser
import io
import json
import os
import pathlib
import pty
import re
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

MADE_LOGS, SUYUAN = os.path.abspath(sys.argv.pop()), os.path.abspath(sys.argv.pop())
TEXTS = 30                                  # of made_logs, each with its number
EVENT = "{http://schemas.microsoft.com/win/2004/08/events/event}"
# What steers a terminal or makes text look like another: controls but line end and tab, overrides, what is not seen.
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")
# Names that a file system allows and nobody should.
FOLDER, FILE = "XQZ40 <img src=x onerror=alert(1)>\x1b[31m\n'\"", "XQZ41 =1+1\u202e\x1b]0;x\x07 .evtx"


def run(*arguments):
    return subprocess.run([SUYUAN, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, timeout=300)


def numbers(text):
    return {int(n) for n in re.findall(r"XQZ(\d+)", text)}


class Page(html.parser.HTMLParser):
    """What a browser makes of a page: its elements with their attributes, and the text of what it would run or style by."""
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.kinds, self.values, self.raw, self.text, self.open = set(), [], {"script": [], "style": []}, [], None
        self.comments = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.kinds.add(tag)
        self.kinds.update(f"{tag}@{name}" for name, _ in attributes)
        self.values += [(tag, name, value or "") for name, value in attributes]
        self.open = tag if tag in self.raw else None
        if self.open:
            self.raw[tag].append("")

    def handle_endtag(self, tag):
        self.open = None

    def handle_data(self, data):
        if self.open:
            self.raw[self.open][-1] += data
        else:
            self.text.append(data)

    def handle_comment(self, data):
        self.comments.append(data)


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.kept = tempfile.TemporaryDirectory()
        cls.root = pathlib.Path(cls.kept.name)
        cls.logs, cls.plain = cls.root / "logs", cls.root / "plain"
        for folder, how in (cls.logs, "hostile"), (cls.plain, "plain"):
            folder.mkdir()
            subprocess.run([MADE_LOGS, how, folder], check=True)
        named = cls.logs / FOLDER
        named.mkdir()
        (cls.logs / "Other.evtx").rename(named / FILE)
        cls.told = run("investigate", "--lang", "en", "-o", cls.root / "case", cls.logs)
        cls.told_plain = run("investigate", "--lang", "en", "-o", cls.root / "plain-case", cls.plain)

    @classmethod
    def tearDownClass(cls):
        cls.kept.cleanup()

    def dump(self, *arguments):
        done = run("dump", *arguments, self.logs)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode()                     # is UTF-8

    def assert_all_there(self, text):
        self.assertEqual(set(range(TEXTS)) - numbers(text), set())

    def assert_steers_nothing(self, bytes_of_it):
        text = bytes_of_it.decode()
        found = STEERS.search(text)
        self.assertIsNone(found, found and text[max(0, found.start() - 60):found.start() + 20])

    # ---- dump ----

    def test_json_lines_are_json_and_lines(self):
        text = self.dump("-f", "jsonl")
        self.assertEqual([c for c in text if c < " " and c != "\n"], [])
        records = [json.loads(line) for line in text.split("\n")[:-1]]
        self.assertGreater(len(records), 1000)
        self.assert_all_there(text)
        self.assertEqual({key for record in records for key in record}, {"Event"})
        self.assertTrue({key for record in records for key in record["Event"]} <= {"#attributes", "System", "EventData", "UserData"})
        array = json.loads(self.dump("-f", "json"))
        self.assertEqual(array, records)

    def test_xml_is_well_formed(self):
        text = self.dump("-f", "xml")
        self.assert_all_there(text)
        tree = xml.etree.ElementTree.fromstring(text)
        records = self.dump("-f", "jsonl").count("\n")
        self.assertEqual(len(tree), records)
        self.assertEqual({child.tag for child in tree}, {EVENT + "Event"})
        self.assertTrue({child.tag for event in tree for child in event} <= {EVENT + name for name in ("System", "EventData", "UserData")})

    def test_no_cell_of_csv_is_a_formula(self):
        text = self.dump("-f", "csv")
        self.assert_all_there(text)
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        records = self.dump("-f", "jsonl").count("\n")
        self.assertEqual(len(rows), records + 1)
        self.assertEqual({len(row) for row in rows}, {len(rows[0])})
        for row in rows:
            for cell in row:
                self.assertNotRegex(cell, r"^[=+\-@\t\r\n]")
                self.assertNotRegex(cell, r"[\x00-\x08\x0b\x0c\x0e-\x1f]")

    def test_a_terminal_is_not_steered_by_records(self):
        """The same to a pipe is not changed; to a terminal it is."""
        for form in "jsonl", "xml", "csv":
            parent, child = pty.openpty()
            done = subprocess.Popen([SUYUAN, "dump", "-j", "1", "-f", form, self.logs / FOLDER / FILE], stdin=subprocess.DEVNULL, stdout=child, stderr=child)
            os.close(child)
            shown = b""
            while True:
                try:
                    part = os.read(parent, 65536)
                except OSError:
                    break
                if not part:
                    break
                shown += part
            os.close(parent)
            self.assertEqual(done.wait(), 0)
            self.assertTrue(numbers(shown.decode()) & {18, 20, 22, 24})
            self.assert_steers_nothing(shown.replace(b"\r\n", b"\n"))

    # ---- investigate ----

    def test_the_work_is_done_and_nothing_steers_the_terminal(self):
        self.assertEqual(self.told.returncode, 0, self.told.stderr)
        for text in self.told.stdout, self.told.stderr:
            self.assert_steers_nothing(text)
        self.assertLessEqual(self.told.stdout.count(b"\n"), 40)
        self.assertGreater(len(numbers(self.told.stdout.decode())), 3)
        again = run("investigate", "--lang", "zh", "-o", self.root / "case", self.logs)
        self.assertEqual(again.returncode, 0, again.stderr)
        self.assert_steers_nothing(again.stdout)

    def test_the_case_is_json_of_the_same_shape(self):
        case, plain = ((self.root / name / "case.json").read_bytes().decode() for name in ("case", "plain-case"))
        self.assertEqual([c for c in case if c < " " and c != "\n"], [])
        self.assertEqual(json.loads(case).keys(), json.loads(plain).keys())
        self.assertGreater(len(numbers(case)), TEXTS * 2 // 3)
        with sqlite3.connect(self.root / "case/case.sqlite") as store:
            self.assertEqual(store.execute("pragma integrity_check").fetchone(), ("ok",))
            self.assertGreater(store.execute("select count(*) from finding").fetchone()[0], 0)

    def test_a_browser_sees_text_and_nothing_else(self):
        text, plain = ((self.root / name / "report.html").read_bytes().decode() for name in ("case", "plain-case"))
        page, ours = Page(text), Page(plain)
        self.assertGreater(len(numbers("".join(page.text))), TEXTS * 2 // 3)
        self.assertEqual(page.kinds - ours.kinds, set())            # no element and no attribute that harmless texts would not give
        self.assertEqual(page.raw, ours.raw)                        # what runs and what styles is ours, byte for byte
        self.assertEqual(len(page.raw["script"]), 1)
        self.assertEqual(page.comments, ours.comments)
        for tag, name, value in page.values:
            self.assertFalse(name.startswith("on"), (tag, name, value))
            if name in ("href", "src", "xlink:href", "action", "formaction", "srcset", "data"):
                self.assertRegex(value, r"^#[A-Za-z0-9._:-]*$", (tag, name))
            if name == "style":
                self.assertNotIn("XQZ", value)
        self.assertIsNone(STEERS.search(text))
        policy = next(value for tag, name, value in page.values if tag == "meta" and name == "content" and "default-src" in value)
        self.assertIn("default-src 'none'", policy)
        for kind, directive in ("script", "script-src"), ("style", "style-src"):
            allowed = re.search(directive + r" ([^;]*)", policy).group(1).split()
            self.assertEqual(allowed, ["'sha256-%s'" % base64.b64encode(hashlib.sha256(raw.encode()).digest()).decode() for raw in page.raw[kind]])

    def test_names_of_files_are_names(self):
        evidence = json.loads((self.root / "case/case.json").read_bytes())["evidence"]
        paths = [e["path"] for e in evidence]
        self.assertTrue(any("XQZ41" in path for path in paths), paths)
        for path in paths:
            self.assertNotRegex(path, r"[\x00-\x1f\x7f]")


if __name__ == "__main__":
    unittest.main()
