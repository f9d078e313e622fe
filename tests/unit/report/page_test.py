#!/usr/bin/env python3
"""Reads reports as a browser and a terminal would: page_test.py WRITE_PAGE SAMPLE OUTLINE [--accept]

What must be true of every page, whatever the evidence says: only our own markup, no way out of the page, every link leads
somewhere, both languages stand side by side, every row fits its table. --accept writes the outline of the sample anew."""
import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
from html.parser import HTMLParser
from random import Random

TAGS = set('''html head meta title style body header a button input span div nav ol ul li main p h1 h2 h3 h4 dl dt dd table caption thead
tbody tr th td small strong code time br wbr figure figcaption details summary section select option label output template script i b
svg line rect path text tspan'''.split())
VOID = {'meta', 'input', 'br', 'wbr', 'line', 'rect', 'path'}
# A link, an image, a handler and an end of every context that evidence may stand in.
HOSTILE = '"><script>evil()</script><img src=x onerror=evil()>\'--></title></style></script>{x}${1}`javascript:evil()&lt;'
HIDDEN = '\x1b[31m\x07\u202e\u200b\u2066'
MAXIMUM = 5_000_000
TWISTED = 40

failures = []


def check(name, truth, what):
    if not truth:
        failures.append(f'{name}: {what}')


class Page(HTMLParser):
    """Takes a page apart and notes what should not be in it."""

    def __init__(self, name, html):
        super().__init__(convert_charrefs=True)
        self.name, self.stack, self.ids, self.targets = name, [], [], []
        self.texts, self.outline, self.heading = [], [], None
        self.styles, self.scripts, self.policy = [], [], ''
        self.languages = {'en': 0, 'zh': 0}
        self.previous = None
        self.columns, self.cells, self.rows = [], 0, 0
        self.feed(html)
        self.close()
        check(name, not self.stack, f'elements stay open: {self.stack[-3:]}')

    def handle_starttag(self, tag, attributes):
        check(self.name, tag in TAGS, f'<{tag}> is none of our elements')
        for key, value in attributes:
            value = value or ''
            check(self.name, not key.startswith('on'), f'<{tag} {key}=...> is a handler')
            check(self.name, key != 'style', f'<{tag} style=...>')
            check(self.name, key not in ('src', 'srcset', 'action', 'formaction', 'xlink:href', 'srcdoc', 'background'), f'<{tag} {key}=...> fetches')
            if key == 'href':
                check(self.name, value.startswith('#'), f'a link leaves the page: {value[:60]}')
                self.targets.append(value[1:])
            if key == 'id':
                self.ids.append(value)
            if key == 'http-equiv':
                self.policy = dict(attributes).get('content', '')
        attribute = dict(attributes)
        if attribute.get('lang') in self.languages and tag in ('span', 'tspan'):
            self.languages[attribute['lang']] += 1
            if attribute['lang'] == 'zh':
                check(self.name, self.previous == ('end', tag, 'en'), 'Chinese without its English before it')
        if tag == 'thead':
            self.columns.append(0)
        elif tag == 'th':
            self.columns[-1] += 1
        elif tag == 'tr':
            self.cells = 0
        elif tag == 'td':
            self.cells += 1
        if tag in ('h2', 'h3'):
            self.heading = [tag, '', '']
        if tag not in VOID:
            self.stack.append((tag, attribute.get('lang') if tag != 'html' else None))
        self.previous = None

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag):
        check(self.name, self.stack and self.stack[-1][0] == tag, f'</{tag}> ends {self.stack[-1:]}')
        language = self.stack.pop()[1] if self.stack else None
        self.previous = ('end', tag, language)
        if tag == 'tr' and self.cells:
            self.rows += 1
            check(self.name, self.cells == self.columns[-1], f'a row has {self.cells} cells, its table {self.columns[-1]}')
        if self.heading and tag == self.heading[0]:
            self.outline.append(self.heading)
            self.heading = None

    def handle_data(self, data):
        inside = self.stack[-1][0] if self.stack else ''
        if inside == 'style':
            self.styles.append(data)
        elif inside == 'script':
            self.scripts.append(data)
        else:
            self.texts.append(data)
            self.previous = None if data.strip() else self.previous
        if self.heading:
            language = next((l for _, l in reversed(self.stack) if l in ('en', 'zh')), None)
            if language != 'zh':
                self.heading[1] += data
            if language != 'en':
                self.heading[2] += data

    def handle_comment(self, data):
        check(self.name, False, f'a comment: {data[:40]}')


def page_is_sound(name, html, maximum=MAXIMUM):
    page = Page(name, html)
    check(name, len(html.encode()) < maximum, f'{len(html.encode())} bytes')
    check(name, len(page.ids) == len(set(page.ids)), f'ids stand twice: {[i for i in page.ids if page.ids.count(i) > 1][:3]}')
    missing = sorted(set(page.targets) - set(page.ids))
    sections_are_counted(name, page)
    return page, missing


def sections_are_counted(name, page):
    """2.1, 2.2, ...: a section that is left out leaves no hole."""
    numbers = [n for tag, en, _ in page.outline if tag == 'h3' for n in re.findall(r'^(\d+)\.(\d+) ', en.strip())]
    wanted = {}
    for chapter, number in numbers:
        wanted[chapter] = wanted.get(chapter, 0) + 1
        check(name, int(number) == wanted[chapter], f'section {chapter}.{number} is the {wanted[chapter]}th of its chapter')
    check(name, len(wanted) > 3, f'numbered sections: {wanted}')


def one_number_has_one_word(name, html):
    """A percentage stands beside the same word everywhere, and beside the one that the legend gives."""
    words = {}
    for en, zh, number in re.findall(r'<span class="badge (?:sure|fair|weak)"><span lang="en">([^<]+)</span><span lang="zh">([^<]+)</span></span>'
                                     r'<small><span lang="en"> ≈\u00a0(\d+)\u00a0%</span>', html):
        words.setdefault(number, set()).add((en, zh))
    check(name, len(words) > 2 and all(len(w) == 1 for w in words.values()), f'words of likelihood: {words}')
    legend = html[html.index('id="likelihoods"'):].split('</table>')[0]
    for number, (pair,) in words.items():
        ranges = re.findall(rf'<span lang="en">{pair[0]}</span><span lang="zh">{pair[1]}</span></td><td><span lang="en">(\d+)(?:–(\d+))?\u00a0%', legend)
        check(name, len(ranges) == 1 and int(ranges[0][0]) <= int(number) <= int(ranges[0][1] or ranges[0][0]), f'{pair} is {number} % and {ranges} in the legend')


def links_lead_somewhere(name, missing):
    check(name, not missing, f'links lead nowhere: {missing[:5]}')


def policy_holds(name, page):
    def hashed(text):
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"
    check(name, len(page.styles) == 1 and len(page.scripts) == 1, 'one style and one script')
    check(name, "default-src 'none'" in page.policy and 'unsafe' not in page.policy and '*' not in page.policy, f'policy: {page.policy}')
    check(name, hashed(page.styles[0]) in page.policy and hashed(page.scripts[0]) in page.policy, 'the policy names other hashes')
    for word in ('url(', '@import', 'http:', 'https:', '//', 'fetch(', 'XMLHttpRequest', 'WebSocket', 'innerHTML', 'eval(', 'document.write'):
        check(name, word not in page.styles[0] and word not in page.scripts[0], f'style or script has {word}')


def languages_stand_side_by_side(name, page):
    check(name, page.languages['en'] == page.languages['zh'] > 100, f'languages: {page.languages}')


def hostile_text_is_only_text(name, page, text):
    shown = ''.join(page.texts)
    check(name, shown.count(text) > 50, 'the evidence is not shown as it is')
    check(name, 'evil' not in page.scripts[0] + page.styles[0], 'evidence stands in script or style')


def hidden_characters_are_shown(name, html):
    found = [f'U+{ord(c):04X}' for c in set(html) if c not in '\n' and (unicodedata.category(c) in ('Cc', 'Cf') or c in '\u2028\u2029')]
    check(name, not found, f'hidden characters: {found}')
    check(name, '\\u202e' in html and '\\x1b' in html, 'what is hidden is not told')


def width(line):
    return sum(2 if unicodedata.east_asian_width(c) in 'WF' else 1 for c in line)


def summary_is_short(name, text):
    lines = text.rstrip('\n').split('\n')
    check(name, 10 < len(lines) <= 40, f'{len(lines)} lines')
    wide = [line for line in lines if width(line) > 102]                   # an ellipsis may follow
    check(name, not wide, f'{width(wide[0]) if wide else 0} columns: {wide[:1]}')
    check(name, not [c for c in text if unicodedata.category(c) in ('Cc', 'Cf') and c != '\n'], 'hidden characters')


def twisted(case, number):
    """The case with some of its values of another kind, or another text."""
    random = Random(number)
    case = json.loads(json.dumps(case))
    for _ in range(random.randint(1, 12)):
        at = case
        while True:
            keys = list(at.keys()) if isinstance(at, dict) else list(range(len(at)))
            if not keys:
                break
            key = random.choice(keys)
            if isinstance(at[key], (dict, list)) and random.random() < 0.8:
                at = at[key]
                continue
            if key != 'schema':
                at[key] = random.choice([None, True, -1, 2 ** 63, 1e300, '', '\u202e<b>', 'outside', [], [[]], {}, {'en': 'x'}, [None, 'x', {'id': 7}], 'his-2',
                                         '9999-12-31T23:59:59.9999999Z', '1601-01-01T00:00:00.0000000Z', case['hosts'][0] if isinstance(case.get('hosts'), list) and case['hosts'] else 0])
            break
    return case


def main():
    write_page, sample, outline_path = sys.argv[1:4]

    def run(*arguments, fails=False):
        done = subprocess.run([write_page, *arguments], capture_output=True)
        check(' '.join(a[:20] for a in arguments), (done.returncode != 0) == fails, f'exit {done.returncode} {done.stderr[:200]}')
        return done.stdout.decode('utf-8')

    for language in ('zh', 'en'):
        name = f'sample, {language}'
        html = run('html', language, sample)
        page, missing = page_is_sound(name, html)
        links_lead_somewhere(name, missing)
        policy_holds(name, page)
        languages_stand_side_by_side(name, page)
        one_number_has_one_word(name, html)
        check(name, f'data-lang="{language}"' in html[:200], 'another language first')
        summary_is_short(f'summary, {language}', run('summary', language, sample))
    check('sample', run('html', 'zh', sample) == run('html', 'zh', sample), 'two runs differ')

    with open(sample, encoding='utf-8') as file:
        case = json.load(file)
    shown = ''.join(page.texts)
    for part in [case['headline'][l] for l in ('en', 'zh')] + [s['text'][l] for s in case['story'] for l in ('en', 'zh')] + \
            [f['title'][l] for f in case['findings'] for l in ('en', 'zh')] + [e['sha256'] for e in case['evidence']] + \
            [u['text'][l] for u in case['unknowns'] for l in ('en', 'zh')] + [p['command'] for s in case['plan'] for p in s['commands']]:
        check('sample', part in shown, f'is not in the report: {part[:60]}')

    outline = ''.join(f'{"  " if tag == "h3" else ""}{en.strip()} | {zh.strip()}\n' for tag, en, zh in page.outline)
    if '--accept' in sys.argv:
        with open(outline_path, 'w', encoding='utf-8') as file:
            file.write(outline)
    with open(outline_path, encoding='utf-8') as file:
        wanted = file.read()
    for ours, theirs in zip(outline.splitlines() + [''] * 99, wanted.splitlines()):
        check('outline', ours == theirs, f'{ours!r} where {theirs!r} was; --accept when that is right')
    check('outline', len(outline) == len(wanted), 'of another length; --accept when that is right')

    with tempfile.NamedTemporaryFile('w', encoding='utf-8', suffix='.json') as file:
        json.dump({**case, 'hosts': [{**host, 'role': 'domain-controller'} for host in case['hosts']]}, file)
        file.flush()
        html = run('html', 'zh', file.name)
        check('roles', 'domain-controller' not in html and html.count('域控制器') >= len(case['hosts']), 'a role of ours is not told in words')

    with tempfile.NamedTemporaryFile('w', encoding='utf-8', suffix='.json') as file:
        many, blob = 240, 'QWxs' * 40
        hostile = next(p for p in case['persistence'] if p['verdict'] == 'hostile')
        known = {**hostile, 'verdict': 'known'}
        json.dump({**case, 'persistence': case['persistence'] + [{**hostile, 'name': f'{n:03}{blob}'} for n in range(many)] + [known] * many}, file)
        file.flush()
        html = run('html', 'en', file.name)
        page, missing = page_is_sound('long lists', html)
        links_lead_somewhere('long lists', missing)
        section = html[html.index('id="persistence"'):]
        shown, folded = section[:section.index('</section>')].split('<details class="more">')
        check('long lists', shown.count('<tr>') < 40, f'{shown.count("<tr>")} rows stand open')
        words = re.search(r'<summary><span lang="en">(\d+) more like these: (\d+) hostile<', folded)
        rows = folded.count('<tr>') - 1
        check('long lists', words and int(words[1]) == int(words[2]) == rows > many - 30, f'{rows} rows are folded under {words and words[0]}')
        check('long lists', f'{many + sum(p["verdict"] == "known" for p in case["persistence"])} further autostart points' in section, 'what is known is not counted')
        check('long lists', f'<code>007{blob[:21]}…{blob[-8:]}</code>' in section and f'<code>007{blob}</code></details>' in section, 'a long name is not cut, or not whole behind it')

    # Forty services to stop do not hide that the hosts are to be cut off, and their way in closed.
    with tempfile.NamedTemporaryFile('w', encoding='utf-8', suffix='.json') as file:
        step = case['plan'][0]
        def steps(phase, number):
            return [{**step, 'phase': phase, 'action': {'en': f'{phase} {n}', 'zh': f'{phase} {n}'}} for n in range(number)]
        json.dump({**case, 'plan': steps('contain', 3) + steps('stop', 40) + steps('persistence', 40) + steps('accounts', 2) + steps('close', 2)}, file)
        file.flush()
        text = run('summary', 'en', file.name)
        told = re.findall(r'^ +\d+[.] .*?((?:contain|stop|persistence|accounts|close) \d+)$', text, re.M)
        check('first steps', told == ['contain 0', 'contain 1', 'accounts 0', 'close 0'], f'the summary leads with {told}')
        html = run('html', 'en', file.name)
        part = html[html.index('id="first-steps"'):]
        told = re.findall(r'<strong>(?:<span[^>]*>)?((?:contain|stop|persistence|accounts|close) \d+)<', part[:part.index('</section>')])
        check('first steps', told == ['contain 0', 'contain 1', 'contain 2', 'stop 0', 'persistence 0', 'accounts 0', 'close 0', 'close 1'], f'the page leads with {told}')

    # Without a bug check no screen was blue, whatever else is said of a stop; with both, each is counted apart.
    crashes = case['crashes']
    assert crashes and any(c['bugcheck'] for c in crashes)
    coded = next(c for c in crashes if c['bugcheck'])
    bare = {**coded, 'bugcheck': None}
    with tempfile.NamedTemporaryFile('w', encoding='utf-8', suffix='.json') as file:
        for stops, en, zh in (([bare] * 3, '3 unclean stops', '非正常停机 3 次'), ([bare, coded, bare], '1 blue screen, 2 unclean stops', '蓝屏 1 次、非正常停机 2 次')):
            name = f'{len(stops)} stops, {sum(c["bugcheck"] is not None for c in stops)} blue'
            file.seek(0)
            file.truncate()
            json.dump({**case, 'crashes': stops, 'crash_clusters': []}, file)
            file.flush()
            html = run('html', 'en', file.name)
            check(name, f'>{en}<' in html and f'>{zh}<' in html, 'the host table counts otherwise')
            for language, words, stopped, blue in (('en', en, 'Why the machines stopped', 'Why the machines blue-screened'), ('zh', zh, '为什么会非正常停机', '为什么会蓝屏')):
                text, is_blue = run('summary', language, file.name), coded in stops
                check(name, words in text and (blue in text) == is_blue and (stopped in text) != is_blue, f'the summary tells otherwise: {text[:1400]}')
                check(name, (f'>{blue}<' in html) == is_blue and (f'>{stopped}<' in html) != is_blue, 'the headings tell otherwise')

    for text in (HOSTILE, HOSTILE + HIDDEN):
        name = 'hostile' if text == HOSTILE else 'hidden'
        html = run('html', 'en', '4', text)
        page, missing = page_is_sound(name, html)
        links_lead_somewhere(name, missing)
        policy_holds(name, page)
        if text == HOSTILE:
            hostile_text_is_only_text(name, page, text)
        else:
            hidden_characters_are_shown(name, html)
        for language in ('zh', 'en'):
            summary_is_short(f'{name} summary', run('summary', language, '4', text))

    for text in ('', '<' * 400):
        name = f'40 hosts, {len(text)} more bytes a text'
        page, missing = page_is_sound(name, run('html', 'zh', '40', text))
        check(name, page.rows > 200, f'{page.rows} rows')
        check(name, not text or 'left out here' in ''.join(page.texts), 'rows are left out and nothing says so')
        summary_is_short(f'{name} summary', run('summary', 'zh', '40', text))
    with tempfile.NamedTemporaryFile('w', encoding='utf-8', suffix='.json') as file:
        for number in range(TWISTED):
            file.seek(0)
            file.truncate()
            json.dump(twisted(case, number), file)
            file.flush()
            for kind in ('html', 'summary'):
                done = subprocess.run([write_page, kind, 'en', file.name], capture_output=True)
                check(f'twisted {number}', done.returncode in (0, 1), f'{kind} exits {done.returncode}: {done.stderr[-300:]}')
                if kind == 'html' and done.returncode == 0:
                    page_is_sound(f'twisted {number}', done.stdout.decode())

    page_is_sound('no host', run('html', 'en', '0', ''))
    run('html', 'en', outline_path, fails=True)

    for failure in failures[:40]:
        print(failure)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
