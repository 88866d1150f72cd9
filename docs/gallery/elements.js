/** Elements of a page. Whatever comes from a bucket becomes text, never markup. */

/** `el('p', { class: 'note' }, 'text', other)`. Children that are undefined are left out. */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === 'onclick' || key === 'ontoggle') element.addEventListener(key.slice(2), value);
    else if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== undefined && child !== ''));
  return element;
}

/** What is no text in a document, though it should be, is not shown. */
export function textOf(value) {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

export function timeOf(at) {
  const date = new Date(textOf(at) ?? Number.NaN);
  if (Number.isNaN(date.getTime())) return undefined;
  const iso = date.toISOString();
  return el('time', { datetime: iso }, `${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`);
}

export function digestOf(digest) {
  return el('code', { class: 'digest' }, textOf(digest) ?? '');
}

/** Of names and what they are; those that are nothing are left out. */
export function factsOf(rows) {
  const known = rows.filter(([, value]) => value !== undefined && value !== '');
  return el(
    'dl',
    { class: 'facts' },
    known.map(([name, value]) => el('div', {}, el('dt', {}, name), el('dd', {}, value))),
  );
}

export function chipsOf(values, label, lead) {
  const known = Object.entries(isObject(values) ? values : {}).filter(([, value]) => textOf(value) !== undefined);
  if (known.length === 0) return undefined;
  const chips = known.map(([name, value]) => el('li', {}, el('span', {}, name), ' ', el('b', {}, textOf(value))));
  return el('ul', { class: 'chips', 'aria-label': label }, lead && el('li', { class: 'lead' }, lead), chips);
}

/** Colour tells only of states that are known. */
export function badgeOf(status) {
  const text = textOf(status);
  const kind = text === 'completed' ? 'good' : text === 'retracted' || text === 'erased' ? 'gone' : 'other';
  return text === undefined ? undefined : el('span', { class: `badge ${kind}` }, text);
}

/** A section that is read when somebody opens it. */
export function unfolding(title, make) {
  const inside = el('div', { class: 'inside' });
  let begun = false;
  const ontoggle = () => {
    if (begun) return;
    begun = true;
    void fill(inside, make, () => (begun = false));
  };
  return el('details', { ontoggle }, el('summary', {}, title), inside);
}

/** Puts what `make` resolves to into a place, or says why it cannot be shown. */
export async function fill(place, make, onFailure = () => {}) {
  place.replaceChildren(el('p', { class: 'loading' }, 'Loading…'));
  try {
    place.replaceChildren(...[await make()].flat().filter((child) => child !== undefined));
  } catch (error) {
    place.replaceChildren(troubleOf(error));
    onFailure();
  }
}

const TROUBLE = {
  insecure: 'Nothing can be checked here',
  unreachable: 'Not reachable',
  absent: 'Not there',
  damaged: 'Damaged, and not shown',
  unknown: 'Not understood',
};

export function troubleOf(error) {
  const kind = TROUBLE[error.kind] === undefined ? 'damaged' : error.kind;
  const message = error.kind === undefined ? 'A document is not as it should be.' : error.message;
  return el(
    'div',
    { class: `trouble ${kind}`, role: 'alert' },
    el('strong', {}, TROUBLE[kind]),
    el('span', {}, message),
  );
}

export function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
