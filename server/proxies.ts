import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** An address, or all that share its first bits. */
export interface AddressRange {
  readonly address: string;
  readonly bits: number;
}

export const LOOPBACK: readonly AddressRange[] = [
  { address: '127.0.0.0', bits: 8 },
  { address: '::1', bits: 128 },
];

/** The proxies before this server whose word about their clients is taken. */
export class Proxies {
  readonly #known = new BlockList();

  constructor(ranges: readonly AddressRange[]) {
    for (const { address, bits } of ranges) this.#known.addSubnet(address, bits, familyOf(address));
  }

  has(address: string): boolean {
    return isIP(address) !== 0 && this.#known.check(address, familyOf(address));
  }

  /** Where a request comes from: the last address on its way that is no proxy of ours. What clients wrote before that is theirs alone. */
  clientOf({ socket, headers }: IncomingMessage): string {
    let address = plainAddress(socket.remoteAddress ?? '');
    if (!this.has(address)) return address;
    const way = String(headers['x-forwarded-for'] ?? '').split(',');
    for (let next = way.pop(); next !== undefined && this.has(address); next = way.pop()) {
      const said = plainAddress(next.trim());
      if (isIP(said) === 0) break;
      address = said;
    }
    return address;
  }

  /** Whether the connection itself is from one of them. */
  isPeer({ socket }: IncomingMessage): boolean {
    return this.has(plainAddress(socket.remoteAddress ?? ''));
  }
}

/** A socket that takes both families names those of IPv4 in the form of IPv6 (RFC 4291, 2.5.5.2). */
function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
