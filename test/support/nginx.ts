import { spawn, type ChildProcess } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { textAt } from './deployed.ts';
import { freePort } from './free-port.ts';
import { send } from './http.ts';
import { folderOf } from './programs.ts';
import { tryProgram, type Outcome } from './run-program.ts';

/** nginx with deploy/nginx.conf, in which nothing but addresses and places of files is of this machine. */
export class Nginx {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  #port = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Where it would keep bodies if it did. */
  get bodies(): string {
    return join(this.#folder, 'bodies');
  }

  /** What nginx says of the file. */
  async check(upstreams: readonly string[]): Promise<Outcome> {
    await this.#write(upstreams);
    return tryProgram(this.#program, ['-t', ...this.#arguments]);
  }

  async start(upstreams: readonly string[]): Promise<void> {
    await this.#write(upstreams);
    const child = spawn(this.#program, [...this.#arguments, '-g', 'daemon off;'], { stdio: 'ignore' });
    this.#child = child;
    const until = performance.now() + 20_000;
    while (!(await answers(`${this.url}/healthz`))) {
      if (child.exitCode !== null || performance.now() > until) throw new Error('nginx does not answer');
      await sleep(30);
    }
  }

  async close(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }

  get #program(): string {
    return join(folderOf('nginx') ?? '', 'nginx');
  }

  get #arguments(): string[] {
    return ['-p', this.#folder, '-c', join(this.#folder, 'nginx.conf'), '-e', join(this.#folder, 'error.log')];
  }

  async #write(upstreams: readonly string[]): Promise<void> {
    this.#port ||= await freePort();
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
      return `${name}_temp_path ${name === 'client_body' ? this.bodies : join(this.#folder, name)};`;
    });
    const ours = [...upstreams];
    const text = textAt('deploy/nginx.conf')
      .replace('worker_processes auto;', 'worker_processes 1;')
      .replace('/run/nginx.pid', join(this.#folder, 'nginx.pid'))
      .replace('error_log stderr', `error_log ${join(this.#folder, 'error.log')}`)
      .replace('/dev/stdout', join(this.#folder, 'access.log'))
      .replace('http {', `http {\n${places.join('\n')}`)
      .replace('listen 80;', `listen 127.0.0.1:${this.#port};`)
      .replaceAll(/server assay-\d:\d+/g, (whole) => `server ${ours.shift() ?? whole}`);
    await writeFile(join(this.#folder, 'nginx.conf'), text);
  }
}

function answers(url: string): Promise<boolean> {
  return send('GET', url).then(
    ({ status }) => status === 200,
    () => false,
  );
}
