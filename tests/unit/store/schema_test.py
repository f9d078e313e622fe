#!/usr/bin/env python3
"""Holds case.json against docs/case.schema.json: schema_test.py SCHEMA WRITE_MADE SAMPLE...

Beside the shape: ids that one part names must stand in the other, and a case that is wrong must be refused."""
import copy
import json
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print('python3-jsonschema is not installed: skipped')
    sys.exit(77)


def references(value):
    """Every evidence id that stands anywhere below `value`."""
    if isinstance(value, dict):
        if isinstance(value.get('evidence'), str):
            yield value['evidence']
        for part in value.values():
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)


def loose_ends(case):
    hosts = {host['id'] for host in case['hosts']}
    findings = {finding['id'] for finding in case['findings']}
    files = {file['id'] for file in case['evidence']}
    processes = {process['id'] for process in case['processes']}
    for key, items in case.items():
        for number, item in enumerate(items if isinstance(items, list) else [items]):
            where = f'{key}[{number}]'
            if not isinstance(item, dict):
                continue
            for end in ('host', 'from', 'to'):
                if isinstance(item.get(end), str) and key not in ('episodes',) and item[end] not in hosts | {'outside'}:
                    yield f'{where}: no host {item[end]}'
            for host in item.get('hosts', []) if key in ('episodes', 'crash_clusters') else []:
                if host not in hosts:
                    yield f'{where}: no host {host}'
            if key == 'story':
                yield from (f'{where}: no finding {f}' for f in item['findings'] if f not in findings)
            if key == 'plan' and item['finding'] and item['finding'] not in findings:
                yield f'{where}: no finding {item["finding"]}'
            if key == 'processes' and item['parent'] and item['parent'] not in processes:
                yield f'{where}: no process {item["parent"]}'
    for name in set(references({key: value for key, value in case.items() if key != 'evidence'})) - files:
        yield f'no evidence {name}'


def wrong_ones(case):
    """Cases that must be refused, each with what is wrong with it."""
    for what, change in {
        'a key that nobody knows': lambda c: c.update(extra=1),
        'a key that is missing': lambda c: c.pop('plan'),
        'a time without its zone': lambda c: c.update(made='2020-05-11T04:05:10.0000000'),
        'a sentence in one language': lambda c: c['story'][0]['text'].pop('zh'),
        'a confidence of 85': lambda c: c['story'][0].update(confidence=85),
        'an unheard-of means': lambda c: c['spread'][0].update(means='carrier-pigeon'),
        'a count of null': lambda c: c['findings'][0].update(count=None),
    }.items():
        wrong = copy.deepcopy(case)
        change(wrong)
        yield what, wrong


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    cases = {}
    for hosts, text in (1, ''), (7, ''), (3, '"}\\\u202e</script>\x01\U0001f600'):
        made = subprocess.run([sys.argv[2], str(hosts), text], check=True, capture_output=True)
        cases[f'made of {hosts} hosts'] = json.loads(made.stdout.decode('utf-8'))
    for path in sys.argv[3:]:
        with open(path, encoding='utf-8') as file:
            cases[path] = json.load(file)
    failed = 0
    for name, case in cases.items():
        for error in validator.iter_errors(case):
            print(f'{name}: {"/".join(map(str, error.absolute_path))}: {error.message[:200]}')
            failed += 1
        for end in loose_ends(case):
            print(f'{name}: {end}')
            failed += 1
        for what, wrong in wrong_ones(case):
            if validator.is_valid(wrong):
                print(f'{name}: the schema lets {what} pass')
                failed += 1
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
