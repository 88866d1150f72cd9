import { spawn, type ChildProcess } from 'node:child_process';
import { chown, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from './free-port.ts';
import { folderOf } from './installed.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

const START_LIMIT = 30_000;

/** How a server is asked to end: `fast` cuts its clients off, `crash` leaves it to recover from its log. */
export type Ending = 'fast' | 'crash';
const SIGNALS = { fast: 'SIGINT', crash: 'SIGQUIT' } as const;

/** A PostgreSQL of the tests' own, on a free port of loopback, in a temporary folder. */
export class PostgresServer {
  static readonly PASSWORD = 'never-to-be-shown';
  #folder: Awaited<ReturnType<typeof makeTemporaryFolder>> | undefined;
  #child: ChildProcess | undefined;
  #owner: { uid?: number; gid?: number } = {};
  #said = '';
  #databases = 0;
  readonly #isDurable: boolean;
  port = 0;

  constructor({ isDurable = false }: { readonly isDurable?: boolean } = {}) {
    this.#isDurable = isDurable;
  }

  async start(): Promise<void> {
    if (this.#folder === undefined) await this.#make();
    // What a crash may lose of the operating system's memory is not tried by tests, so nothing has to reach the disk.
    const fsync = this.#isDurable ? 'on' : 'off';
    const settings = [
      `fsync=${fsync}`,
      'unix_socket_directories=',
      'listen_addresses=127.0.0.1',
      'shared_buffers=32MB',
    ];
    const args = ['-D', this.#data, '-p', String(this.port), ...settings.flatMap((one) => ['-c', one])];
    const child = this.#spawn('postgres', args);
    this.#child = child;
    const until = performance.now() + START_LIMIT;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > until) throw new Error(`no PostgreSQL:\n${this.#said}`);
      await sleep(30);
    }
  }

  async stop(ending: Ending = 'fast'): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill(SIGNALS[ending]);
    await ended;
  }

  async restart(ending: Ending = 'fast'): Promise<void> {
    await this.stop(ending);
    await this.start();
  }

  /** The address of a new and empty database. */
  async freshDatabase(): Promise<string> {
    this.#databases += 1;
    return makeDatabase(this.url('postgres'), `test_${this.#databases}`);
  }

  async drop(url: string): Promise<void> {
    await this.ask('postgres', `DROP DATABASE ${nameIn(url)} WITH (FORCE)`);
  }

  /** Throws where a database has clients left, once those that are ending have ended. */
  async checkUnused(url: string): Promise<void> {
    const text = `SELECT application_name, state, query FROM pg_stat_activity WHERE datname = '${nameIn(url)}'`;
    for (let tries = 0; ; tries += 1) {
      const clients = await this.ask('postgres', text);
      if (clients.length === 0) return;
      if (tries === 40) throw new Error(`clients were left behind: ${JSON.stringify(clients)}`);
      await sleep(25);
    }
  }

  /** Runs one statement over a connection of its own. */
  async ask(urlOrDatabase: string, text: string): Promise<Record<string, unknown>[]> {
    return askPostgres(urlOrDatabase.includes('://') ? urlOrDatabase : this.url(urlOrDatabase), text);
  }

  url(database: string): string {
    return `postgres://assay:${PostgresServer.PASSWORD}@127.0.0.1:${this.port}/${database}`;
  }

  async close(): Promise<void> {
    await this.stop('crash');
    await this.#folder?.remove();
  }

  get #data(): string {
    return join(this.#folder?.path ?? '', 'data');
  }

  async #make(): Promise<void> {
    this.#folder = await makeTemporaryFolder();
    const { path } = this.#folder;
    this.#owner = await ownerOfServer();
    const { uid, gid } = this.#owner;
    const passwordFile = join(path, 'password');
    await writeFile(passwordFile, PostgresServer.PASSWORD, { mode: 0o644 });
    if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
    const identity = ['--username=assay', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    const child = this.#spawn('initdb', ['-D', this.#data, ...identity, '--locale=C', '--encoding=UTF8', '--no-sync']);
    const code = await new Promise((resolve) => child.once('exit', resolve));
    if (code !== 0) throw new Error(`initdb ended with ${String(code)}:\n${this.#said}`);
    this.port = await freePort();
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(join(folderOf(program) ?? '', program), args, {
      cwd: this.#folder?.path ?? '/',
      env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...this.#owner,
    });
    for (const output of [child.stdout, child.stderr]) {
      output?.on('data', (piece: Buffer) => {
        this.#said += piece.toString('utf8');
      });
    }
    child.once('error', (error) => {
      this.#said += error.message;
    });
    return child;
  }

  async #answers(): Promise<boolean> {
    return this.ask('postgres', 'SELECT 1').then(
      () => true,
      () => false,
    );
  }
}

/** Runs one statement over a connection of its own. */
export async function askPostgres(connectionString: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString, connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end().catch(() => {});
  }
}

/** Makes an empty database beside another one, and tells its address. */
export async function makeDatabase(beside: string, name: string): Promise<string> {
  await askPostgres(beside, `CREATE DATABASE ${name} STRATEGY file_copy`).catch(() =>
    askPostgres(beside, `CREATE DATABASE ${name}`),
  );
  return Object.assign(new URL(beside), { pathname: `/${name}` }).href;
}

/** PostgreSQL refuses to run as root; Debian's package brings a user for it. */
async function ownerOfServer(): Promise<{ uid?: number; gid?: number }> {
  if (process.getuid?.() !== 0) return {};
  const found = /^postgres:[^:]*:(\d+):(\d+):/m.exec(await readFile('/etc/passwd', 'utf8'));
  if (found === null) throw new Error('PostgreSQL does not run as root, and there is no user postgres');
  return { uid: Number(found[1]), gid: Number(found[2]) };
}

function nameIn(url: string): string {
  return new URL(url).pathname.slice(1);
}
