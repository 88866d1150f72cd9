import { largeBlob } from '../load/blob.ts';
import { largeDownloads } from '../load/large-download.ts';
import { largeUpload } from '../load/large-upload.ts';
import { pushMonolithic } from '../load/push.ts';
import { openWire } from '../load/wire.ts';
import { contender } from '../oci/registries.ts';
import type { Row } from '../suite.ts';
import { bothEngines, startOnEngines } from './registries.ts';

/** The S3 of the measurements has a gigabyte of memory for all rounds. */
const upMebibytes = 32;
const downMebibytes = 64;

export const engineBlobRows: readonly Row[] = [
  {
    ...bothEngines,
    name: 'engines-large-down',
    work: `GET blob of ${downMebibytes} MiB, one connection`,
    unit: 'MB/s',
    better: 'more',
    async open(stage, wanted) {
      const blob = largeBlob(downMebibytes);
      const { digest, size } = blob;
      const registries = await startOnEngines(stage, wanted);
      for (const { repository } of registries) {
        const wire = await openWire(repository.url);
        await pushMonolithic(wire, repository, blob).finally(() => wire.close());
      }
      return registries.map((registry) => {
        const { repository } = registry;
        return contender(registry, (seconds) => {
          return largeDownloads({ repository, digest, size, seconds, signal: stage.signal });
        });
      });
    },
  },
  {
    ...bothEngines,
    name: 'engines-large-up',
    work: `${upMebibytes} MiB up: POST, PUT`,
    unit: 'MB/s',
    better: 'more',
    async open(stage, wanted) {
      const registries = await startOnEngines(stage, wanted);
      return registries.map((registry) => {
        const work = { repository: registry.repository, mebibytes: upMebibytes, push: pushMonolithic };
        return contender(registry, () => largeUpload({ ...work, signal: stage.signal }));
      });
    },
  },
];
