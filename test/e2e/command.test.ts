import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { assay, errorsIn } from '../support/assay-command.ts';
import { digestOf, imageIndex, MEDIA, randomContent } from '../support/oci-content.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { expectStatus, freshRepository, type Image } from '../support/repository.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const COMMANDS = ['serve', 'gc', 'fsck', 'version'] as const;

describe('assay', () => {
  test('tells what it can do', async () => {
    const { code, stdout } = await assay(['help']);
    expect(code).toBe(0);
    for (const command of COMMANDS) expect(stdout).toContain(command);
  });

  test.each(COMMANDS)('teaches %s', async (command) => {
    for (const args of [
      ['help', command],
      [command, '--help'],
    ]) {
      const { code, stdout } = await assay(args);
      expect(code).toBe(0);
      expect(stdout).toContain(`assay ${command}`);
    }
  });

  test('says which version it is', async () => {
    const { code, stdout } = await assay(['version', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ assay: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });

  test.each([[[]], [['sevre']], [['serve', '--prot', '1']], [['serve', 'there']], [['gc', '--grace', 'soon']]])(
    'ends with 2 for %j',
    async (args) => {
      const { code, stderr } = await assay(args);
      expect(code).toBe(2);
      expect(stderr).not.toBe('');
    },
  );
});

describe('a wrong setting', () => {
  const WRONG = [
    ['ASSAY_PORT', 'http'],
    ['ASSAY_PORT', '70000'],
    ['ASSAY_STORE', 'mysql://x'],
    ['ASSAY_BLOBS', 'tape:/dev/st0'],
    ['ASSAY_BODY_TIMEOUT', 'long'],
    ['ASSAY_BODY_TIMEOUT', '30d'],
    ['ASSAY_UPLOAD_EXPIRY', '0'],
    ['ASSAY_MAX_BLOB', '0'],
    ['ASSAY_TRUST', 'everybody'],
  ] as const;

  test.each(WRONG)('%s=%s is named at the start, exit 2', async (name, value) => {
    const { code, stderr } = await assay(['serve'], { ASSAY_PORT: '0', [name]: value });
    expect(code).toBe(2);
    expect(stderr).toContain(name);
  });

  test('is an address beyond this machine, unless the network is trusted', async () => {
    const { code, stderr } = await assay(['serve', '--host', '0.0.0.0', '--port', '0']);
    expect(code).toBe(2);
    expect(stderr).toContain('ASSAY_TRUST');
  });
});

describe('assay serve', () => {
  const folder = useTemporaryFolder();

  test('ends with 1 and says why where the port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.listen(0, '127.0.0.1', resolve);
    });
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { code, stderr } = await assay(['serve', '--port', String(port), '--data', folder.path]);
    other.close();
    expect(code).toBe(1);
    expect(stderr).toContain(String(port));
  });
});

describe('a server that is told to end', () => {
  const server = useServer();

  test('waits for no connection without a request, not for one whose head has come by half either', async () => {
    const idle = await RawConnection.open(server);
    const silent = await RawConnection.open(server);
    const half = await RawConnection.open(server);
    for (const connection of [idle, half]) {
      connection.write('GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n');
      await connection.until(() => connection.status === 200);
    }
    half.write('GET /v2/ HTTP/1.1\r\nHost: ');
    await sleep(100);
    const started = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - started).toBeLessThan(5000);
    for (const connection of [idle, silent, half]) await connection.closed(1000);
  });

  test('lets a request end that is under way', async () => {
    await server.start();
    const repository = freshRepository(server);
    const bytes = Buffer.from('{}');
    const connection = await RawConnection.open(server);
    connection.write(
      `POST /v2/${repository.name}/blobs/uploads/?digest=${digestOf(bytes)} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{`,
    );
    await sleep(200);
    const stopped = server.stop();
    await sleep(500);
    connection.write('}');
    expect(await stopped).toBe(0);
    expect(connection.status).toBe(201);
    await server.start();
  });
});

describe('beside a running server', () => {
  const server = useServer();

  test('assay fsck finds nothing wrong', async () => {
    const repository = freshRepository(server);
    await repository.pushImage('v1');
    await repository.pushBlob(randomContent(300_000), 'sha512');
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  });

  test('assay gc removes what nothing names, and nothing else', async () => {
    const repository = freshRepository(server);
    const image = await repository.pushImage('v1');
    const loose = await repository.pushBlob(randomContent(300_000));
    for (let run = 0; run < 3; run += 1) {
      const { code, stderr } = await assay(['gc', '--grace', '0', '--json', '--data', server.data], server.environment);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    }
    expect((await repository.head(`blobs/${loose}`)).status).toBe(404);
    expect((await repository.get(`blobs/${digestOf(image.layer)}`)).body.equals(image.layer)).toBe(true);
    expect((await repository.get('manifests/v1')).body.equals(image.bytes)).toBe(true);
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  });

  test('assay gc changes nothing in a dry run', async () => {
    const repository = freshRepository(server);
    const loose = await repository.pushBlob(randomContent(1000));
    for (let run = 0; run < 3; run += 1) {
      expect((await assay(['gc', '--dry-run', '--grace', '0', '--data', server.data], server.environment)).code).toBe(
        0,
      );
    }
    expect((await repository.head(`blobs/${loose}`)).status).toBe(200);
  });

  test('assay gc again and again does not disturb pushes', { timeout: 60_000 }, async () => {
    const repository = freshRepository(server);
    const ending = new AbortController();
    async function push(): Promise<Image[]> {
      const images: Image[] = [];
      while (!ending.signal.aborted) images.push(await repository.pushImage(`t${images.length}`));
      return images;
    }
    const pushed = push();
    for (let run = 0; run < 5; run += 1) {
      expect((await assay(['gc', '--grace', '1h', '--data', server.data], server.environment)).code).toBe(0);
    }
    ending.abort();
    const images = await pushed;
    for (const [at, { bytes, layer }] of images.entries()) {
      expect((await repository.get(`manifests/t${at}`)).body.equals(bytes)).toBe(true);
      expect((await repository.get(`blobs/${digestOf(layer)}`)).body.equals(layer)).toBe(true);
    }
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  });

  test('a manifest that was deleted leaves a clean store behind', async () => {
    const repository = freshRepository(server);
    const bytes = imageIndex([], { annotations: { note: 'to be deleted' } });
    expectStatus(await repository.putManifest('v1', bytes, MEDIA.index), 201);
    expectStatus(await repository.delete(`manifests/${digestOf(bytes)}`), 202);
    expect((await assay(['gc', '--grace', '0', '--data', server.data], server.environment)).code).toBe(0);
    expect(await errorsIn(server.data, server.environment)).toEqual([]);
  });
});
