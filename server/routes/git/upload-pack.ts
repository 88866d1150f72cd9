import { protocolVersion } from '../../../lib/git/protocol-version.ts';
import { uploadPack } from '../../../lib/git/upload-pack/upload-pack.ts';
import { toldWhileRead } from '../../../lib/store/reading.ts';
import { checkFamily } from '../../../lib/oci/name.ts';
import { wholeGitBody } from '../../git-body.ts';
import { sendGit } from '../../send-git.ts';
import type { Route } from '../route.ts';
import { UPLOAD_PACK } from './paths.ts';

/** Clone and fetch. */
export const gitUploadPack: Route = {
  name: 'git-upload-pack',
  method: 'POST',
  path: UPLOAD_PACK,
  work: 'pack',
  async handle(ctx, app, [family = '']) {
    const repository = await app.definitions.repository(checkFamily(family));
    const { keys } = app.stores;
    const version = protocolVersion(ctx.get('Git-Protocol'));
    const body = await wholeGitBody(ctx, app, 'git-upload-pack');
    await sendGit(ctx, app, 'application/x-git-upload-pack-result', (request) =>
      toldWhileRead(keys, family, uploadPack(repository, version, once(body), { ...request, packs: app.keptPacks })),
    );
  },
};

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
