import type { Context } from 'koa';
import { isSha256, parseDigest, type Sha256 } from '../../../lib/encoding/digest.ts';
import { publicationStatus } from '../../../lib/publication/publication-status.ts';
import type { AppContext } from '../../app-context.ts';
import { actorOf } from '../../actor.ts';
import { jsonBody } from '../../json-body.ts';
import type { Publication } from '../../publication.ts';
import { RequestError } from '../../request-error.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';

const PUBLICATION = /^\/api\/v1\/publication$/;
const NOW = /^\/api\/v1\/publication\/now$/;
const ROLLBACK = /^\/api\/v1\/publication\/rollback$/;
const MAX_BODY_BYTES = 4096;

/** What is live, what waits, what went wrong. */
export const publication: Route = {
  name: 'publication',
  method: 'GET',
  path: PUBLICATION,
  handle: (ctx, app) => answer(ctx, app, publicationOf(app)),
};

/** Publishes at once, also after a rollback. */
export const publicationNow: Route = {
  name: 'publication-now',
  method: 'POST',
  path: NOW,
  async handle(ctx, app) {
    const publishing = publicationOf(app);
    const by = actorOf(ctx, app.identities);
    await publishing.publisher.publishNow();
    await app.registry.audit.note({ action: 'published-now', by });
    await answer(ctx, app, publishing);
  },
};

/** Points readers at an earlier snapshot: `{"snapshot": "sha256:…"}`. */
export const publicationRollback: Route = {
  name: 'publication-rollback',
  method: 'POST',
  path: ROLLBACK,
  async handle(ctx, app) {
    const publishing = publicationOf(app);
    const body = await jsonBody(ctx, app, MAX_BODY_BYTES, 'a rollback');
    const [by, snapshot] = [actorOf(ctx, app.identities), snapshotIn(body)];
    await publishing.publisher.rollback(snapshot);
    await app.registry.audit.note({ action: 'rolled-back', by, subject: snapshot });
    await answer(ctx, app, publishing);
  },
};

function publicationOf({ publication: publishing }: AppContext): Publication {
  if (publishing !== undefined) return publishing;
  throw new RequestError('path-unknown', 'this server publishes nothing (ASSAY_PUBLISH is off)');
}

function snapshotIn(body: unknown): Sha256 {
  const text: unknown = typeof body === 'object' && body !== null && 'snapshot' in body ? body.snapshot : undefined;
  const snapshot = typeof text === 'string' ? parseDigest(text) : undefined;
  if (snapshot !== undefined && isSha256(snapshot)) return snapshot;
  throw new RequestError('reference-invalid', 'snapshot is the id of a snapshot, sha256: and 64 hex digits');
}

async function answer(ctx: Context, { stores }: AppContext, { target, renderer }: Publication): Promise<void> {
  ctx.set('Cache-Control', REVALIDATE);
  ctx.body = await publicationStatus(stores.keys, target, await renderer.size());
}
