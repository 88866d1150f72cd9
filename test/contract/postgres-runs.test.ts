import { expect, test } from 'vitest';
import { FileBlobStore } from '../../lib/store/files/file-blob-store.ts';
import { FileLayout } from '../../lib/store/files/file-layout.ts';
import { FileUploadStore } from '../../lib/store/files/file-upload-store.ts';
import { PostgresKeyedStore } from '../../lib/store/postgres/postgres-keyed-store.ts';
import { usePostgres } from '../support/postgres.ts';
import { describeWith } from '../support/programs.ts';
import { expectSound } from '../support/publishing.ts';
import {
  DECLARING,
  loggedRuns,
  publishVersion,
  refused,
  runPlaceOn,
  sampleRecord,
  sampleReview,
  submission,
  type RunPlace,
} from '../support/run-place.ts';
import { SOMEBODY } from '../support/stored-git.ts';
import { makeTemporaryFolder } from '../support/temporary-folder.ts';

async function openPlace(url: string, folder: string): Promise<RunPlace> {
  const layout = new FileLayout(folder);
  const [blobs, uploads] = [await FileBlobStore.open(layout), await FileUploadStore.open(layout)];
  return runPlaceOn({ keys: await PostgresKeyedStore.open(url), blobs, uploads });
}

describeWith(['postgres'], 'runs of several servers on one PostgreSQL', () => {
  const server = usePostgres();

  test('are one run where many submit others under one id, and lose no review', async () => {
    const url = await server.freshDatabase();
    const folder = await makeTemporaryFolder();
    const places = [await openPlace(url, folder.path), await openPlace(url, folder.path)];
    const [place] = places as [RunPlace];
    try {
      await publishVersion(place, 'v1.0.0', DECLARING);
      const answers = await Promise.all(
        Array.from({ length: 16 }, (_, at) => {
          const { runs } = places[at % 2]!;
          const work = runs.submit(submission({ ...sampleRecord('a'), x: at }), SOMEBODY);
          return work.then(
            ({ outcome }) => outcome,
            async () => (await refused(work)).code,
          );
        }),
      );
      expect(answers.toSorted()).toEqual([...Array<string>(15).fill('run-conflict'), 'submitted']);
      const names = Array.from({ length: 8 }, (_, at) => `reviewer ${at}`);
      await Promise.all(
        names.map((reviewer, at) =>
          places[at % 2]!.runs.review('a', reviewer, submission(undefined, sampleReview({ reviewer })), SOMEBODY),
        ),
      );
      expect((await place.runs.get('a')).reviews).toHaveLength(9);
      expect(await loggedRuns(place)).toHaveLength(9);
      expect((await place.runs.list.page({}, undefined, 10)).runs.map(({ id }) => id)).toEqual(['a']);
      await expectSound(place.stores, place.registry);
    } finally {
      for (const { stores } of places) await stores.keys.close();
      await folder.remove();
    }
  });
});
