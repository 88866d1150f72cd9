import { parseEntry } from '../log/entry-bytes.ts';
import { ContentRules } from '../log/content-rules.ts';
import { EMPTY_FRONTIER, extend, rootOf, type Frontier } from '../log/frontier.ts';
import { decodeHead, encodeHead, type Head } from '../log/head.ts';
import { readLogKeys } from '../log/log-keys.ts';
import { readHead } from '../log/sequencer.ts';
import { TILE_HEIGHT, TILE_WIDTH, tilesOf, tileWidth } from '../log/tile.ts';
import { HASH_BYTES, leafHash } from '../log/tree-hash.ts';
import { parseVerifierKey } from '../log/verifier-key.ts';
import { entriesOf } from '../store/keyed-store.ts';
import { allLogEntries, allLogTiles, allPendingEvents } from '../store/key-ranges.ts';
import { eventKey, familyOfKey, logEntryKey, logHeadKey, logTileKey, numberOfKey } from '../store/keys.ts';
import { checkFamilyEntries } from './check-family-entries.ts';
import { checkRunEntries } from './check-run-entries.ts';
import type { Checking } from './checking.ts';
import { LogFacts } from './log-facts.ts';

/** That head, tiles and entries of the log agree, and that it has what was published. Returns how many entries there are. */
export async function checkLog(checking: Checking): Promise<number> {
  const { keys } = checking.stores;
  await checkMarks(checking);
  const value = await keys.get(logHeadKey);
  if (value === undefined) {
    await checkNothing(checking);
    return 0;
  }
  const head = decodeHead(value);
  const walk = new LogWalk(checking, head);
  await walk.run();
  await checkKeys(checking);
  await checkBeyond(checking);
  if (head.backlog !== 'done' || !walk.isWhole) return head.frontier.size;
  await checkFamilyEntries(checking, walk.facts, walk.size);
  await checkRunEntries(checking, walk.facts, walk.size);
  return head.frontier.size;
}

/** The tree, made anew from the entries. The log only grows, so what is found wrong of its beginning stays wrong. */
class LogWalk {
  readonly #checking: Checking;
  readonly #head: Head;
  readonly #rules = new ContentRules();
  readonly #hashes: Buffer[][] = [];
  readonly facts = new LogFacts();
  /** Set where every entry is there: else nobody can tell what the log says. */
  isWhole = false;
  #frontier: Frontier = EMPTY_FRONTIER;

  constructor(checking: Checking, head: Head) {
    this.#checking = checking;
    this.#head = head;
  }

  get size(): number {
    return this.#head.frontier.size;
  }

  async run(): Promise<void> {
    const { stores, breathe, onProgress } = this.#checking;
    const { size } = this.#head.frontier;
    const range = { start: allLogEntries.start, end: logEntryKey(size) };
    let next = 0;
    for await (const { key, value } of entriesOf(stores.keys, range)) {
      await breathe();
      onProgress?.('log', next, size);
      if (numberOfKey(key) !== next) break;
      await this.#entry(next, value);
      next += 1;
    }
    if (next < size) {
      await this.#wrong(`entry ${next}`, `the log has ${size} entries, and this one is not there`);
      return;
    }
    this.isWhole = true;
    for (const { level, index, width } of tilesOf(size)) if (width < TILE_WIDTH) await this.#tile(level, index, width);
    const { root, frontier } = this.#head;
    const isSame = encodeHead({ ...this.#head, frontier: this.#frontier }).equals(encodeHead(this.#head));
    if (!isSame || !rootOf(frontier).equals(root)) await this.#wrong('head', 'its hashes are not those of the entries');
  }

  async #entry(index: number, value: Uint8Array): Promise<void> {
    const fault = this.#rules.take(value);
    if (fault !== undefined) await this.#wrong(`entry ${index}`, fault);
    else this.facts.add(parseEntry(value), index);
    const full: { readonly level: number; readonly index: number }[] = [];
    this.#frontier = extend(this.#frontier, [leafHash(value)], (height, place, hash) => {
      if (height % TILE_HEIGHT !== 0) return;
      const level = height / TILE_HEIGHT;
      (this.#hashes[level] ??= []).push(hash);
      if ((place + 1) % TILE_WIDTH === 0) full.push({ level, index: Math.floor(place / TILE_WIDTH) });
    });
    for (const { level, index } of full) await this.#tile(level, index, TILE_WIDTH);
  }

  async #tile(level: number, index: number, width: number): Promise<void> {
    const expected = Buffer.concat(this.#hashes[level]!.splice(0, TILE_WIDTH));
    const value = await this.#checking.stores.keys.get(logTileKey(level, index));
    if (value !== undefined && expected.equals(value.subarray(0, width * HASH_BYTES))) return;
    await this.#wrong(`tile ${level}/${index}`, 'its hashes are not those of the entries');
  }

  #wrong(name: string, what: string): Promise<void> {
    return this.#checking.find({ severity: 'error', what, name: `log ${name}` }, () => Promise.resolve(true));
  }
}

async function checkKeys({ stores: { keys }, find }: Checking): Promise<void> {
  const fault = async (): Promise<string | undefined> => {
    const listed = await readLogKeys(keys).then(
      ({ signs }) => parseVerifierKey(signs).hash,
      () => 'nothing',
    );
    const { key } = await readHead(keys);
    return listed === key ? undefined : `the log is signed with ${key}, and its list of keys says ${listed}`;
  };
  const what = await fault();
  if (what === undefined) return;
  await find({ severity: 'error', what, name: 'log keys' }, async () => (await fault()) !== undefined);
}

/** Entries and tiles that the head knows nothing of. */
async function checkBeyond({ stores: { keys }, find, breathe }: Checking): Promise<void> {
  const sizeNow = async (): Promise<number> => decodeHead((await keys.get(logHeadKey))!).frontier.size;
  const size = await sizeNow();
  const [entry] = await keys.list({ start: logEntryKey(size), end: allLogEntries.end, limit: 1 });
  if (entry !== undefined) {
    const index = numberOfKey(entry.key);
    const finding = { severity: 'error', what: `the head knows ${size} entries`, name: `log entry ${index}` } as const;
    await find(finding, async () => (await sizeNow()) <= index);
  }
  for await (const { key, value } of entriesOf(keys, allLogTiles, 100)) {
    await breathe();
    const [level, index] = [key[1]!, numberOfKey(key)];
    const isBeyond = async (): Promise<boolean> => tileWidth(await sizeNow(), level, index) * HASH_BYTES < value.length;
    if (!(await isBeyond())) continue;
    await find(
      { severity: 'error', what: 'the head knows no such tile', name: `log tile ${level}/${index}` },
      isBeyond,
    );
  }
}

/** A store that no server has opened since there is a log. */
async function checkNothing({ stores: { keys }, find }: Checking): Promise<void> {
  for (const range of [allLogEntries, allLogTiles]) {
    const [first] = await keys.list({ ...range, limit: 1 });
    if (first === undefined) continue;
    const isStill = async (): Promise<boolean> => (await keys.get(logHeadKey)) === undefined;
    await find({ severity: 'error', what: 'there are parts of a log, and no head', name: 'log head' }, isStill);
    return;
  }
}

/** An event that waits to be put into the log is there. */
async function checkMarks({ stores: { keys }, find, breathe }: Checking): Promise<void> {
  for await (const { key } of entriesOf(keys, allPendingEvents)) {
    await breathe();
    const [family, number] = [familyOfKey(key), numberOfKey(key)];
    const event = eventKey(family, number);
    if ((await keys.get(event)) !== undefined) continue;
    const what = 'it waits to be put into the log, and is not there';
    await find({ severity: 'error', what, name: `event ${number}`, family }, async () => {
      return (await keys.get(key)) !== undefined && (await keys.get(event)) === undefined;
    });
  }
}
