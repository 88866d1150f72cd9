/**
 * Reads snapshots from a bucket (or any folder on a web server) and believes nothing that it did not check: every object is
 * named by the SHA-256 of its bytes, and only the pointer `current` says which name to begin with.
 */

const RUNS_TO_A_PAGE = 32;
const ITEMS_TO_A_NODE = 32;
const MAX_POINTER_BYTES = 64 * 1024;
const MAX_ROOT_BYTES = 1024 * 1024;
const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;
/** So many documents are remembered. */
const REMEMBERED = 256;

/** `kind` is one of: insecure, unreachable, absent, damaged, unknown. */
export class BucketError extends Error {
  constructor(kind, message, options) {
    super(message, options);
    this.kind = kind;
  }
}

export class Bucket {
  #base;
  #documents = new Map();
  #onChange;
  counts = { checked: 0, refused: 0 };

  /** `onChange` is called after each object that was checked. */
  constructor(base, onChange = () => {}) {
    if (globalThis.crypto?.subtle === undefined) {
      throw new BucketError(
        'insecure',
        'Digests can only be checked on a page that came over https, or from this machine.',
      );
    }
    this.#base = base;
    this.#onChange = onChange;
  }

  /** The snapshot that is shown now. */
  async open() {
    const pointer = readPointer(await this.#fetch('current', MAX_POINTER_BYTES, 'no-cache'));
    const id = pointer.snapshot;
    const root = readJson(id, await this.#object(id, MAX_ROOT_BYTES));
    if (root.format !== 1)
      throw new BucketError('unknown', `Snapshot ${id} is of a format that this page does not know.`);
    if (root.log.size !== pointer.size || !isOfLog(pointer.checkpoint, root.log)) {
      throw new BucketError('damaged', 'The pointer and the snapshot that it names do not speak of the same log.');
    }
    return new Snapshot(this, pointer, root);
  }

  /** Bytes of exactly the digest and size that a document names. */
  async bytes({ digest, size }, limit = MAX_DOCUMENT_BYTES) {
    if (size > limit) throw new BucketError('unknown', `${digest} is larger than this page reads.`);
    const bytes = await this.#object(digest, size);
    return bytes;
  }

  async text(ref, limit) {
    return new TextDecoder().decode(await this.bytes(ref, limit));
  }

  document(ref) {
    const known = this.#documents.get(ref.digest);
    if (known !== undefined) return known;
    const reading = this.bytes(ref).then((bytes) => readJson(ref.digest, bytes));
    if (this.#documents.size >= REMEMBERED) this.#documents.clear();
    this.#documents.set(ref.digest, reading);
    // What failed may be there the next time.
    reading.catch(() => this.#documents.delete(ref.digest));
    return reading;
  }

  async #object(digest, limit) {
    if (!/^sha256:[0-9a-f]{64}$/.test(digest)) throw new BucketError('damaged', 'A document names what is no digest.');
    try {
      const bytes = await this.#fetch(`o/${digest.slice('sha256:'.length)}`, limit, 'default');
      if (`sha256:${await sha256(bytes)}` !== digest) throw wrongBytes(digest);
      this.counts.checked += 1;
      return bytes;
    } catch (error) {
      if (error.kind === 'damaged') this.counts.refused += 1;
      // Snapshots that were replaced are swept some time later.
      if (error.kind === 'absent') error.message += ' If the page has been open for long, reload it.';
      throw error.kind === 'damaged' ? wrongBytes(digest, error) : error;
    } finally {
      this.#onChange();
    }
  }

  async #fetch(path, limit, cache) {
    const url = new URL(path, this.#base);
    const options = { cache, credentials: 'omit', redirect: 'error', referrerPolicy: 'no-referrer' };
    let response;
    try {
      response = await fetch(url, options);
    } catch (cause) {
      throw new BucketError('unreachable', `${url} cannot be reached.`, { cause });
    }
    // A bucket that may not be listed answers 403 for what it has not got.
    if (response.status === 404 || response.status === 403) throw new BucketError('absent', `There is no ${url}.`);
    if (!response.ok) throw new BucketError('unreachable', `${url} answers ${response.status}.`);
    return gather(response, url, limit);
  }
}

/** A snapshot, as a reader finds the way in it. */
export class Snapshot {
  constructor(bucket, pointer, root) {
    this.bucket = bucket;
    this.pointer = pointer;
    this.root = root;
  }

  get pages() {
    return this.root.paths.pages.count;
  }

  /** The oldest page is number 0; within a page the oldest run is the first. */
  async page(index) {
    const ref = await this.#item(this.root.paths.pages, index);
    return (await this.bucket.document(ref)).runs;
  }

  /** What a page says of a run, by its id; undefined where it was never published. */
  async summary(id) {
    const number = await this.#value(this.root.paths.ids, id);
    if (typeof number !== 'number') return undefined;
    return (await this.page(Math.floor(number / RUNS_TO_A_PAGE)))[number % RUNS_TO_A_PAGE];
  }

  async family(name) {
    const short = await this.#value(this.root.paths.families, name);
    return short === undefined ? undefined : this.bucket.document(longOf(short));
  }

  /** All files of a version, in the order of its tree. */
  async files({ files }) {
    const all = [];
    for (let page = 0; page < (files?.pages.count ?? 0); page += 1) {
      all.push(...(await this.bucket.document(await this.#item(files.pages, page))).files);
    }
    return all;
  }

  /** Lists are trees of nodes with 32 branches, as low as they can be. */
  async #item({ count, top }, index) {
    let each = 1;
    while (each * ITEMS_TO_A_NODE < count) each *= ITEMS_TO_A_NODE;
    let ref = top;
    for (; each >= 1; each /= ITEMS_TO_A_NODE) {
      const { items } = await this.bucket.document(ref);
      ref = longOf(items[Math.floor(index / each) % ITEMS_TO_A_NODE]);
    }
    return ref;
  }

  /** Tables branch by the hex digits of the key's SHA-256. */
  async #value({ top }, key) {
    const hash = await sha256(new TextEncoder().encode(key));
    for (let depth = 0, ref = top; ref !== undefined; depth += 1) {
      const { entries, branches } = await this.bucket.document(ref);
      if (entries !== undefined) return entries.find(([one]) => one === key)?.[1];
      const branch = branches[Number.parseInt(hash[depth], 16)];
      ref = branch === null ? undefined : longOf(branch);
    }
    return undefined;
  }
}

/** Whether a body is what the log names. One that was scrubbed no longer is, and says so itself. */
export async function isOfDigest({ digest, body }) {
  return `sha256:${await sha256(new TextEncoder().encode(canonicalJson(body)))}` === digest;
}

/** RFC 8785. Numbers and strings are written as JavaScript writes them; names are in the order of their UTF-16 units. */
function canonicalJson(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name])}`).join(',')}}`;
}

function readPointer(bytes) {
  let pointer;
  try {
    pointer = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BucketError('damaged', 'What stands in `current` is no pointer.', { cause });
  }
  if (pointer?.format !== 1)
    throw new BucketError('unknown', 'The pointer is of a format that this page does not know.');
  return pointer;
}

/** A checkpoint's second line is the size of the log, its third the root hash. Who signed it is for `assay log verify`. */
function isOfLog(checkpoint, log) {
  if (checkpoint === undefined) return true;
  const [, size, root] = checkpoint.split('\n');
  return size === String(log.size) && root === log.root;
}

function readJson(digest, bytes) {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BucketError('damaged', `${digest} is no JSON.`, { cause });
  }
}

/** No more is read than there may be. */
async function gather(response, url, limit) {
  const pieces = [];
  let size = 0;
  try {
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      pieces.push(value);
      if (size <= limit) continue;
      await reader.cancel();
      throw new BucketError('damaged', `${url} is larger than it may be.`);
    }
  } catch (cause) {
    if (cause instanceof BucketError) throw cause;
    throw new BucketError('unreachable', `${url} broke off.`, { cause });
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}

async function sha256(bytes) {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function wrongBytes(digest, cause) {
  return new BucketError('damaged', `The bytes of ${digest} are not of that digest.`, { cause });
}

function longOf([hex, size]) {
  return { digest: `sha256:${hex}`, size };
}
