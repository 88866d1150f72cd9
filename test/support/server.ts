import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from 'vitest';
import { makeTemporaryFolder } from './temporary-folder.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const ADDRESS = /http:\/\/127\.0\.0\.1:(\d+)/;
const START_LIMIT = 20_000;
/** Longer than the server gives to requests that are under way. */
const STOP_LIMIT = 40_000;
/** Nothing that tests do should take a server so long; what it said may tell what did. */
const SLOW_STOP = 15_000;

export interface ServerOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** An existing folder, which then outlives the server; without it a temporary one is made and removed. */
  readonly data?: string;
  /** A command that starts it, such as one that takes something from it first. */
  readonly under?: readonly string[];
}

type Engines = () => Promise<Readonly<Record<string, string>>>;
let engines: Engines = async () => ({});

/** From here on every server of this file is started with settings of its own that `make` gives: fresh stores of other engines. */
export function serveOn(make: Engines): void {
  engines = make;
}

/** The built server as its own process, the way an operator runs it. */
export class Server {
  readonly #options: ServerOptions;
  #child: ChildProcess | undefined;
  #exit: Promise<number | null> = Promise.resolve(null);
  #port = 0;
  #data: string | undefined;
  #removeData = async (): Promise<void> => {};
  #said = '';
  #environment: Readonly<Record<string, string>> | undefined;

  constructor(options: ServerOptions = {}) {
    this.#options = options;
    this.#data = options.data;
  }

  get url(): string {
    return `http://${this.address}`;
  }

  /** Host and port, as image names carry them. */
  get address(): string {
    if (this.#port === 0) throw new Error('the server was not started');
    return `127.0.0.1:${this.#port}`;
  }

  get data(): string {
    if (this.#data === undefined) throw new Error('the server was not started');
    return this.#data;
  }

  /** What a command beside it is to be given, too. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment ?? {};
  }

  get pid(): number {
    const pid = this.#child?.pid;
    if (pid === undefined) throw new Error('the server does not run');
    return pid;
  }

  /** All that its processes wrote to stdout and stderr so far. */
  get said(): string {
    return this.#said;
  }

  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Listens on a free port the first time and on the same one ever after, so that upload locations stay good. */
  async start(): Promise<void> {
    const data = (this.#data ??= await this.#makeData());
    this.#environment ??= { ...(await engines()), ...this.#options.env };
    const flags = ['--host', '127.0.0.1', '--port', String(this.#port), '--data', data];
    const { under = [] } = this.#options;
    const [command, ...words] = [...under, process.execPath, PROGRAM, 'serve', ...flags];
    const child = spawn(command!, [...words, ...(this.#options.flags ?? [])], {
      cwd: data,
      env: { ...ambientEnvironment(), ...this.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child = child;
    this.#exit = new Promise((resolve) => {
      child.once('close', (code) => resolve(code));
      child.once('error', () => resolve(null));
    });
    this.#port = await this.#listening(child);
  }

  async #makeData(): Promise<string> {
    const folder = await makeTemporaryFolder();
    this.#removeData = () => folder.remove();
    return folder.path;
  }

  async #listening(child: ChildProcess): Promise<number> {
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => reject(new Error(`the server ${reason}\n${this.#said}`));
      const timer = setTimeout(() => fail('does not say where it listens'), START_LIMIT);
      let stdout = '';
      child.stdout?.on('data', (piece: Buffer) => {
        stdout += piece.toString('utf8');
        this.#said += piece.toString('utf8');
        const port = ADDRESS.exec(stdout)?.[1];
        if (port === undefined) return;
        clearTimeout(timer);
        resolve(Number(port));
      });
      child.stderr?.on('data', (piece: Buffer) => {
        this.#said += piece.toString('utf8');
      });
      child.once('error', (error) => fail(`cannot be started: ${error.message}`));
      child.once('exit', (code) => {
        clearTimeout(timer);
        fail(`ended with ${code} at its start`);
      });
    });
  }

  /** The exit code after SIGTERM; null when it had to be killed. */
  async stop(): Promise<number | null> {
    if (!this.running) return this.#exit;
    const timer = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_LIMIT);
    const began = performance.now();
    this.#child?.kill('SIGTERM');
    const code = await this.#exit;
    clearTimeout(timer);
    const took = performance.now() - began;
    if (took > SLOW_STOP) console.warn(`the server took ${took.toFixed(0)} ms to stop:\n${this.#said.slice(-2000)}`);
    return code;
  }

  /** As a power cut for the process: no handler runs. */
  async kill(): Promise<number | null> {
    if (this.running) this.#child?.kill('SIGKILL');
    return this.#exit;
  }

  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Stops it and removes what `start` made. A server that does not end cleanly is a failure of the test around it. */
  async close(): Promise<void> {
    const wasRunning = this.running;
    const crashed =
      !wasRunning && this.#child !== undefined && this.#child.signalCode === null && this.#child.exitCode !== 0;
    const code = await this.stop();
    await this.#removeData();
    if (crashed) throw new Error(`the server had ended by itself with ${this.#child?.exitCode}\n${this.#said}`);
    if (wasRunning && code !== 0) throw new Error(`the server ended with ${code} after SIGTERM\n${this.#said}`);
  }
}

/** One server for the tests of the enclosing `describe` (or file); it can be asked for its address once they run. */
export function useServer(options: ServerOptions = {}): Server {
  const server = new Server(options);
  beforeAll(() => server.start());
  afterAll(() => server.close());
  return server;
}

/** What the shell around the tests says of Assay must not change what they see. */
function ambientEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(([name]) => !/^(?:ASSAY_|VITEST|NODE_OPTIONS$|NODE_ENV$)/.test(name));
  return Object.fromEntries(kept);
}
