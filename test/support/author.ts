import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { git } from '../unit/git/support/git-command.ts';
import { commitAll, writeFiles } from '../unit/git/support/sample-repository.ts';
import { assay } from './assay-command.ts';
import type { Outcome } from './run-program.ts';
import type { SampleFiles } from './sample-definition.ts';

let made = 0;

/** An author with a Git repository and the command, who publishes to one server. */
export class Author {
  readonly path: string;
  readonly #server: { readonly url: string };
  #day = 0;

  private constructor(path: string, server: { readonly url: string }) {
    this.path = path;
    this.#server = server;
  }

  static async in(folder: string, server: { readonly url: string }): Promise<Author> {
    made += 1;
    const path = join(folder, `author-${made}`);
    mkdirSync(path, { recursive: true });
    await git(path, 'init', '-q');
    return new Author(path, server);
  }

  write(files: SampleFiles, below = ''): void {
    for (const [name, file] of Object.entries(files)) {
      const path = join(this.path, below, name);
      if (typeof file === 'string' || Buffer.isBuffer(file)) writeFiles(this.path, { [join(below, name)]: file });
      else if ('run' in file) {
        writeFiles(this.path, { [join(below, name)]: file.run });
        chmodSync(path, 0o755);
      } else {
        mkdirSync(join(path, '..'), { recursive: true });
        symlinkSync(file.link, path);
      }
    }
  }

  async commit(files: SampleFiles = {}, below = ''): Promise<string> {
    this.write(files, below);
    this.#day += 1;
    return commitAll(this.path, `day ${this.#day}`, this.#day);
  }

  git(...args: string[]): Promise<string> {
    return git(this.path, ...args);
  }

  run(...args: string[]): Promise<Outcome> {
    const env = { ASSAY_URL: this.#server.url, ASSAY_CACHE: join(this.path, '.git', 'cache'), HOME: this.path };
    return assay(args, env, { cwd: this.path });
  }

  /** Runs what is to succeed, and reads what it says. */
  async json<T>(...args: string[]): Promise<T> {
    const { code, stdout, stderr } = await this.run(...args, '--json');
    if (code !== 0) throw new Error(`assay ${args.join(' ')} ended with ${code}: ${stdout}${stderr}`);
    return JSON.parse(stdout) as T;
  }
}
