import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { assay, startAssay } from './assay-command.ts';
import { Author } from './author.ts';
import { send } from './http.ts';
import { randomContent } from './oci-content.ts';
import { freshRepository, Repository } from './repository.ts';
import type { Server } from './server.ts';

/** What a server has acknowledged. */
export interface Pushed {
  readonly repository: string;
  readonly content: Map<string, Buffer>;
}

/** Blobs of both kinds, an image and two versions of a test case. */
export async function fill(server: Server, folder: string): Promise<Pushed> {
  const repository = freshRepository(server);
  const content = new Map<string, Buffer>();
  for (let at = 0; at < 24; at += 1) {
    const bytes = randomContent(at % 2 === 0 ? 400 : 200_000);
    content.set(await repository.pushBlob(bytes), bytes);
  }
  const image = await repository.pushImage('v1');
  content.set(image.digest, image.bytes);
  const author = await Author.in(folder, server);
  for (const version of ['v1.0.0', 'v1.1.0']) {
    const files = { 'test-case.toml': 'name = "Carom"\n', 'large.txt': randomContent(200_000).toString('hex') };
    await author.commit(files, `test-cases/carom/${version}`);
  }
  await author.json('publish', '--all');
  return { repository: repository.name, content };
}

export async function expectServed(server: Server, { repository, content }: Pushed): Promise<void> {
  const there = new Repository(server, repository);
  const image = await there.get('manifests/v1');
  expect(content.get(`sha256:${image.headers['docker-content-digest']?.toString().slice(7)}`)?.equals(image.body)).toBe(
    true,
  );
  for (const [digest, bytes] of content) {
    const found = await there.get(`blobs/${digest}`);
    if (found.status !== 404) expect(found.body.equals(bytes)).toBe(true);
    else expect(digest).toBe(image.headers['docker-content-digest']);
  }
}

export async function checkpointOf(server: Server): Promise<string> {
  return (await send('GET', `${server.url}/log/checkpoint`)).body.toString();
}

export async function expectVerified(server: Server, ...args: string[]): Promise<void> {
  const { code, stderr } = await assay(['log', 'verify', ...args], { ASSAY_URL: server.url });
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
}

/** What a command says that is to succeed. */
export async function json<T>(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<T> {
  const { code, stdout, stderr } = await assay([...args, '--json'], env);
  if (code !== 0) throw new Error(`assay ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Runs a command that is killed once something holds, which is looked at all the time; whether it was still running. */
export async function killed(
  args: readonly string[],
  when: () => Promise<boolean>,
  env: NodeJS.ProcessEnv = {},
): Promise<boolean> {
  const child = startAssay(args, env);
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.stdout?.resume();
  child.stderr?.resume();
  while (child.exitCode === null && !(await when())) await sleep(1);
  child.kill('SIGKILL');
  await ended;
  return child.signalCode === 'SIGKILL';
}
