import { Router } from '@koa/router';
import type { Context, Middleware } from 'koa';
import type { AppContext } from '../app-context.ts';
import { RequestError } from '../request-error.ts';
import { archive, file, files, metadata } from './api/content.ts';
import { definition, definitions, statements } from './api/definitions.ts';
import { audit } from './api/audit.ts';
import { diff } from './api/diff.ts';
import { families, family } from './api/families.ts';
import { familyQuotaGet, familyQuotaPut } from './api/family-quota.ts';
import { familyRetention } from './api/family-retention.ts';
import { familyRulesGet, familyRulesPut } from './api/family-rules.ts';
import { history } from './api/history.ts';
import { missing } from './api/missing.ts';
import { pin, pinDelete, pinPut, pins } from './api/pins.ts';
import { publication, publicationNow, publicationRollback } from './api/publication.ts';
import { publish } from './api/publish.ts';
import { mediaGet, mediaPut } from './api/media.ts';
import { runAmend, runBody, runErase, runGet, runRecord, runRetract, runReview, runs, runSubmit } from './api/runs.ts';
import { infoRefs } from './git/info-refs.ts';
import { gitReceivePack } from './git/receive-pack.ts';
import { gitUploadPack } from './git/upload-pack.ts';
import { health } from './health.ts';
import { home } from './home.ts';
import { checkpoint } from './log/checkpoint.ts';
import { logKey, logKeys } from './log/keys.ts';
import { logProof } from './log/proof.ts';
import { tile } from './log/tile.ts';
import { metrics } from './metrics.ts';
import { apiRoutes } from './openapi.ts';
import { ready } from './ready.ts';
import type { Route } from './route.ts';
import { base } from './v2/base.ts';
import { blobDelete } from './v2/blob-delete.ts';
import { catalog } from './v2/catalog.ts';
import { manifestDelete } from './v2/manifest-delete.ts';
import { manifestPut } from './v2/manifest-put.ts';
import { referrers } from './v2/referrers.ts';
import { tags } from './v2/tags.ts';
import { uploadCancel } from './v2/upload-cancel.ts';
import { uploadChunk } from './v2/upload-chunk.ts';
import { uploadFinish } from './v2/upload-finish.ts';
import { uploadStart } from './v2/upload-start.ts';
import { uploadStatus } from './v2/upload-status.ts';

const SERVED: readonly Route[] = [
  home,
  health,
  ready,
  metrics,
  familyRulesGet,
  familyRulesPut,
  familyQuotaGet,
  familyQuotaPut,
  familyRetention,
  audit,
  families,
  family,
  definitions,
  definition,
  publish,
  metadata,
  files,
  file,
  archive,
  statements,
  pins,
  pin,
  pinPut,
  pinDelete,
  history,
  missing,
  diff,
  publication,
  publicationNow,
  publicationRollback,
  runs,
  runSubmit,
  runGet,
  runRecord,
  runBody,
  runReview,
  runAmend,
  runRetract,
  runErase,
  mediaGet,
  mediaPut,
  logProof,
  checkpoint,
  tile,
  logKey,
  logKeys,
  infoRefs,
  gitUploadPack,
  gitReceivePack,
  base,
  catalog,
  tags,
  referrers,
  manifestPut,
  manifestDelete,
  blobDelete,
  uploadStart,
  uploadStatus,
  uploadChunk,
  uploadFinish,
  uploadCancel,
];

export const ROUTES: readonly Route[] = [...SERVED, ...apiRoutes(SERVED)];

export function makeRouter(app: AppContext): Middleware {
  const router = new Router();
  for (const route of ROUTES) {
    router[METHOD[route.method]](route.path, async (ctx: Context) => {
      ctx.state['route'] = route.name;
      if (route.work !== undefined) await app.turns.take(route.work, ctx.req, ctx.res);
      await route.handle(ctx, app, groupsOf(route.path, ctx.path));
    });
  }
  return router.routes() as Middleware;
}

const METHOD = { GET: 'get', POST: 'post', PUT: 'put', PATCH: 'patch', DELETE: 'delete' } as const;

/** The methods that a path takes at all, for who came with another. */
export function methodsOf(path: string): string[] {
  const routes = ROUTES.filter((route) => route.path.test(path));
  const methods = routes.flatMap(({ method, alsoAnswered = [] }) => [method, ...alsoAnswered]);
  if (methods.includes('GET')) methods.push('HEAD');
  return [...new Set(methods)].sort();
}

function groupsOf(pattern: RegExp, path: string): string[] {
  const [, ...groups] = pattern.exec(path) ?? [];
  try {
    return groups.map((group) => decodeURIComponent(group));
  } catch (cause) {
    throw new RequestError('request-malformed', 'the path is not well-formed percent-encoding', { cause });
  }
}
