'use strict';
(() => {
  const root = document.documentElement;
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const words = document.getElementById('words');
  const word = (name) => words.getAttribute(`data-${name}-${root.dataset.lang}`);
  root.classList.add('js');

  /* The chosen theme lasts where the browser lets a file keep it; the language is the report's own. */
  const keep = (name, value) => { try { localStorage.setItem('suyuan-' + name, value); } catch { /* not kept */ } };
  const kept = (name) => { try { return localStorage.getItem('suyuan-' + name); } catch { return null; } };

  /* Language. Attributes carry both languages beside themselves; elements are switched by the style. */
  const attributes = ['title', 'aria-label', 'placeholder', 'text'];
  function speak(language) {
    root.dataset.lang = language;
    root.lang = language === 'zh' ? 'zh-CN' : 'en';
    for (const name of attributes)
      for (const element of all(`[data-${name}-en]`)) {
        const said = element.getAttribute(`data-${name}-${language}`);
        if (name === 'text') element.textContent = said;
        else element.setAttribute(name, said);
      }
    label();
    for (const button of all('caption button')) button.textContent = word('copy');
  }
  const visible = (element) => {
    const copy = element.cloneNode(true);
    for (const other of all(root.dataset.lang === 'zh' ? '[lang="en"]' : '[lang="zh"]', copy)) other.remove();
    for (const line of all('br', copy)) line.replaceWith(' ');
    for (const full of all('summary', copy)) full.remove();
    for (const button of all('button', copy)) button.remove();
    return copy.textContent.replace(/\s+/g, ' ').trim();
  };

  /* On a telephone a row is a card whose cells say what they are. */
  function label() {
    for (const table of all('.stack table')) {
      const heads = all('thead th', table).map(visible);
      for (const row of table.tBodies[0].rows)
        for (let i = 0; i < row.cells.length; i++) row.cells[i].dataset.label = heads[i];
    }
  }
  /* One child a cell, so that a card's grid has two columns. */
  for (const cell of all('.stack tbody td')) {
    if (!cell.hasChildNodes()) continue;
    const inside = document.createElement('div');
    inside.append(...cell.childNodes);
    cell.append(inside);
  }

  for (const button of all('[data-to]'))
    button.addEventListener('click', () => speak(button.dataset.to));

  /* Light and dark. */
  const dark = () => root.dataset.theme ? root.dataset.theme === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
  document.querySelector('.theme').addEventListener('click', () => {
    root.dataset.theme = dark() ? 'light' : 'dark';
    keep('theme', root.dataset.theme);
  });
  if (['light', 'dark'].includes(kept('theme'))) root.dataset.theme = kept('theme');

  document.querySelector('.print').addEventListener('click', () => print());
  const contents = document.getElementById('contents');
  document.querySelector('.menu').addEventListener('click', () => contents.classList.toggle('open'));
  contents.addEventListener('click', (event) => { if (event.target.closest('a')) contents.classList.remove('open'); });

  /* Filters. A row is shown when it has the words, the host, the kind and a chosen severity. */
  for (const block of all('.filtered')) {
    const rows = Array.from(block.querySelector('tbody').rows);
    const search = block.querySelector('input[type="search"]');
    const selects = all('select', block);
    const chips = all('[data-severity]', block.querySelector('.chips'));
    const shown = block.querySelector('.shown');
    const filter = () => {
      const wanted = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const severities = new Set(chips.filter((chip) => chip.checked).map((chip) => chip.dataset.severity));
      let count = 0;
      for (const row of rows) {
        let keepRow = severities.has(row.dataset.severity) && selects.every((select) => !select.value || row.dataset[select.dataset.by] === select.value);
        if (keepRow && wanted.length) {
          const text = row.textContent.toLowerCase();
          keepRow = wanted.every((one) => text.includes(one));
        }
        row.hidden = !keepRow;
        count += keepRow;
      }
      shown.textContent = `${count} / ${rows.length}`;
    };
    block.querySelector('.tools').addEventListener('input', filter);
    filter();
    /* A link to a row that is filtered away shows it. */
    addEventListener('hashchange', () => {
      const row = document.getElementById(location.hash.slice(1));
      if (row && row.hidden && block.contains(row)) {
        search.value = '';
        for (const select of selects) select.value = '';
        for (const chip of chips) chip.checked = true;
        filter();
        row.scrollIntoView({ block: 'center' });
      }
    });
  }

  /* Paper has no buttons: what is folded and short is printed. Long lists and texts stay folded there; report.css cuts the open ones. */
  const unfold = (element) => { for (let e = element.closest('details'); e; e = e.parentElement.closest('details')) e.open = true; };
  addEventListener('beforeprint', () => { for (const e of all('details:not([open], .full, .more)').filter((e) => e.querySelectorAll('tbody tr').length <= 20)) { e.open = true; e.dataset.folds = ''; } });
  addEventListener('afterprint', () => { for (const e of all('details[data-folds]')) { e.open = false; delete e.dataset.folds; } });
  addEventListener('hashchange', () => {
    const to = document.getElementById(location.hash.slice(1));
    if (to && to.closest('details:not([open])')) { unfold(to); to.scrollIntoView({ block: 'center' }); }
  });

  /* Tables are copied as tables, and as lines with tabs for what takes plain text. */
  function selectCopy(table) {
    const range = document.createRange();
    range.selectNode(table);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    document.execCommand('copy');
    getSelection().removeAllRanges();
  }
  async function copy(table) {
    const clean = table.cloneNode(true);
    for (const gone of all(`[lang="${root.dataset.lang === 'zh' ? 'en' : 'zh'}"], button, summary, tr[hidden]`, clean)) gone.remove();
    for (const element of all('*', clean)) for (const attribute of Array.from(element.attributes)) element.removeAttribute(attribute.name);
    clean.setAttribute('border', '1');
    const plain = all('tr', table).filter((row) => !row.hidden).map((row) => Array.from(row.cells).map(visible).join('\t')).join('\n');
    try {
      await navigator.clipboard.write([new ClipboardItem({ 'text/html': new Blob([clean.outerHTML], { type: 'text/html' }), 'text/plain': new Blob([plain], { type: 'text/plain' }) })]);
    } catch {
      selectCopy(table);
    }
  }
  for (const caption of all('caption')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.addEventListener('click', async () => {
      await copy(caption.parentElement);
      button.textContent = word('copied');
      setTimeout(() => { button.textContent = word('copy'); }, 1500);
    });
    caption.prepend(button);
  }

  /* Search in the whole page. */
  const search = document.getElementById('search');
  const hits = document.getElementById('hits');
  const places = () => all('main p, main li, main tbody tr, main h2, main h3, main h4, main .card');
  function describe(element) {
    const section = element.closest('section');
    const head = section && section.querySelector('h2, h3, h4');
    return head ? visible(head) : '';
  }
  function snippet(text, at, length) {
    const out = document.createElement('span');
    const from = Math.max(0, at - 50);
    const marked = document.createElement('mark');
    marked.textContent = text.slice(at, at + length);
    out.append((from ? '…' : '') + text.slice(from, at), marked, text.slice(at + length, at + length + 110));
    return out;
  }
  function find() {
    const wanted = search.value.trim().toLowerCase();
    hits.replaceChildren();
    hits.hidden = wanted.length < 2;
    if (hits.hidden) return;
    let count = 0;
    for (const element of places()) {
      if (!element.textContent.toLowerCase().includes(wanted)) continue;
      const text = visible(element), at = text.toLowerCase().indexOf(wanted);
      if (at < 0 || element.querySelector('li, tr')) continue;
      if (++count > 40) break;
      const link = document.createElement('a');
      link.href = '#';
      const head = document.createElement('b');
      head.textContent = describe(element);
      link.append(head, snippet(text, at, wanted.length));
      link.addEventListener('click', (event) => {
        event.preventDefault();
        hits.hidden = true;
        element.hidden = false;
        unfold(element);
        element.scrollIntoView({ block: 'center' });
        element.classList.add('flash');
        setTimeout(() => element.classList.remove('flash'), 2500);
      });
      hits.append(link);
    }
    if (!count || count > 40) {
      const end = document.createElement('p');
      end.textContent = count ? `… ${word('more')}` : word('nothing');
      hits.append(end);
    }
  }
  let waiting;
  search.addEventListener('input', () => { clearTimeout(waiting); waiting = setTimeout(find, 120); });
  addEventListener('keydown', (event) => {
    if (event.key === 'Escape') { hits.hidden = true; contents.classList.remove('open'); }
    if (event.key === '/' && !/^(input|select|textarea)$/i.test(document.activeElement.tagName)) { event.preventDefault(); search.focus(); }
  });
  document.addEventListener('click', (event) => { if (!hits.contains(event.target) && event.target !== search) hits.hidden = true; });

  speak(root.dataset.lang);
})();
