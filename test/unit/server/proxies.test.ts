import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { parseAddressRanges } from '../../../server/access-settings.ts';
import { actorOf } from '../../../server/actor.ts';
import { Proxies } from '../../../server/proxies.ts';

type Headers = Readonly<Record<string, readonly string[]>>;

function from(remoteAddress: string, said: Headers = {}): { req: IncomingMessage } {
  const headers = Object.fromEntries(Object.entries(said).map(([name, values]) => [name, values.join(', ')]));
  return { req: { socket: { remoteAddress }, headers, headersDistinct: said } as unknown as IncomingMessage };
}

const proxies = new Proxies(parseAddressRanges('10.0.0.0/8, fd00::/8, loopback'));

describe('the address of a client', () => {
  test.each([
    ['that of the connection', '192.0.2.1', undefined, '192.0.2.1'],
    ['that of the connection, whatever a stranger says', '192.0.2.1', '203.0.113.9', '192.0.2.1'],
    ['what a proxy says', '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['what the last proxy says, not what came before', '10.0.0.1', '198.51.100.1, 203.0.113.9', '203.0.113.9'],
    ['before all proxies on the way', '10.0.0.1', '203.0.113.9, 10.0.0.2, fd00::1', '203.0.113.9'],
    ['of a proxy that says nothing sensible', '10.0.0.1', 'unknown', '10.0.0.1'],
    ['of a proxy that says nothing', '127.0.0.1', undefined, '127.0.0.1'],
    ['without the form of IPv6 for IPv4', '::ffff:10.0.0.1', '::ffff:203.0.113.9', '203.0.113.9'],
  ])('is %s', (_, peer, said, client) => {
    const headers: Headers = said === undefined ? {} : { 'x-forwarded-for': [said] };
    expect(proxies.clientOf(from(peer, headers).req)).toBe(client);
  });
});

describe('who makes a request', () => {
  const none = new Proxies([]);

  test('is what the client says of itself, where nobody asks for more', () => {
    const request = from('192.0.2.1', { 'assay-actor': ['ada'], 'x-user': ['mallory'] });
    expect(actorOf(request, { proxies: none, header: undefined })).toEqual({ address: '192.0.2.1', name: 'ada' });
  });

  test('is what a trusted proxy says, and never what the client says', () => {
    const identities = { proxies, header: 'X-User' };
    const both = { 'assay-actor': ['mallory'], 'x-user': ['ada@example.org'] };
    expect(actorOf(from('10.0.0.1', both), identities)).toEqual({ address: '10.0.0.1', name: 'ada@example.org' });
    expect(actorOf(from('127.0.0.1', { 'assay-actor': ['mallory'] }), identities)).toEqual({ address: '127.0.0.1' });
  });

  test('is an address alone where a stranger sets the header', () => {
    const request = from('192.0.2.1', { 'assay-actor': ['mallory'], 'x-user': ['ada'] });
    expect(actorOf(request, { proxies, header: 'X-User' })).toEqual({ address: '192.0.2.1' });
  });

  test.each([[['mallory', 'ada']], [['x'.repeat(201)]], [['a\u0001b']], [['\u00ff']]])(
    'is refused where it cannot be told: %j',
    (values) => {
      expect(() => actorOf(from('10.0.0.1', { 'x-user': values }), { proxies, header: 'X-User' })).toThrow(/X-User/);
    },
  );
});
