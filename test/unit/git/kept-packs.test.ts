import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { NULL_OID, type Oid } from '../../../lib/git/oid.ts';
import { DELIMITER, FLUSH, textPacket } from '../../../lib/git/pkt-line.ts';
import { KeptPacks, type KeptPacksOptions, type Pack } from '../../../lib/git/upload-pack/kept-packs.ts';
import { mayMount } from '../../support/may-mount.ts';
import { runProgram } from '../../support/run-program.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';
import { git, gitBytes } from './support/git-command.ts';
import { gather, MemoryRepository } from './support/memory-repository.ts';
import { RawClient } from './support/raw-client.ts';
import { sampleRepository } from './support/sample-repository.ts';

const folder = useTemporaryFolder();
/** Longer than some pieces, and no multiple of one. */
const bytes = randomBytes(400_001);
let packs: KeptPacks;
let made = 0;

beforeEach(() => {
  packs = keptPacks();
  made = 0;
});
afterEach(() => packs.close());

function keptPacks(options: Partial<KeptPacksOptions> = {}): KeptPacks {
  return new KeptPacks({ folder: folder.path, bytes: 10_000_000, leastObjects: 5, ...options });
}

function making(content: Uint8Array = bytes, objects = 5): () => Promise<Pack> {
  async function* pieces(): AsyncGenerator<Uint8Array> {
    made += 1;
    for (let at = 0; at < content.length; at += 100_000) {
      // As long as it takes to make one.
      await sleep(1);
      yield content.subarray(at, at + 100_000);
    }
  }
  return () => Promise.resolve({ objects, pieces: pieces() });
}

async function ask(name = 'a', make: () => Promise<Pack> = making()): Promise<Buffer> {
  const { objects, pieces } = await packs.pack(name, make);
  expect(objects).toBeGreaterThan(0);
  // A piece may be written over when the next one is asked for.
  async function* copied(): AsyncGenerator<Uint8Array> {
    for await (const piece of pieces) yield Buffer.from(piece);
  }
  return gather(copied());
}

async function asked(times: number, name = 'a', make?: () => Promise<Pack>): Promise<void> {
  for (let time = 0; time < times; time += 1) expect((await ask(name, make)).length).toBeGreaterThan(0);
}

/** Where the one file without a name can be got at. */
async function openFile(): Promise<string> {
  for (const fd of await readdir('/proc/self/fd')) {
    const path = `/proc/self/fd/${fd}`;
    const link = await readlink(path).catch(() => '');
    if (link.startsWith(folder.path) && link.endsWith('(deleted)')) return path;
  }
  throw new Error('no file is open');
}

/** The number of descriptors of this process that lead to files without a name in the folder. */
async function openFiles(): Promise<number> {
  const links = await Promise.all(
    (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
  );
  return links.filter((link) => link.startsWith(folder.path) && link.endsWith('(deleted)')).length;
}

describe('a pack', () => {
  it('is kept when it is asked for the second time, and sent as it was from then on', async () => {
    for (let time = 1; time <= 4; time += 1) expect((await ask()).equals(bytes)).toBe(true);
    expect(made).toBe(2);
    expect(packs.standing).toEqual({ packs: 1, bytes: bytes.length, sent: 2 });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('is sent to many at once, each at its own pace', async () => {
    await asked(2);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask()));
    expect(answers.every((answer) => answer.equals(bytes))).toBe(true);
    expect(made).toBe(2);
  });

  it('is kept once by many who ask at once', async () => {
    await asked(1);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask()));
    expect(answers.every((answer) => answer.equals(bytes))).toBe(true);
    expect(packs.standing.packs).toBe(1);
    expect(await openFiles()).toBe(1);
  });

  it('that is asked for once in a long time is made', async () => {
    packs = keptPacks({ ageMs: 20 });
    for (let time = 0; time < 3; time += 1) {
      await asked(1);
      await sleep(40);
    }
    expect(made).toBe(3);
    expect(packs.standing.bytes).toBe(0);
  });

  it('is kept for others where the client that began it is slow', async () => {
    packs = keptPacks({ copyMs: 20 });
    await asked(1);
    const slow = (await packs.pack('a', making())).pieces[Symbol.asyncIterator]();
    const parts = [Buffer.from((await slow.next()).value as Uint8Array)];
    await expect.poll(() => packs.standing.bytes).toBe(0);
    packs.close();
    packs = keptPacks();
    await asked(2);
    expect(packs.standing.packs).toBe(1);
    for (let next = await slow.next(); next.done !== true; next = await slow.next())
      parts.push(Buffer.from(next.value));
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
  });

  it('of few objects is made each time', async () => {
    await asked(4, 'few', making(bytes, 4));
    expect(packs.standing).toEqual({ packs: 0, bytes: 0, sent: 0 });
  });

  it('of another name is another', async () => {
    const other = randomBytes(1000);
    await asked(3);
    for (let time = 0; time < 3; time += 1) expect((await ask('b', making(other))).equals(other)).toBe(true);
    expect((await ask()).equals(bytes)).toBe(true);
  });

  it('goes when it is old, is whole for who began before, and is kept anew', async () => {
    packs = keptPacks({ ageMs: 1000 });
    await asked(2);
    const { pieces } = await packs.pack('a', making());
    const reading = pieces[Symbol.asyncIterator]();
    const parts = [Buffer.from((await reading.next()).value as Uint8Array)];
    await sleep(1100);
    expect(packs.standing.packs).toBe(0);
    for (let next = await reading.next(); next.done !== true; next = await reading.next())
      parts.push(Buffer.from(next.value));
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    await expect.poll(openFiles).toBe(0);
    await asked(2);
    expect(packs.standing.packs).toBe(1);
  });

  it('that went before its first byte was read is made', async () => {
    await asked(2);
    const { pieces } = await packs.pack('a', making());
    packs.close();
    expect((await gather(pieces)).equals(bytes)).toBe(true);
    expect(made).toBe(3);
  });
});

describe('packs together', () => {
  it('take no more room than they may: who was asked for last stays', async () => {
    packs = keptPacks({ bytes: 1_000_000, recentMs: 0 });
    await asked(2, 'a');
    await asked(2, 'b');
    await asked(1, 'a');
    await asked(2, 'c');
    expect(packs.standing).toMatchObject({ packs: 2, bytes: 2 * bytes.length });
    made = 0;
    await asked(1, 'a');
    expect(made).toBe(0);
    await asked(1, 'b');
    expect(made).toBe(1);
    await expect.poll(openFiles).toBe(2);
  });

  it('do not give up one that was sent a moment ago', async () => {
    packs = keptPacks({ bytes: 1_000_000 });
    for (const name of ['a', 'b', 'c', 'd']) await asked(3, name);
    expect(packs.standing).toMatchObject({ packs: 2, bytes: 2 * bytes.length });
    made = 0;
    await asked(1, 'a');
    await asked(1, 'b');
    expect(made).toBe(0);
  });

  it('take no more room while many are written and read', async () => {
    packs = keptPacks({ bytes: 1_000_000, recentMs: 0 });
    const names = Array.from({ length: 12 }, (_, number) => String(number));
    await Promise.all(names.map((name) => asked(1, name)));
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, packs.standing.bytes)));
    await Promise.all(names.map((name) => asked(3, name)));
    clearInterval(watch);
    expect(most).toBeGreaterThan(bytes.length / 2);
    expect(most).toBeLessThanOrEqual(1_000_000);
    await expect.poll(openFiles).toBeLessThanOrEqual(2);
  });

  it('are few, however small', async () => {
    for (let number = 0; number < 40; number += 1) await asked(2, String(number), making(randomBytes(10)));
    expect(packs.standing.packs).toBe(16);
    await expect.poll(openFiles).toBe(16);
  });

  it('are none where none are wanted, and one that is larger than all may be is not kept', async () => {
    for (const room of [0, bytes.length - 1]) {
      packs = keptPacks({ bytes: room });
      await asked(3);
      expect(packs.standing).toEqual({ packs: 0, bytes: 0, sent: 0 });
    }
    expect(made).toBe(6);
    await expect.poll(openFiles).toBe(0);
  });

  it('are not tried again and again where one is too large', async () => {
    packs = keptPacks({ bytes: bytes.length - 1 });
    await asked(2);
    const { pieces } = await packs.pack('a', making());
    for await (const piece of pieces) expect([piece.length > 0, packs.standing.bytes]).toEqual([true, 0]);
  });

  it('leave no file open when all is closed, also in the middle of one', async () => {
    await asked(2);
    await asked(1, 'b');
    const { pieces } = await packs.pack('b', making());
    for await (const piece of pieces) {
      expect(piece.length).toBeGreaterThan(0);
      packs.close();
    }
    expect(packs.standing).toMatchObject({ packs: 0, bytes: 0 });
    await expect.poll(openFiles).toBe(0);
  });
});

describe('what goes wrong while a pack is kept', () => {
  it("is nobody else's trouble: where there is no folder, packs are made", async () => {
    packs = keptPacks({ folder: `${folder.path}/nowhere` });
    await asked(4);
    expect(made).toBe(4);
  });

  it('is told to who asked, and the next one is made', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield bytes.subarray(0, 1000);
      throw await Promise.resolve(new Error('an object is damaged'));
    }
    await asked(1);
    await expect(ask('a', () => Promise.resolve({ objects: 5, pieces: broken() }))).rejects.toThrow('is damaged');
    expect(packs.standing.packs).toBe(0);
    await expect.poll(openFiles).toBe(0);
    expect((await ask()).equals(bytes)).toBe(true);
  });

  it('leaves nothing of it where its client goes in the middle', async () => {
    await asked(1);
    const { pieces } = await packs.pack('a', making());
    for await (const piece of pieces) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    expect(packs.standing.packs).toBe(0);
    await expect.poll(openFiles).toBe(0);
    await asked(2);
    expect(packs.standing.packs).toBe(1);
  });
});

describe('a kept pack that is damaged', () => {
  it('at its beginning is made instead', async () => {
    await asked(2);
    await truncate(await openFile(), 0);
    expect((await ask()).equals(bytes)).toBe(true);
    expect(packs.standing).toEqual({ packs: 0, bytes: 0, sent: 0 });
    expect(made).toBe(3);
  });

  it('later is an error, and the next one is made', async () => {
    await asked(2);
    await truncate(await openFile(), bytes.length - 1);
    await expect(ask()).rejects.toMatchObject({ name: 'StoreError', code: 'damaged' });
    await expect.poll(openFiles).toBe(0);
    expect((await ask()).equals(bytes)).toBe(true);
  });
});

it.skipIf(!mayMount())('where the disk fills up while a pack is kept, its client gets all of it', async () => {
  const disk = join(folder.path, 'full');
  await mkdir(disk);
  await runProgram('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk]);
  try {
    packs = keptPacks({ folder: disk });
    await asked(1);
    const { pieces } = await packs.pack('a', making());
    const parts: Buffer[] = [];
    for await (const piece of pieces) {
      parts.push(Buffer.from(piece));
      await writeFile(join(disk, 'more'), Buffer.alloc(9_000_000)).catch(() => undefined);
    }
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(packs.standing).toMatchObject({ packs: 0, bytes: 0 });
    await expect.poll(openFiles).toBe(0);
  } finally {
    await runProgram('umount', [disk]);
  }
});

it.skipIf(!mayMount())('a pack that would take more than an eighth of what is free is not kept', async () => {
  for (const [megabytes, kept] of [
    [2, 0],
    [8, 1],
  ]) {
    const disk = join(folder.path, `disk-${megabytes}`);
    await mkdir(disk);
    await runProgram('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', disk]);
    try {
      packs = keptPacks({ folder: disk });
      await asked(3);
      expect(packs.standing.packs).toBe(kept);
      packs.close();
      await expect.poll(openFiles).toBe(0);
    } finally {
      await runProgram('umount', [disk]);
    }
  }
});

describe('a session over kept packs', () => {
  const repository = new MemoryRepository();
  const tips = new Map<string, Oid>();
  const tip = (name: string): Oid => tips.get(name)!;
  const ends = (): void => void repository.shallow.set(tip('main'), [tip('main~1')]);

  beforeAll(async () => {
    const sample = join(folder.path, 'sample');
    await sampleRepository(sample);
    const pack = await gitBytes(sample, ['pack-objects', '--stdout', '-q', '--all'], { input: '' });
    const refs = (await git(sample, 'for-each-ref', '--format=%(refname) %(objectname)')).split('\n');
    const commands = refs.map((line, at) => {
      const [name, oid] = line.split(' ') as [string, Oid];
      return textPacket(`${NULL_OID} ${oid} ${name}${at === 0 ? '\0report-status' : ''}`);
    });
    await new RawClient(repository).push(Buffer.concat([...commands, FLUSH, pack]));
    for (const name of ['main', 'main~1', 'main~4', 'v1.0.0', 'side'])
      tips.set(name, await git(sample, 'rev-parse', name));
  });
  beforeEach(() => repository.shallow.clear());

  const requests: Record<string, () => string[]> = {
    whole: () => [`want ${tip('main')}`],
    'of two wants': () => [`want ${tip('side')}`, `want ${tip('main')}`],
    older: () => [`want ${tip('main~4')}`],
    'with tags': () => [`want ${tip('main')}`, 'include-tag'],
    'of depth 1': () => [`want ${tip('main')}`, 'deepen 1'],
    'of depth 2': () => [`want ${tip('main')}`, 'deepen 2'],
    'that goes on from depth 1': () => [`want ${tip('main')}`, `shallow ${tip('main')}`, 'deepen 2'],
    'from a have': () => [`want ${tip('main')}`, `have ${tip('main~1')}`],
    'without blobs': () => [`want ${tip('main')}`, 'filter blob:none'],
  };

  function fetched(of: string, packs?: KeptPacks): Promise<Buffer> {
    const body = [
      textPacket('command=fetch'),
      DELIMITER,
      ...requests[of]!().map(textPacket),
      textPacket('done'),
      FLUSH,
    ];
    return new RawClient(repository, packs).fetch(2, Buffer.concat(body));
  }

  it('answers as one without, whatever is asked in which order', async () => {
    packs = keptPacks({ leastObjects: 1 });
    const wanted = new Map<string, Buffer>();
    for (const of of Object.keys(requests)) wanted.set(of, await fetched(of));
    expect(new Set([...wanted.values()].map((answer) => answer.length)).size).toBeGreaterThan(6);
    const all = fc.array(fc.constantFrom(...Object.keys(requests)), { minLength: 40, maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(all, async (order) => {
        for (const of of order) {
          const answer = await fetched(of, packs);
          expect(answer.equals(wanted.get(of)!), of).toBe(true);
        }
      }),
      { numRuns: 5 },
    );
    expect(packs.standing.packs).toBe(Object.keys(requests).length - 2);
    expect(packs.standing.sent).toBeGreaterThan(20);
  });

  it('knows the same wants in another order', async () => {
    packs = keptPacks({ leastObjects: 1 });
    const first = await fetched('of two wants', packs);
    await fetched('of two wants', packs);
    requests['of the same two'] = () => requests['of two wants']!().toReversed();
    expect((await fetched('of the same two', packs)).equals(first)).toBe(true);
    expect(packs.standing.sent).toBe(1);
  });

  it('sends no tags that went, and all that came', async () => {
    packs = keptPacks({ leastObjects: 1 });
    const full = await fetched('with tags');
    const annotated = [...repository.values].find(
      ([name, oid]) => repository.kept.get(oid)?.type === 'tag' && name !== '',
    )!;
    for (let time = 0; time < 3; time += 1) expect((await fetched('with tags', packs)).equals(full)).toBe(true);
    repository.values.delete(annotated[0]);
    const fewer = await fetched('with tags');
    expect(fewer.length).toBeLessThan(full.length);
    for (let time = 0; time < 3; time += 1) expect((await fetched('with tags', packs)).equals(fewer)).toBe(true);
    repository.values.set(...annotated);
    expect((await fetched('with tags', packs)).equals(full)).toBe(true);
  });

  it('sends nothing of one repository to who asks another, which has not what is wanted', async () => {
    packs = keptPacks({ leastObjects: 1 });
    for (let time = 0; time < 3; time += 1) await fetched('whole', packs);
    const body = Buffer.concat([textPacket(`want ${tip('main')}`), FLUSH, textPacket('done')]);
    const answer = await new RawClient(new MemoryRepository(), packs).fetch(0, body);
    expect(answer.toString()).toMatch(/not our ref/);
  });

  it('sends none that was kept before history ended elsewhere', async () => {
    packs = keptPacks({ leastObjects: 1 });
    for (let time = 0; time < 3; time += 1) await fetched('whole', packs);
    ends();
    const shorter = await fetched('whole');
    expect((await fetched('whole', packs)).equals(shorter)).toBe(true);
    repository.shallow.clear();
    expect((await fetched('whole', packs)).length).toBeGreaterThan(shorter.length);
  });

  it('gives the bare pack to a client without a side band', async () => {
    packs = keptPacks({ leastObjects: 1 });
    const bare = Buffer.concat([textPacket(`want ${tip('main')}`), FLUSH, textPacket('done')]);
    const first = await new RawClient(repository).fetch(0, bare);
    for (let time = 0; time < 4; time += 1)
      expect((await new RawClient(repository, packs).fetch(0, bare)).equals(first)).toBe(true);
    expect(packs.standing.sent).toBe(2);
  });
});
