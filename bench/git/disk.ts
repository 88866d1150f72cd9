import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { smallBlob } from '../load/blob.ts';
import { withCallers } from '../load/callers.ts';
import { pushManifest, pushMonolithic, type Content } from '../load/push.ts';
import { dockerRegistry, git as gitProgram } from '../process/program.ts';
import { run } from '../process/run.ts';
import { assayName, startAssay } from '../servers/assay.ts';
import { dockerRegistryName, startDockerRegistry } from '../servers/docker-registry.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { type Author, openAuthor } from './author.ts';
import { git } from './git-command.ts';
import { expectPublished, publish } from './publish-command.ts';
import { type Sample, sampleFamily, versionOf } from './sample.ts';

const versions = 100;
const sample: Sample = { files: 5000, meanBytes: 1024, changed: 100 };
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

export const diskRow: Row = {
  name: 'disk',
  work: 'disk: 100 versions of 5,000 files, 2% changed',
  unit: 'MiB',
  better: 'less',
  contenders: [assayName, dockerRegistryName],
  holds: [{ against: dockerRegistryName, limit: 0.1 }],
  programs: [gitProgram, dockerRegistry],
  open: openDisk,
};

/** The newest edition of the author's. */
interface Edition {
  version: string;
  tree: string;
  layer: Content;
}

interface Keeper {
  name: string;
  data: string;
  store(edition: Edition): Promise<void>;
}

async function openDisk(stage: Stage, wanted: readonly string[]): Promise<Contender[]> {
  const author = await openAuthor(stage, sample);
  const tars = await stage.directory('tar');
  const keepers: Keeper[] = [];
  if (wanted.includes(assayName)) keepers.push(await openAssay(stage, author));
  if (wanted.includes(dockerRegistryName)) keepers.push(await openPeer(stage));
  for (let number = 0; number < versions; number++) {
    const { tree } = await author.edition(number);
    const layer = await layerOf(author, tree, join(tars, 'layer.tar'));
    for (const keeper of keepers) await keeper.store({ version: versionOf(number), tree, layer });
  }
  return keepers.map(({ name, data }) => ({ name, measure: () => mebibytesOf(data, stage.signal) }));
}

/** But for the time in it, what `git archive` makes is the layer that Assay makes (docs/decisions/canonical-tar.md). */
async function layerOf(author: Author, tree: string, path: string): Promise<Content> {
  await git(author, 'archive', '--format=tar', '-o', path, tree);
  return smallBlob(await readFile(path));
}

async function openAssay(stage: Stage, author: Author): Promise<Keeper> {
  const { name, url, data } = await startAssay(stage);
  return {
    name,
    data,
    async store({ version, tree, layer }) {
      expectPublished(await publish(author, url), { version, tree });
      const size = await layerSize(`${url}/v2/${sampleFamily}/manifests/${version}`);
      if (size !== layer.size) throw new Error(`${version} has a layer of ${size} bytes instead of ${layer.size}`);
    },
  };
}

async function layerSize(manifest: string): Promise<number | undefined> {
  const response = await fetch(manifest, { headers: { Accept: manifestType } });
  if (!response.ok) throw new Error(`${manifest} answered ${response.status}`);
  const { layers } = (await response.json()) as { layers: { size: number }[] };
  return layers[0]?.size;
}

async function openPeer(stage: Stage): Promise<Keeper> {
  const { name, url, data } = await startDockerRegistry(stage);
  const repository = { url, name: sampleFamily };
  return {
    name,
    data,
    store({ version, layer }) {
      return withCallers(url, 1, async (wire) => {
        const config = smallBlob(Buffer.from(JSON.stringify({ version })));
        await pushMonolithic(wire, repository, config);
        await pushMonolithic(wire, repository, layer);
        await pushManifest(wire, repository, version, manifestOf(config, layer));
      });
    },
  };
}

function manifestOf(config: Content, layer: Content): { mediaType: string; bytes: Uint8Array } {
  const manifest = {
    schemaVersion: 2,
    mediaType: manifestType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: config.digest, size: config.size },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar', digest: layer.digest, size: layer.size }],
  };
  return { mediaType: manifestType, bytes: Buffer.from(JSON.stringify(manifest)) };
}

/** Blocks that are taken, since LMDB's file has holes. */
async function mebibytesOf(folder: string, signal: AbortSignal): Promise<number> {
  const printed = await run('du', ['-s', '--block-size=1', folder], { seconds: 120, signal });
  return Number(/^\d+/.exec(printed)?.[0]) / 2 ** 20;
}
