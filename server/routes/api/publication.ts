import type { Context } from 'koa';
import { publicationStatus } from '../../../lib/publication/publication-status.ts';
import { PUBLICATION_STATUS, ROLLBACK_REQUEST } from '../../../lib/publication/schemas.ts';
import type { AppContext } from '../../app-context.ts';
import { actorOf } from '../../actor.ts';
import { checkedBody } from '../../json-body.ts';
import type { Publication } from '../../publication.ts';
import { RequestError } from '../../request-error.ts';
import { REVALIDATE } from '../../send-found.ts';
import type { Route } from '../route.ts';
import { PUBLICATION, PUBLICATION_NOW, PUBLICATION_ROLLBACK } from './paths.ts';

const TAKES = {
  schema: ROLLBACK_REQUEST,
  what: 'a rollback',
  maxBytes: 4096,
  refuse: (message: string) => new RequestError('reference-invalid', message),
};
const ANSWERS = { 200: { says: 'how publication stands', json: PUBLICATION_STATUS } };

export const publication: Route = {
  name: 'publication',
  method: 'GET',
  path: PUBLICATION,
  api: {
    summary: 'What is live, what waits, what went wrong',
    answers: ANSWERS,
    refuses: ['path-unknown', 'pointer-invalid', 'target-busy', 'target-refused'],
  },
  handle: (ctx, app) => answer(ctx, app, publicationOf(app)),
};

export const publicationNow: Route = {
  name: 'publication-now',
  method: 'POST',
  path: PUBLICATION_NOW,
  api: {
    summary: 'Publishes at once, also after a rollback',
    answers: ANSWERS,
    refuses: ['path-unknown', 'pointer-invalid', 'target-backwards', 'target-busy', 'target-refused'],
  },
  async handle(ctx, app) {
    const publishing = publicationOf(app);
    const by = actorOf(ctx, app.identities);
    await publishing.publisher.publishNow();
    await app.registry.audit.note({ action: 'published-now', by });
    await answer(ctx, app, publishing);
  },
};

export const publicationRollback: Route = {
  name: 'publication-rollback',
  method: 'POST',
  path: PUBLICATION_ROLLBACK,
  api: {
    summary: 'Points readers at an earlier snapshot, and holds publication',
    takes: TAKES,
    answers: ANSWERS,
    refuses: [
      'path-unknown',
      'pointer-invalid',
      'snapshot-unknown',
      'target-backwards',
      'target-busy',
      'target-refused',
    ],
  },
  async handle(ctx, app) {
    const publishing = publicationOf(app);
    const { snapshot } = await checkedBody(ctx, app, TAKES);
    const by = actorOf(ctx, app.identities);
    await publishing.publisher.rollback(snapshot);
    await app.registry.audit.note({ action: 'rolled-back', by, subject: snapshot });
    await answer(ctx, app, publishing);
  },
};

function publicationOf({ publication: publishing }: AppContext): Publication {
  if (publishing !== undefined) return publishing;
  throw new RequestError('path-unknown', 'this server publishes nothing (ASSAY_PUBLISH is off)');
}

async function answer(ctx: Context, { stores }: AppContext, { target, renderer }: Publication): Promise<void> {
  ctx.set('Cache-Control', REVALIDATE);
  ctx.body = await publicationStatus(stores.keys, target, await renderer.size());
}
