import { canonicalJson } from '../encoding/canonical-json.ts';
import { isSameRef, jsonOf, longOf, type ShortRef } from './documents.ts';
import type { List } from './list.ts';
import type { Ref } from './objects.ts';
import { familyPath, runPath, versionPath } from './paths.ts';
import { CHUNK_ENTRIES } from './shape.ts';
import type { Snapshot } from './snapshot.ts';
import { tableEntries, type Table } from './table.ts';
import type { FamilyDocument, RunPage, ShownFile, VersionDocument } from './wire.ts';

/** A document that is in one of two snapshots alone, or in both and not the same. */
export interface Difference {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed';
}

/** What differs between two snapshots, document by document. What is one object in both is not looked into. */
export async function* diff(before: Snapshot, after: Snapshot): AsyncGenerator<Difference> {
  yield* runDifferences(before, after);
  yield* familyDifferences(before, after);
  yield* logDifferences(before, after);
  for (const part of ['format', 'log', 'runs', 'scrubber'] as const) {
    if (!isSame(before.root[part], after.root[part])) yield { path: `root/${part}`, change: 'changed' };
  }
  if (!isSameTable(before.root.paths.ids, after.root.paths.ids)) yield { path: 'root/ids', change: 'changed' };
}

async function* runDifferences(before: Snapshot, after: Snapshot): AsyncGenerator<Difference> {
  const lists = [before.root.paths.pages, after.root.paths.pages] as const;
  for await (const [, from, to] of itemDifferences(before, after, ...lists)) {
    const [was, is] = await Promise.all([runsIn(before, from), runsIn(after, to)]);
    yield* byName(was, is, runPath);
  }
}

async function runsIn(snapshot: Snapshot, page: Ref | undefined): Promise<Map<string, unknown>> {
  if (page === undefined) return new Map();
  const { runs } = await snapshot.document<RunPage>(page);
  return new Map(runs.map((summary) => [summary.id, summary]));
}

async function* familyDifferences(before: Snapshot, after: Snapshot): AsyncGenerator<Difference> {
  const [was, is] = [before.root.paths.families, after.root.paths.families];
  if (isSameTable(was, is)) return;
  const [from, to] = await Promise.all([familiesOf(before), familiesOf(after)]);
  for (const difference of byName(from, to, familyPath)) {
    yield difference;
    const family = difference.path.slice(familyPath('').length);
    const [a, b] = [from.get(family), to.get(family)];
    yield* versionDifferences(
      { snapshot: before, family: a === undefined ? undefined : await before.document<FamilyDocument>(a) },
      { snapshot: after, family: b === undefined ? undefined : await after.document<FamilyDocument>(b) },
    );
  }
}

interface FamilySide {
  readonly snapshot: Snapshot;
  readonly family: FamilyDocument | undefined;
}

async function* versionDifferences(before: FamilySide, after: FamilySide): AsyncGenerator<Difference> {
  const family = (before.family ?? after.family)!.family;
  const [was, is] = [versionsOf(before), versionsOf(after)];
  for (const difference of byName(was, is, (version) => versionPath(family, version))) {
    yield difference;
    const version = difference.path.slice(versionPath(family, '').length);
    const [from, to] = await Promise.all([filesOf(before, was.get(version)), filesOf(after, is.get(version))]);
    yield* byName(from, to, (path) => `${difference.path}/files/${path}`);
  }
}

function versionsOf({ family }: FamilySide): Map<string, Ref> {
  const versions = (family?.versions ?? []).filter(({ document }) => document !== undefined);
  return new Map(versions.map(({ version, document }) => [version, document!]));
}

async function filesOf({ snapshot }: FamilySide, ref: Ref | undefined): Promise<Map<string, ShownFile>> {
  const files = new Map<string, ShownFile>();
  if (ref === undefined) return files;
  for await (const file of snapshot.files(await snapshot.document<VersionDocument>(ref))) files.set(file.path, file);
  return files;
}

async function familiesOf(snapshot: Snapshot): Promise<Map<string, Ref>> {
  const families = new Map<string, Ref>();
  for await (const [family, ref] of tableEntries(snapshot.tableNode, snapshot.root.paths.families)) {
    families.set(family, longOf(ref as unknown as ShortRef));
  }
  return families;
}

async function* logDifferences(before: Snapshot, after: Snapshot): AsyncGenerator<Difference> {
  const [was, is] = [before.root.paths.log, after.root.paths.log];
  for await (const [at, from, to] of itemDifferences(before, after, was.entries, is.entries)) {
    yield changed(`log/entries/${at * CHUNK_ENTRIES}`, from, to);
  }
  for (let level = 0; level < Math.max(was.tiles.length, is.tiles.length); level += 1) {
    const lists = [was.tiles[level] ?? { count: 0 }, is.tiles[level] ?? { count: 0 }] as const;
    for await (const [at, from, to] of itemDifferences(before, after, ...lists))
      yield changed(`log/tile/${level}/${at}`, from, to);
  }
}

/** Places where two lists differ. */
async function* itemDifferences(
  before: Snapshot,
  after: Snapshot,
  was: List,
  is: List,
): AsyncGenerator<readonly [number, Ref | undefined, Ref | undefined]> {
  if (was.count === is.count && isSameRef(was.top, is.top)) return;
  const [from, to] = [before.items(was), after.items(is)];
  for (let at = 0; at < Math.max(was.count, is.count); at += 1) {
    const [a, b] = await Promise.all([from.next(), to.next()]);
    const [old, now] = [a.done === true ? undefined : a.value, b.done === true ? undefined : b.value];
    if (!isSameRef(old, now)) yield [at, old, now];
  }
}

function* byName<T>(
  before: ReadonlyMap<string, T>,
  after: ReadonlyMap<string, T>,
  pathOf: (name: string) => string,
): Generator<Difference> {
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [was, is] = [before.get(name), after.get(name)];
    if (was === undefined || is === undefined || !isSame(was, is)) yield changed(pathOf(name), was, is);
  }
}

function changed(path: string, was: unknown, is: unknown): Difference {
  return { path, change: was === undefined ? 'added' : is === undefined ? 'removed' : 'changed' };
}

function isSame(a: unknown, b: unknown): boolean {
  return canonicalJson(jsonOf(a as object)).equals(canonicalJson(jsonOf(b as object)));
}

function isSameTable(a: Table, b: Table): boolean {
  return a.count === b.count && isSameRef(a.top, b.top);
}
