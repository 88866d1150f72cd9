import { deepEqual, equal } from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'vitest';
import { DefinitionError } from '../../../lib/definition/definition-error.ts';
import type { Definitions } from '../../../lib/definition/definitions.ts';
import type { Version } from '../../../lib/definition/wire.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { OciError } from '../../../lib/oci/oci-error.ts';
import { collect } from '../../../lib/upkeep/collect.ts';
import { manifestOf, pushImage } from '../../support/images.ts';
import { container, expectSound, makeTree, newTag, publishTo, pushTo, testCase } from '../../support/publishing.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { definitionsOn, Parcel, SOMEBODY } from '../../support/stored-git.ts';

const FAMILIES = ['a', 'a/b'];
const VERSIONS = ['v1.0.0', 'v1.1.0', 'v2.0.0-rc.1'];
const PINS = ['stable', 'next'];
const TAGS = [...VERSIONS, ...PINS, 'other'];

const CONTENT = [
  testCase(),
  testCase({ 'a/b': 'one', large: Buffer.alloc(70_000, 'large') }),
  testCase({ 'a/b': 'other', 'metadata.json': '{"name":"Carom"}' }),
  container(),
  { 'test-case.toml': 'name = ' },
];
const TREES = CONTENT.map(makeTree);
const [CONTAINER, BAD] = [3, 4] as const;

const PARCEL = new Parcel();
/** Commits of the author's, without a parent: of each definition, and of what is none. */
const COMMITS = [
  ...[{ 'test-case.toml': 'name = "G"\n' }, { 'test-case.toml': 'name = "H"\n' }].map((files) => commitOf(files)),
  commitOf({ 'plain.txt': 'no definition' }),
];
const PLAIN = 2;

function commitOf(files: Record<string, string>): string {
  return PARCEL.commit(Object.fromEntries(Object.entries(files).map(([name, text]) => [name, Buffer.from(text)])));
}

/** Mostly one, so that much meets in it. */
const family = fc.constantFrom(0, 0, 0, 1);
const command = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      family,
      version: fc.nat(2),
      tree: fc.constantFrom(0, 1, 2, 0, 1, 2, CONTAINER, BAD),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('tag' as const), family, version: fc.nat(2), commit: fc.nat(2) }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('pin' as const),
      family,
      pin: fc.nat(1),
      to: fc.option(fc.nat(2), { freq: 3 }),
      expect: fc.constantFrom('any' as const, 'any' as const, 'right' as const, 'right' as const, 'wrong' as const),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('state' as const), family, version: fc.nat(2), retire: fc.boolean() }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('push image' as const), family, tag: fc.nat(5), image: fc.nat(1) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete tag' as const), family, tag: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('collect' as const) }) },
);
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never;

/** What a family is, as plain objects. */
class Family {
  readonly versions = new Map<string, Version>();
  readonly pins = new Map<string, string>();
  readonly images = new Map<string, string>();
  readonly plainTags = new Map<string, string>();
  readonly retired = new Set<string>();
  main: string | undefined;
  events = 0;
  isThere = false;

  get kind(): string | undefined {
    return [...this.versions.values()][0]?.kind;
  }
}

/** Does to the real thing what it does to the model, and compares what both say. */
class Both {
  readonly #opened: TestRegistry;
  readonly #definitions: Definitions;
  readonly #families = FAMILIES.map(() => new Family());

  constructor(opened: TestRegistry) {
    this.#opened = opened;
    this.#definitions = definitionsOn(opened.stores, opened.registry);
  }

  async run(one: Command): Promise<void> {
    if (one.do === 'publish') await this.#publish(FAMILIES[one.family]!, this.#families[one.family]!, one);
    else if (one.do === 'tag') await this.#tag(FAMILIES[one.family]!, this.#families[one.family]!, one);
    else if (one.do === 'pin') await this.#pin(FAMILIES[one.family]!, this.#families[one.family]!, one);
    else if (one.do === 'state') await this.#state(FAMILIES[one.family]!, this.#families[one.family]!, one);
    else if (one.do === 'push image') await this.#pushImage(FAMILIES[one.family]!, this.#families[one.family]!, one);
    else if (one.do === 'delete tag') await this.#deleteTag(FAMILIES[one.family]!, this.#families[one.family]!, one);
    else await this.#collect();
    for (const [at, name] of FAMILIES.entries()) await this.#compare(name, this.#families[at]!);
  }

  async #publish(name: string, model: Family, { version: at, tree }: { version: number; tree: number }): Promise<void> {
    const version = VERSIONS[at]!;
    const there = model.versions.get(version);
    const kind = tree === CONTAINER ? 'container' : 'test-case';
    let expected = 'published';
    if (there?.tree === TREES[tree]!.oid) expected = 'unchanged';
    else if (tree === BAD) expected = 'definition-invalid';
    else if (model.kind !== undefined && model.kind !== kind) expected = 'kind-mismatch';
    else if (there !== undefined) expected = 'version-conflict';
    else if (model.plainTags.has(version) || model.images.has(version)) expected = 'name-taken';
    const outcome = await outcomeOf(publishTo(this.#definitions, name, version, TREES[tree]!));
    equal('code' in outcome ? outcome.code : outcome.value.outcome, expected);
    if (expected !== 'published' || 'code' in outcome) return;
    model.versions.set(version, outcome.value.version);
    model.main = outcome.value.version.commit;
    model.events += 1;
    model.isThere = true;
  }

  async #tag(name: string, model: Family, { version: at, commit }: { version: number; commit: number }): Promise<void> {
    const version = VERSIONS[at]!;
    const to = COMMITS[commit]!;
    const from = model.versions.get(version)?.commit ?? model.plainTags.get(version) ?? null;
    const verdicts = await pushTo(this.#definitions, name, PARCEL, [{ ...newTag(version, to), from }]);
    const isPlain = commit === PLAIN;
    const isRefused =
      from === null ? !isPlain && (model.images.has(version) || model.kind === 'container') : from !== to;
    equal(verdicts[`refs/tags/${version}`] !== undefined, isRefused);
    if (isRefused || from !== null) return;
    model.isThere = true;
    if (isPlain) model.plainTags.set(version, to);
    else {
      model.versions.set(version, await this.#definitions.versions.resolve(name, version));
      model.main ??= to;
      model.events += 1;
    }
  }

  async #pin(
    name: string,
    model: Family,
    { pin: at, to, expect: expecting }: { pin: number; to: number | null; expect: 'any' | 'right' | 'wrong' },
  ): Promise<void> {
    const pin = PINS[at]!;
    const current = model.pins.get(pin);
    const stands = current === undefined ? null : model.versions.get(current)!.digest;
    const wrong = stands === null ? sha256(Buffer.from('wrong')) : null;
    const expectation = { any: {}, right: { expect: stands }, wrong: { expect: wrong } }[expecting];
    const target = to === null ? undefined : model.versions.get(VERSIONS[to]!);
    let expected = 'done';
    if (expecting === 'wrong') expected = 'pin-moved';
    else if (to === null && current === undefined) expected = model.isThere ? 'pin-unknown' : 'name-unknown';
    else if (to !== null && target === undefined) expected = model.isThere ? 'version-unknown' : 'name-unknown';
    else if (target !== undefined && target.version !== current && model.images.has(pin)) expected = 'name-taken';
    const change = { to: to === null ? null : VERSIONS[to]!, ...expectation };
    const outcome = await outcomeOf(this.#definitions.pins.change(name, pin, change, SOMEBODY));
    equal('code' in outcome ? outcome.code : 'done', expected);
    if (expected !== 'done' || target?.version === current) return;
    if (target === undefined) model.pins.delete(pin);
    else model.pins.set(pin, target.version);
    model.events += 1;
  }

  async #state(
    name: string,
    model: Family,
    { version: at, retire }: { version: number; retire: boolean },
  ): Promise<void> {
    const version = VERSIONS[at]!;
    const statement = { kind: retire ? 'retired' : 'restored', text: 'said' };
    const outcome = await outcomeOf(this.#definitions.statements.add(name, version, statement, SOMEBODY));
    let expected = 'done';
    if (!model.versions.has(version)) expected = model.isThere ? 'version-unknown' : 'name-unknown';
    else if (model.retired.has(version) === retire) expected = 'statement-invalid';
    equal('code' in outcome ? outcome.code : 'done', expected);
    if (expected !== 'done') return;
    model.events += 1;
    if (retire) model.retired.add(version);
    else model.retired.delete(version);
  }

  async #pushImage(name: string, model: Family, { tag: at, image }: { tag: number; image: number }): Promise<void> {
    const tag = TAGS[at]!;
    const blobs = [Buffer.from('{}'), Buffer.alloc(100, `image ${image} `)];
    const outcome = await outcomeOf(pushImage(this.#opened.registry, name, tag, blobs));
    const isRefused = model.versions.has(tag) || model.pins.has(tag);
    equal('code' in outcome ? outcome.code : 'done', isRefused ? 'tag-immutable' : 'done');
    model.isThere = true;
    if (!isRefused) model.images.set(tag, sha256(manifestOf(blobs)));
  }

  async #deleteTag(name: string, model: Family, { tag: at }: { tag: number }): Promise<void> {
    const tag = TAGS[at]!;
    const outcome = await outcomeOf(this.#opened.registry.tags.remove(name, tag));
    const isOurs = model.versions.has(tag) || model.pins.has(tag);
    const expected = isOurs ? 'tag-immutable' : model.images.has(tag) ? 'done' : 'manifest-unknown';
    equal('code' in outcome ? outcome.code : 'done', expected);
    model.images.delete(tag);
  }

  async #collect(): Promise<void> {
    const options = { graceMs: 0, uploadExpiryMs: 0, now: Date.now, untagged: true };
    await collect(this.#opened.stores, this.#opened.registry, options);
    await expectSound(this.#opened.stores, this.#opened.registry);
  }

  async #compare(name: string, model: Family): Promise<void> {
    const { versions, events, repository } = {
      versions: this.#definitions.versions,
      events: this.#definitions.events,
      repository: this.#definitions.repositoryToPush(name, SOMEBODY),
    };
    const names = [...model.versions.keys()].sort();
    for (const version of names) {
      const { pins, statements: _statements, retired: _retired, ...same } = await versions.resolve(name, version);
      const { pins: _pins, statements: _none, ...before } = model.versions.get(version)!;
      deepEqual(same, before);
      deepEqual(pins, PINS.filter((pin) => model.pins.get(pin) === version).sort());
    }
    const page = await events.page(name, undefined, 1000);
    deepEqual(
      page.events.map(({ number }) => number).toReversed(),
      Array.from({ length: model.events }, (_, at) => at),
    );
    const commitOfPin = (pin: string): string => model.versions.get(model.pins.get(pin)!)!.commit;
    const refs = [
      ...(model.main === undefined ? [] : [['refs/heads/main', model.main]]),
      ...[...model.pins.keys()].map((pin) => [`refs/heads/pins/${pin}`, commitOfPin(pin)]),
      ...[...model.plainTags].map(([tag, oid]) => [`refs/tags/${tag}`, oid]),
      ...names.map((version) => [`refs/tags/${version}`, model.versions.get(version)!.commit]),
    ];
    deepEqual(
      new Map((await repository.refs.list()).refs.map(({ name: ref, oid }) => [ref, oid])),
      new Map(refs as [string, string][]),
    );
    if (!model.isThere) return;
    deepEqual(
      (await versions.page(name, undefined, 100)).versions.map(({ version }) => version),
      names,
    );
    const tags = [...names, ...model.pins.keys(), ...model.images.keys()].sort();
    deepEqual((await this.#opened.registry.tags.list(name, undefined, 100)).tags, tags);
    for (const [pin, version] of model.pins)
      equal(await this.#opened.registry.tags.find(name, pin), model.versions.get(version)!.digest);
    for (const version of names)
      equal(await this.#opened.registry.tags.find(name, version), model.versions.get(version)!.digest);
  }
}

async function outcomeOf<T>(doing: Promise<T>): Promise<{ readonly value: T } | { readonly code: string }> {
  try {
    return { value: await doing };
  } catch (error) {
    if (error instanceof DefinitionError || error instanceof OciError) return { code: error.code };
    throw error;
  }
}

test('whatever is done in whichever order, versions stay, the dialects agree and nothing is lost', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(command, { minLength: 20, maxLength: 40, size: 'max' }), async (commands) => {
      const opened = await openTestRegistry();
      try {
        const both = new Both(opened);
        for (const one of commands) await both.run(one);
        await expectSound(opened.stores, opened.registry);
      } finally {
        await opened.close();
      }
    }),
    { numRuns: 30 },
  );
});
