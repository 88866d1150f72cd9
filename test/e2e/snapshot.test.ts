import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assay } from '../support/assay-command.ts';
import { makeAuthorRepository } from '../support/author-repository.ts';
import { FORMAT_1, RECORDS } from '../support/record-fixtures.ts';
import type { Outcome } from '../support/run-program.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const server = useServer();
const folder = useTemporaryFolder();

function run(...args: string[]): Promise<Outcome> {
  const env = { ...server.environment, ASSAY_URL: server.url, ASSAY_ACTOR: 'ada', HOME: folder.path };
  return assay(args, env, { cwd: folder.path });
}

async function done(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await run(...args);
  if (code !== 0) throw new Error(`assay ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return stdout;
}

interface Made {
  readonly snapshot: string;
  readonly log: { readonly size: number };
  readonly runs: { readonly count: number };
  readonly written: { readonly objects: number; readonly bytes: number };
}

async function rendered(...args: string[]): Promise<Made> {
  return JSON.parse(await done('snapshot', 'render', '--data', server.data, '--json', ...args)) as Made;
}

async function pointerIn(name: string): Promise<{ snapshot: string; size: number; checkpoint: string }> {
  return JSON.parse(await readFile(join(folder.path, name, 'current'), 'utf8')) as Awaited<
    ReturnType<typeof pointerIn>
  >;
}

/** Every object by its name, whole. */
async function objectsIn(name: string): Promise<string[]> {
  return (await readdir(join(folder.path, name, 'o'))).sort();
}

beforeAll(async () => {
  const { path } = await makeAuthorRepository(folder.path);
  const { code, stderr } = await assay(['publish', '--all'], { ASSAY_URL: server.url, HOME: path }, { cwd: path });
  if (code !== 0) throw new Error(stderr);
  for (const name of FORMAT_1) await done('submit', join(RECORDS, 'format-1', name));
});

describe('assay snapshot render', () => {
  test('makes the same files as a whole, step by step, and after the server has stopped', async () => {
    const whole = await rendered('--out', 'whole');
    expect(whole.runs.count).toBe(FORMAT_1.length);
    let objects = 0;
    for (const at of [0, 1, Math.floor(whole.log.size / 2), whole.log.size]) {
      const step = await rendered('--out', 'steps', '--at', String(at));
      objects += step.written.objects;
      expect(step.log.size).toBe(at);
    }
    expect((await pointerIn('steps')).snapshot).toBe(whole.snapshot);
    expect((await objectsIn('steps')).length).toBeLessThanOrEqual(objects);
    expect(await objectsIn('steps')).toEqual(expect.arrayContaining(await objectsIn('whole')));
    await server.stop();
    expect((await rendered('--out', 'stopped')).snapshot).toBe(whole.snapshot);
    await server.start();
    expect(await objectsIn('stopped')).toEqual(await objectsIn('whole'));
  });

  test('goes back where it is told, and forward again', async () => {
    const whole = await rendered('--out', 'back');
    expect((await rendered('--out', 'back', '--at', '1')).log.size).toBe(1);
    expect((await rendered('--out', 'back')).snapshot).toBe(whole.snapshot);
    expect((await rendered('--out', 'back', '--full')).written.objects).toBe(whole.written.objects);
    expect((await rendered('--out', 'back')).written.objects).toBe(1);
  });

  test.each([
    ['without a folder', ['snapshot', 'render'], 2, '--out'],
    ['of a number that is none', ['snapshot', 'render', '--out', 'x', '--at', '-1'], 2, '--at'],
    ['of what nobody knows to scrub', ['snapshot', 'render', '--out', 'x', '--scrub', 'names'], 2, '--scrub'],
    ['of more than the log has', ['snapshot', 'render', '--out', 'x', '--at', '99999'], 1, 'entries, and not 99999'],
    ['in other words', ['snapshot', 'draw'], 2, 'verify'],
  ])('is refused %s', async (_, args, code, said) => {
    const outcome = await run(...args, '--data', server.data);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr).toContain(said);
  });
});

describe('assay snapshot verify and diff', () => {
  let site: Server;
  let address = '';
  let key = '';

  beforeAll(async () => {
    await rendered('--out', 'public');
    key = (await (await fetch(`${server.url}/log/key`)).text()).trim();
    site = createServer((request, response) => {
      readFile(join(folder.path, 'public', request.url!)).then(
        (bytes) => response.end(bytes),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    address = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  });

  afterAll(() => new Promise((resolve) => site.close(resolve)));

  test('finds a folder and an address in order, without the server', async () => {
    for (const place of ['public', address]) {
      const out = JSON.parse(await done('snapshot', 'verify', place, '--key', key, '--json')) as object;
      expect(out).toMatchObject({ problems: [], signed: true });
    }
    expect(await done('snapshot', 'verify', 'public', '--own-data', '--data', server.data)).toContain('what the log');
  });

  test('is not content with the key of another log', async () => {
    const other = `assay.example+00000000+${key.split('+').slice(2).join('+')}`;
    const { code, stdout } = await run('snapshot', 'verify', 'public', '--key', other);
    expect([code, stdout]).toEqual([1, expect.stringContaining('wrong: current: ')]);
  });

  test('names an object that is damaged or missing', async () => {
    await cp(join(folder.path, 'public'), join(folder.path, 'broken'), { recursive: true });
    const { snapshot } = await pointerIn('broken');
    const [first] = (await objectsIn('broken')).filter((name) => !snapshot.endsWith(name));
    const path = join(folder.path, 'broken', 'o', first!);
    await writeFile(path, 'something else');
    const damaged = await run('snapshot', 'verify', 'broken');
    expect([damaged.code, damaged.stdout]).toEqual([1, expect.stringContaining('wrong: ')]);
    await rm(path);
    const missing = await run('snapshot', 'verify', 'broken');
    expect([missing.code, missing.stdout]).toEqual([1, expect.stringContaining('wrong: ')]);
    await rm(join(folder.path, 'broken', 'current'));
    expect((await run('snapshot', 'verify', 'broken')).stderr).toContain('there is no snapshot');
  });

  test('lists what changed since, by name', async () => {
    const before = (await pointerIn('public')).snapshot;
    await done('retract', 'carom-2025-06-01-a', '--reason', 'It was another model.');
    await rendered('--out', 'public');
    const { snapshot } = await pointerIn('public');
    const lines = (await done('snapshot', 'diff', `public#${before}`, address)).split('\n');
    expect(lines).toContain('M runs/carom-2025-06-01-a');
    expect(lines.filter((line) => line.includes(' runs/'))).toHaveLength(1);
    expect(await done('snapshot', 'diff', `public#${snapshot}`, address)).toBe('');
    expect(JSON.parse(await done('snapshot', 'verify', 'public', '--key', key, '--json'))).toMatchObject({
      problems: [],
    });
    const { code, stderr } = await run('snapshot', 'diff', 'public#sha256:0', address);
    expect([code, stderr]).toEqual([2, expect.stringContaining('behind the #')]);
  });
});
