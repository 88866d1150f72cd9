import { Bucket } from './bucket.js';
import { cardOf } from './card.js';
import { el, fill, troubleOf } from './elements.js';
import { runView } from './run.js';

/** With fewer runs than so many on the newest page, the page before comes along. */
const ENOUGH = 8;

const list = document.getElementById('list');
const run = document.getElementById('run');
const colophon = document.getElementById('colophon');
const title = document.title;
let scrolled = 0;

/** A query names the bucket, or the page does. The page's Content-Security-Policy says which can be reached at all. */
function baseUrl() {
  const named = new URLSearchParams(location.search).get('bucket') ?? document.documentElement.dataset.bucket ?? '../';
  return new URL(named.endsWith('/') ? named : `${named}/`, location.href);
}

async function start() {
  list.replaceChildren(el('p', { class: 'loading' }, 'Loading…'));
  let snapshot;
  try {
    const bucket = new Bucket(baseUrl(), () => snapshot !== undefined && showColophon(snapshot));
    snapshot = await bucket.open();
  } catch (error) {
    const nothing = error.kind === 'absent';
    list.replaceChildren(
      nothing ? el('p', { class: 'empty' }, 'Nothing has been published here yet.') : troubleOf(error),
    );
    list.append(el('button', { type: 'button', onclick: () => void start() }, 'Try again'));
    list.setAttribute('aria-busy', 'false');
    return;
  }
  showColophon(snapshot);
  globalThis.addEventListener('hashchange', () => void show(snapshot));
  void show(snapshot);
  await showList(snapshot);
}

/** `#/runs/<id>` is a run, anything else the gallery. */
async function show(snapshot) {
  const id = runIdIn(location.hash);
  if (id === undefined) {
    const wasHidden = list.hidden;
    run.hidden = true;
    list.hidden = false;
    document.title = title;
    if (wasHidden) globalThis.scrollTo(0, scrolled);
    return;
  }
  if (!list.hidden) scrolled = globalThis.scrollY;
  list.hidden = true;
  run.hidden = false;
  globalThis.scrollTo(0, 0);
  document.title = `${id} · ${title}`;
  const place = el('div');
  run.replaceChildren(el('p', {}, el('a', { href: '#/' }, '← All runs')), place);
  await fill(place, () => runView(snapshot, id));
  if (place.isConnected) place.querySelector('h2')?.focus({ preventScroll: true });
}

function runIdIn(hash) {
  const encoded = /^#\/runs\/(.+)$/.exec(hash)?.[1];
  try {
    return encoded === undefined ? undefined : decodeURIComponent(encoded);
  } catch {
    return encoded;
  }
}

/** Runs, the newest first. Pages begin with the oldest, so the last page is the first to be read. */
async function showList(snapshot) {
  const { count } = snapshot.root.runs;
  if (count === 0) {
    list.replaceChildren(el('p', { class: 'empty' }, 'No runs have been published yet.'));
    list.setAttribute('aria-busy', 'false');
    return;
  }
  const cards = el('ol', { class: 'cards', reversed: '' });
  const status = el('p', { role: 'status', class: 'quiet' });
  const more = el('button', { type: 'button', onclick: () => void older(true) }, 'Older');
  let next = snapshot.pages - 1;
  let shown = 0;

  async function older(byHand) {
    more.disabled = true;
    list.setAttribute('aria-busy', 'true');
    const first = await appendPage(next);
    next -= 1;
    status.textContent = `${shown} of ${count} runs`;
    more.disabled = false;
    more.hidden = next < 0;
    list.setAttribute('aria-busy', 'false');
    if (byHand) first?.querySelector('a')?.focus();
  }

  /** A page that cannot be shown is told in its place, and those before it can still be read. */
  async function appendPage(index) {
    try {
      const runs = await snapshot.page(index);
      const items = runs.toReversed().map((summary) => el('li', {}, cardOf(snapshot, summary)));
      cards.append(...items);
      shown += items.length;
      return items[0];
    } catch (error) {
      cards.append(el('li', { class: 'wide' }, troubleOf(error)));
      return undefined;
    }
  }

  list.replaceChildren(cards, el('div', { class: 'more' }, more, status));
  await older(false);
  if (shown < ENOUGH && next >= 0) await older(false);
}

function showColophon({ bucket, pointer, root }) {
  const { checked, refused } = bucket.counts;
  const { count, retracted } = root.runs;
  const wrong = refused === 0 ? undefined : el('strong', {}, ` ${refused} refused: not of their digest.`);
  const gone = retracted === 0 ? '' : `, ${retracted} of them retracted`;
  colophon.replaceChildren(
    el('p', {}, `${count} runs${gone}, from a log of ${pointer.size} entries.`),
    el('p', {}, 'Snapshot ', el('code', { class: 'digest', id: 'snapshot' }, pointer.snapshot)),
    el('p', { id: 'checked' }, `${checked} objects checked against their SHA-256.`, wrong),
  );
}

await start();
