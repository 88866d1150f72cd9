import type { ContentStore } from '../../store/content-store.ts';
import type { KeyedStore } from '../../store/keyed-store.ts';
import { unreachedKey } from '../../store/keys.ts';
import type { ObjectSource } from '../object-source.ts';
import { UnionSource } from '../union-source.ts';
import type { PushBatch, PushTarget, RefUpdate, Standing } from '../receive-pack/push-target.ts';
import type { HistoryEnds } from '../history-ends.ts';
import { CommitGraph } from '../walk/commit-graph.ts';
import { historyEndsIn } from './history-ends.ts';
import { PushCommit } from './push-commit.ts';
import type { RefPolicy } from './ref-policy.ts';
import { StoredObjects } from './stored-objects.ts';
import { StoredRefs } from './stored-refs.ts';

/** The Git repository of one family, over the store. */
export class StoredRepository implements PushTarget {
  readonly #keys: KeyedStore;
  readonly #content: ContentStore;
  readonly #family: string;
  readonly #policy: RefPolicy;
  readonly objects: StoredObjects;
  readonly refs: StoredRefs;

  constructor(keys: KeyedStore, content: ContentStore, family: string, policy: RefPolicy) {
    this.#keys = keys;
    this.#content = content;
    this.#family = family;
    this.#policy = policy;
    this.objects = new StoredObjects(keys, content, family);
    this.refs = new StoredRefs(keys, family);
  }

  ends(): Promise<HistoryEnds> {
    return historyEndsIn(this.#keys, this.#family);
  }

  standing(): Promise<Standing> {
    return this.#keys.get(unreachedKey(this.#family));
  }

  refuse(update: RefUpdate, objects: ObjectSource): Promise<string | undefined> {
    return this.#policy.refuse(update, objects);
  }

  async commit(batch: PushBatch): Promise<void> {
    const parts = {
      keys: this.#keys,
      content: this.#content,
      family: this.#family,
      objects: this.objects,
      refs: this.refs,
      policy: this.#policy,
    };
    const graph = new CommitGraph(new UnionSource(batch.source, this.objects), await this.ends());
    const entailed = await this.#policy.entail(batch.updates, await this.refs.list(), graph);
    const updates = [...batch.updates, ...entailed];
    await new PushCommit(parts, { ...batch, updates }).run();
    await this.#policy.committed(updates);
  }
}
