#!/usr/bin/env python3
"""The score itself: the whole truth scores full, silence fails, a confident mistake is seen.  score_test.py ROOT SUYUAN-RANGE"""
import importlib.machinery
import importlib.util
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT, MAKER = pathlib.Path(sys.argv[1]), sys.argv[2]
loader = importlib.machinery.SourceFileLoader("score", str(ROOT / "scripts" / "score"))
sys.dont_write_bytecode = True
score = importlib.util.module_from_spec(importlib.util.spec_from_loader("score", loader))
loader.exec_module(score)

SILENT = {"hosts": [], "crashes": [], "entry": None, "entries": [], "first_host": None, "spread": [], "persistence": [], "findings": [], "unknowns": []}


def truths():
    with tempfile.TemporaryDirectory() as folder:
        plain = ["--size", "2", "--days", "3", "--hosts", "3", "--clock-off", "0", "--intruders", "1", "--no-attack=no", "--cleared=no", "--rolled=no", "--audit-off=no", "--source-empty=no"]
        for number, more in ((300, ["--entry", "rdp"]), (301, ["--entry", "mssql", "--cleared"]), (302, ["--entry", "smb", "--undelivered", "2"]), (303, ["--no-attack"])):
            path = pathlib.Path(folder) / str(number)
            subprocess.run([MAKER, "--seed", str(number), "-o", str(path), *plain, "--undelivered", "0", *more], check=True)
            yield json.loads((path / "truth.json").read_text(encoding="utf-8"))


def told_by(truth):
    """The case that a program which knows everything would write."""
    q, ids = truth["questions"], {h["name"]: "id of " + h["name"] for h in truth["hosts"]}
    ways = [{"host": ids[e["host"]["value"]], "access": e["access"]["value"], "means": e["means"]["value"], "account": e["account"]["value"],
             "source": {"address": e["source"]["value"]}, "confidence": 0.9} for e in q["entries"]]
    return {
        "hosts": [{"id": ids[h["name"]], "names": h["names"], "addresses": [h["address"]]} for h in truth["hosts"]],
        "crashes": [{"host": ids[c["host"]], "time": c["time"], "bugcheck": {"code": c["code"]}} for c in q["crash_times"]],
        "entry": ways[0] if ways else None, "entries": ways[1:],
        "first_host": {"host": ways[0]["host"], "confidence": 0.9} if ways else None,
        "spread": [{"from": ids[e["from"]], "to": ids[e["to"]], "access": e["access"]["value"], "means": e["means"]["value"],
                    "account": e["account"]["value"], "confidence": 0.9} for e in q["edges"]],
        "persistence": [{"host": ids[p["host"]], "name": p["name"], "verdict": "hostile"} for p in q["persistence"]],
        "findings": [{"kind": "account-create", "host": ids[a["host"]], "confidence": 1, "entities": [{"type": "account", "value": "X\\" + a["account"]}]} for a in q["accounts"]],
        "unknowns": [{"host": ids[u["host"]], "what": u["what"], "text": {"en": ""}} for u in q["unknowns"]],
    }


def judged(case, truth):
    result = score.Score("test")
    hosts = score.Hosts(case, truth)
    for judge in (score.score_crashes, score.score_entry, score.score_edges, score.score_left, score.score_accounts, score.score_unknowns):
        judge(result, case, truth, hosts)
    return result.lines


class ScoreTest(unittest.TestCase):
    truths = list(truths())

    def test_the_whole_truth_scores_full(self):
        for truth in self.truths:
            for question, outcome, _, words in judged(told_by(truth), truth):
                self.assertIn(outcome, ("right", "lucky", "refused"), f"{question}: {words}")

    def test_silence_is_never_wrong_and_never_enough(self):
        lines = [line for truth in self.truths for line in judged(SILENT, truth)]
        self.assertFalse([line for line in lines if line[1] in ("wrong", "sure", "rash", "unsure")])
        short, sure = score.table(lines)
        self.assertIn("entry: access", " ".join(short))
        self.assertEqual(sure, 0)

    def test_a_confident_mistake_is_seen(self):
        truth = self.truths[0]
        case = told_by(truth)
        case["entry"]["source"] = {"address": "10.9.8.7"}
        case["crashes"] = [dict(c, time="2001-01-01T00:00:00.0000000Z") for c in case["crashes"]]
        outcomes = [(q, o) for q, o, _, _ in judged(case, truth)]
        self.assertIn(("entry: source", "sure"), outcomes)
        self.assertIn(("crash times", "sure"), outcomes)

    def test_a_way_in_where_nobody_came_in_is_a_mistake(self):
        peace = self.truths[3]
        case = dict(SILENT, hosts=[{"id": "x", "names": [peace["hosts"][0]["name"]], "addresses": []}],
                    entry={"host": "x", "access": "guessed-password", "means": "rdp", "account": "a", "source": None, "confidence": 0.9})
        self.assertIn(("entry: host", "sure"), [(q, o) for q, o, _, _ in judged(case, peace)])

    def test_two_ways_into_one_host_are_told_apart_by_their_source(self):
        truth = self.truths[0]
        case = told_by(truth)
        other = dict(case["entry"], source={"address": "10.9.9.9"}, access="known-credential", confidence=0.65)
        case["entry"], case["entries"] = other, [case["entry"], *case["entries"]]
        lines = [(q, o) for q, o, _, _ in judged(case, truth)]
        self.assertIn(("entry: source", "right"), lines)
        self.assertIn(("entry: host", "wrong"), lines)
        self.assertNotIn(("entry: host", "sure"), lines)

    def test_what_the_evidence_cannot_tell_may_be_refused(self):
        cleared = self.truths[1]
        self.assertIn("refused", [o for _, o, _, _ in judged(SILENT, cleared)])


unittest.main(argv=sys.argv[:1])
