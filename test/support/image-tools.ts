import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, type Output } from './run-program.ts';

const LIMIT = 120_000;

/**
 * The container tools, each with all of its state in one folder: what the machine has configured for them, or has not,
 * makes no difference.
 */
export class ImageTools {
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(folder: string) {
    this.folder = folder;
    this.#env = {
      PATH: process.env['PATH'] ?? '',
      HOME: this.path('home'),
      TMPDIR: this.path('tmp'),
      XDG_RUNTIME_DIR: this.path('runtime'),
      REGISTRY_AUTH_FILE: this.path('home', 'auth.json'),
      CONTAINERS_REGISTRIES_CONF: this.path('home', 'registries.conf'),
      CONTAINERS_STORAGE_CONF: this.path('home', 'storage.conf'),
      BUILDAH_ISOLATION: 'chroot',
    };
  }

  static async in(folder: string): Promise<ImageTools> {
    const tools = new ImageTools(folder);
    for (const part of ['home/.config/containers', 'tmp', 'runtime'])
      await mkdir(tools.path(part), { recursive: true });
    const accept = { default: [{ type: 'insecureAcceptAnything' }] };
    await writeFile(tools.path('home/.config/containers/policy.json'), JSON.stringify(accept));
    await writeFile(tools.path('home/auth.json'), '{}');
    await writeFile(tools.path('home/registries.conf'), 'unqualified-search-registries = []\n');
    const storage = [
      '[storage]',
      'driver = "vfs"',
      `graphroot = "${tools.path('graph')}"`,
      `runroot = "${tools.path('run')}"`,
    ];
    await writeFile(tools.path('home/storage.conf'), `${storage.join('\n')}\n`);
    return tools;
  }

  path(...parts: string[]): string {
    return join(this.folder, ...parts);
  }

  async run(program: string, ...args: string[]): Promise<Output> {
    return runProgram(program, args, { env: this.#env, cwd: this.folder, timeout: LIMIT });
  }

  async skopeo(...args: string[]): Promise<Output> {
    return this.run('skopeo', '--insecure-policy', ...args);
  }

  async buildah(...args: string[]): Promise<string> {
    const { stdout } = await this.run('buildah', ...args);
    return stdout.trim();
  }

  async umoci(...args: string[]): Promise<Output> {
    return this.run('umoci', ...args);
  }

  /** The bytes of a manifest as skopeo received them. */
  async rawManifest(image: string): Promise<Buffer> {
    const { stdout } = await this.skopeo('inspect', '--raw', '--tls-verify=false', image);
    return Buffer.from(stdout, 'utf8');
  }
}

/** The files that the images of the tests hold, by path. */
export const FILES: Readonly<Record<string, string>> = {
  greeting: 'hello\n',
  'etc/setting': 'on = true\n',
  'etc/empty': '',
  'usr/share/poem': 'rose is a rose is a rose\n'.repeat(4000),
};

export async function writeFiles(folder: string): Promise<void> {
  for (const [path, text] of Object.entries(FILES)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

export async function readFiles(folder: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const path of Object.keys(FILES)) files[path] = await readFile(join(folder, path), 'utf8');
  return files;
}

/** An OCI layout with an image of three layers; every call makes another image. */
export async function buildWithUmoci(tools: ImageTools, layout: string, tag: string): Promise<void> {
  const files = tools.path(`${layout}-files`);
  await writeFiles(files);
  const image = `${layout}:${tag}`;
  await tools.umoci('init', '--layout', layout);
  await tools.umoci('new', '--image', image);
  await tools.umoci('insert', '--image', image, files, '/data');
  await tools.umoci('insert', '--image', image, join(files, 'greeting'), '/again');
  await tools.umoci('insert', '--opaque', '--image', image, join(files, 'etc'), '/data/etc');
  await tools.umoci('config', '--image', image, '--author', 'Assay', '--config.cmd', '/data/greeting');
}

/** An image in buildah's storage under `name`; every call makes another image. */
export async function buildWithBuildah(tools: ImageTools, name: string): Promise<void> {
  const files = tools.path('buildah-files');
  await writeFiles(files);
  const first = await tools.buildah('from', 'scratch');
  await tools.buildah('copy', first, files, '/data');
  await tools.buildah('commit', '--quiet', '--rm', first, 'localhost/base');
  const second = await tools.buildah('from', '--pull=false', 'localhost/base');
  await tools.buildah('copy', second, join(files, 'greeting'), '/again');
  await tools.buildah('config', '--label', 'org.example.kind=test', '--cmd', '/again', second);
  await tools.buildah('commit', '--quiet', '--rm', second, name);
}
