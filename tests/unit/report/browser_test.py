#!/usr/bin/env python3
"""Opens a report in Chromium and uses it: browser_test.py WRITE_PAGE SAMPLE

Language, filters, search, labels of cells on a telephone, dark colours, that nothing is fetched and nothing is complained
about; and that nothing sticks out at any width, also when hosts, accounts and services have names as long as Windows takes
them. Exit 77 where there is no Chromium."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

BROWSERS = ('chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome')


class Browser:
    """Chromium's own protocol, over two pipes: messages are JSON with a NUL behind."""

    def __init__(self, program, profile):
        to_child, self.write_end = os.pipe()
        self.read_end, from_child = os.pipe()

        def take_over():
            first, second = os.dup(to_child), os.dup(from_child)
            os.dup2(first, 3)
            os.dup2(second, 4)

        self.child = subprocess.Popen([program, '--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--remote-debugging-pipe',
                                       f'--user-data-dir={profile}', 'about:blank'], preexec_fn=take_over, close_fds=False,
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_child)
        os.close(from_child)
        self.number, self.rest, self.session, self.events = 0, b'', None, []

    def read(self):
        while b'\0' not in self.rest:
            more = os.read(self.read_end, 1 << 16)
            if not more:
                raise RuntimeError('the browser has gone')
            self.rest += more
        message, self.rest = self.rest.split(b'\0', 1)
        return json.loads(message)

    def call(self, method, **parameters):
        self.number += 1
        message = {'id': self.number, 'method': method, 'params': parameters}
        if self.session:
            message['sessionId'] = self.session
        os.write(self.write_end, json.dumps(message).encode() + b'\0')
        while True:
            answer = self.read()
            if answer.get('id') == self.number:
                if 'error' in answer:
                    raise RuntimeError(f'{method}: {answer["error"]}')
                return answer['result']
            self.events.append(answer)

    def open(self, url, width, height, dark=False, mobile=None):
        self.session = None
        target = self.call('Target.createTarget', url='about:blank')['targetId']
        self.session = self.call('Target.attachToTarget', targetId=target, flatten=True)['sessionId']
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            self.call(domain + '.enable')
        self.call('Emulation.setDeviceMetricsOverride', width=width, height=height, deviceScaleFactor=1, mobile=width < 500 if mobile is None else mobile)
        self.call('Emulation.setEmulatedMedia', features=[{'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}])
        self.events.clear()
        self.call('Page.navigate', url=url)
        while not any(e.get('method') == 'Page.loadEventFired' for e in self.events):
            self.events.append(self.read())

    def ask(self, script):
        answer = self.call('Runtime.evaluate', expression=script, returnByValue=True, awaitPromise=True)
        if 'exceptionDetails' in answer:
            raise RuntimeError(answer['exceptionDetails'].get('exception', {}).get('description', 'an exception') + '\n' + script)
        return answer['result'].get('value')

    def complaints(self):
        for event in self.events:
            if event.get('method') in ('Runtime.exceptionThrown', 'Log.entryAdded'):
                yield json.dumps(event['params'])[:300]

    def fetched(self):
        return [e['params']['request']['url'] for e in self.events if e.get('method') == 'Network.requestWillBeSent']


SHOWN = "getComputedStyle(document.querySelector(%r)).display !== 'none'"
failures = []


def equal(what, is_, wanted):
    if is_ != wanted:
        failures.append(f'{what}: {is_!r}, not {wanted!r}')


def use(browser, url, findings):
    browser.open(url, 1280, 900)
    equal('complaints', list(browser.complaints()), [])
    equal('what is fetched', browser.fetched(), [url])

    equal('Chinese first', browser.ask(SHOWN % 'h2 [lang="zh"]'), True)
    equal('English hidden', browser.ask(SHOWN % 'h2 [lang="en"]'), False)
    browser.ask("document.querySelector('[data-to=en]').click()")
    equal('English shown', browser.ask(SHOWN % 'h2 [lang="en"]'), True)
    equal('language of the page', browser.ask('document.documentElement.lang'), 'en')
    equal('the search box speaks it', browser.ask("document.getElementById('search').placeholder"), 'Search this report')
    equal('a choice speaks it', browser.ask("document.querySelector('select option').textContent"), 'All hosts')

    rows = "[...document.querySelectorAll('#findings-table tbody tr')].filter(r => r.getClientRects().length).length"
    set_value = "(() => { const e = document.querySelector('#findings-table %s'); e.value = %r; e.dispatchEvent(new Event('input', { bubbles: true })); })()"
    equal('all rows', browser.ask(rows), findings)
    browser.ask(set_value % ('select[data-by="kind"]', 'crash'))
    equal('rows of one kind', browser.ask(rows), 4)
    equal('and their count', browser.ask("document.querySelector('#findings-table .shown').textContent"), f'4 / {findings}')
    browser.ask(set_value % ('select[data-by="kind"]', ''))
    browser.ask(set_value % ('input[type="search"]', 'ddriver svchost'))
    equal('rows with both words', browser.ask(rows), 2)
    browser.ask(set_value % ('input[type="search"]', ''))
    browser.ask("document.querySelector('#findings-table [data-severity=critical]').click()")
    equal('rows without the critical', browser.ask(rows + f' < {findings}'), True)
    equal('a link to a hidden row shows it', browser.ask(
        "new Promise(done => { const id = document.querySelector('#findings-table tr[data-severity=critical]').id; location.hash = id;"
        "setTimeout(() => done(document.getElementById(id).getClientRects().length > 0), 200) })"), True)

    hits = ("new Promise(done => { const e = document.getElementById('search'); e.value = %r; e.dispatchEvent(new Event('input'));"
            "setTimeout(() => done([document.querySelectorAll('#hits a').length, document.getElementById('hits').textContent]), 400) })")
    count, text = browser.ask(hits % 'k8h3d')
    equal('the search finds', count > 2 and 'k8h3d' in text, True)
    equal('the search finds nothing', browser.ask(hits % 'no such word'), [0, 'Nothing found'])
    equal('markup in a search is text', browser.ask(hits % '<img src=x onerror=alert(1)>')[0], 0)

    copied = browser.ask("""new Promise(done => {
        navigator.clipboard.write = async ([item]) => done([await (await item.getType('text/plain')).text(), await (await item.getType('text/html')).text()]);
        document.querySelector('#hosts caption button').click(); })""")
    equal('a table is copied as lines', copied[0].split('\n')[0].split('\t')[0], 'Host')
    equal('with all its cells', {line.count('\t') for line in copied[0].split('\n')}, {7})
    equal('in one language', '主机' in copied[1], False)
    equal('complaints after use', list(browser.complaints()), [])
    equal('fetched after use', browser.fetched(), [url])

    browser.open(url, 1280, 900, dark=True)
    equal('dark', browser.ask("getComputedStyle(document.querySelector('main')).backgroundColor"), 'rgb(22, 25, 29)')
    browser.ask("document.querySelector('.theme').click()")
    equal('light again', browser.ask("getComputedStyle(document.querySelector('main')).backgroundColor"), 'rgb(255, 255, 255)')

    browser.open(url, 390, 844)
    equal('a cell says what it is', browser.ask("document.querySelector('#hosts td').dataset.label"), '主机')


def longer(case):
    """The case with names as long as they come: one host's has joints, the next one's has none. No crashes, so one
    card less, and so many autostarts that some are folded."""
    text = json.dumps(case, ensure_ascii=False)
    names = [host['names'][0] for host in case['hosts'] if host['names']]
    for number, name in enumerate(names):
        text = text.replace(json.dumps(name)[1:-1], name + ('-APPLICATION-SERVER.department-of-radiology.hospital.example.internal' if number % 2 else 'W' * 52))
    for word in sorted({e['value'] for f in case['findings'] for e in f['entities'] if e['type'] in ('account', 'service', 'task')}, key=len, reverse=True):
        if len(word) > 4:
            text = text.replace(json.dumps(word)[1:-1], json.dumps(word)[1:-1] + 'Q' * 70)
    case = json.loads(text)
    return {**case, 'persistence': case['persistence'] * 15, 'crashes': [], 'crash_clusters': []}


# What ends right of the page and does not stand in something that scrolls by itself; what scrolls and is a table; what is wider than
# its box in the graph or than the list of contents; cards that leave a hole.
STICKS_OUT = """(() => {
    const seen = (e) => e.getClientRects().length > 0, right = (e) => e.getBoundingClientRect().right, short = (e) => e.textContent.trim().slice(0, 40);
    const out = [], page = document.documentElement, contents = document.getElementById('contents');
    if (page.scrollWidth > page.clientWidth) out.push(`the page is ${page.scrollWidth} of ${page.clientWidth} wide`);
    for (const e of document.querySelectorAll('body *'))
        if (seen(e) && right(e) > page.clientWidth + 1 && !e.closest('.scroll')) out.push(`${e.tagName}: ${short(e)}`);
    for (const e of document.querySelectorAll('.scroll:has(table)'))
        if (seen(e) && e.scrollWidth > e.clientWidth + 1) out.push(`table ${e.scrollWidth} of ${e.clientWidth}: ${short(e.querySelector('caption'))}`);
    for (const text of document.querySelectorAll('svg.spread text.name, svg.spread text.more')) {
        let box = text.previousElementSibling;
        while (box.tagName !== 'rect') box = box.previousElementSibling;
        if (right(text) > right(box)) out.push(`box: ${short(text)}`);
    }
    const last = [...document.querySelectorAll('.cards > .card')].pop();
    if (Math.abs(right(last) - right(last.parentElement)) > 2) out.push(`a hole behind the card ${short(last)}`);
    if (seen(contents) && contents.scrollWidth > contents.clientWidth) out.push('the list of contents');
    return out.slice(0, 6);
})()"""


def fits(browser, url, what):
    for width in (390, 768, 1280):
        browser.open(url, width, 844, mobile=False)
        for language in ('zh', 'en'):
            browser.ask(f"document.querySelector('[data-to={language}]').click()")
            equal(f'{what}, {width} pixels, {language}: what sticks out', browser.ask(STICKS_OUT), [])


def unfolds(browser, url):
    """What is folded comes up when it is asked for: by its line, by a search, by paper."""
    browser.open(url, 1280, 900)
    rows = "[...document.querySelectorAll('#persistence tbody tr')].filter(r => r.checkVisibility()).length"
    open_at_first = browser.ask(rows)
    browser.ask("document.querySelector('#persistence details.more > summary').click()")
    all_rows = browser.ask("document.querySelectorAll('#persistence tbody tr').length")
    equal('some rows are folded', 0 < open_at_first < all_rows, True)
    equal('rows once they are unfolded', browser.ask(rows), all_rows)
    browser.ask("document.querySelector('#persistence details.more > summary').click()")
    browser.ask("dispatchEvent(new Event('beforeprint'))")
    equal('rows on paper', browser.ask(rows), all_rows)
    browser.ask("dispatchEvent(new Event('afterprint'))")
    equal('rows after it', browser.ask(rows), open_at_first)


def main():
    program = next((shutil.which(name) for name in BROWSERS if shutil.which(name)), None)
    if not program:
        print('no Chromium here: skipped')
        return 77
    with tempfile.TemporaryDirectory() as folder:
        page, long_page, long_case = (os.path.join(folder, name) for name in ('report.html', 'long.html', 'long.json'))
        with open(sys.argv[2], encoding='utf-8') as file:
            case = json.load(file)
        with open(long_case, 'w', encoding='utf-8') as file:
            json.dump(longer(case), file)
        for source, to in ((sys.argv[2], page), (long_case, long_page)):
            with open(to, 'wb') as file:
                file.write(subprocess.run([sys.argv[1], 'html', 'zh', source], check=True, capture_output=True).stdout)
        browser = Browser(program, os.path.join(folder, 'profile'))
        try:
            use(browser, 'file://' + page, len(case['findings']))
            fits(browser, 'file://' + page, 'usual names')
            fits(browser, 'file://' + long_page, 'long names')
            unfolds(browser, 'file://' + long_page)
        finally:
            browser.child.kill()
            browser.child.wait()
    for failure in failures:
        print(failure)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
