#!/usr/bin/env python3
"""Hives that the range writes, held against independent readers: hivexml (all keys, times, values), reglookup (all paths),
regfinfo (opens without complaint), reglookup-recover (deleted records). Logs are replayed here, from the published layout.
usage: regf_write_test.py MADE_HIVES SUYUAN_RANGE"""
import base64
import calendar
import collections
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml

MADE, RANGE = sys.argv[1], sys.argv[2]
for tool in ("hivexml", "reglookup", "reglookup-recover", "regfinfo"):
    if not shutil.which(tool):
        print("skipped:", tool, "is not installed (scripts/setup tests)")
        sys.exit(77)
TYPES = {"string": 1, "expand": 2, "binary": 3, "int32": 4, "string-list": 7, "int64": 11}


def run(*command):
    done = subprocess.run(command, capture_output=True)
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout


def by_hivexml(path):
    """Keys with their times, and values with type and bytes; of texts, their words."""
    keys, values = {}, {}

    def walk(node, where):
        keys[where] = calendar.timegm(time.strptime(node.find("mtime").text, "%Y-%m-%dT%H:%M:%SZ"))
        for v in node.findall("value"):
            kind = v.get("type")
            data = base64.b64decode(v.get("value") or "") if v.get("encoding") == "base64" else v.get("value")
            if kind == "string-list":
                data = [s.text for s in v.findall("string") if s.text]
            values[where, v.get("key") or ""] = (kind, data)
        for child in node.findall("node"):
            walk(child, where + "\\" + child.get("name"))

    walk(xml.fromstring(run("hivexml", str(path))).find("node"), "")
    return keys, values


def expected(path):
    keys, values = {}, {}
    for line in path.with_name(path.name.split(".")[0] + ".expected").read_text(encoding="utf-8").splitlines():
        part = line.split("\t")
        if part[0] == "K":
            keys[part[1]] = int(part[2])
        else:
            values[part[1], part[2]] = (int(part[3]), bytes.fromhex(part[4]))
    return keys, values


def words(data):
    return data.decode("utf-16-le").split("\0")[0]


def rol(v, n):
    return (v << n | v >> 32 - n) & 0xffffffff


def marvin(data):
    lo, hi = 0x7a4e55c5, 0x82ef4d88
    data = data + b"\x80" + bytes(3 - len(data) % 4) + bytes(4)
    for (word,) in struct.iter_unpack("<I", data):
        lo = (lo + word) & 0xffffffff
        hi ^= lo
        lo = (rol(lo, 20) + hi) & 0xffffffff
        hi = rol(hi, 9) ^ lo
        lo = (rol(lo, 27) + hi) & 0xffffffff
        hi = rol(hi, 19)
    return hi << 32 | lo


def base_sum(block):
    total = 0
    for (word,) in struct.iter_unpack("<I", block[:508]):
        total ^= word
    return total


def cleaned(image):
    """With both sequence numbers equal, and the checksum that goes with it: what a reader takes for a clean hive."""
    image[8:12] = image[4:8]
    image[508:512] = struct.pack("<I", base_sum(image))
    return bytes(image)


class HivesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        run(MADE, str(cls.path))

    def holds(self, path):
        keys, values = by_hivexml(path)
        want_keys, want_values = expected(path)
        self.assertEqual(keys, want_keys)
        self.assertEqual(set(values), set(want_values))
        seen = collections.Counter()
        for name, (kind, data) in values.items():
            number, raw = want_values[name]
            seen[kind] += 1
            if kind in TYPES:
                self.assertEqual(number, TYPES[kind], name)
            if kind in ("string", "expand") and isinstance(data, str):
                self.assertEqual(data, words(raw), name)
            elif kind == "string-list":
                self.assertEqual(data, [w for w in raw.decode("utf-16-le").split("\0") if w], name)
            elif kind == "int32":
                self.assertEqual(int(data), struct.unpack("<i", raw)[0], name)
            elif kind == "int64":
                self.assertEqual(int(data), struct.unpack("<q", raw)[0], name)
            elif isinstance(data, bytes):
                self.assertEqual(data, raw, name)
        self.assertGreaterEqual(len([k for k in TYPES if seen[k]]), 5)
        return len(keys), len(values)

    def test_every_key_and_value_reads_back(self):
        for name in ("minor3", "minor5", "minor6", "plain"):
            with self.subTest(name):
                keys, values = self.holds(self.path / name)
                listed = [line.split(b",") for line in run("reglookup", str(self.path / name)).splitlines()[1:]]
                self.assertEqual(sum(line[1] == b"KEY" for line in listed), keys)
                self.assertEqual(sum(line[1] != b"KEY" for line in listed), values)
                self.assertIn(b"Kinds", run("regfinfo", str(self.path / name)))

    def test_large_data_lies_in_pieces_from_minor_4_on(self):
        for name, pieces in (("minor3", 0), ("minor5", 2), ("minor6", 2)):
            image = (self.path / name).read_bytes()
            self.assertEqual(sum(image[at + 4:at + 6] == b"db" and image[at + 6] in (2, 4) for at in range(4096, len(image) - 8, 8)), pieces, name)

    def test_a_base_block_adds_up(self):
        for name in ("minor3", "minor5", "minor6", "old", "new", "old.LOG1", "new.LOG1", "new.LOG2"):
            block = (self.path / name).read_bytes()[:512]
            self.assertEqual(struct.unpack("<I", block[508:])[0], base_sum(block), name)

    def test_bins_hold_nothing_but_cells(self):
        for name in ("minor3", "minor5", "deleted", "new"):
            image = (self.path / name).read_bytes()[4096:]
            at = 0
            while at < len(image):
                magic, where, size = struct.unpack("<4sII", image[at:at + 12])
                self.assertEqual((magic, where), (b"hbin", at), name)
                cell = at + 32
                while cell < at + size:
                    length = abs(struct.unpack("<i", image[cell:cell + 4])[0])
                    self.assertTrue(length >= 8 and length % 8 == 0, (name, cell))
                    cell += length
                self.assertEqual(cell, at + size, name)
                at += size

    def test_what_was_dropped_stays_in_a_free_cell(self):
        self.holds(self.path / "deleted")
        found = run("reglookup-recover", str(self.path / "deleted"))
        self.assertIn(b"KxQz", found)
        self.assertIn(b"qzwsxedc.exe", found)

    def test_an_old_log_brings_the_file_up_to_date(self):
        image, log = bytearray((self.path / "old").read_bytes()), (self.path / "old.LOG1").read_bytes()
        primary, secondary, written = struct.unpack("<IIQ", image[4:20])
        self.assertEqual(primary, secondary + 1)
        self.assertEqual(struct.unpack("<IIQ", log[4:20]), (primary, primary, written))
        bins, = struct.unpack("<I", log[40:44])
        self.assertEqual(log[512:516], b"DIRT")
        at = (512 + 4 + (bins // 512 + 7) // 8 + 511) // 512 * 512
        pages = 0
        for bit in range(bins // 512):
            if log[516 + bit // 8] >> bit % 8 & 1:
                image[4096 + 512 * bit:4608 + 512 * bit] = log[at:at + 512]
                at += 512
                pages += 1
        self.assertEqual(at, len(log))
        self.assertGreater(pages, 3)
        (self.path / "old.replayed").write_bytes(cleaned(image))
        self.holds(self.path / "old.replayed")
        with self.assertRaises(AssertionError):
            (self.path / "old.asis").write_bytes(cleaned(bytearray((self.path / "old").read_bytes())))
            self.holds(self.path / "old.asis")

    def test_new_logs_bring_the_file_up_to_date(self):
        image = bytearray((self.path / "new").read_bytes())
        _, secondary = struct.unpack("<II", image[4:12])
        entries, following = 0, None
        for name in ("new.LOG1", "new.LOG2"):
            log, at = (self.path / name).read_bytes(), 512
            base, = struct.unpack("<I", log[4:8])
            self.assertGreaterEqual(base, secondary)
            self.assertEqual(struct.unpack("<I", log[28:32])[0], 6)
            while at < len(log):
                magic, size, _, sequence, bins, count, whole, head = struct.unpack("<4sIIIIIQQ", log[at:at + 40])
                entry = log[at:at + size]
                self.assertEqual(magic, b"HvLE")
                self.assertEqual(marvin(entry[40:]), whole)
                self.assertEqual(marvin(entry[:32]), head)
                self.assertEqual(sequence, base if at == 512 else following)
                self.assertEqual(sequence, following or sequence)
                following = sequence + 1
                image.extend(bytes(max(0, 4096 + bins - len(image))))
                data = 40 + 8 * count
                for i in range(count):
                    offset, length = struct.unpack("<II", entry[40 + 8 * i:48 + 8 * i])
                    image[4096 + offset:4096 + offset + length] = entry[data:data + length]
                    data += length
                image[40:44] = struct.pack("<I", bins)
                entries += 1
                at += size
        self.assertEqual(entries, 3)
        (self.path / "new.replayed").write_bytes(cleaned(image))
        self.holds(self.path / "new.replayed")

    def test_a_hive_has_about_the_size_that_was_asked_for(self):
        for size in (200000, 5000000):
            path = self.path / "sized"
            run(RANGE, "--hive", str(size), "-o", str(path))
            self.assertTrue(0.85 * size < path.stat().st_size < 1.15 * size, path.stat().st_size)
            first = path.read_bytes()
            run(RANGE, "--hive", str(size), "-o", str(path))
            self.assertEqual(path.read_bytes(), first)
        run("hivexml", str(path))


unittest.main(argv=sys.argv[:1])
