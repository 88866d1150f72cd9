import { smallUploads } from '../load/small-uploads.ts';
import { dockerRegistry } from '../process/program.ts';
import { dockerRegistryName } from '../servers/docker-registry.ts';
import type { Row } from '../suite.ts';
import { contender, registryNames, startRegistries } from './registries.ts';

const callers = 16;

export const smallUploadRow: Row = {
  name: 'small-uploads',
  work: `1 KiB up: POST, PUT, ${callers} callers, durable`,
  unit: 'uploads/s',
  better: 'more',
  contenders: registryNames,
  holds: [{ against: dockerRegistryName, limit: 4 }],
  programs: [dockerRegistry],
  async open(stage, wanted) {
    const registries = await startRegistries(stage, wanted);
    return registries.map((registry) =>
      contender(registry, (seconds) => {
        const { repository } = registry;
        return smallUploads({ repository, callers, blobBytes: 1024, seconds, signal: stage.signal });
      }),
    );
  },
};
