import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';
import { serveOn } from '../support/server.ts';

describeWith(S3_PROGRAMS, 'a server with keys in LMDB and blobs in S3', async () => {
  const s3 = useS3();
  serveOn(() => s3.freshStore());

  await import('./oci-push-blob.test.ts');
  await import('./oci-pull.test.ts');
  await import('./oci-blob-ranges.test.ts');
  await import('./oci-upload-status.test.ts');
  await import('./oci-survival.test.ts');
});
