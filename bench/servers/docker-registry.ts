import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { startChild } from '../process/child.ts';
import type { Stage } from '../stage.ts';
import type { StoringServer } from './server.ts';

export const dockerRegistryName = 'docker-registry';

/** docker-registry with the settings that Debian ships, logs off. */
export async function startDockerRegistry(stage: Stage): Promise<StoringServer> {
  const folder = await stage.directory('docker-registry');
  const port = await freePort();
  const config = join(folder, 'config.yml');
  const data = join(folder, 'data');
  await writeFile(config, configuration(data, port));
  const child = await startChild(stage, 'docker-registry', ['serve', config], { withoutSettings: /^(REGISTRY|OTEL)_/ });
  const url = `http://127.0.0.1:${port}`;
  await child.ready(async () => ((await answers(`${url}/v2/`)) ? true : undefined));
  return { name: dockerRegistryName, url, data };
}

function configuration(data: string, port: number): string {
  return `version: 0.1
log: { level: error, accesslog: { disabled: true } }
storage:
  cache: { blobdescriptor: inmemory }
  filesystem: { rootdirectory: ${JSON.stringify(data)} }
  delete: { enabled: true }
http:
  addr: 127.0.0.1:${port}
  secret: ${randomBytes(16).toString('hex')}
  headers: { X-Content-Type-Options: [nosniff] }
`;
}

/** docker-registry does not say which port it got, so it cannot be asked to choose. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port on 127.0.0.1');
  return address.port;
}

function answers(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(1000) }).then(
    (response) => response.ok,
    () => false,
  );
}
