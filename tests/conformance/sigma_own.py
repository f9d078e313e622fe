#!/usr/bin/env python3
"""Each rule under rules/ matches the log that it must match, as often as told, and not the one it must not:

    sigma_own.py SUYUAN LOG_MAKER

tests/conformance/sigma/own.json has a case for each rule: the events of both logs, and the number of hits on the first. A rule that
only correlations count is tried by theirs."""
import json
import os
import re
import subprocess
import sys
import tempfile


def hits(suyuan, log):
    told = subprocess.run([suyuan, 'hunt', '-f', 'jsonl', log], capture_output=True, text=True, encoding='utf-8')
    if told.returncode != 0:
        sys.exit(f'{log}: {told.stderr}')
    return [json.loads(line)['rule'] for line in told.stdout.splitlines()]


def main():
    suyuan, maker = sys.argv[1:3]
    data = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'sigma', 'own.json')
    with open(data, encoding='utf-8') as file:
        cases = json.load(file)
    listed = subprocess.run([suyuan, 'rules', 'check'], capture_output=True, text=True, encoding='utf-8').stdout.splitlines()
    rules = [m[1] for m in (re.match(r'\w+ +[0-9a-f-]{36}  (.*)', line) for line in listed) if m and not m[1].endswith('(only counted)')]
    wrong = 0
    if len(listed) != len(re.findall(r'(?m)^\w+ +[0-9a-f-]{36}  ', '\n'.join(listed))) + 1 or not listed[-1].endswith(' 0 refused'):
        print('something is odd in the rules:', *listed, sep='\n')
        wrong += 1
    for title in sorted(set(rules) ^ {case['rule'] for case in cases}):
        print(f'{title}: {"no case" if title in rules else "no such rule"}')
        wrong += 1
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([maker, data, folder], check=True)
        for number, case in enumerate(cases):
            positive, negative = (hits(suyuan, os.path.join(folder, f'{number}.{kind}.evtx')).count(case['rule']) for kind in ('positive', 'negative'))
            bad = positive != case['hits'] or negative != 0
            wrong += bad
            print(f'{"WRONG" if bad else "ok":5}  {positive} of {case["hits"]} on the positive log, {negative} on the negative: {case["rule"]}')
    print(f'{len(cases)} rules, {wrong} wrong')
    return wrong > 0


if __name__ == '__main__':
    sys.exit(main())
