import { expect, test } from 'vitest';
import { DATA_FORMAT } from '../../lib/store/data-format.ts';
import { encodeJson } from '../../lib/store/json-value.ts';
import { formatKey } from '../../lib/store/keys.ts';
import { assay, errorsIn } from '../support/assay-command.ts';
import { keysBehind } from '../support/behind-the-server.ts';
import { Server } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const folder = useTemporaryFolder();
let server: Server;

async function write(value: Uint8Array | undefined): Promise<void> {
  const keys = await keysBehind(server);
  await keys.commit(value === undefined ? { deletes: [formatKey] } : { puts: [{ key: formatKey, value }] });
  await keys.close();
}

test('a server and the commands beside it refuse data of a newer format, exit 1, and say what to do', async () => {
  server = new Server({ data: folder.path });
  await server.start();
  await server.stop();
  await write(encodeJson({ format: 999 }));
  for (const command of [['serve', '--port', '0'], ['fsck'], ['gc'], ['log', 'rotate-key']]) {
    const { code, stderr } = await assay([...command, '--data', folder.path], server.environment);
    expect([command[0], code]).toEqual([command[0], 1]);
    expect(stderr).toMatch(/newer Assay \(its format is 999, this one knows \d+\); run that version or a later one/);
  }
  // Data of before there was a word of its format.
  await write(undefined);
  await server.start();
  await server.close();
  expect(await errorsIn(folder.path, server.environment)).toEqual([]);
});

test('the version tells which format it works with', async () => {
  const { stdout } = await assay(['version', '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ dataFormat: DATA_FORMAT });
});
