import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';
import { serveOn } from '../support/server.ts';

describeWith(S3_PROGRAMS, 'a server with keys in LMDB and blobs in S3', async () => {
  const s3 = useS3();
  serveOn(() => s3.freshStore());

  // All others run on PostgreSQL and S3. These tell that S3 may be chosen without PostgreSQL.
  await import('./oci-push-blob.test.ts');
  await import('./oci-pull.test.ts');
});
