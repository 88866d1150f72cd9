import type { Context } from 'koa';
import { FILE_LISTING } from '../../../lib/definition/schemas.ts';
import type { Version } from '../../../lib/definition/wire.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import type { AppContext } from '../../app-context.ts';
import { IMMUTABLE, REVALIDATE, sendFound, type Found } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { ARCHIVE, FILE, FILES, METADATA } from './paths.ts';

const BYTES = 'application/octet-stream';
const TAR = 'application/x-tar';
const JSON_TYPE = 'application/json';

export const files: Route = {
  name: 'files',
  method: 'GET',
  path: FILES,
  api: {
    summary: 'The files of a version, each with its digests',
    answers: { 200: { says: 'all files', json: FILE_LISTING, etag: true } },
    refuses: ['name-unknown', 'version-removed', 'version-unknown'],
  },
  async handle(ctx, app, [family = '', ref = '']) {
    const version = await app.definitions.versions.resolve(checkFamily(family), ref);
    const etag = `"${version.digest}.files"`;
    ctx.set('Cache-Control', cacheControl(version, ref));
    ctx.set('ETag', etag);
    if (ctx.get('If-None-Match') === etag) ctx.status = 304;
    else ctx.body = await app.definitions.files.list(version);
  },
};

export const file: Route = {
  name: 'file',
  method: 'GET',
  path: FILE,
  api: {
    summary: 'The bytes of one file, never as anything that a browser would show as a page',
    answers: { 200: { says: 'the file; of a link, its target', bytes: [BYTES] } },
    refuses: ['file-unknown', 'name-unknown', 'version-removed', 'version-unknown'],
  },
  async handle(ctx, app, [family = '', ref = '', path = '']) {
    const version = await app.definitions.versions.resolve(checkFamily(family), ref);
    const { digest, located } = await app.definitions.files.find(version, path);
    await answer(ctx, app, version, ref, { digest, body: located, contentType: BYTES });
  },
};

export const archive: Route = {
  name: 'archive',
  method: 'GET',
  path: ARCHIVE,
  work: 'pack',
  api: {
    summary: 'All files as the canonical tar, to the byte the layer of the manifest',
    answers: { 200: { says: 'the tar', bytes: [TAR] } },
    refuses: ['name-unknown', 'version-removed', 'version-unknown'],
  },
  async handle(ctx, app, [family = '', ref = '']) {
    const version = await app.definitions.versions.resolve(checkFamily(family), ref);
    const { layer, tree } = version;
    const body = { place: 'tree' as const, tree, size: layer.size, family: version.family };
    await answer(ctx, app, version, ref, { digest: layer.digest, body, contentType: TAR });
  },
};

export const metadata: Route = {
  name: 'metadata',
  method: 'GET',
  path: METADATA,
  api: {
    summary: 'What the metadata says, as canonical JSON: to the byte the config of the manifest',
    answers: { 200: { says: 'the metadata (docs/metadata.md)', bytes: [JSON_TYPE] } },
    refuses: ['name-unknown', 'version-removed', 'version-unknown'],
  },
  async handle(ctx, app, [family = '', ref = '']) {
    const version = await app.definitions.versions.resolve(checkFamily(family), ref);
    const { digest } = version.config;
    const body = await app.registry.blobs.find(version.family, digest);
    if (body.place === 'tree') throw new Error(`the metadata of ${version.family} ${version.version} is a tree`);
    await answer(ctx, app, version, ref, { digest, body, contentType: JSON_TYPE });
  },
};

async function answer(
  ctx: Context,
  app: AppContext,
  version: Version,
  ref: string,
  found: Pick<Found, 'digest' | 'body' | 'contentType'>,
): Promise<void> {
  ctx.respond = false;
  ctx.status = 200;
  await sendFound(
    ctx.req,
    ctx.res,
    { ...found, cacheControl: cacheControl(version, ref), isOci: false, ranges: true },
    app,
  );
}

/** What a version or a digest names never changes; a pin may move. */
function cacheControl({ version }: Version, ref: string): string {
  return ref === version || ref.includes(':') ? IMMUTABLE : REVALIDATE;
}
