import { expect } from 'vitest';
import type { Definitions } from '../../lib/definition/definitions.ts';
import type { PublishOrder } from '../../lib/definition/publisher.ts';
import type { Published, PublishRequest } from '../../lib/definition/wire.ts';
import { hashObject, type Oid } from '../../lib/git/oid.ts';
import { PushSession } from '../../lib/git/receive-pack/push-session.ts';
import type { RefUpdate } from '../../lib/git/receive-pack/push-target.ts';
import { encodeTree, type TreeEntry } from '../../lib/git/tree.ts';
import type { Registry, Stores } from '../../lib/oci/registry.ts';
import { entriesOf } from '../../lib/store/keyed-store.ts';
import { check } from '../../lib/upkeep/check.ts';
import { packOf, type RawEntry } from '../unit/git/support/pack-builder.ts';
import { oneChunk } from './registry.ts';
import type { SampleFile, SampleFiles } from './sample-definition.ts';
import { SOMEBODY, type Parcel } from './stored-git.ts';

export const AUTHOR = 'A U Thor <author@example.com> 1700000000 +0100';

/** A tree with all that is below it, as entries of a pack. */
export interface MadeTree {
  readonly oid: Oid;
  readonly objects: ReadonlyMap<Oid, RawEntry>;
}

const MODES = { file: 0o100644, run: 0o100755, link: 0o120000 } as const;

export function makeTree(files: SampleFiles): MadeTree {
  const objects = new Map<Oid, RawEntry>();
  function add(type: 'tree' | 'blob', content: Buffer): Oid {
    const oid = hashObject(type, content);
    objects.set(oid, { code: type === 'tree' ? 2 : 3, content });
    return oid;
  }
  function entryOf(name: string, file: SampleFile): TreeEntry {
    if (typeof file === 'string' || Buffer.isBuffer(file))
      return { mode: MODES.file, name, oid: add('blob', Buffer.from(file)) };
    if ('run' in file) return { mode: MODES.run, name, oid: add('blob', Buffer.from(file.run)) };
    return { mode: MODES.link, name, oid: add('blob', Buffer.from(file.link)) };
  }
  function folder(prefix: string): Oid {
    const below = Object.keys(files).filter((path) => path.startsWith(prefix));
    const names = new Set(below.map((path) => path.slice(prefix.length).split('/')[0]!));
    const entries = [...names].map((name) => {
      const file = files[prefix + name];
      return file === undefined ? { mode: 0o40000, name, oid: folder(`${prefix}${name}/`) } : entryOf(name, file);
    });
    return add('tree', encodeTree(entries));
  }
  return { oid: folder(''), objects };
}

/** A tree of entries that `makeTree` would not make, with the objects that it needs. */
export function oddTree(
  entries: readonly TreeEntry[],
  objects: readonly (readonly [type: 'blob' | 'tree', content: Buffer])[],
): MadeTree {
  const made = new Map<Oid, RawEntry>();
  for (const [type, content] of [...objects, ['tree', encodeTree(entries)] as const])
    made.set(hashObject(type, content), { code: type === 'tree' ? 2 : 3, content });
  return { oid: hashObject('tree', encodeTree(entries)), objects: made };
}

export function packOfTree({ objects }: MadeTree, without: (oid: Oid) => boolean = () => false): Buffer {
  return packOf([...objects].filter(([oid]) => !without(oid)).map(([, entry]) => entry));
}

/** The smallest test case, with more files if wanted. */
export function testCase(more: SampleFiles = {}): SampleFiles {
  return { 'test-case.toml': 'name = "Carom"\n', 'prompt.md': 'Play carom.\n', ...more };
}

/** The smallest container, with more files if wanted. */
export function container(more: SampleFiles = {}): SampleFiles {
  return { 'container.toml': 'name = "Claude"\n', Dockerfile: 'FROM scratch\n', ...more };
}

export type OrderParts = Partial<Omit<PublishOrder, 'request'>> & { readonly request?: Partial<PublishRequest> };

export function orderFor(
  family: string,
  version: string,
  content: SampleFiles | MadeTree,
  { request, ...rest }: OrderParts = {},
): PublishOrder {
  const made = isMade(content) ? content : makeTree(content);
  return {
    family,
    version,
    request: { tree: made.oid, source: {}, author: AUTHOR, ...request },
    pack: oneChunk(packOfTree(made)),
    by: SOMEBODY,
    ...rest,
  };
}

function isMade(content: SampleFiles | MadeTree): content is MadeTree {
  return content['objects'] instanceof Map;
}

export function publishTo(
  definitions: Definitions,
  family: string,
  version: string,
  content: SampleFiles | MadeTree,
  parts: OrderParts = {},
): Promise<Published> {
  return definitions.publisher.publish(orderFor(family, version, content, parts));
}

/** What a push with Git says to each ref: undefined is good. */
export async function pushTo(
  definitions: Definitions,
  family: string,
  parcel: Parcel,
  updates: readonly RefUpdate[],
  capabilities: readonly string[] = [],
): Promise<Record<string, string | undefined>> {
  const faults: Error[] = [];
  const request = { updates, capabilities: new Set(capabilities) };
  const target = definitions.repositoryToPush(family, SOMEBODY);
  const session = new PushSession(target, request, parcel.quarantine, { onFault: (fault) => faults.push(fault) });
  const verdicts = Object.fromEntries(await session.run());
  for (const fault of faults) throw fault;
  return verdicts;
}

export function newTag(tag: string, to: Oid): RefUpdate {
  return { name: `refs/tags/${tag}`, from: null, to };
}

/** Every key and value, to see that nothing changed. */
export async function everythingIn({ keys }: Stores): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for await (const { key, value } of entriesOf(keys, { start: Buffer.of(0), end: Buffer.of(255) }))
    all[Buffer.from(key).toString('latin1')] = Buffer.from(value).toString('base64');
  return all;
}

export async function expectSound(stores: Stores, registry: Registry): Promise<void> {
  const findings: unknown[] = [];
  await check(stores, registry, { content: true, onFinding: (finding) => findings.push(finding) });
  expect(findings).toEqual([]);
}
