import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeAll, expect, it } from 'vitest';
import { expectSoundClone, freshFamily } from '../support/git-client.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { git } from '../unit/git/support/git-command.ts';
import { commitAll, writeFiles } from '../unit/git/support/sample-repository.ts';

const FILES = 6_000;
const server = useServer();
const folder = useTemporaryFolder();
const at = (name: string): string => join(folder.path, name);
let ours = '';
let tip = '';

beforeAll(async () => {
  const files: Record<string, string> = {};
  for (let n = 0; n < FILES; n += 1) {
    files[`d${n % 100}/f${n}.txt`] = `${createHash('sha256').update(String(n)).digest('hex')}\n`.repeat(3);
  }
  writeFiles(at('author'), files);
  await git(at('author'), 'init', '-q');
  tip = await commitAll(at('author'), 'all', 1);
  ({ url: ours } = freshFamily(server));
}, 120_000);

/** The longest that a health probe waited while the work ran. */
async function probed(work: Promise<unknown>): Promise<number> {
  const over = new AbortController();
  const ended = work.finally(() => over.abort());
  let longest = 0;
  while (!over.signal.aborted) {
    const start = performance.now();
    await (await fetch(`${server.url}/healthz`)).arrayBuffer();
    longest = Math.max(longest, performance.now() - start);
    await sleep(5);
  }
  await ended;
  return longest;
}

// Figures are printed and not held to anything: the machine may be busy with other tests. `npm run bench -- git` has a peer beside.
it(`takes and gives ${FILES} small files`, async () => {
  const probe = await probed(git(at('author'), 'push', '-q', ours, 'main'));
  await git(folder.path, 'clone', '-q', '--bare', ours, at('ours'));
  expect(await git(at('ours'), 'rev-parse', 'main')).toBe(tip);
  await expectSoundClone(at('ours'));
  console.log(`probe during the push: at most ${probe.toFixed(0)} ms`);
}, 180_000);

it('serves eight clones at once', async () => {
  const clones = Array.from({ length: 8 }, (_, n) => at(`clone-${n}`));
  const longest = await probed(
    Promise.all(clones.map((clone) => git(folder.path, 'clone', '-q', '--bare', ours, clone))),
  );
  for (const clone of clones) expect(await git(clone, 'rev-parse', 'main')).toBe(tip);
  console.log(`probe during eight clones: at most ${longest.toFixed(0)} ms`);
}, 120_000);

/** Packs that were sent from a file so far, and the room that they take. */
async function keptPacks(): Promise<number[]> {
  const text = await (await fetch(`${server.url}/metrics`)).text();
  return ['kept_packs_sent_total', 'kept_pack_bytes'].map((name) =>
    Number(new RegExp(`^assay_git_${name} (\\d+)$`, 'm').exec(text)?.[1]),
  );
}

it('makes no pack for who clones the same once more, until a commit comes', async () => {
  const clone = async (name: string): Promise<string> => {
    await git(folder.path, 'clone', '-q', '--bare', ours, at(name));
    await expectSoundClone(at(name));
    return git(at(name), 'rev-parse', 'main');
  };
  for (const name of ['again-1', 'again-2']) expect(await clone(name)).toBe(tip);
  const [sent = NaN, bytes] = await keptPacks();
  expect(bytes).toBeGreaterThan(100_000);
  expect(await clone('again-3')).toBe(tip);
  expect((await keptPacks())[0]).toBe(sent + 1);
  await git(at('again-3'), 'config', 'remote.origin.mirror', 'false');
  const next = await git(at('again-3'), 'commit-tree', '-p', 'main', '-m', 'next', 'main^{tree}');
  await git(at('again-3'), 'push', '-q', ours, `${next}:refs/heads/main`);
  expect(await clone('again-4')).toBe(next);
  expect((await keptPacks())[0]).toBe(sent + 1);
}, 120_000);
