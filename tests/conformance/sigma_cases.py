#!/usr/bin/env python3
"""Holds the Sigma engine to tests/conformance/sigma/cases.json:  sigma_cases.py SUYUAN
A case is rules, events (flat objects, or as evtx_dump writes them) and what must come of it: `match` lists the events that match
the first rule, `hits` how often each rule is told, by title, `refused` that the first rule must be, `pysigma` how pySigma reads it (sigma_pysigma.py). It is data, for other programs too:
of a flat event Channel, EventID and time are those of Sysmon 1 where it does not say.

Starting the program costs more than a case. So cases whose rules and events mean nothing to each other's share a run, each with events in a
file of its own; of its hits those count that its own rules have on its own file. Correlations, filters, placeholders, refusals, and
events that tell their own time or number have a run each, two at a time."""
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile


OWN = {'Event', 'EventTime', 'TimeCreated', '@timestamp', 'UtcTime', 'RecordNumber', 'EventRecordID', 'winlog'}
MANY = 1000                          # record numbers of a case


def whole(event, case, i):
    if 'Event' in event:
        return event
    return {'Channel': 'Microsoft-Windows-Sysmon/Operational', 'EventID': 1, 'SourceName': 'Microsoft-Windows-Sysmon', 'Hostname': 'host',
            'EventTime': f'2024-{1 + case // 28:02}-{1 + case % 28:02} 00:{i // 60:02}:{i % 60:02}', 'RecordNumber': case * MANY + i + 1, **event}


def put_rules(path, rules):
    with open(path, 'w', encoding='utf-8') as out:               # JSON is YAML
        for rule in rules:
            out.write('---\n' + json.dumps(rule, ensure_ascii=False) + '\n')


def put_events(path, case, number):
    with open(path, 'w', encoding='utf-8') as out:
        for i, event in enumerate(case['events']):
            out.write(json.dumps(whole(event, number, i), ensure_ascii=False) + '\n')


def hunt(suyuan, rules, events, *more):
    told = subprocess.run([suyuan, 'hunt', '-f', 'jsonl', '-r', rules, *more, events], capture_output=True, text=True, encoding='utf-8')
    return [json.loads(line) for line in told.stdout.splitlines()], told


def alone(suyuan, case):
    with tempfile.TemporaryDirectory() as folder:
        rules, events, more = os.path.join(folder, 'rules.yml'), os.path.join(folder, 'events.jsonl'), []
        put_rules(rules, case['rules'])
        put_events(events, case, 0)
        if 'values' in case:
            more = ['--values', os.path.join(folder, 'values.yml')]
            with open(more[1], 'w', encoding='utf-8') as out:
                json.dump(case['values'], out)
        return hunt(suyuan, rules, events, *more)


def may_share(case):
    return not (any('correlation' in rule or 'filter' in rule or not rule.get('title') for rule in case['rules']) or 'values' in case or case.get('refused')
                or len(case['events']) >= MANY or any(OWN & event.keys() for event in case['events']))


def together(suyuan, cases):
    """The hits of each, and what the program said of all."""
    with tempfile.TemporaryDirectory() as folder:
        rules, logs = os.path.join(folder, 'rules'), os.path.join(folder, 'logs')
        os.mkdir(rules)
        os.mkdir(logs)
        for number, case in enumerate(cases):
            put_rules(os.path.join(rules, f'{number}.yml'), [{**rule, 'title': f'{number} {rule["title"]}'} for rule in case['rules']])
            put_events(os.path.join(logs, f'{number}.jsonl'), case, number)
        hits, told = hunt(suyuan, rules, logs)
    of = [[] for _ in cases]
    for hit in hits:
        number, title = hit['rule'].split(' ', 1)
        if os.path.basename(hit['file']) == number + '.jsonl':
            of[int(number)].append({**hit, 'rule': title, 'record_id': hit['record_id'] - int(number) * MANY})
    return [(each, told) for each in of]


def main():
    suyuan, here = sys.argv[1], os.path.dirname(os.path.abspath(__file__))
    cases = json.load(open(os.path.join(here, 'sigma', 'cases.json'), encoding='utf-8'))
    wrong = collections.Counter()
    of = collections.Counter(case['about'] for case in cases)
    shared = [case for case in cases if may_share(case)]
    single = [case for case in cases if not may_share(case)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        rest = pool.map(lambda case: alone(suyuan, case), single)
        done = list(zip(shared, together(suyuan, shared))) + list(zip(single, rest))
    for case, (hits, told) in done:
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
    print(f'{len(cases)} cases, {sum(wrong.values())} wrong; {len(shared)} in one run')
    return sum(wrong.values()) > 0 or not cases


if __name__ == '__main__':
    sys.exit(main())
