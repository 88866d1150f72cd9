import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { gather } from '../../../lib/encoding/gather.ts';
import { sha256, type Sha256 } from '../../../lib/encoding/digest.ts';
import { ClientError } from '../../../lib/client/client-error.ts';
import type { RunClient } from '../../../lib/client/run-client.ts';
import { submitRun } from '../../../lib/client/submit-run.ts';
import { sampleRecord, sampleReview } from '../../support/run-place.ts';
import { useTemporaryFolder } from '../../support/use-temporary-folder.ts';

const folder = useTemporaryFolder();
const BYTES = Buffer.from('what the run wrote');

beforeEach(async () => {
  await mkdir(join(folder.path, 'media'), { recursive: true });
  await writeFile(join(folder.path, 'media', 'log.txt'), BYTES);
  await writeFile(join(folder.path, 'record.json'), JSON.stringify(sampleRecord('a')));
  await writeFile(join(folder.path, 'review.json'), JSON.stringify(sampleReview()));
});

/** A server that has lost all media so many times when a record comes. */
function forgetful(times: number): {
  readonly client: RunClient;
  readonly asked: { submits: number; uploads: number };
} {
  const there = new Set<Sha256>();
  const asked = { submits: 0, uploads: 0 };
  const client = {
    hasMedia: (digest: Sha256) => Promise.resolve(there.has(digest)),
    async putMedia(digest: Sha256, bytes: () => AsyncIterable<Uint8Array>) {
      expect(sha256((await gather(bytes(), 1000))!)).toBe(digest);
      asked.uploads += 1;
      there.add(digest);
    },
    submit() {
      asked.submits += 1;
      if (asked.submits <= times) there.clear();
      const isWhole = there.has(sha256(BYTES));
      if (!isWhole) return Promise.reject(new ClientError('run-invalid', 'media is not uploaded', { status: 422 }));
      return Promise.resolve({ outcome: 'submitted', run: {} });
    },
  };
  return { client: client as unknown as RunClient, asked };
}

test('sends media again that went before the record came', async () => {
  const { client, asked } = forgetful(1);
  const { outcome } = await submitRun({ client, directory: folder.path });
  expect(outcome).toBe('submitted');
  expect(asked).toEqual({ submits: 2, uploads: 2 });
});

test('does so once', async () => {
  const { client, asked } = forgetful(5);
  await expect(submitRun({ client, directory: folder.path })).rejects.toMatchObject({ code: 'run-invalid' });
  expect(asked).toEqual({ submits: 2, uploads: 2 });
});

test('sends nothing again where the media are there, and the record is at fault', async () => {
  const { client, asked } = forgetful(0);
  client.submit = () => {
    asked.submits += 1;
    return Promise.reject(new ClientError('run-invalid', 'no such test case', { status: 422 }));
  };
  await expect(submitRun({ client, directory: folder.path })).rejects.toMatchObject({ message: 'no such test case' });
  expect(asked).toEqual({ submits: 1, uploads: 1 });
});
