import { sha256 } from '../../encoding/digest.ts';
import { Breather } from '../breather.ts';
import { GitError } from '../error.ts';
import type { ObjectSource, StoredObject } from '../object-source.ts';
import { isOid, type Oid } from '../oid.ts';
import { writePack } from '../pack-writer.ts';
import type { Ref, Repository } from '../refs.ts';
import { type OnFault, publicMessage } from '../refusal.ts';
import { BAND_DATA, BAND_FATAL, BAND_PROGRESS, bandPackets, bandText } from '../side-band.ts';
import type { HistoryEnds } from '../history-ends.ts';
import { Ancestry } from '../walk/ancestry.ts';
import { CommitGraph } from '../walk/commit-graph.ts';
import { NO_FILTER } from '../walk/object-filter.ts';
import { peelRefs } from '../walk/peel.ts';
import { commitsAmong, selectCommits, selectObjects, type SelectionRequest } from '../walk/select-objects.ts';
import { planShallow, type ShallowPlan } from '../walk/shallow.ts';
import { asksToDeepen, type FetchRequest } from './fetch-request.ts';
import type { KeptPacks, Pack } from './kept-packs.ts';

const READ_BATCH = 1000;
/** Each may walk the whole history. A client that is never told that it may stop goes on to its end, and says `done`. */
const MAX_READY_CHECKS = 64;

export interface UploadPackOptions {
  readonly onFault: OnFault;
  readonly signal?: AbortSignal;
  readonly packs?: KeptPacks;
}

/** One request for objects: what both versions of the protocol do alike. */
export class FetchSession {
  readonly #source: ObjectSource;
  readonly #repository: Repository;
  readonly #ends: HistoryEnds;
  /** The parents that were taken away. */
  readonly #taken: ReadonlySet<Oid>;
  readonly #graph: CommitGraph;
  readonly #breather: Breather;
  readonly #onFault: OnFault;
  readonly #packs: KeptPacks | undefined;
  readonly #common = new Set<Oid>();
  #readyAt = -1;
  #ready = false;
  #readyChecks = 0;

  private constructor(repository: Repository, ends: HistoryEnds, options: UploadPackOptions) {
    this.#repository = repository;
    this.#source = repository.objects;
    this.#ends = ends;
    this.#taken = new Set([...ends.values()].flat());
    this.#graph = new CommitGraph(repository.objects, ends);
    this.#breather = new Breather(options.signal);
    this.#onFault = options.onFault;
    this.#packs = options.packs;
  }

  static async open(repository: Repository, options: UploadPackOptions): Promise<FetchSession> {
    return new FetchSession(repository, await repository.ends(), options);
  }

  /** Any object of the repository may be asked for: all that is here was published. Nothing else may. */
  async checkWants(request: FetchRequest): Promise<void> {
    const wants = [...request.wants];
    const present = await this.#source.stat(wants);
    const foreign = wants.find((oid) => !present.has(oid));
    if (foreign !== undefined) throw new GitError('object-missing', `upload-pack: not our ref ${foreign}`);
  }

  /** Those of the client's objects that we have too, or that stood before the end of our history. */
  async present(haves: readonly Oid[]): Promise<ReadonlySet<Oid>> {
    const found = await this.#source.stat(haves);
    return new Set(haves.filter((oid) => found.has(oid) || this.#taken.has(oid)));
  }

  /** Ends of our history behind which the client's goes on: it has what was taken away here. */
  #joined(): Oid[] {
    return [...this.#ends].filter(([, parents]) => parents.every((oid) => this.#common.has(oid))).map(([oid]) => oid);
  }

  /** The other ends: there the client's history ends as well, or has a hole. */
  #open(): ReadonlySet<Oid> {
    const joined = this.#joined();
    return new Set([...this.#ends.keys()].filter((oid) => !joined.includes(oid)));
  }

  /** Counts an object as one that both sides have. */
  takeCommon(oid: Oid): void {
    this.#common.add(oid);
  }

  /** True when every wanted commit builds on one that the client has: more haves would not make the pack smaller. */
  async isReady(request: FetchRequest): Promise<boolean> {
    const isNews = this.#readyAt !== this.#common.size;
    if (!this.#ready && isNews && this.#readyChecks < MAX_READY_CHECKS) {
      this.#readyAt = this.#common.size;
      this.#readyChecks += 1;
      this.#ready = await this.#findReady(request);
    }
    return this.#ready;
  }

  async #findReady(request: FetchRequest): Promise<boolean> {
    const common = [...(await commitsAmong(this.#source, [...this.#common])), ...this.#joined()];
    if (common.length === 0) return false;
    const ancestry = await Ancestry.of(this.#graph, new Set(common));
    for (const want of await commitsAmong(this.#source, [...request.wants])) {
      if (!(await ancestry.reaches(want, this.#breather))) return false;
    }
    return true;
  }

  async planShallow(request: FetchRequest): Promise<ShallowPlan> {
    const ends = this.#open();
    const wants = await commitsAmong(this.#source, [...request.wants]);
    if (!asksToDeepen(request)) {
      const shallow =
        ends.size === 0 || this.#looksForEnds(request) ? [] : await this.#endsToSend(request, wants, ends);
      return { shallow, unshallow: [], after: request.shallow };
    }
    const { depth, relative, since } = request;
    const not = await commitsAmong(this.#source, await this.#resolve(request.not));
    const client = await this.#knownShallow(request);
    return planShallow(this.#graph, wants, client, { depth, relative, since, not, ends }, this.#breather);
  }

  /**
   * Git's client, while it makes a clone without some objects, looks whether it has the ends that it was told of; it then
   * fetches them like any object that was left out, is told of them, and looks again, without end. Here that ends.
   */
  #looksForEnds({ wants, haves, filter, includeTag, done }: FetchRequest): boolean {
    const isLazy = done && haves.length === 0 && filter !== NO_FILTER && !includeTag;
    return isLazy && [...wants].every((oid) => this.#ends.has(oid));
  }

  /** The ends of our history that come with the pack: the client has nothing behind them. */
  async #endsToSend(request: FetchRequest, wants: readonly Oid[], ends: ReadonlySet<Oid>): Promise<Oid[]> {
    const haves = await commitsAmong(this.#source, [...this.#common]);
    const cuts = { before: request.shallow, after: request.shallow };
    const { commits } = await selectCommits(this.#graph, wants, haves, cuts, this.#breather);
    return commits.map(({ oid }) => oid).filter((oid) => ends.has(oid) && !request.shallow.has(oid));
  }

  /** A client's history may end at commits that are none of ours: those change nothing here. */
  async #knownShallow(request: FetchRequest): Promise<ReadonlySet<Oid>> {
    const present = await this.#source.stat([...request.shallow]);
    return new Set([...request.shallow].filter((oid) => present.get(oid)?.type === 'commit'));
  }

  /**
   * The pack, with progress beside it where the client takes both. `payload` is what a packet of the side band carries;
   * 0 stands for a client that knows none and gets the bare pack.
   */
  async *pack(request: FetchRequest, after: ReadonlySet<Oid>, payload: number): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#pack(request, after, payload);
    } catch (error) {
      // Inside the side band an error packet would be one more band.
      if (payload === 0) throw error;
      yield bandText(BAND_FATAL, `${publicMessage(error, this.#onFault)}\n`);
    }
  }

  async *#pack(request: FetchRequest, after: ReadonlySet<Oid>, payload: number): AsyncGenerator<Uint8Array> {
    this.#breather.check();
    const selection: SelectionRequest = {
      wants: [...request.wants],
      haves: [...this.#common],
      before: request.shallow,
      after,
      filter: request.filter,
      tags: request.includeTag ? await this.#tags() : [],
    };
    const make = async (): Promise<Pack> => {
      const oids = await selectObjects(this.#source, this.#graph, selection, this.#breather);
      const objects = oids.length;
      return { objects, pieces: writePack(objects, readInBatches(this.#source, oids), this.#breather) };
    };
    const { objects, pieces } = await (this.#keptPack(selection, make) ?? make());
    const talks = payload > 0 && !request.noProgress;
    if (talks) yield bandText(BAND_PROGRESS, `Enumerating objects: ${objects}, done.\n`);
    for await (const piece of pieces) yield payload > 0 ? bandPackets(BAND_DATA, piece, payload) : Buffer.from(piece);
    if (talks) yield bandText(BAND_PROGRESS, `Total ${objects} (delta 0), reused ${objects} (delta 0)\n`);
  }

  /** Undefined where others will hardly ask for the same. What is named here leads to the same objects for ever. */
  #keptPack(selection: SelectionRequest, make: () => Promise<Pack>): Promise<Pack> | undefined {
    const { wants, haves, before, after, filter, tags } = selection;
    if (haves.length > 0 || filter !== NO_FILTER) return undefined;
    // A tag that is no object changes nothing.
    const annotated = tags.flatMap(({ oid, peeled }) => (peeled ? [`${oid} ${peeled}`] : []));
    const named = [wants, [...before], [...after], [...this.#ends.keys()], annotated];
    const name = named.map((oids) => oids.toSorted().join()).join('\n');
    return this.#packs?.pack(sha256(Buffer.from(name)), make);
  }

  async #tags(): Promise<Ref[]> {
    const { refs } = await this.#repository.refs.list();
    const tags = refs.filter(({ name }) => name.startsWith('refs/tags/'));
    const peeled = await peelRefs(this.#source, tags);
    return tags.map((ref) => ({ ...ref, peeled: peeled.get(ref.name) ?? null }));
  }

  /** `deepen-not` takes what git-fetch(1) calls a revision: in practice the name of a branch or tag. */
  async #resolve(names: readonly string[]): Promise<Oid[]> {
    if (names.length === 0) return [];
    const { refs, head } = await this.#repository.refs.list();
    const byName = new Map(refs.map(({ name, oid }) => [name, oid]));
    return names.map((name) => {
      const full = name === 'HEAD' ? head : name;
      const found = [full, `refs/${full}`, `refs/tags/${full}`, `refs/heads/${full}`].find((each) => byName.has(each));
      if (found !== undefined) return byName.get(found)!;
      if (isOid(name)) return name;
      throw new GitError('bad-request', `deepen-not: there is no ref "${name.slice(0, 100)}"`);
    });
  }
}

async function* readInBatches(source: ObjectSource, oids: readonly Oid[]): AsyncGenerator<StoredObject> {
  for (let at = 0; at < oids.length; at += READ_BATCH) yield* source.read(oids.slice(at, at + READ_BATCH));
}
