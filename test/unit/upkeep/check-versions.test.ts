import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Definitions } from '../../../lib/definition/definitions.ts';
import type { Version } from '../../../lib/definition/wire.ts';
import { encodeRef } from '../../../lib/git/stored/ref-record.ts';
import { decodeJson, encodeJson } from '../../../lib/store/json-value.ts';
import * as keys from '../../../lib/store/keys.ts';
import { check } from '../../../lib/upkeep/check.ts';
import type { Finding } from '../../../lib/upkeep/checking.ts';
import { publishTo, testCase } from '../../support/publishing.ts';
import { openTestRegistry, type TestRegistry } from '../../support/registry.ts';
import { definitionsOn, SOMEBODY } from '../../support/stored-git.ts';

const F = 'test-cases/carom';

let opened: TestRegistry;
let definitions: Definitions;
let one: Version;
let two: Version;
beforeEach(async () => {
  opened = await openTestRegistry();
  definitions = definitionsOn(opened.stores, opened.registry);
  ({ version: one } = await publishTo(definitions, F, 'v1.0.0', testCase({ a: 'one' })));
  ({ version: two } = await publishTo(definitions, F, 'v2.0.0', testCase({ a: 'two' })));
  await definitions.pins.change(F, 'stable', { to: 'v1.0.0' }, SOMEBODY);
  await definitions.statements.add(F, 'v1.0.0', { kind: 'erratum', text: 'x' }, SOMEBODY);
});
afterEach(() => opened.close());

async function findings(content = false): Promise<Finding[]> {
  const found: Finding[] = [];
  await check(opened.stores, opened.registry, { content, onFinding: (finding) => found.push(finding) });
  return found;
}

async function drop(...deletes: Uint8Array[]): Promise<void> {
  await opened.stores.keys.commit({ deletes });
}

async function set(key: Uint8Array, value: Uint8Array): Promise<void> {
  await opened.stores.keys.commit({ puts: [{ key, value }] });
}

/** Changes the JSON under a key. */
async function edit(key: Uint8Array, change: object): Promise<void> {
  const value = await opened.stores.keys.get(key);
  expect(value).toBeDefined();
  await set(key, encodeJson({ ...decodeJson<object>(value!), ...change }));
}

it('finds nothing where all is well', async () => {
  expect(await findings(true)).toEqual([]);
});

describe('finds a version without', () => {
  it.each([
    ['its manifest', () => keys.manifestKey(F, one.digest), 'lacks its manifest'],
    ['its layer', () => keys.blobKey(F, one.layer.digest), 'lacks its layer'],
    ['its metadata', () => keys.blobKey(F, one.config.digest), 'metadata'],
    ['its tree', () => keys.gitObjectKey(F, one.tree), 'lacks its tree'],
    ['its commit', () => keys.gitObjectKey(F, one.commit), 'lacks its commit'],
    ['its OCI tag', () => keys.tagKey(F, 'v1.0.0'), 'the OCI tag names nothing'],
    ['its Git tag', () => keys.refKey(F, 'refs/tags/v1.0.0'), 'there is no Git ref refs/tags/v1.0.0'],
  ])('%s', async (_what, key, what) => {
    await drop(key());
    expect(await findings()).toContainEqual(
      expect.objectContaining({ severity: 'error', family: F, name: 'v1.0.0', what: expect.stringContaining(what) }),
    );
  });
});

describe('finds a version whose', () => {
  it('OCI tag names another', async () => {
    await set(keys.tagKey(F, 'v1.0.0'), Buffer.from(two.digest));
    expect(await findings()).toContainEqual(
      expect.objectContaining({ name: 'v1.0.0', what: `the OCI tag names ${two.digest} and not ${one.digest}` }),
    );
  });

  it('Git tag ends elsewhere', async () => {
    await set(keys.refKey(F, 'refs/tags/v1.0.0'), encodeRef({ oid: two.commit, peeled: null }));
    expect(await findings()).toContainEqual(
      expect.objectContaining({ name: 'v1.0.0', what: expect.stringContaining(`ends at ${two.commit}`) }),
    );
  });

  it.each([
    ['digest', () => ({ digest: two.digest })],
    ['tree', () => ({ tree: two.tree })],
    ['commit', () => ({ commit: two.commit })],
    ['layer', () => ({ layer: two.layer })],
    ['size of the layer', () => ({ layer: { ...one.layer, size: one.layer.size + 512 } })],
    ['metadata', () => ({ config: { digest: one.layer.digest, size: one.layer.size } })],
  ])('record was given another %s', async (_what, change) => {
    await edit(keys.versionKey(F, 'v1.0.0'), change());
    expect(await findings()).toContainEqual(expect.objectContaining({ severity: 'error', name: 'v1.0.0', family: F }));
  });

  it.each([
    ['layer', () => keys.blobKey(F, one.layer.digest)],
    ['metadata', () => keys.blobKey(F, one.config.digest)],
    ['manifest', () => keys.manifestKey(F, one.digest)],
  ])('%s could be deleted', async (_what, key) => {
    await edit(key(), { published: undefined });
    expect(await findings()).toContainEqual(expect.objectContaining({ severity: 'error', family: F }));
  });

  it.each([
    ['size', () => ({ size: one.layer.size + 512 })],
    ['tree', () => ({ tree: two.tree })],
    ['tree, which is none,', () => ({ tree: '7'.repeat(40) })],
  ])('layer has a link of another %s', async (_what, change) => {
    await edit(keys.blobKey(F, one.layer.digest), change());
    expect(await findings()).not.toEqual([]);
    expect(await findings(true)).toContainEqual(
      expect.objectContaining({ severity: 'error', name: one.layer.digest, family: F }),
    );
  });

  it('event is lost', async () => {
    await drop(keys.eventKey(F, 1));
    expect(await findings()).toContainEqual(
      expect.objectContaining({ family: F, what: 'the events of the family lack 1' }),
    );
  });

  it('record is gone while its tags stay', async () => {
    await drop(keys.versionKey(F, 'v2.0.0'));
    expect(await findings()).toContainEqual(expect.objectContaining({ severity: 'error', family: F }));
  });
});

describe('finds a pin', () => {
  it.each([
    ['at a version that is not there', () => ({ version: 'v9.0.0' }), 'v9.0.0, which is not there'],
    ['at a digest that is another', () => ({ digest: two.digest }), 'which is not v1.0.0'],
  ])('%s', async (_what, change, what) => {
    await edit(keys.pinKey(F, 'stable'), change());
    expect(await findings()).toEqual([
      { severity: 'error', family: F, name: 'stable', what: expect.stringContaining(what) },
    ]);
  });

  it('without its tag or branch, or with others', async () => {
    const [tag, branch] = [keys.tagKey(F, 'stable'), keys.refKey(F, 'refs/heads/pins/stable')];
    await drop(branch);
    expect(await findings()).toMatchObject([{ name: 'stable', what: expect.stringContaining('no Git ref') }]);
    await set(branch, encodeRef({ oid: two.commit, peeled: null }));
    expect(await findings()).toMatchObject([{ name: 'stable', what: expect.stringContaining(two.commit) }]);
    await drop(tag);
    expect(await findings()).toContainEqual(
      expect.objectContaining({ name: 'stable', what: expect.stringContaining('names nothing') }),
    );
  });

  it('that is gone while its branch stays', async () => {
    await drop(keys.pinKey(F, 'stable'));
    expect(await findings()).toMatchObject([
      { severity: 'error', family: F, name: 'stable', what: expect.stringContaining('no pin') },
    ]);
  });
});

it('finds statements on nothing', async () => {
  await set(keys.statementsKey(F, 'v7.0.0'), encodeJson({ statements: [] }));
  expect(await findings()).toEqual([
    { severity: 'error', family: F, name: 'v7.0.0', what: 'there are statements on a version that is not there' },
  ]);
});
