import { join } from 'node:path';
import { DirectoryTarget } from '../../lib/publication/directory-target.ts';
import { S3Target } from '../../lib/publication/s3-target.ts';
import { describeWith, S3_PROGRAMS } from '../support/programs.ts';
import { useS3 } from '../support/s3.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';
import { describeTarget } from './target-contract.ts';

const folder = useTemporaryFolder();
let opened = 0;

describeTarget({
  name: 'directory',
  swapsAtomically: false,
  open: async () => new DirectoryTarget(join(folder.path, `bucket-${(opened += 1)}`)),
});

describeWith(S3_PROGRAMS, 'publication to S3', () => {
  const server = useS3();
  describeTarget({
    name: 'bucket',
    swapsAtomically: true,
    open: async () => new S3Target({ client: server.client, bucket: await server.freshBucket(), prefix: 'public/' }),
  });
});
