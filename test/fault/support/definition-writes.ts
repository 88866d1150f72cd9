import { encodeCommit } from '../../../lib/git/commit.ts';
import { hashObject } from '../../../lib/git/oid.ts';
import { FLUSH, dataPacket } from '../../../lib/git/pkt-line.ts';
import type { PinHistory, Version } from '../../../lib/definition/wire.ts';
import { jsonOf, textOf } from '../../support/http.ts';
import { randomContent } from '../../support/oci-content.ts';
import { AUTHOR, makeTree, packOfTree, testCase } from '../../support/publishing.ts';
import { DECLARING } from '../../support/run-place.ts';
import { packOf } from '../../unit/git/support/pack-builder.ts';
import { ask, askJson, expectSame, found, type Write } from './write.ts';

const ZERO = '0'.repeat(40);

/** A version of a test case, as `assay publish` sends it. */
export function publish(family: string, version: string): Write {
  const { body, tree } = publishBody(version);
  return {
    kind: 'publish',
    send: (to) =>
      ask(to, 'PUT', `/api/v1/definitions/${family}@${version}`, {
        headers: { 'Content-Type': 'application/vnd.assay.publish.v1' },
        body,
      }),
    async look(at) {
      const reply = await found(at, `/api/v1/definitions/${family}@${version}`);
      const asManifest = await found(at, `/v2/${family}/manifests/${version}`);
      expectSame(`that ${family}:${version} is a manifest`, asManifest !== undefined, reply !== undefined);
      if (reply === undefined) return false;
      const said = jsonOf(reply) as Version;
      expectSame(`the tree of ${family}@${version}`, said.tree, tree);
      const files = await found(at, `/api/v1/definitions/${family}@${version}/files`);
      expectSame(`that the files of ${family}@${version} are there`, files !== undefined, true);
      return true;
    },
  };
}

export function publishBody(version: string): { readonly body: Buffer; readonly tree: string } {
  const files = testCase({ 'test-case.toml': DECLARING, version, 'large.bin': randomContent(2000) });
  const made = makeTree(files);
  const line = JSON.stringify({ tree: made.oid, author: AUTHOR, source: {} });
  return { body: Buffer.concat([Buffer.from(`${line}\n`), packOfTree(made)]), tree: made.oid };
}

/** A new pin at a version that is there. */
export function pin(family: string, name: string, version: string): Write {
  const path = `/api/v1/pins/${family}@${name}`;
  return {
    kind: 'pin',
    send: (to) => askJson(to, 'PUT', path, { to: version }),
    async look(at) {
      const reply = await found(at, path);
      if (reply === undefined) return false;
      const { current, history } = jsonOf(reply) as PinHistory;
      if (current === null && history.length === 0) return false;
      expectSame(`where ${family}@${name} stands`, current?.version, version);
      expectSame(`how often ${family}@${name} was moved`, history.length, 1);
      return true;
    },
  };
}

/** A branch with a commit of its own, as `git push` sends it. */
export function push(family: string, branch: string): Write {
  const ref = `refs/heads/${branch}`;
  const { body, commit } = pushBody(ref);
  return {
    kind: 'git push',
    async send(to) {
      const headers = { 'Content-Type': 'application/x-git-receive-pack-request' };
      const reply = await ask(to, 'POST', `/git/${family}.git/git-receive-pack`, { headers, body });
      // Git tells of a refusal in an answer of 200; what stands behind `ng` is for people.
      if (reply.status !== 200 || textOf(reply).includes(`ok ${ref}`)) return reply;
      return { ...reply, status: statusSaid(textOf(reply)) };
    },
    async look(at) {
      const refs = await found(at, `/git/${family}.git/info/refs?service=git-receive-pack`);
      const line = textOf(refs!)
        .split('\n')
        .find((one) => one.replace(/\0.*/, '').endsWith(` ${ref}`));
      if (line === undefined) return false;
      expectSame(`the commit of ${family} ${branch}`, /([0-9a-f]{40}) refs/.exec(line)?.[1], commit);
      return true;
    },
  };
}

/** What a refusal of Git's means where others have a status. */
function statusSaid(report: string): number {
  if (report.includes('no room left')) return 507;
  return /takes no writes|try again/.test(report) ? 503 : 500;
}

export function pushBody(ref: string): { readonly body: Buffer; readonly commit: string } {
  const made = makeTree({ 'a.txt': randomContent(300), 'folder/b.txt': ref });
  const ident = { name: 'A', email: 'a@example.com', seconds: 1_600_000_000, zone: '+0000' };
  const content = encodeCommit({
    tree: made.oid,
    parents: [],
    author: ident,
    committer: ident,
    extra: [],
    message: `${ref}\n`,
  });
  const commit = hashObject('commit', content);
  const command = dataPacket(Buffer.from(`${ZERO} ${commit} ${ref}\0report-status\n`));
  const body = Buffer.concat([command, FLUSH, packOf([{ code: 1, content }, ...made.objects.values()])]);
  return { body, commit };
}
