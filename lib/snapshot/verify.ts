import { CanonicalJsonError } from '../encoding/canonical-json.ts';
import { LogError } from '../log/log-error.ts';
import { openCheckpoint } from '../log/checkpoint.ts';
import { parseNote } from '../log/signed-note.ts';
import { parseVerifierKey } from '../log/verifier-key.ts';
import type { Sha256 } from '../encoding/digest.ts';
import { erasuresIn } from './erasures.ts';
import { diff, type Difference } from './diff.ts';
import type { Pointer } from './layout.ts';
import { MemoryObjects } from './memory-objects.ts';
import { stateOf, type ObjectSink, type ObjectSource, type Ref } from './objects.ts';
import { runPath, versionPath } from './paths.ts';
import type { OnProgress } from './progress.ts';
import { render } from './render.ts';
import { SCRUBBER_VERSION } from '../scrub/scrubber.ts';
import { RENDERER_VERSION } from './shape.ts';
import { SnapshotError } from './snapshot-error.ts';
import { SnapshotSources } from './snapshot-sources.ts';
import { Snapshot } from './snapshot.ts';
import type { LogSource, Owner, Sources } from './sources.ts';
import { WatchedSources } from './watched-sources.ts';

export interface VerifyOptions {
  /** What the log and the bodies are taken from; without, from the snapshot itself. */
  readonly sources?: Sources;
  /** What the pointer says, with the checkpoint. */
  readonly pointer?: Pointer;
  /** The log's verifier key, known from elsewhere. */
  readonly key?: string;
  readonly onProgress?: OnProgress;
}

export interface Problem {
  readonly path: string;
  readonly what: string;
}

export interface Verification {
  readonly snapshot: Sha256;
  readonly size: number;
  readonly objects: number;
  readonly problems: readonly Problem[];
  /** Whether the root was signed, with the key that was given; without a key, nobody looked. */
  readonly signed: boolean;
  /** Bodies that could not be held against their digest, since they were scrubbed or kept back. */
  readonly unchecked: number;
  /** Bodies that are not there, of runs that an entry says were erased. */
  readonly erased: number;
}

/** Renders a snapshot again, compares object by object, and names what is not as it should be. */
export async function verify(snapshot: Snapshot, options: VerifyOptions = {}): Promise<Verification> {
  const { root, ref, objects } = snapshot;
  const { version, also } = root.scrubber;
  const renderer = root.renderer ?? 1;
  if (renderer !== RENDERER_VERSION) {
    throw new SnapshotError(
      'format-unknown',
      `the snapshot was rendered by version ${renderer}, and this is ${RENDERER_VERSION}`,
    );
  }
  if (version !== SCRUBBER_VERSION) {
    throw new SnapshotError(
      'format-unknown',
      `the snapshot was scrubbed by version ${version}, and this is ${SCRUBBER_VERSION}`,
    );
  }
  const problems: Problem[] = [];
  const told = new Set<string>();
  const own = new SnapshotSources(snapshot, (owner, what) => {
    problems.push({ path: pathOf(owner), what });
    told.add(pathOf(owner));
  });
  const absent: Absent[] = [];
  const sources = new WatchedSources(options.sources ?? own, (owner, what) => {
    // What is there and wrong is taken for absent, and was named as what it is.
    if (!told.has(pathOf(owner))) absent.push({ owner, what });
  });
  const sink = new Comparing(objects, problems);
  let erased = 0;
  try {
    const progress = options.onProgress === undefined ? {} : { onProgress: options.onProgress };
    const { id } = await render(sources, sink, { size: root.log.size, also, ...progress });
    if (id !== ref.digest) await tellDifferences(snapshot, sink.layered(), id, problems);
    else for (const digest of sink.absent) problems.push({ path: digest, what: 'this object is missing' });
    const lost = await unaccounted(absent, sources.log, options.sources === undefined ? root.log.size : ALL);
    problems.push(...lost);
    erased = absent.length - lost.length;
  } catch (error) {
    problems.push({ path: 'root', what: `it cannot be rendered again: ${faultIn(error)}` });
  }
  const signed = checkPointer(snapshot, options, problems);
  const unchecked = own.scrubbed;
  return { snapshot: ref.digest, size: root.log.size, objects: sink.count, problems, signed, unchecked, erased };
}

/** A body, or what else was asked for in vain, and of what. */
interface Absent {
  readonly owner: Owner;
  readonly what: string;
}

/** However long the log is that somebody has. */
const ALL = Number.MAX_SAFE_INTEGER;

/** What is not there though no entry of the log, as far as it is known, says that it was erased. */
async function unaccounted(absent: readonly Absent[], log: LogSource, size: number): Promise<Problem[]> {
  if (absent.length === 0) return [];
  const erased = new Set((await erasuresIn(log, 0, size)).map(({ id }) => id));
  return absent
    .filter(({ owner }) => !('run' in owner && erased.has(owner.run)))
    .map(({ owner, what }) => ({
      path: pathOf(owner),
      what: `${what} is not there, and no entry up to here says that it was erased`,
    }));
}

function pathOf(owner: Owner): string {
  return 'run' in owner ? runPath(owner.run) : versionPath(owner.family, owner.version);
}

/** What is wrong with a snapshot that somebody may have made to be wrong; any other trouble is thrown on. */
function faultIn(error: unknown): string {
  if (error instanceof SnapshotError || error instanceof LogError) return error.message;
  const isOdd = error instanceof TypeError || error instanceof RangeError || error instanceof CanonicalJsonError;
  if (!isOdd || 'code' in error || error.cause !== undefined) throw error;
  return 'a document in it does not say what it must';
}

/** Looks for each object of the new render in the snapshot; what is not there is kept, to tell what differs. */
class Comparing implements ObjectSink {
  readonly #objects: ObjectSource;
  readonly #problems: Problem[];
  readonly #others = new MemoryObjects();
  readonly absent = new Set<Sha256>();
  count = 0;

  constructor(objects: ObjectSource, problems: Problem[]) {
    this.#objects = objects;
    this.#problems = problems;
  }

  async write(ref: Ref, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    this.count += 1;
    // A source of pieces says whether they are right when it ends.
    if (!(bytes instanceof Uint8Array)) for await (const _ of bytes);
    const state = await stateOf(this.#objects, ref);
    if (state === 'whole') return;
    if (state === 'wrong')
      this.#problems.push({ path: ref.digest, what: 'the bytes of this object are not of its digest' });
    else if (bytes instanceof Uint8Array) this.absent.add(ref.digest);
    else this.#problems.push({ path: ref.digest, what: 'this object is missing' });
    if (bytes instanceof Uint8Array) await this.#others.write(ref, bytes);
  }

  layered(): ObjectSource {
    const [others, objects] = [this.#others, this.#objects];
    return {
      read: async (digest) => (await others.read(digest)) ?? objects.read(digest),
      open: async (digest) => (await others.open(digest)) ?? objects.open(digest),
    };
  }
}

const SAID: Readonly<Record<Difference['change'], string>> = {
  added: 'is not in the snapshot, and should be',
  removed: 'is in the snapshot, and should not be',
  changed: 'is not what the log and the bodies make it',
};

async function tellDifferences(
  snapshot: Snapshot,
  objects: ObjectSource,
  id: Sha256,
  problems: Problem[],
): Promise<void> {
  const right = await Snapshot.open(objects, id);
  const before = problems.length;
  for await (const { path, change } of diff(snapshot, right)) problems.push({ path, what: SAID[change] });
  if (problems.length === before) problems.push({ path: 'root', what: 'is made up otherwise than it should be' });
}

/** Whether the checkpoint is signed with the key; that it is of this log and size is looked at in any case. */
function checkPointer({ root, ref }: Snapshot, { pointer, key }: VerifyOptions, problems: Problem[]): boolean {
  if (pointer === undefined || pointer.snapshot !== ref.digest) return false;
  if (pointer.size !== root.log.size)
    problems.push({ path: 'current', what: `says ${pointer.size} entries, and the snapshot has ${root.log.size}` });
  if (pointer.checkpoint === undefined) {
    if (key !== undefined) problems.push({ path: 'current', what: 'has no checkpoint' });
    return false;
  }
  try {
    const [, size, hash] = parseNote(pointer.checkpoint).text.split('\n');
    if (key !== undefined) openCheckpoint(pointer.checkpoint, parseVerifierKey(key));
    if (size === String(root.log.size) && hash === root.log.root) return key !== undefined;
    problems.push({ path: 'current', what: 'its checkpoint is of another log, or of another size' });
  } catch (error) {
    if (!(error instanceof LogError)) throw error;
    problems.push({ path: 'current', what: error.message });
  }
  return false;
}
