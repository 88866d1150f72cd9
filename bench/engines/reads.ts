import { wrkGets } from '../load/wrk.ts';
import { type Image, makeImage, manifestType, pushImage } from '../oci/image.ts';
import { contender } from '../oci/registries.ts';
import { wrk } from '../process/program.ts';
import type { Row } from '../suite.ts';
import { bothEngines, startOnEngines } from './registries.ts';

const connections = 32;

interface Read {
  readonly name: string;
  readonly work: string;
  readonly accept?: string;
  readonly path: (image: Image) => string;
}

const reads: readonly Read[] = [
  {
    name: 'engines-manifest-by-digest',
    work: 'manifest by digest',
    accept: manifestType,
    path: ({ manifest }) => `manifests/${manifest.digest}`,
  },
  {
    name: 'engines-manifest-by-tag',
    work: 'manifest by tag',
    accept: manifestType,
    path: ({ tag }) => `manifests/${tag}`,
  },
  { name: 'engines-get-blob', work: 'GET blob of 1 KiB', path: ({ layer }) => `blobs/${layer.digest}` },
];

export const engineReadRows: readonly Row[] = reads.map(({ name, work, accept, path }) => ({
  ...bothEngines,
  name,
  work: `${work}, ${connections} connections`,
  unit: 'requests/s',
  better: 'more',
  programs: [...bothEngines.programs, wrk],
  async open(stage, wanted) {
    const image = makeImage();
    const registries = await startOnEngines(stage, wanted);
    for (const { repository } of registries) await pushImage(repository, image);
    return registries.map((registry) => {
      const url = `${registry.repository.url}/v2/${registry.repository.name}/${path(image)}`;
      const requests = { url, connections, signal: stage.signal, ...(accept === undefined ? {} : { accept }) };
      return contender(registry, (seconds) => wrkGets({ ...requests, seconds }));
    });
  },
}));
