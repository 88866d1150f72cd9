import { Breather } from '../git/breather.ts';
import { parseCommit } from '../git/commit.ts';
import { GitError } from '../git/error.ts';
import { readContent } from '../git/object-content.ts';
import type { Oid } from '../git/oid.ts';
import { unpack } from '../git/pack-reader.ts';
import type { PackLimits } from '../git/pack-limits.ts';
import { Quarantine } from '../git/quarantine.ts';
import { Connectivity } from '../git/receive-pack/connectivity.ts';
import type { PushBatch, RefUpdate } from '../git/receive-pack/push-target.ts';
import { RefFolders } from '../git/ref-name.ts';
import type { Ref } from '../git/refs.ts';
import type { OpenSpool } from '../git/spool.ts';
import type { RefPolicy } from '../git/stored/ref-policy.ts';
import { StoredRepository } from '../git/stored/stored-repository.ts';
import { UnionSource } from '../git/union-source.ts';
import type { Registry } from '../oci/registry.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { StoreError } from '../store/store-error.ts';
import type { Remembering } from './blob-memory.ts';
import { difference } from './difference.ts';
import { DefinitionError } from './definition-error.ts';
import { wholeOf, type Editions, type Whole } from './editions.ts';
import type { Events } from './events.ts';
import type { Images } from './images.ts';
import { gone, removedIn } from './removal.ts';
import { versionCommit } from './version-commit.ts';
import { isVersion } from './version-name.ts';
import type { VersionRecord } from './version-record.ts';
import type { Versions } from './versions.ts';
import type { Actor, Published, PublishRequest } from './wire.ts';

const MAIN = 'refs/heads/main';
const MAX_TRIES = 20;

export interface PublisherParts {
  readonly keys: KeyedStore;
  readonly registry: Registry;
  readonly versions: Versions;
  readonly editions: Editions;
  readonly images: Images;
  readonly events: Events;
  readonly openSpool: OpenSpool;
  readonly limits: PackLimits;
}

export interface PublishOrder {
  readonly family: string;
  readonly version: string;
  readonly request: PublishRequest;
  /** A Git pack of what the family had not; nothing at all where it had everything. */
  readonly pack: AsyncIterable<Uint8Array>;
  readonly by: Actor;
  readonly signal?: AbortSignal;
}

/** Publishes trees: objects, commit, manifest and the version's record come to be in one commit, or none of them. */
export class Publisher {
  readonly #parts: PublisherParts;

  constructor(parts: PublisherParts) {
    this.#parts = parts;
  }

  async publish(order: PublishOrder): Promise<Published> {
    const { family, version, request, pack } = order;
    if (!isVersion(version)) throw new DefinitionError('version-invalid', versionAdvice(version));
    const removed = await removedIn(this.#parts.keys, family, version);
    if (removed !== undefined) throw gone(family, removed);
    const there = await this.#parts.versions.record(family, version);
    if (there !== undefined && isSame(there, request)) {
      await drain(pack);
      return this.#answer(order, 'unchanged');
    }
    const memory = this.#parts.editions.remember();
    const quarantine = await this.#unpacked(order, memory);
    try {
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const published = await this.#take(order, quarantine, memory);
        if (published !== undefined) return published;
      }
      throw new StoreError('busy', `Git objects of ${family} keep being removed`);
    } finally {
      await quarantine.close();
    }
  }

  /** Undefined where objects were removed that were there when it began. */
  async #take(order: PublishOrder, quarantine: Quarantine, memory: Remembering): Promise<Published | undefined> {
    const { family, version, request, signal } = order;
    const { tree } = request;
    const breather = new Breather(signal);
    const repository = this.#repository(family);
    const standing = await repository.standing();
    const connectivity = new Connectivity(quarantine, repository.objects, breather);
    await connectivity.check(tree, 'tree', await treeOfMain(repository));
    const source = new UnionSource(quarantine, repository.objects);
    const edition = await this.#parts.editions.prepare({ family, version, tree }, source, breather, memory);
    const whole = await this.#withImage(wholeOf(edition), request.image);
    await this.#parts.editions.checkKind(edition);
    const objects = [...quarantine.objects()].filter(({ oid }) => connectivity.reached.has(oid));
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const there = await this.#parts.versions.record(family, version);
      if (there !== undefined && there.digest === whole.digest) return this.#answer(order, 'unchanged');
      if (there !== undefined) throw await this.#conflict(there, whole, source, breather);
      try {
        await this.#parts.editions.checkNameFree(family, version);
        if (await this.#commit(order, whole, { standing, objects, source: quarantine })) {
          memory.keep();
          return await this.#answer(order, 'published');
        }
      } catch (error) {
        if (error instanceof GitError && error.code === 'objects-removed') return undefined;
        // Who took the name may have published this very version since it was looked for.
        const isTaken = error instanceof DefinitionError && error.code === 'name-taken';
        if (!isTaken || (await this.#parts.versions.record(family, version)) === undefined) throw error;
      }
    }
    throw new StoreError('busy', `others keep publishing to ${family}`);
  }

  /** One try on top of what `main` is now; false where somebody was faster. */
  async #commit(
    { family, version, request, by }: PublishOrder,
    whole: Whole,
    { standing, objects, source: quarantine }: Omit<PushBatch, 'updates'> & { readonly source: Quarantine },
  ): Promise<boolean> {
    const { refs } = await this.#repository(family).refs.list();
    const parent = refs.find(({ name }) => name === MAIN)?.oid ?? null;
    const { tree, author, source } = request;
    const commit = await quarantine.make('commit', versionCommit({ family, version, tree, parent, author, source }));
    const updates: RefUpdate[] = [
      { name: MAIN, from: parent, to: commit.oid },
      { name: `refs/tags/${version}`, from: null, to: commit.oid },
    ];
    checkPlaces(family, refs, updates);
    const { editions } = this.#parts;
    const policy: RefPolicy = {
      ...NO_PUSHES,
      admit: (bytes) => this.#parts.registry.quotas.admitTo(family, bytes),
      plan: (_updates, plan) => editions.plan(whole, { commit: commit.oid, by, with: 'publish', source }, plan),
    };
    try {
      await this.#repository(family, policy).commit({
        standing,
        updates,
        objects: [...objects, commit],
        source: quarantine,
      });
      return true;
    } catch (error) {
      if (error instanceof GitError && error.code === 'ref-moved') return false;
      throw error;
    }
  }

  #repository(family: string, policy: RefPolicy = NO_PUSHES): StoredRepository {
    const { keys, registry } = this.#parts;
    return new StoredRepository(keys, registry.content, family, policy);
  }

  async #unpacked({ family, pack, signal }: PublishOrder, memory: Remembering): Promise<Quarantine> {
    const { openSpool, limits } = this.#parts;
    const chunks = pack[Symbol.asyncIterator]();
    const first = await chunks.next();
    if (first.done === true) return new Quarantine(openSpool(), openSpool());
    return unpack(from(first.value, chunks), {
      openSpool,
      limits,
      bases: this.#repository(family).objects,
      onBlob: (oid, content) => memory.learn(oid, content),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async #withImage({ edition }: Whole, image: string | undefined): Promise<Whole> {
    if (image === undefined) return wholeOf(edition);
    if (edition.kind !== 'container') {
      throw new DefinitionError('image-invalid', `only a container has an image, and this is a ${edition.kind}`);
    }
    return wholeOf(edition, await this.#parts.images.find(edition.family, image));
  }

  async #conflict(there: VersionRecord, whole: Whole, source: UnionSource, breather: Breather): Promise<Error> {
    const { family, version, tree } = whole.edition;
    const message =
      `${family} ${version} is published already with other content: it is ${there.digest}, ` +
      `and this would be ${whole.digest}; publish it as another version`;
    return new DefinitionError('version-conflict', message, {
      published: {
        digest: there.digest,
        tree: there.tree,
        ...(there.image === undefined ? {} : { image: there.image }),
      },
      refused: { digest: whole.digest, tree, ...(whole.image === undefined ? {} : { image: whole.image.digest }) },
      difference: await difference(source, there.tree, tree, breather),
    });
  }

  /** A version that is there already may be one whose publisher was cut off before it was announced. */
  async #answer({ family, version }: PublishOrder, outcome: Published['outcome']): Promise<Published> {
    await this.#parts.events.announce();
    return { outcome, version: await this.#parts.versions.resolve(family, version) };
  }
}

/** Most of a version is mostly in the version before it. */
async function treeOfMain({ refs, objects }: StoredRepository): Promise<Oid | undefined> {
  const main = (await refs.list()).refs.find(({ name }) => name === MAIN);
  if (main === undefined) return undefined;
  const { type, content } = await readContent(objects, main.oid);
  return type === 'commit' ? parseCommit(content).tree : undefined;
}

/** A publish is no push of anybody's: its refs are the version's. */
const NO_PUSHES: RefPolicy = {
  refuse: () => Promise.resolve('this takes no push'),
  entail: () => Promise.resolve([]),
  admit: () => Promise.resolve(),
  plan: () => Promise.reject(new GitError('ref-refused', 'this takes no push')),
  committed: () => Promise.resolve(),
};

/** One ref cannot be the folder of another. */
function checkPlaces(family: string, refs: readonly Ref[], updates: readonly RefUpdate[]): void {
  const folders = new RefFolders(new Set([...refs, ...updates].map(({ name }) => name)));
  for (const { name } of updates) {
    const other = folders.conflict(name);
    if (other === undefined) continue;
    throw new DefinitionError('name-taken', `${family} has the Git ref ${other}, beside which there is no ${name}`);
  }
}

function isSame(there: VersionRecord, { tree, image }: PublishRequest): boolean {
  return there.tree === tree && there.image === image;
}

async function* from(first: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield first;
  for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
}

async function drain(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _chunk of chunks);
}

function versionAdvice(version: string): string {
  return `${JSON.stringify(version.slice(0, 150))} is no version: v1.2.0 or v1.2.0-rc.1`;
}
