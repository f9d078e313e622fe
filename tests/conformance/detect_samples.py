#!/usr/bin/env python3
"""What the detectors note of every sample log, held against detect_samples.tsv:

    detect_samples.py [--accept] NOTES_OF

One line a log: its name below the samples, records, acts by kind, findings by kind and severity. The logs of hosts on which
nothing happened are two lines, each of a whole collection; they may hold BENIGN_MOST findings of medium severity or above,
whatever is accepted. Exits 1 when a line differs, 77 when there are no samples. What cannot be unpacked here is not compared."""
import collections
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TABLE = os.path.join(HERE, 'detect_samples.tsv')
FOLDERS = ['evtx', 'extra/evtx', 'extra/incidents']
BENIGN = ['extra/benign/win10-rathbun/RathbunVM_W10EventLogs.7z', 'extra/incidents/belkasoft-insider/BelkasoftCTF_InsiderThreat.7z']
BENIGN_MOST = 3


def samples():
    for folder in (os.environ.get('SUYUAN_SAMPLES'), os.path.join(HERE, '..', '..', '..', 'shared', 'samples')):
        if folder and os.path.isdir(folder):
            return os.path.realpath(folder)
    return None


def logs_below(folder):
    found = []
    for path, folders, names in os.walk(folder):
        folders.sort()
        found += [os.path.join(path, name) for name in names if name.lower().endswith('.evtx')]
    return sorted(found)


def rows_of(notes_of, paths, shown):
    """One row a log: [name, records, acts, findings]."""
    rows, missing = [], set()
    for at in range(0, len(paths), 200):
        done = subprocess.run([notes_of, '--table', *paths[at:at + 200]], capture_output=True, text=True, errors='replace')
        if done.returncode not in (0, 3):
            sys.exit('detect_samples: %s ended with %d\n%s' % (notes_of, done.returncode, done.stderr[-2000:]))
        missing |= {line for line in done.stderr.splitlines() if line.startswith('no sentence')}
        rows += [line.split('\t') for line in done.stdout.splitlines()]
    for row in rows:
        row[0] = shown(row[0])
    return rows, missing


def summed(name, rows):
    records, counts = 0, (collections.Counter(), collections.Counter())
    for row in rows:
        records += int(row[1])
        for count, cell in zip(counts, row[2:]):
            count.update({kind: int(n) for kind, n in (word.split('=') for word in cell.split())})
    return [name, str(records)] + [' '.join('%s=%d' % item for item in sorted(count.items())) for count in counts]


def unpacked(archive, into):
    for tool in (['bsdtar', '-xf', archive, '-C', into], ['7z', 'x', '-y', '-o' + into, archive]):
        if shutil.which(tool[0]) and subprocess.run(tool, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return True
    return False


def grave(row):
    return sum(int(word.split('=')[1]) for word in row[3].split() if word.split('=')[0].split(':')[1] in ('medium', 'high', 'critical'))


def main():
    accept = '--accept' in sys.argv
    notes_of = [word for word in sys.argv[1:] if not word.startswith('--')][0]
    root = samples()
    if not root:
        print('no samples: set SUYUAN_SAMPLES')
        return 77
    paths = [path for folder in FOLDERS for path in logs_below(os.path.join(root, folder))]
    rows, missing = rows_of(notes_of, paths, lambda path: os.path.relpath(path, root))
    rows = {row[0]: row for row in rows}
    failed = 0
    for archive in BENIGN:
        with tempfile.TemporaryDirectory() as at:
            if not os.path.exists(os.path.join(root, archive)) or not unpacked(os.path.join(root, archive), at):
                print('not unpacked here: %s' % archive)
                continue
            inner, lost = rows_of(notes_of, logs_below(at), lambda path: path)
            missing |= lost
            rows[archive] = summed(archive, inner)
            if grave(rows[archive]) > BENIGN_MOST:
                print('too many findings where nothing happened: %s' % '\t'.join(rows[archive]))
                failed = 1
    for line in sorted(missing):
        print(line)
        failed = 1
    with open(TABLE, encoding='utf-8') as f:
        accepted = {line.split('\t')[0]: line.rstrip('\n').split('\t') for line in f if not line.startswith('#')}
    if accept:
        accepted.update(rows)
        with open(TABLE, 'w', encoding='utf-8') as f:
            f.write('# sample\trecords\tacts\tfindings\n')
            f.writelines('\t'.join(accepted[name]) + '\n' for name in sorted(accepted) if name in rows or name in BENIGN)
        return failed
    for name in sorted(set(accepted) | set(rows)):
        old, new = accepted.get(name), rows.get(name)
        if name in BENIGN and not new or old == new:
            continue
        failed = 1
        print('- %s\n+ %s' % ('\t'.join(old or ['(none)']), '\t'.join(new or ['(none)'])))
    if failed:
        print('look at the differences; what is right is accepted with: tests/conformance/detect_samples.py --accept %s' % notes_of)
    return failed


if __name__ == '__main__':
    sys.exit(main())
