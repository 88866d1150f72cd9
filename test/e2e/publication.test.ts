import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../lib/encoding/canonical-json.ts';
import { sha256 } from '../../lib/encoding/digest.ts';
import { DirectoryTarget } from '../../lib/publication/directory-target.ts';
import { encodePointer } from '../../lib/publication/pointer.ts';
import { assay } from '../support/assay-command.ts';
import { send } from '../support/http.ts';
import {
  describePublication,
  PUBLICATION_LIMIT,
  statusOf,
  untilFound,
  usePublicationTrial,
  type PublicationPlace,
} from '../support/publication-trial.ts';
import { SnapshotReader } from '../support/snapshot-reader.ts';

const trial = usePublicationTrial();
let made = 0;

async function openFolder(): Promise<PublicationPlace & { path: string }> {
  const path = join(trial.folder.path, `public-${(made += 1)}`);
  return { publish: `dir:${path}`, target: new DirectoryTarget(path), path };
}

describe('publication to a folder', () => {
  describePublication(trial, openFolder);

  test(
    'is what the log makes it, is rolled back, and goes on when told to',
    { timeout: PUBLICATION_LIMIT },
    async () => {
      const { publish, path, target } = await openFolder();
      const server = await trial.started(publish);
      await trial.publishDefinitions(server);
      const first = await trial.settled(server);
      await trial.movePins(server, 3);
      await trial.settled(server);
      const verified = await assay(['snapshot', 'verify', path]);
      expect(verified).toMatchObject({ code: 0 });

      const listed = await trial.run(server, 'snapshot', 'list', '--json');
      const { snapshots } = JSON.parse(listed.stdout) as { snapshots: { publication: number; live: boolean }[] };
      expect(snapshots[0]).toMatchObject({ live: true });
      expect(snapshots.filter(({ live }) => live)).toHaveLength(1);
      expect((await trial.run(server, 'snapshot', 'list')).stdout).toContain(first.live!.snapshot);

      expect(await trial.run(server, 'snapshot', 'rollback', '9999')).toMatchObject({ code: 1 });
      expect(await trial.run(server, 'snapshot', 'rollback', 'soon')).toMatchObject({ code: 2 });
      expect(await trial.run(server, 'snapshot', 'rollback', String(first.live!.publication))).toMatchObject({
        code: 0,
      });
      expect(await new SnapshotReader(target).look()).toBe(first.live!.size);
      await trial.movePins(server, 1);
      await sleep(4_000);
      expect((await trial.run(server, 'publication')).stdout).toContain('rolled back');
      expect(await new SnapshotReader(target).look()).toBe(first.live!.size);
      expect(await trial.run(server, 'publication', 'now')).toMatchObject({ code: 0 });
      expect(await new SnapshotReader(target).look()).toBe((await statusOf(server)).logSize);
      const metrics = (await send('GET', `${server.url}/metrics`)).body.toString();
      expect(metrics).toMatch(/^assay_publication_waiting_entries 0$/m);
    },
  );

  test('tells a hook that fails, lies and hangs until it is told', { timeout: PUBLICATION_LIMIT }, async () => {
    const { publish } = await openFolder();
    trial.hook.mood = 'fails';
    const server = await trial.started(publish);
    await trial.publishDefinitions(server);
    await untilFound(async () => (await statusOf(server)).hook?.lastError?.includes('500'));
    expect(await trial.run(server, 'publication')).toMatchObject({ code: 1 });
    trial.hook.mood = 'nonsense';
    await untilFound(async () => (await statusOf(server)).hook?.lastError?.includes('does not answer'));
    trial.hook.mood = 'hangs';
    const asked = trial.hook.asked;
    await trial.movePins(server, 1);
    await untilFound(async () => trial.hook.asked > asked);
    // Publishing does not wait for it, nor does the end of the server, and others are served.
    expect(await trial.run(server, 'publication', 'now')).toMatchObject({ code: 0 });
    expect((await send('GET', `${server.url}/readyz`)).status).toBe(200);
    const since = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - since).toBeLessThan(5_000);
    trial.hook.mood = 'works';
    await server.start();
    const { live } = await trial.settled(server);
    expect(trial.hook.told.at(-1)?.snapshot).toBe(live!.snapshot);
  });
});

describe('a start on what another release has published', () => {
  test(
    'publishes all of it anew in its own form, though the log has not grown',
    { timeout: PUBLICATION_LIMIT },
    async () => {
      const { publish, path, target } = await openFolder();
      const server = await trial.started(publish);
      await trial.publishDefinitions(server);
      const { live } = await trial.settled(server);
      await server.stop();

      const { snapshot, publication, size } = live!;
      const root = JSON.parse(Buffer.from((await target.read(snapshot))!).toString()) as { scrubber: object };
      const bytes = canonicalJson({ ...root, scrubber: { ...root.scrubber, version: 0 } });
      const other = sha256(bytes);
      await target.put({ digest: other, size: bytes.length, bytes }, 0);
      const pointer = encodePointer({ format: 1, publication: publication + 1, snapshot: other, size });
      await writeFile(join(path, 'current'), pointer);
      // As if that release had been swept of objects that this one needs.
      for (const name of (await readdir(join(path, 'o'))).slice(0, 3)) {
        if (!other.endsWith(name)) await rm(join(path, 'o', name));
      }

      await server.start();
      const after = await untilFound(async () => {
        const status = await trial.settled(server);
        return status.live!.publication === publication + 2 && status;
      });
      expect(after.live!.snapshot).toBe(snapshot);
      expect(trial.hook.told.at(-1)).toMatchObject({ snapshot, publication: publication + 2 });
      expect(await assay(['snapshot', 'verify', path])).toMatchObject({ code: 0 });
    },
  );
});
