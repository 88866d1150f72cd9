import { FLUSH, textPacket } from '../pkt-line.ts';
import type { Ref, Repository } from '../refs.ts';
import { peelRefs } from '../walk/peel.ts';

/** "If the client sends more than 65536 prefixes", Git's server stops filtering; so do we. */
const MAX_PREFIXES = 65_536;

/** gitprotocol-v2(5), "ls-refs". */
export async function* lsRefs(repository: Repository, args: readonly string[]): AsyncGenerator<Uint8Array> {
  const prefixes = args.filter((arg) => arg.startsWith('ref-prefix ')).map((arg) => arg.slice('ref-prefix '.length));
  const asked = matcher(prefixes);
  const { refs, head } = await repository.refs.list();
  const target = refs.find(({ name }) => name === head);
  const shown: Ref[] = refs.filter(({ name }) => asked(name));
  if (target !== undefined && asked('HEAD')) shown.unshift({ ...target, name: 'HEAD' });
  const peeled = args.includes('peel') ? await peelRefs(repository.objects, shown) : new Map<string, string>();
  const packets: Buffer[] = [];
  if (target === undefined && args.includes('unborn') && asked('HEAD')) {
    packets.push(textPacket(`unborn HEAD${args.includes('symrefs') ? ` symref-target:${head}` : ''}`));
  }
  for (const { name, oid } of shown) {
    const symref = name === 'HEAD' && args.includes('symrefs') ? ` symref-target:${head}` : '';
    const end = peeled.get(name);
    packets.push(textPacket(`${oid} ${name}${symref}${end === undefined ? '' : ` peeled:${end}`}`));
  }
  yield Buffer.concat([...packets, FLUSH]);
}

/** Prefixes are looked up by their lengths, so that many of them cost no more than a few. */
function matcher(prefixes: readonly string[]): (name: string) => boolean {
  if (prefixes.length === 0 || prefixes.length > MAX_PREFIXES) return () => true;
  const wanted = new Set(prefixes);
  const lengths = [...new Set(prefixes.map(({ length }) => length))];
  return (name) => lengths.some((length) => length <= name.length && wanted.has(name.slice(0, length)));
}
