import { wrkGets } from '../load/wrk.ts';
import type { Repository } from '../load/push.ts';
import { dockerRegistry, wrk } from '../process/program.ts';
import { assayName } from '../servers/assay.ts';
import { dockerRegistryName } from '../servers/docker-registry.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { makeImage, pushImage, pushTags } from './image.ts';
import { contender, registryNames, startRegistries } from './registries.ts';

const tagCount = 10_000;
const pageSize = 100;
const connections = 8;

export const tagPageRow: Row = {
  name: 'tag-page',
  work: `first ${pageSize} of ${tagCount.toLocaleString('en-US')} tags, ${connections} connections`,
  unit: 'requests/s',
  better: 'more',
  contenders: registryNames,
  holds: [{ against: dockerRegistryName, limit: 10 }],
  programs: [dockerRegistry, wrk],
  open: openTags,
};

async function openTags(stage: Stage, wanted: readonly string[]): Promise<Contender[]> {
  const image = makeImage();
  const tags = Array.from({ length: tagCount - 1 }, (_, index) => `t${String(index).padStart(5, '0')}`);
  const registries = await startRegistries(stage, wanted);
  for (const { name, repository } of registries) {
    await pushImage(repository, image);
    await pushTags(repository, image, tags);
    if (name === assayName) await expectRealPages(repository, [...tags, image.tag].sort());
    else await expectWholeList(repository);
  }
  return registries.map((registry) =>
    contender(registry, (seconds) => {
      return wrkGets({ url: firstPage(registry.repository), seconds, connections, signal: stage.signal });
    }),
  );
}

function firstPage(repository: Repository): string {
  return `${repository.url}/v2/${repository.name}/tags/list?n=${pageSize}`;
}

/** A fast first page is worth nothing unless its links lead to every tag once, in order. */
async function expectRealPages(repository: Repository, tags: readonly string[]): Promise<void> {
  const seen: string[] = [];
  let next: string | undefined = firstPage(repository);
  for (let page = 0; next !== undefined && page <= tagCount / pageSize; page++) {
    const list = await readTags(next);
    if (list.tags.length > pageSize) throw new Error(`a page of ${pageSize} holds ${list.tags.length} tags`);
    seen.push(...list.tags);
    next = list.next;
  }
  if (next !== undefined || seen.join() !== tags.join()) throw new Error('the pages do not add up to the tags');
}

/** docker-registry 2.8 ignores `n`; should a later one page, the row's name would no longer be true. */
async function expectWholeList(repository: Repository): Promise<void> {
  const { tags } = await readTags(firstPage(repository));
  if (tags.length !== tagCount) throw new Error(`docker-registry lists ${tags.length} of ${tagCount} tags`);
}

async function readTags(url: string): Promise<{ tags: string[]; next: string | undefined }> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  const { tags } = (await response.json()) as { tags: string[] };
  const link = /<([^>]+)>;\s*rel="?next"?/.exec(response.headers.get('link') ?? '')?.[1];
  return { tags, next: link === undefined ? undefined : new URL(link, url).href };
}
