import { FLUSH, textPacket } from '../pkt-line.ts';
import { GitError } from '../error.ts';
import { NULL_OID } from '../oid.ts';
import { PktReader } from '../pkt-reader.ts';
import type { Repository } from '../refs.ts';
import { refused } from '../refusal.ts';
import { peelRefs } from '../walk/peel.ts';
import { readCommand } from './command-v2.ts';
import { fetchV0 } from './fetch-v0.ts';
import { fetchV2 } from './fetch-v2.ts';
import { lsRefs } from './ls-refs.ts';
import { objectInfo } from './object-info.ts';
import type { UploadPackOptions } from './session.ts';
import { shallowLines } from './shallow-lines.ts';

/** The answer to `GET info/refs?service=git-upload-pack`. */
export async function* advertiseUploadPack(
  repository: Repository,
  version: 0 | 2,
  options: { readonly agent: string },
): AsyncGenerator<Uint8Array> {
  yield* version === 2 ? capabilitiesV2(options) : refsV0(repository, options);
}

/** The answer to `POST git-upload-pack`. A GitError goes to the client; any other error does too, but tells nothing. */
export async function* uploadPack(
  repository: Repository,
  version: 0 | 2,
  body: AsyncIterable<Uint8Array>,
  options: UploadPackOptions,
): AsyncGenerator<Uint8Array> {
  const reader = new PktReader(body);
  const answer = version === 2 ? commandsV2(repository, reader, options) : fetchV0(repository, reader, options);
  yield* refused(answer, options.onFault);
}

/** gitprotocol-v2(5), "Capability Advertisement". */
function* capabilitiesV2({ agent }: { readonly agent: string }): Generator<Uint8Array> {
  yield Buffer.concat([
    textPacket('version 2'),
    textPacket(`agent=${agent}`),
    textPacket('ls-refs=unborn'),
    textPacket('fetch=shallow wait-for-done filter'),
    textPacket('object-format=sha1'),
    textPacket('object-info'),
    FLUSH,
  ]);
}

async function* commandsV2(
  repository: Repository,
  reader: PktReader,
  options: UploadPackOptions,
): AsyncGenerator<Uint8Array> {
  for (let next = await readCommand(reader); next !== undefined; next = await readCommand(reader)) {
    const { command, args } = next;
    if (command === 'ls-refs') yield* lsRefs(repository, args);
    else if (command === 'fetch') yield* fetchV2(repository, args, options);
    else if (command === 'object-info') yield* objectInfo(repository, args);
    else throw new GitError('bad-request', `unknown command "${command.slice(0, 100)}"`);
  }
}

/**
 * gitprotocol-capabilities(5); what is not named here we do not do. `filter` comes with a whole history alone: Git's client does
 * not come to an end where it is told here of the ends of another (see FetchSession).
 */
const CAPABILITIES_V0 = [
  'multi_ack_detailed',
  'no-done',
  'side-band',
  'side-band-64k',
  'shallow',
  'deepen-since',
  'deepen-not',
  'deepen-relative',
  'no-progress',
  'include-tag',
  'allow-tip-sha1-in-want',
  'allow-reachable-sha1-in-want',
  'object-format=sha1',
];

/** gitprotocol-http(5), "Smart Server Response". */
async function* refsV0(repository: Repository, { agent }: { readonly agent: string }): AsyncGenerator<Uint8Array> {
  const { refs, head } = await repository.refs.list();
  const peeled = await peelRefs(repository.objects, refs);
  const target = refs.find(({ name }) => name === head);
  const lines = refs.flatMap(({ name, oid }) => {
    const end = peeled.get(name);
    return end === undefined ? [`${oid} ${name}`] : [`${oid} ${name}`, `${end} ${name}^{}`];
  });
  if (target !== undefined) lines.unshift(`${target.oid} HEAD`);
  if (lines.length === 0) lines.push(`${NULL_OID} capabilities^{}`);
  const symref = target === undefined ? '' : ` symref=HEAD:${head}`;
  const ends = [...(await repository.ends()).keys()];
  const capabilities = ends.length === 0 ? [...CAPABILITIES_V0, 'filter'] : CAPABILITIES_V0;
  lines[0] += `\0${capabilities.join(' ')}${symref} agent=${agent}`;
  // gitprotocol-pack(5), "Reference Discovery": "shallow" lines stand behind the refs.
  const packets = [...lines.map(textPacket), ...shallowLines({ shallow: ends, unshallow: [] })];
  yield Buffer.concat([textPacket('# service=git-upload-pack'), FLUSH, ...packets, FLUSH]);
}
