import { EventEmitter, once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { startAssay } from '../support/assay-command.ts';
import { useDefinitionServer } from '../support/definition-server.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';
import { runProgram } from '../support/run-program.ts';
import { sampleDefinition } from '../support/sample-definition.ts';

const server = useDefinitionServer();

describe('assay pull', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('leaves nothing behind when it gets %s', async (signal) => {
    server().add(await sampleDefinition({ a: randomBytes(300_000) }));
    const archive = new EventEmitter();
    const fetching = once(archive, 'asked');
    server().fault = ({ path }) => {
      if (!path.endsWith('/archive')) return undefined;
      archive.emit('asked');
      return { silentAfter: 100_000 };
    };
    const folder = await makeTemporaryFolder();
    const args = ['pull', 'test-cases/carom@v1.0.0', join(folder.path, 'work', 'carom')];
    const child = startAssay(args, { ASSAY_URL: server().url, ASSAY_CACHE: join(folder.path, 'cache') });
    await fetching;
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(await readdir(folder.path)).toEqual(['cache']);
    const left = await readdir(join(folder.path, 'cache'), { recursive: true });
    expect(left.filter((path) => path.includes('.new-'))).toEqual([]);
    await folder.remove();
  });
});

test('a runner imports the client as assay/client', async () => {
  const cwd = fileURLToPath(new URL('../../', import.meta.url));
  const program = `import { AssayClient, ContentCache, pull, verify } from 'assay/client';
    process.stdout.write([AssayClient, ContentCache, pull, verify].map((one) => typeof one).join());`;
  const { stdout } = await runProgram(process.execPath, ['--input-type=module', '--eval', program], { cwd });
  expect(stdout).toBe('function,function,function,function');
});
