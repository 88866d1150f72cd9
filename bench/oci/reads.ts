import { abHeads } from '../load/ab.ts';
import { type Requests, wrkGets } from '../load/wrk.ts';
import { ab, dockerRegistry, type Program, wrk } from '../process/program.ts';
import { assayName } from '../servers/assay.ts';
import { bareKoaName, type Reply, startBareKoa } from '../servers/bare-koa.ts';
import { dockerRegistryName } from '../servers/docker-registry.ts';
import type { Contender, Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { type Image, makeImage, manifestType, pushImage } from './image.ts';
import { startRegistries } from './registries.ts';

const connections = 32;

interface Read {
  name: string;
  work: string;
  method: 'GET' | 'HEAD';
  accept?: string;
  path: (image: Image) => string;
}

const reads: readonly Read[] = [
  {
    name: 'manifest-by-digest',
    work: 'manifest by digest',
    method: 'GET',
    accept: manifestType,
    path: (image) => `manifests/${image.manifest.digest}`,
  },
  {
    name: 'manifest-by-tag',
    work: 'manifest by tag',
    method: 'GET',
    accept: manifestType,
    path: (image) => `manifests/${image.tag}`,
  },
  { name: 'head-blob', work: 'HEAD blob', method: 'HEAD', path: (image) => `blobs/${image.layer.digest}` },
  { name: 'get-blob', work: 'GET blob of 1 KiB', method: 'GET', path: (image) => `blobs/${image.layer.digest}` },
];

export const readRows: readonly Row[] = reads.map(readRow);

function readRow(read: Read): Row {
  return {
    name: read.name,
    work: `${read.work}, ${connections} connections`,
    unit: 'requests/s',
    better: 'more',
    contenders: [assayName, dockerRegistryName, bareKoaName],
    holds: [
      { against: dockerRegistryName, limit: 10 },
      { against: bareKoaName, limit: 0.85 },
    ],
    programs: [dockerRegistry, loadProgram(read)],
    open: (stage, wanted) => openRead(read, stage, wanted),
  };
}

async function openRead(read: Read, stage: Stage, wanted: readonly string[]): Promise<Contender[]> {
  const image = makeImage();
  const urls: { name: string; url: string }[] = [];
  for (const { name, repository } of await startRegistries(stage, wanted)) {
    await pushImage(repository, image);
    urls.push({ name, url: `${repository.url}/v2/${repository.name}/${read.path(image)}` });
  }
  const [original] = urls;
  if (original !== undefined && wanted.includes(bareKoaName)) {
    const koa = await startBareKoa(stage, await recordReply(read, original.url));
    urls.push({ name: bareKoaName, url: new URL(new URL(original.url).pathname, koa.url).href });
  }
  return urls.map(({ name, url }) => ({ name, measure: (seconds) => load(read, { url, seconds, stage }) }));
}

function loadProgram(read: Read): Program {
  return read.method === 'HEAD' ? ab : wrk;
}

function load(read: Read, round: { url: string; seconds: number; stage: Stage }): Promise<number> {
  const { url, seconds, stage } = round;
  const requests: Requests = { url, seconds, connections, signal: stage.signal };
  if (read.method === 'HEAD') return abHeads(requests);
  return wrkGets(read.accept === undefined ? requests : { ...requests, accept: read.accept });
}

/** Headers that a server sets by itself for each connection and answer. */
const ownHeaders = new Set(['connection', 'content-length', 'date', 'keep-alive', 'transfer-encoding']);

async function recordReply(read: Read, url: string): Promise<Reply> {
  const headers = read.accept === undefined ? {} : { Accept: read.accept };
  const asked = await fetch(url, { method: read.method, headers });
  await asked.arrayBuffer();
  const whole = await fetch(url, { headers });
  if (!asked.ok || !whole.ok) throw new Error(`${url} answered ${asked.status} and ${whole.status}`);
  return {
    headers: [...asked.headers].filter(([name]) => !ownHeaders.has(name)),
    bodyBase64: Buffer.from(await whole.arrayBuffer()).toString('base64'),
  };
}
