import { describe, expect, test } from 'vitest';
import { audit } from '../../../lib/client/log/audit.ts';
import type { LogReader } from '../../../lib/client/log/log-reader.ts';
import type { Audit } from '../../../lib/client/log/audit.ts';
import { checkpointText, openCheckpoint, type Checkpoint } from '../../../lib/log/checkpoint.ts';
import { entryBytes } from '../../../lib/log/entry-bytes.ts';
import { EMPTY_FRONTIER, extend, rootOf } from '../../../lib/log/frontier.ts';
import { sha256 } from '../../../lib/encoding/digest.ts';
import { leafHash } from '../../../lib/log/tree-hash.ts';
import { entriesIn } from '../../../lib/log/tiles.ts';
import { fill, logOn, remark, say, SIGNER } from '../../support/log-entries.ts';
import { LogSigner } from '../../../lib/log/log-signer.ts';
import { useStores } from '../../support/use-stores.ts';

const stores = useStores();
const { verifier } = SIGNER;
const SIZE = 600;

type Served = Pick<LogReader, 'checkpoint' | 'tile' | 'entries'>;

/** A log as it is, for the ways in which it is served otherwise. */
async function honest(size = SIZE): Promise<Served> {
  const log = await logOn(stores().keys);
  await fill(log, size - (await log.size()));
  return {
    checkpoint: () => log.checkpoint(),
    tile: ({ level, index, width }) => log.tile(level, index, width),
    entries: async (index, width) => entriesIn(await log.tile('entries', index, width), width),
  };
}

/** Some entries, whatever they are, signed with the log's own key: what a dishonest operator can do. */
function signed(entries: readonly Buffer[], signer = SIGNER): Served {
  const leaves = entries.map((entry) => leafHash(entry));
  const levels: Buffer[][] = [[], []];
  const tree = extend(EMPTY_FRONTIER, leaves, (height, _, hash) => levels[height / 8]?.push(hash));
  const text = checkpointText({ origin: verifier.name, size: entries.length, root: rootOf(tree) });
  return {
    checkpoint: () => Promise.resolve(signer.sign(text)),
    tile: ({ level, index, width }) => {
      return Promise.resolve(Buffer.concat(levels[Number(level)]!.slice(index * 256, index * 256 + width)));
    },
    entries: (index, width) => Promise.resolve(entries.slice(index * 256, index * 256 + width)),
  };
}

function look(served: Served, from?: Checkpoint): Promise<Audit> {
  return audit({ reader: served as LogReader, verifier, from });
}

async function problemsOf(served: Served, from?: Checkpoint): Promise<string> {
  return (await look(served, from)).problems.join('\n');
}

function entry(number: number): Buffer {
  return entryBytes(remark(number), '2026-01-01T00:00:00.000Z');
}

function definition(digest: string): Buffer {
  const fact = {
    type: 'definition',
    family: 'f',
    version: 'v1.0.0',
    kind: 'test-case',
    digest: sha256(Buffer.from(digest)),
  };
  return entryBytes(fact as never, '2026-01-01T00:00:00.000Z');
}

describe('an audit', () => {
  test.each([0, 1, 255, 256, 257, 512, SIZE])('of an honest log of %i finds nothing', async (size) => {
    const found = await look(await honest(size));
    expect(found.problems).toEqual([]);
    expect(found.checkpoint.size).toBe(size);
  });

  test('of a log that has grown finds that it goes on from each earlier checkpoint', async () => {
    const log = await logOn(stores().keys);
    const earlier = [openCheckpoint(await log.checkpoint(), verifier)];
    for (const size of [1, 2, 255, 256, 300, 512, SIZE]) {
      await fill(log, size - (await log.size()));
      earlier.push(openCheckpoint(await log.checkpoint(), verifier));
    }
    const served = await honest(SIZE);
    for (const from of earlier) expect(await problemsOf(served, from)).toBe('');
  });

  test('refuses what another key has signed', async () => {
    const other = signed([entry(0)], LogSigner.generate(verifier.name));
    await expect(look(other)).rejects.toMatchObject({ code: 'note-invalid' });
  });

  test('finds an entry that was changed, also among very many', async () => {
    const served = await honest();
    const changed: Served = {
      ...served,
      entries: async (index, width) => {
        const entries = await served.entries(index, width);
        return index === 1 ? entries.with(7, entry(7)) : entries;
      },
    };
    expect(await problemsOf(changed)).toMatch(/tile 1 of level 0[^]*root that is signed/);
  });

  test('finds entries that changed places', async () => {
    const served = await honest();
    const entries: Served['entries'] = async (...which) => (await served.entries(...which)).toReversed();
    expect(await problemsOf({ ...served, entries })).toContain('root that is signed');
  });

  test.each([
    [0, 0],
    [0, 2],
    [1, 0],
  ])('finds a wrong hash in a tile of level %i, number %i', async (level, index) => {
    const served = await honest();
    const tile: Served['tile'] = async (name) => {
      const bytes = await served.tile(name);
      if (name.level === level && name.index === index) bytes[bytes.length - 1]! ^= 1;
      return bytes;
    };
    expect(await problemsOf({ ...served, tile })).toBe(
      `tile ${index} of level ${level} does not hold the hashes of the entries`,
    );
  });

  test('finds that a log was rewritten, though all of it is signed', async () => {
    const before = Array.from({ length: 300 }, (_, at) => entry(at));
    const from = openCheckpoint(await signed(before).checkpoint(), verifier);
    expect(await problemsOf(signed([...before, entry(300)]), from)).toBe('');
    const rewritten = [...before.with(17, entry(1000)), entry(300)];
    expect(await problemsOf(signed(rewritten))).toBe('');
    expect(await problemsOf(signed(rewritten), from)).toContain('first 300 entries are not those');
    expect(await problemsOf(signed(before.with(299, entry(1000))), from)).toContain('first 300 entries are not those');
  });

  test('finds that a log has become shorter', async () => {
    const from = openCheckpoint(await signed([entry(0), entry(1)]).checkpoint(), verifier);
    expect(await problemsOf(signed([entry(0)]), from)).toContain('has become shorter');
    expect(await problemsOf(signed([]), from)).toContain('has become shorter');
  });

  test('finds a version that was swapped, though all of it is signed', async () => {
    expect(await problemsOf(signed([definition('one')]))).toBe('');
    expect(await problemsOf(signed([definition('one'), definition('two')]))).toContain('one digest for ever');
  });

  test('finds what is no entry', async () => {
    expect(await problemsOf(signed([entry(0), Buffer.from('{}'), Buffer.alloc(0)]))).toMatch(/entry 1: [^]*entry 2: /);
  });

  test('of nonsense tells some of it', async () => {
    const { problems } = await look(signed(Array.from({ length: 200 }, () => Buffer.from('nonsense'))));
    expect(problems).toHaveLength(100);
  });

  test('ends when it is told to', async () => {
    const ending = new AbortController();
    ending.abort();
    const reader = (await honest()) as LogReader;
    await expect(audit({ reader, verifier, signal: ending.signal })).rejects.toMatchObject({ code: 'aborted' });
  });
});

test('a bundle holds as many entries as it should, and nothing else', async () => {
  const log = await logOn(stores().keys);
  await say(log, remark(0));
  const bundle = await log.tile('entries', 0, 1);
  expect(entriesIn(bundle, 1)).toHaveLength(1);
  for (const [bytes, width] of [
    [bundle, 2],
    [bundle, 0],
    [bundle.subarray(1), 1],
    [bundle.subarray(0, -1), 1],
    [Buffer.concat([bundle, Buffer.of(0)]), 1],
    [Buffer.concat([bundle, Buffer.of(0, 0)]), 1],
    [Buffer.alloc(0), 1],
  ] as const) {
    expect(() => entriesIn(bytes, width)).toThrow('a bundle does not hold');
  }
});
