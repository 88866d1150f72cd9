import { StoredRepository } from '../git/stored/stored-repository.ts';
import type { PackLimits } from '../git/pack-limits.ts';
import type { OpenSpool } from '../git/spool.ts';
import { UnionSource } from '../git/union-source.ts';
import { Breather } from '../git/breather.ts';
import { familyUnknown } from '../oci/families.ts';
import type { Registry } from '../oci/registry.ts';
import type { KeyedStore } from '../store/keyed-store.ts';
import { Archives } from './archives.ts';
import { difference } from './difference.ts';
import { Editions } from './editions.ts';
import { Events } from './events.ts';
import { FamilyRefPolicy } from './family-ref-policy.ts';
import { Files } from './files.ts';
import { Images } from './images.ts';
import { Pins } from './pins.ts';
import { Publisher } from './publisher.ts';
import { Statements } from './statements.ts';
import { Versions } from './versions.ts';
import type { Actor, TreeDifference, Version } from './wire.ts';

export interface DefinitionOptions {
  readonly now: () => number;
  /** Where pushes wait until they are checked, and how large they may be. */
  readonly openSpool: OpenSpool;
  readonly limits: PackLimits;
  /** Resolves when what was committed in families until now is in the public log. Without it there is none. */
  readonly announce?: () => Promise<void>;
}

/** Definitions and their families: what the routes call, put together from the store and the registry. */
export class Definitions {
  readonly #keys: KeyedStore;
  readonly #registry: Registry;
  readonly #editions: Editions;
  readonly versions: Versions;
  readonly pins: Pins;
  readonly statements: Statements;
  readonly events: Events;
  readonly archives: Archives;
  readonly files: Files;
  readonly publisher: Publisher;

  constructor(keys: KeyedStore, registry: Registry, { now, openSpool, limits, announce }: DefinitionOptions) {
    this.#keys = keys;
    this.#registry = registry;
    this.events = new Events({ keys, now, audit: registry.audit, announce });
    this.versions = new Versions(keys, registry.families);
    this.pins = new Pins(keys, registry, this.versions, this.events);
    this.statements = new Statements(keys, this.versions, this.events);
    this.archives = new Archives(keys, registry.content);
    this.files = new Files(keys, registry.content);
    this.#editions = new Editions(keys, registry, this.events);
    const { versions, events } = this;
    const [editions, images] = [this.#editions, new Images(registry)];
    this.publisher = new Publisher({ keys, registry, versions, editions, images, events, openSpool, limits });
  }

  /** A family as a Git repository, for reading: one that nothing was ever pushed to has none. */
  async repository(family: string): Promise<StoredRepository> {
    if (await this.#registry.families.exists(family)) return this.repositoryToPush(family, NOBODY);
    throw familyUnknown(family);
  }

  /** What differs between the files of two versions, of whichever families. */
  async difference(from: Version, to: Version): Promise<TreeDifference> {
    const before = this.repositoryToPush(from.family, NOBODY).objects;
    const after = this.repositoryToPush(to.family, NOBODY).objects;
    return difference(new UnionSource(before, after), from.tree, to.tree, new Breather());
  }

  /** For one push: the first one makes the family. */
  repositoryToPush(family: string, by: Actor): StoredRepository {
    const policy = new FamilyRefPolicy(
      {
        keys: this.#keys,
        families: this.#registry.families,
        editions: this.#editions,
        events: this.events,
        quotas: this.#registry.quotas,
        audit: this.#registry.audit,
      },
      family,
      by,
    );
    return new StoredRepository(this.#keys, this.#registry.content, family, policy);
  }
}

const NOBODY: Actor = { address: '' };
