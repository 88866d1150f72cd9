import { Breather } from '../breather.ts';
import { GitError } from '../error.ts';
import type { ObjectSource } from '../object-source.ts';
import type { Oid } from '../oid.ts';
import type { Quarantine } from '../quarantine.ts';
import { isRefName, RefFolders } from '../ref-name.ts';
import { type OnFault, publicMessage } from '../refusal.ts';
import { UnionSource } from '../union-source.ts';
import { Connectivity } from './connectivity.ts';
import type { PushRequest } from './push-request.ts';
import type { PushTarget, RefUpdate, Standing } from './push-target.ts';

/** So often a push is judged anew where objects are removed meanwhile. */
const MAX_TRIES = 10;

/** One push whose pack has been read: decides about each ref, then commits all that is good at once. */
export class PushSession {
  readonly #target: PushTarget;
  readonly #request: PushRequest;
  readonly #pushed: Quarantine | undefined;
  readonly #onFault: OnFault;
  readonly #breather: Breather;
  #connectivity: Connectivity;
  #verdicts: Map<string, string | undefined> = new Map();

  constructor(
    target: PushTarget,
    request: PushRequest,
    pushed: Quarantine | undefined,
    options: { readonly onFault: OnFault; readonly signal?: AbortSignal },
  ) {
    this.#target = target;
    this.#request = request;
    this.#pushed = pushed;
    this.#onFault = options.onFault;
    this.#breather = new Breather(options.signal);
    this.#connectivity = new Connectivity(pushed, target.objects, this.#breather);
  }

  async run(): Promise<ReadonlyMap<string, string | undefined>> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#try();
      } catch (error) {
        if (!(error instanceof GitError) || error.code !== 'objects-removed') throw error;
        if (tries === MAX_TRIES) return new Map(this.#request.updates.map(({ name }) => [name, error.message]));
      }
    }
  }

  async #try(): Promise<ReadonlyMap<string, string | undefined>> {
    const standing = await this.#target.standing();
    this.#connectivity = new Connectivity(this.#pushed, this.#target.objects, this.#breather);
    this.#verdicts = new Map(this.#request.updates.map(({ name }) => [name, undefined]));
    await this.#judgeNames();
    const objects =
      this.#pushed === undefined ? this.#target.objects : new UnionSource(this.#pushed, this.#target.objects);
    for (const update of this.#good()) this.#verdicts.set(update.name, await this.#judge(update, objects));
    if (this.#request.capabilities.has('atomic') && this.#good().length < this.#request.updates.length) {
      for (const { name } of this.#good())
        this.#verdicts.set(name, 'atomic push failed, because another ref was refused');
    }
    await this.#commit(standing);
    return this.#verdicts;
  }

  #good(): RefUpdate[] {
    return this.#request.updates.filter(({ name }) => this.#verdicts.get(name) === undefined);
  }

  /** What can be said without looking at an object. */
  async #judgeNames(): Promise<void> {
    const { updates } = this.#request;
    const { refs } = await this.#target.refs.list();
    const values = new Map<string, Oid>(refs.map(({ name, oid }) => [name, oid]));
    const gone = new Set(updates.filter(({ to }) => to === null).map(({ name }) => name));
    const staying = new Set([...values.keys()].filter((name) => !gone.has(name)));
    for (const { to, name } of updates) if (to !== null) staying.add(name);
    const folders = new RefFolders(staying);
    for (const update of updates) {
      this.#verdicts.set(update.name, nameVerdict(update, values.get(update.name) ?? null, folders));
    }
  }

  async #judge(update: RefUpdate, objects: ObjectSource): Promise<string | undefined> {
    try {
      if (update.to !== null) {
        // "refs/heads/ hold commits": Git itself refuses to put anything else there.
        await this.#connectivity.check(update.to, update.name.startsWith('refs/heads/') ? 'commit' : undefined);
      }
      return await this.#target.refuse(update, objects);
    } catch (error) {
      return this.#withAdvice(error);
    }
  }

  /** A clone from before something was taken away here may hold what is missing back, since it takes it to be there. */
  async #withAdvice(error: unknown): Promise<string> {
    const why = publicMessage(error, this.#onFault);
    const isMissing = error instanceof GitError && error.code === 'object-missing';
    if (!isMissing || (await this.#target.ends()).size === 0) return why;
    return `${why}; versions were removed from this repository: push from a fresh clone`;
  }

  async #commit(standing: Standing): Promise<void> {
    const updates = this.#good();
    if (updates.length === 0) return;
    const { reached } = this.#connectivity;
    const objects = [...(this.#pushed?.objects() ?? [])].filter(({ oid }) => reached.has(oid));
    try {
      await this.#target.commit({ standing, updates, objects, source: this.#pushed ?? NO_OBJECTS });
    } catch (error) {
      if (error instanceof GitError && error.code === 'objects-removed') throw error;
      const why = publicMessage(error, this.#onFault);
      for (const { name } of updates) this.#verdicts.set(name, why);
    }
  }
}

/** What a push without a pack brings. */
const NO_OBJECTS: ObjectSource = {
  stat: () => Promise.resolve(new Map()),
  async *read(oids) {
    for (const oid of oids) yield await Promise.reject(new GitError('object-missing', `object ${oid} was not pushed`));
  },
};

function nameVerdict(update: RefUpdate, current: Oid | null, folders: RefFolders): string | undefined {
  const { name, from, to } = update;
  if (!isRefName(name)) return 'this is no name for a ref';
  if (from === null && to === null) return 'there is no such ref to delete';
  if (from !== current) return 'the ref has moved since; fetch first';
  const other = to === null ? undefined : folders.conflict(name);
  return other === undefined ? undefined : `there is a ref "${other}", and one cannot be the folder of the other`;
}
