import { protocolVersion } from '../../../lib/git/protocol-version.ts';
import { advertiseReceivePack } from '../../../lib/git/receive-pack/receive-pack.ts';
import { advertiseUploadPack } from '../../../lib/git/upload-pack/upload-pack.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { actorOf } from '../../actor.ts';
import { first } from '../../query.ts';
import { RequestError } from '../../request-error.ts';
import { sendGit } from '../../send-git.ts';
import { GIT_AGENT } from '../../version.ts';
import type { Route } from '../route.ts';
import { INFO_REFS } from './paths.ts';

/** Where every conversation begins: refs, or in version 2 what the server can do. */
export const infoRefs: Route = {
  name: 'git-info-refs',
  method: 'GET',
  path: INFO_REFS,
  async handle(ctx, app, [name = '']) {
    const family = checkFamily(name);
    const service = first(ctx.query, 'service');
    const type = `application/x-${service}-advertisement`;
    if (service === 'git-upload-pack') {
      const repository = await app.definitions.repository(family);
      const version = protocolVersion(ctx.get('Git-Protocol'));
      await sendGit(ctx, app, type, () => advertiseUploadPack(repository, version, { agent: GIT_AGENT }));
    } else if (service === 'git-receive-pack') {
      const repository = app.definitions.repositoryToPush(family, actorOf(ctx, app.identities));
      await sendGit(ctx, app, type, () => advertiseReceivePack(repository, { agent: GIT_AGENT }));
    } else {
      throw new RequestError('service-unknown', 'the services are git-upload-pack and git-receive-pack');
    }
  },
};
