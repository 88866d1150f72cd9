import { largeBlob } from '../load/blob.ts';
import { expectSameBytes, largeDownloads } from '../load/large-download.ts';
import { largeUpload } from '../load/large-upload.ts';
import { type Content, pushMonolithic, pushStreamed, type Repository } from '../load/push.ts';
import { openWire, type Wire } from '../load/wire.ts';
import { dockerRegistry } from '../process/program.ts';
import { dockerRegistryName } from '../servers/docker-registry.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { contender, registryNames, startRegistries } from './registries.ts';

const downMebibytes = 64;
const upMebibytes = 256;

export const largeBlobRows: readonly Row[] = [
  {
    name: 'large-down',
    work: `GET blob of ${downMebibytes} MiB, one connection`,
    unit: 'MB/s',
    better: 'more',
    contenders: registryNames,
    holds: [{ against: dockerRegistryName, limit: 1 }],
    programs: [dockerRegistry],
    open: openDown,
  },
  uploadRow('large-up-streamed', 'POST, one streamed PATCH, PUT', pushStreamed),
  uploadRow('large-up-monolithic', 'POST, PUT', pushMonolithic),
];

async function openDown(stage: Stage, wanted: readonly string[]): Promise<Contender[]> {
  const blob = largeBlob(downMebibytes);
  const { digest, size } = blob;
  const registries = await startRegistries(stage, wanted);
  for (const { repository } of registries) {
    const wire = await openWire(repository.url);
    await pushMonolithic(wire, repository, blob).finally(() => wire.close());
    await expectSameBytes({ repository, digest, size, seconds: 0, signal: stage.signal });
  }
  return registries.map((registry) =>
    contender(registry, (seconds) => {
      return largeDownloads({ repository: registry.repository, digest, size, seconds, signal: stage.signal });
    }),
  );
}

function uploadRow(
  name: string,
  requests: string,
  push: (wire: Wire, repository: Repository, blob: Content) => Promise<void>,
): Row {
  return {
    name,
    work: `${upMebibytes} MiB up: ${requests}`,
    unit: 'MB/s',
    better: 'more',
    contenders: registryNames,
    holds: [{ against: dockerRegistryName, limit: 1.3 }],
    programs: [dockerRegistry],
    async open(stage, wanted) {
      const registries = await startRegistries(stage, wanted);
      return registries.map((registry) =>
        contender(registry, () => {
          return largeUpload({
            repository: registry.repository,
            mebibytes: upMebibytes,
            push,
            signal: stage.signal,
          });
        }),
      );
    },
  };
}
