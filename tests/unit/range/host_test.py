#!/usr/bin/env python3
"""What the range puts into hives, task files and folders, held against its truth through independent eyes: hivexml and
reglookup-recover for hives, an XML parser for tasks, and plain bytes for what may only be searched.
usage: host_test.py SUYUAN_RANGE"""
import base64
import calendar
import hashlib
import json
import pathlib
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree as xml

MAKER = sys.argv[1]
for tool in ("hivexml", "reglookup-recover"):
    if not shutil.which(tool):
        print("skipped:", tool, "is not installed (scripts/setup tests)")
        sys.exit(77)

CONFIG = "C/Windows/System32/config"
CACHE = "Microsoft\\Windows NT\\CurrentVersion\\Schedule\\TaskCache"
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
WORLDS = [  # what each of them is for, and its switches
    ("number one", ["--seed", "1", "--size", "6", "--days", "5"]),
    ("old systems", ["--seed", "401", "--os", "6.0,6.1", "--no-attack=no"]),
    ("new systems", ["--seed", "402", "--os", "6.2,6.3,10.0", "--no-attack=no"]),
    ("2016", ["--seed", "403", "--os", "10.0", "--no-attack=no", "--renamed"]),
    ("clock", ["--seed", "404", "--clock-off", "5", "--no-attack=no", "--lang", "zh"]),
    ("peace", ["--seed", "405", "--no-attack"]),
]


def seconds(text):
    return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))


def as_it_lies(image):
    """A hive without its logs: of one that was copied while it ran, what stands in the file itself, marked as whole."""
    block, end = bytearray(image[:4096]), 4096
    if block[4:8] == block[8:12]:
        return image
    while image[end:end + 4] == b"hbin":
        end += struct.unpack("<I", image[end + 8:end + 12])[0]
    block[8:12], block[40:44] = block[4:8], struct.pack("<I", end - 4096)
    total = 0
    for (word,) in struct.iter_unpack("<I", block[:508]):
        total ^= word
    block[508:512] = struct.pack("<I", total)
    return bytes(block) + image[4096:end]


class Hive:
    """Keys by folded path: written in whole seconds, and values by folded name."""

    def __init__(self, path):
        with tempfile.NamedTemporaryFile() as clean:
            clean.write(as_it_lies(path.read_bytes()))
            clean.flush()
            done = subprocess.run(["hivexml", clean.name], capture_output=True)
        assert done.returncode == 0, (path, done.stderr)
        self.keys = {}
        self.walk(xml.fromstring(done.stdout.decode("utf-8", "replace")).find("node"), "")

    def walk(self, node, where):
        values = {}
        for v in node.findall("value"):
            data = base64.b64decode(v.get("value") or "") if v.get("encoding") == "base64" else v.get("value")
            if v.get("type") == "string-list":
                data = [s.text for s in v.findall("string") if s.text]
            values[(v.get("key") or "").lower()] = data
        self.keys[where.lower()] = (seconds(node.find("mtime").text), values)
        for child in node.findall("node"):
            self.walk(child, where + "\\" + child.get("name") if where else child.get("name"))

    def value(self, key, name):
        return self.keys[key.lower()][1].get(name.lower())

    def below(self, key):
        start = key.lower() + "\\"
        return [k for k in self.keys if k.startswith(start) and "\\" not in k[len(start):]]


class World:
    def __init__(self, folder, switches):
        self.folder = folder
        small = [] if "1" in switches[:2] else ["--size", "2", "--days", "4", "--hosts", "3" if "6.2,6.3,10.0" in switches else "2", "--undelivered", "0"]
        subprocess.run([MAKER, "-o", str(folder), *switches, *small], check=True, stdout=subprocess.DEVNULL)
        self.truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        self.state = self.truth["state"]
        self.hosts = [h["host"] for h in self.state["hosts"]]
        self.read = {}

    def path(self, host, name):
        users = self.folder / "hosts" / host / "C/Users/Administrator"
        return {"NTUSER.DAT": users / "NTUSER.DAT", "UsrClass.dat": users / "AppData/Local/Microsoft/Windows/UsrClass.dat"}.get(name, self.folder / "hosts" / host / CONFIG / name)

    def hive(self, host, name):
        if (host, name) not in self.read:
            self.read[host, name] = Hive(self.path(host, name))
        return self.read[host, name]


class HostsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        cls.worlds = [World(pathlib.Path(cls.temporary.name) / str(i), switches) for i, (_, switches) in enumerate(WORLDS)]

    def each(self):
        return [(world, host) for world in self.worlds for host in world.hosts]

    def test_every_hive_is_a_whole_windows(self):
        for world, host in self.each():
            system, software = world.hive(host, "SYSTEM"), world.hive(host, "SOFTWARE")
            services = system.below("ControlSet001\\Services")
            self.assertGreater(len(services), 300)
            self.assertGreater(len([s for s in services if system.keys[s][1].get("imagepath")]), 250)
            self.assertEqual(int(system.value("Select", "Current")), 1)
            self.assertGreater(len(software.keys), 15000)
            for name in ("SAM", "SECURITY", "DEFAULT", "NTUSER.DAT", "UsrClass.dat"):
                self.assertGreater(len(world.hive(host, name).keys), 20, name)

    def test_the_hives_name_the_host_and_its_windows(self):
        for world, host in self.each():
            told = next(h for h in world.state["hosts"] if h["host"] == host)
            system, software = world.hive(host, "SYSTEM"), world.hive(host, "SOFTWARE")
            self.assertEqual(system.value("ControlSet001\\Control\\ComputerName\\ComputerName", "ComputerName"), told["computer"])
            self.assertEqual(software.value("Microsoft\\Windows NT\\CurrentVersion", "ProductName"), told["product"])
            self.assertEqual(software.value("Microsoft\\Windows NT\\CurrentVersion", "CurrentBuildNumber"), told["build"].split(".")[2])
            tail = struct.pack("<III", *map(int, told["machine_sid"].split("-")[4:]))
            self.assertTrue(world.hive(host, "SAM").value("SAM\\Domains\\Account", "V").endswith(tail))
            address = [v for k in system.below("ControlSet001\\Services\\Tcpip\\Parameters\\Interfaces") for v in (system.keys[k][1].get("ipaddress"), system.keys[k][1].get("dhcpipaddress")) if v]
            self.assertEqual(address, [told["address"]] if told["dhcp"] else [[told["address"]]])

    def test_what_was_planted_is_there_and_what_is_gone_is_gone(self):
        kinds, deleted, logged = set(), 0, 0
        for world, host in self.each():
            for p in [p for p in world.state["persistence"] if p["host"] == host]:
                place, _, key = p["location"].partition("\\")
                root = world.folder / "hosts" / host
                if place.startswith("Windows/System32/Tasks"):
                    file = root / "C" / re.sub("(?i)/microsoft/windows/", "/Microsoft/Windows/", p["location"].replace("\\", "/"))
                    self.assertTrue(file.exists(), p)
                elif place.startswith(("Windows/", "Users/")):
                    self.assertTrue((root / "C" / p["location"]).exists(), p)
                    if p["kind"] == "wmi-subscription":
                        self.assertIn(b"\0" + p["name"].encode() + b"\0", (root / "C" / p["location"]).read_bytes(), p)
                elif p["deleted"]:
                    hive = world.hive(host, place)
                    self.assertNotIn(key.lower(), hive.keys, p)
                    found = subprocess.run(["reglookup-recover", str(world.path(host, place))], capture_output=True).stdout
                    self.assertIn(p["name"].encode(), found, p)
                    deleted += 1
                elif p["in_log"]:
                    self.assertNotIn(key.lower(), world.hive(host, place).keys, p)
                    logs = b"".join(f.read_bytes() for f in (root / CONFIG).glob("SYSTEM.LOG*"))
                    self.assertIn(p["name"].encode(), logs, p)
                    logged += 1
                else:
                    hive = world.hive(host, place)
                    self.assertIn(key.lower(), hive.keys, p)
                    if p["value"]:
                        found = hive.value(key, p["value"])
                        self.assertTrue(p["command"] in found or p["kind"] in ("service-dll", "firewall-rule") or p["command"].split("\n") == found, (p, found))
                    written = hive.keys[key.lower()][0]
                    self.assertGreaterEqual(written, seconds(p["written"]) if p["written"] else 0, p)
                    if p["kind"] == "service":
                        self.assertEqual(written, seconds(p["written"]), p)
                kinds.add((p["kind"], p["hostile"]))
        self.assertGreater(deleted, 2)
        self.assertGreater(logged, 0)
        hostile = {k for k, h in kinds if h}
        self.assertTrue({"service", "task", "run", "port-proxy", "firewall-rule", "startup-folder"} <= hostile, hostile)
        self.assertGreater(len(hostile), 12, hostile)
        self.assertIn(("task", False), kinds)

    def test_nothing_is_planted_where_nobody_came(self):
        peace = self.worlds[[name for name, _ in WORLDS].index("peace")]
        self.assertFalse([p for p in peace.state["persistence"] if p["hostile"]])
        self.assertFalse([a for a in peace.state["accounts"] if a["hostile"]])

    def test_every_secret_lies_where_the_truth_says_some_does(self):
        count = 0
        for world, host in self.each():
            config = world.folder / "hosts" / host / CONFIG
            bytes_of = {name: (config / name).read_bytes() for name in ("SYSTEM", "SOFTWARE", "SAM", "SECURITY")}
            for s in [s for s in world.state["secrets"] if s["host"] == host]:
                raw = bytes.fromhex(s["hex"])
                where = "SAM" if s["what"].startswith("SAM") else "SYSTEM" if "Lsa\\" in s["what"] or s["what"].startswith("SNMP") else "SOFTWARE" if "Winlogon" in s["what"] else "SECURITY"
                # A name of a key or value is kept in one byte a letter, a class name or a text in two.
                form = "latin-1" if s["what"].startswith("SNMP") else "utf-16-le"
                self.assertTrue((s["text"].encode(form) if "text" in s else raw) in bytes_of[where], s["what"])
                self.assertGreaterEqual(len(raw), 8)
                count += 1
        self.assertGreater(count, 200)

    def test_accounts_read_as_they_were_made(self):
        looks = set()
        for world, host in self.each():
            sam = world.hive(host, "SAM")
            users = {int(k.rsplit("\\", 1)[1], 16): sam.keys[k][1] for k in sam.below("SAM\\Domains\\Account\\Users") if not k.endswith("names")}
            names = {k.rsplit("\\", 1)[1] for k in sam.below("SAM\\Domains\\Account\\Users\\Names")}
            told = {a["rid"]: a for a in world.state["accounts"] if a["host"] == host}
            self.assertEqual(set(users), set(told))
            admins = sam.value("SAM\\Domains\\Builtin\\Aliases\\00000220", "C")
            for rid, a in told.items():
                f, v = users[rid]["f"], users[rid]["v"]
                at, size = struct.unpack("<II", v[12:20])
                self.assertEqual(v[0xcc + at:0xcc + at + size].decode("utf-16-le"), a["account"])
                self.assertEqual(len(f), 80)
                self.assertEqual(struct.unpack("<I", f[48:52])[0] != rid, "rid-of-another" in a["looks"], a)
                self.assertEqual(bool(struct.unpack("<H", f[56:58])[0] & 1), a["disabled"], a)
                self.assertEqual(a["account"].lower() in names, "not-in-names" not in a["looks"], a)
                if a["last_logon"]:
                    self.assertEqual((struct.unpack("<Q", f[8:16])[0] // 10 ** 7) - 11644473600, seconds(a["last_logon"]), a)
                self.assertEqual(admins.count(struct.pack("<I", rid)) > 0, "544" in a["groups"].split(","), a)
                looks.add(a["looks"])
        self.assertIn("", looks)

    def test_tasks_stand_in_all_three_places_but_for_those_that_hide(self):
        tricks = {"task-without-file", "task-without-tree", "task-without-descriptor", "task-index-zero"}
        for world, host in self.each():
            software = world.hive(host, "SOFTWARE")
            root = world.folder / "hosts" / host / "C/Windows/System32/Tasks"
            odd = {p["name"].lower(): p["kind"] for p in world.state["persistence"] if p["host"] == host and p["kind"] in tricks}
            files = {}
            for file in root.rglob("*"):
                if not file.is_file():
                    continue
                raw = file.read_bytes()
                self.assertEqual(raw[:2], b"\xff\xfe", file)
                tree = xml.fromstring(raw.decode("utf-16").replace(' encoding="UTF-16"', "", 1))
                self.assertIsNotNone(tree.find(TASK + "Actions"), file)
                files["\\" + str(file.relative_to(root)).replace("/", "\\").lower()] = raw[2:]
            guids = {}
            for key in software.below(CACHE + "\\Tasks"):
                path = software.value(key, "Path").lower()
                guids[path] = key.rsplit("\\", 1)[1]
                kind = odd.get(path)
                self.assertEqual(path in files, kind != "task-without-file", path)
                tree = (CACHE + "\\Tree" + path).lower()
                self.assertEqual(tree in software.keys, kind != "task-without-tree", path)
                if path in files and len(software.value(key, "Hash")) == 32:
                    self.assertEqual(software.value(key, "Hash"), hashlib.sha256(files[path]).digest(), path)
                if tree in software.keys:
                    self.assertEqual(software.value(tree, "Id").lower(), guids[path], path)
                    self.assertEqual("sd" in software.keys[tree][1], kind != "task-without-descriptor", path)
                    self.assertEqual(int(software.value(tree, "Index")) == 0, kind == "task-index-zero", path)
            self.assertEqual(set(files) - set(guids), set())
            self.assertGreater(len(files), 20)

    def test_logs_are_the_same_with_and_without_hives(self):
        for (name, switches), world in zip(WORLDS, self.worlds):
            with self.subTest(name):
                folder = world.folder.with_name(world.folder.name + "-bare")
                small = [] if "1" in switches[:2] else ["--size", "2", "--days", "4", "--hosts", "3" if "6.2,6.3,10.0" in switches else "2", "--undelivered", "0"]
                subprocess.run([MAKER, "-o", str(folder), *switches, *small, "--without", "hives"], check=True, stdout=subprocess.DEVNULL)
                self.assertFalse(list(folder.rglob("SYSTEM")))
                logs = {p.relative_to(folder): p.read_bytes() for p in folder.rglob("*.evtx")}
                self.assertEqual(logs, {p.relative_to(world.folder): p.read_bytes() for p in world.folder.rglob("*.evtx")})
                truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
                self.assertEqual(truth, {k: v for k, v in world.truth.items() if k != "state"})


unittest.main(argv=sys.argv[:1])
