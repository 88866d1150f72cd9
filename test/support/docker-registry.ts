import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll } from 'vitest';
import { makeTemporaryFolder } from './temporary-folder.ts';

const START_LIMIT = 20_000;

/** Docker's registry as its own process on loopback: an image source that is not ours. */
export class DockerRegistry {
  #child: ChildProcess | undefined;
  #port = 0;
  #remove = async (): Promise<void> => {};

  /** Host and port, as image names carry them. */
  get address(): string {
    if (this.#port === 0) throw new Error('the registry was not started');
    return `127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    const folder = await makeTemporaryFolder();
    this.#remove = () => folder.remove();
    this.#port = await freePort();
    const config = join(folder.path, 'config.yml');
    await writeFile(config, configuration(join(folder.path, 'data'), this.#port));
    this.#child = spawn('docker-registry', ['serve', config], { stdio: 'ignore', env: { PATH: process.env['PATH'] } });
    this.#child.once('error', () => {});
    for (const limit = Date.now() + START_LIMIT; !(await answers(`http://${this.address}/v2/`)); await wait(50)) {
      if (Date.now() > limit || this.#child.exitCode !== null) throw new Error('docker-registry does not start');
    }
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child !== undefined && child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    await this.#remove();
  }
}

/** One registry for the tests of the enclosing `describe`. */
export function useDockerRegistry(): DockerRegistry {
  const registry = new DockerRegistry();
  beforeAll(() => registry.start());
  afterAll(() => registry.close());
  return registry;
}

function configuration(data: string, port: number): string {
  return `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage: { filesystem: { rootdirectory: ${JSON.stringify(data)} } }
http: { addr: 127.0.0.1:${port}, secret: ${randomBytes(16).toString('hex')} }
`;
}

/** It does not say which port it got, so it cannot be asked to choose. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    (response) => response.ok,
    () => false,
  );
}
