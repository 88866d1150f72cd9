import { receivePack } from '../../../lib/git/receive-pack/receive-pack.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { actorOf } from '../../actor.ts';
import { gitBody, toldInGit } from '../../git-body.ts';
import { sendGit } from '../../send-git.ts';
import type { Route } from '../route.ts';
import { RECEIVE_PACK } from './paths.ts';

/** Push. */
export const gitReceivePack: Route = {
  name: 'git-receive-pack',
  method: 'POST',
  path: RECEIVE_PACK,
  work: 'upload',
  async handle(ctx, app, [family = '']) {
    const repository = app.definitions.repositoryToPush(checkFamily(family), actorOf(ctx, app.identities));
    const body = toldInGit(gitBody(ctx, app, 'git-receive-pack'));
    const { openSpool, packLimits: limits } = app;
    await sendGit(ctx, app, 'application/x-git-receive-pack-result', (request) =>
      receivePack(repository, body, { ...request, openSpool, limits }),
    );
  },
};
