import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { lineLike, pageBlocks, type PageBlock } from '../support/page-blocks.ts';
import { describeWith, isInstalled, type Program } from '../support/programs.ts';
import { tryProgram } from '../support/run-program.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const CLONE = fileURLToPath(new URL('../../', import.meta.url));
const BLOCKS = await pageBlocks(new URL('../../docs/start.md', import.meta.url));
const NEXT = '== the next block';
/** npm fetches for these: the first is what every run of the tests began with, the other is for a person with a browser. */
const LEFT_OUT = ['npm ci && npm run build\n', 'npx --yes serve ~/assay-try/data/public\n'];

const home = useTemporaryFolder();
let serverSaid = '';
/** What each block printed that came to its end. */
const printed = new Map<PageBlock, string>();
let said = '';
let server: ChildProcess | undefined;

beforeAll(async () => {
  const port = String(await freePort());
  const env = { PATH: process.env['PATH'] ?? '', HOME: home.path, TMPDIR: home.path, ASSAY_PORT: port };
  await startServer(env);
  const blocks = BLOCKS.filter(({ kind }) => kind === '' || (isProgram(kind) && isInstalled(kind)));
  // One terminal for all of them, which stops at the first command that fails.
  const script = [...blocks.map(({ commands }) => commands), ''].join(`echo '${NEXT}'\n`);
  const { stdout, stderr } = await tryProgram('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: CLONE,
    env: { ...env, ASSAY_URL: `http://127.0.0.1:${port}` },
    timeout: 100_000,
  });
  // The last piece is of a block that failed, or empty.
  const outputs = stdout.split(`${NEXT}\n`).slice(0, -1);
  for (const [at, output] of outputs.entries()) {
    const block = blocks[at];
    if (block !== undefined) printed.set(block, output);
  }
  said = `${stdout}${stderr}`;
}, 120_000);

afterAll(async () => {
  if (server?.pid === undefined || server.exitCode !== null) return;
  const ended = new Promise((resolve) => server?.once('exit', resolve));
  // The shell of the page's terminal and the server in it.
  process.kill(-server.pid, 'SIGTERM');
  await ended;
});

describe('docs/start.md', () => {
  test.each(named(BLOCKS.filter(({ kind }) => kind === '')))('%s', (_, block) => expectPrinted(block));

  test('starts a server as it says', () => {
    const [block, ...others] = BLOCKS.filter(({ kind }) => kind === 'server');
    expect(others).toEqual([]);
    expect(block?.prints).toHaveLength(1);
    expect(serverSaid).toMatch(lineLike(block?.prints[0] ?? ''));
  });

  test('leaves out nothing but what npm has to fetch', () => {
    const kinds = new Set(['', 'server', 'skopeo']);
    expect(BLOCKS.filter(({ kind }) => !kinds.has(kind)).map(({ commands }) => commands)).toEqual(LEFT_OUT);
  });

  describeWith(['skopeo'], 'with an image', () => {
    test.each(named(BLOCKS.filter(({ kind }) => kind === 'skopeo')))('%s', (_, block) => expectPrinted(block));
  });
});

async function startServer(env: NodeJS.ProcessEnv): Promise<void> {
  const block = BLOCKS.find(({ kind }) => kind === 'server');
  if (block === undefined) throw new Error('the page starts no server');
  const child = spawn('bash', ['-euc', block.commands], {
    cwd: CLONE,
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  server = child;
  for (const output of [child.stdout, child.stderr])
    output.on('data', (piece: Buffer) => (serverSaid += String(piece)));
  const until = performance.now() + 20_000;
  while (!serverSaid.includes('listens on')) {
    if (child.exitCode !== null || performance.now() > until) throw new Error(`no server: ${serverSaid}`);
    await sleep(30);
  }
}

function expectPrinted(block: PageBlock): void {
  const output = printed.get(block);
  if (output === undefined) throw new Error(`the terminal did not come to the end of it:\n${said}`);
  for (const line of block.prints) expect(output).toMatch(lineLike(line));
}

function isProgram(kind: string): kind is Program {
  return kind === 'skopeo';
}

function named(blocks: readonly PageBlock[]): [string, PageBlock][] {
  return blocks.map((block) => [`${block.heading}: ${block.commands.split('\n')[0] ?? ''}`, block]);
}
