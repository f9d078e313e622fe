#!/usr/bin/env python3
"""Holds the Sigma engine to tests/conformance/sigma/cases.json:  sigma_cases.py SUYUAN
A case is rules, events (flat objects, or as evtx_dump writes them) and what must come of it: `match` lists the events that match
the first rule, `hits` how often each rule is told, by title, `refused` that the first rule must be. It is data, for other programs too:
of a flat event Channel, EventID and time are those of Sysmon 1 where it does not say."""
import collections
import json
import os
import subprocess
import sys
import tempfile


def run(suyuan, case, folder):
    rules, events = os.path.join(folder, 'rules.yml'), os.path.join(folder, 'events.jsonl')
    with open(rules, 'w', encoding='utf-8') as out:              # JSON is YAML
        for rule in case['rules']:
            out.write('---\n' + json.dumps(rule, ensure_ascii=False) + '\n')
    with open(events, 'w', encoding='utf-8') as out:
        for i, event in enumerate(case['events']):
            if 'Event' not in event:
                event = {'Channel': 'Microsoft-Windows-Sysmon/Operational', 'EventID': 1, 'SourceName': 'Microsoft-Windows-Sysmon', 'Hostname': 'host',
                         'EventTime': f'2024-01-01 00:{i // 60:02}:{i % 60:02}', 'RecordNumber': i + 1, **event}
            out.write(json.dumps(event, ensure_ascii=False) + '\n')
    command = [suyuan, 'hunt', '-f', 'jsonl', '-r', rules]
    if 'values' in case:
        values = os.path.join(folder, 'values.yml')
        with open(values, 'w', encoding='utf-8') as out:
            json.dump(case['values'], out)
        command += ['--values', values]
    told = subprocess.run(command + [events], capture_output=True, text=True, encoding='utf-8')
    return [json.loads(line) for line in told.stdout.splitlines()], told


def main():
    suyuan, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
    cases = json.load(open(os.path.join(here, 'sigma', 'cases.json'), encoding='utf-8'))
    wrong = collections.Counter()
    of = collections.Counter(case['about'] for case in cases)
    for case in cases:
        with tempfile.TemporaryDirectory() as folder:
            hits, told = run(suyuan, case, folder)
        refused = '(0 refused)' not in told.stderr
        if 'hits' in case:
            is_, want = dict(collections.Counter(hit['rule'] for hit in hits)), case['hits']
        else:
            is_, want = sorted({hit['record_id'] - 1 for hit in hits}), case['match']
        if is_ != want or refused != case.get('refused', False) or told.returncode not in ((0, 2, 3) if refused else (0, 3)):
            wrong[case['about']] += 1
            print(f'{case["about"]}: {case["name"]}: {want} expected, {is_} told{", refused" if refused else ""}\n{told.stderr}')
    for about, count in of.items():
        print(f'{about}: {count - wrong[about]} of {count}')
    print(f'{len(cases)} cases, {sum(wrong.values())} wrong')
    return sum(wrong.values()) > 0 or not cases


if __name__ == '__main__':
    sys.exit(main())
