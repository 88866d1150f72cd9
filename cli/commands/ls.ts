import type { Family, Version } from '../../lib/client/index.ts';
import { compareVersions } from '../../lib/client/version-order.ts';
import { clientFrom, referenceFrom, SERVER_OPTIONS } from '../client-options.ts';
import { DONE, refuseWords, type Command, type Values } from '../command.ts';
import { counted } from '../counted.ts';
import { printableLine } from '../printable.ts';
import { shortDigest } from '../short-digest.ts';
import { table, timeText } from '../table.ts';

const SIGNS = { file: ' ', executable: '*', link: '@' } as const;

export const ls: Command = {
  usage: 'assay ls [<family>[@<ref>] [<path>]] [--prefix <text>]',
  description: `
Without a word, the families that something is published in. With a family, its
versions, the newest first. With a version, its files, all of them or those
below a path: * marks what is executable, @ a symbolic link.

  assay ls
  assay ls --prefix test-cases/
  assay ls test-cases/carom
  assay ls test-cases/carom@stable workspace`,
  options: {
    prefix: { type: 'string', placeholder: '<text>', help: 'only families whose names begin so' },
    all: { type: 'boolean', help: 'repositories without definitions, too' },
    json: { type: 'boolean', help: 'one JSON object' },
    ...SERVER_OPTIONS,
  },
  async run(values, words) {
    const [name, path, ...others] = words;
    refuseWords(others);
    if (name === undefined) return listFamilies(values);
    return name.includes('@') ? listFiles(values, name, path) : listVersions(values, name, path);
  },
};

async function listFamilies(values: Values): Promise<number> {
  const prefix = values['prefix'];
  const families: Family[] = [];
  for await (const family of clientFrom(values).families(typeof prefix === 'string' ? { prefix } : {})) {
    if (family.kind !== undefined || values['all'] === true) families.push(family);
  }
  const rows = families.map(({ family, kind, latest, versions, pins }) => {
    const named = Object.entries(pins).map(([pin, version]) => `${pin}=${version}`);
    return [family, kind ?? '', latest ?? '', counted(versions, 'version'), named.join(' ')];
  });
  tell(values, { families }, table(rows));
  return DONE;
}

async function listVersions(values: Values, name: string, path: string | undefined): Promise<number> {
  if (path !== undefined) return listFiles(values, `${name}@latest`, path);
  const { family } = referenceFrom(name, 'latest');
  const versions: Version[] = [];
  for await (const version of clientFrom(values).versions(family)) versions.push(version);
  versions.sort((a, b) => compareVersions(b.version, a.version));
  const rows = versions.map(({ version, digest, published, files, pins, retired }) => {
    const marks = [...pins, ...(retired === undefined ? [] : ['(retired)'])].join(' ');
    return [version, shortDigest(digest), timeText(published.at), counted(files, 'file'), marks];
  });
  tell(values, { versions }, table(rows));
  return DONE;
}

async function listFiles(values: Values, name: string, path: string | undefined): Promise<number> {
  const listing = await clientFrom(values).files(referenceFrom(name, 'latest'));
  const folder = path?.replace(/\/+$/, '') ?? '';
  const files = listing.files.filter(
    (file) => folder === '' || file.path === folder || file.path.startsWith(`${folder}/`),
  );
  if (files.length === 0 && folder !== '') throw new Error(`${name} has nothing at ${folder}`);
  const width = Math.max(0, ...files.map(({ size }) => String(size).length));
  const lines = files.map(({ path: file, kind, size, target }) => {
    const to = target === undefined ? '' : ` -> ${target}`;
    return `${String(size).padStart(width)} ${SIGNS[kind]} ${printableLine(file + to)}\n`;
  });
  tell(values, { ...listing, files }, lines.join(''));
  return DONE;
}

function tell(values: Values, json: unknown, text: string): void {
  process.stdout.write(values['json'] === true ? `${JSON.stringify(json)}\n` : text);
}
