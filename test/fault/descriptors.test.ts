import { expect, test } from 'vitest';
import { send } from '../support/http.ts';
import { RawConnection } from '../support/raw-connection.ts';
import { Server } from '../support/server.ts';
import { tellFigures } from './support/figures.ts';
import { loadUntil } from './support/load-until.ts';
import { MixedLoad } from './support/mixed-load.ts';
import { size } from './support/sizes.ts';
import { expectWhole } from './support/whole-check.ts';

const DESCRIPTORS = 256;
const CONNECTIONS = size('ASSAY_FAULT_CONNECTIONS', 400, 1000);

test(`a server of ${DESCRIPTORS} file descriptors outlives ${CONNECTIONS} connections, and works as before when they have gone`, async () => {
  const server = new Server({ under: ['sh', '-c', `ulimit -n ${DESCRIPTORS}; exec "$@"`, 'sh'] });
  await server.start();
  try {
    const load = new MixedLoad('descriptors');
    await loadUntil(server, load, () => load.acknowledged.length >= 50);
    expect(load.refusals).toEqual([]);
    const pid = server.pid;

    const connections: RawConnection[] = [];
    for (let at = 0; at < CONNECTIONS; at += 1) {
      const connection = await RawConnection.open(server).catch(() => undefined);
      connection?.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Half: ');
      if (connection !== undefined) connections.push(connection);
    }
    const { acknowledged } = load;
    const before = acknowledged.length;
    await loadUntil(
      server,
      load,
      () => load.unanswered.length + load.refusals.length + acknowledged.length >= before + 50,
    );
    for (const connection of connections) connection.destroy();

    await expect.poll(() => isReady(server), { timeout: 30_000 }).toBe(true);
    const [refused, unanswered] = [load.refusals.length, load.unanswered.length];
    const since = acknowledged.length;
    await loadUntil(server, load, () => acknowledged.length >= since + 100);
    expect(load.refusals.slice(refused)).toEqual([]);
    expect(load.unanswered.length).toBe(unanswered);
    expect(server.pid).toBe(pid);
    expect(server.running).toBe(true);
    // Whoever was heard at all was told when to come again.
    expect(
      load.refusals.map(({ kind, reply }) => `${kind} ${reply.status}`).filter((one) => !one.endsWith('503')),
    ).toEqual([]);
    await load.expectKept(server);
    await expectWhole(server);
    tellFigures('file descriptors exhausted', {
      descriptors: DESCRIPTORS,
      connections: connections.length,
      'writes acknowledged': acknowledged.length,
      'refused with 503': load.refusals.length,
      'not connected': load.unanswered.length,
      lost: 0,
    });
  } finally {
    await server.close();
  }
}, 180_000);

async function isReady(server: Server): Promise<boolean> {
  const reply = await send('GET', `${server.url}/readyz`).catch(() => undefined);
  return reply?.status === 200;
}
