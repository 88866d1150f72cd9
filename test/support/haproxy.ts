import { spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { folderOf } from './programs.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';
import { until } from './until.ts';

/** What an operator would write before several servers: each request goes to the next that lives. */
function configOf(port: number, servers: readonly string[]): string {
  const statuses = [502, 503, 504].map(
    (status) => `http-error status ${status} content-type text/plain string "try again" hdr Retry-After 1`,
  );
  return `
defaults
  mode http
  timeout connect 2s
  timeout client 120s
  timeout server 120s
  retries 3
  option redispatch
  ${statuses.join('\n  ')}
frontend entrance
  bind 127.0.0.1:${port}
  default_backend servers
backend servers
  balance roundrobin
  option httpchk GET /healthz
  default-server check inter 200ms fall 2 rise 1
${servers.map((address, at) => `  server s${at} ${address}`).join('\n')}
`;
}

/** A proxy before several servers, which looks after them by their health. */
export class Haproxy {
  readonly #folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly url: string;
  #said = '';

  private constructor(folder: Awaited<ReturnType<typeof makeTemporaryFolder>>, config: string, port: number) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${port}`;
    const program = join(folderOf('haproxy') ?? '', 'haproxy');
    this.#child = spawn(program, ['-db', '-f', config], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.on('data', (piece: Buffer) => (this.#said += piece.toString()));
    }
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', () => resolve());
      this.#child.once('error', () => resolve());
    });
  }

  static async before(servers: readonly string[]): Promise<Haproxy> {
    const folder = await makeTemporaryFolder();
    const port = await freePort();
    const config = join(folder.path, 'haproxy.cfg');
    await writeFile(config, configOf(port, servers));
    const proxy = new Haproxy(folder, config, port);
    await until('haproxy', () => {
      if (proxy.#child.exitCode !== null) throw new Error(`no haproxy:\n${proxy.#said}`);
      return fetch(`${proxy.url}/healthz`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    return proxy;
  }

  async close(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
    await this.#folder.remove();
  }
}
