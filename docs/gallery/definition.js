import { digestOf, el, factsOf, textOf, timeOf, unfolding } from './elements.js';
import { contentText } from './media.js';

const TEXTS = { prompt: 'Prompt', description: 'Description', changelog: 'Changelog' };

/** The definition that a run was made with: its texts and files as they were published. */
export function definitionSection(snapshot, { family, version, digest }) {
  const facts = factsOf([
    ['Family', family],
    ['Version', version],
    ['Digest', digestOf(digest)],
  ]);
  return el(
    'div',
    {},
    facts,
    unfolding('Prompt, description, files', () => published(snapshot, family, version, digest)),
  );
}

async function published(snapshot, family, version, digest) {
  const state = (await snapshot.family(family))?.versions.find((one) => one.version === version);
  if (state?.document === undefined) return el('p', { class: 'note' }, 'The log has not got this version yet.');
  const document = await snapshot.bucket.document(state.document);
  if (document.digest !== digest || state.digest !== digest) {
    return el('p', { class: 'trouble damaged', role: 'alert' }, 'The version has another digest than the run names.');
  }
  const texts = Object.entries(TEXTS).filter(([name]) => document.texts[name] !== undefined);
  const { files } = document;
  return [
    ...(state.statements ?? []).map(statementOf),
    el('p', { class: 'quiet' }, 'Published ', timeOf(state.at), ` · log index ${state.index}`),
    ...texts.map(([name, title]) => unfolding(title, () => textOfVersion(snapshot.bucket, document.texts[name]))),
    files === undefined ? undefined : unfolding(`Files (${files.count})`, () => filesOf(snapshot, document)),
  ];
}

function statementOf({ kind, text, at }) {
  return el('p', { class: 'note' }, el('strong', {}, `${kind}: `), textOf(text), ' ', timeOf(at));
}

async function textOfVersion(bucket, text) {
  return 'text' in text ? el('pre', { tabindex: '0' }, text.text) : contentText(bucket, text.content);
}

async function filesOf(snapshot, document) {
  const files = await snapshot.files(document);
  return el(
    'ul',
    { class: 'files' },
    files.map((file) => el('li', {}, file.path, ' ', digestOf(file.digest))),
  );
}
