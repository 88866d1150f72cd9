import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { makeHostCheck } from '../../../server/host-check.ts';

function asked(host: string | undefined, allowedHosts: readonly string[] = [], bound = '127.0.0.1'): string {
  const check = makeHostCheck({ host: bound, allowedHosts });
  const request = { headers: { host } } as IncomingMessage;
  try {
    check(request);
    // What was found good once is still so.
    check(request);
    return 'taken';
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe('the host of a request', () => {
  test.each([
    'localhost',
    'LOCALHOST:7410',
    'localhost.',
    'a.localhost:7410',
    '127.0.0.1:7410',
    '10.1.2.3',
    '[::1]:7410',
    '[fd00::7]',
    '[::ffff:10.0.0.1]:80',
    'assay',
    'assay:7410',
    undefined,
  ])('is taken where nobody else can own it: %s', (host) => {
    expect(asked(host)).toBe('taken');
  });

  test.each([
    'evil.example.com',
    'evil.example.com:7410',
    'localhost.example.com',
    '127.0.0.1.example.com',
    'notlocalhost.com',
    '[evil.example.com]',
    '[::1].example.com',
    '[127.0.0.1]',
    '127.0.0.1:7410:80',
    'evil.example.com:80@localhost',
    'a b',
    '',
    'x'.repeat(300),
    'ü.example.com',
  ])('is refused where somebody may own it, or it is none: %s', (host) => {
    expect(asked(host)).toBe('host-foreign');
  });

  test('is taken where it is listed, below a listed name, or what the server is bound to', () => {
    expect(asked('Assay.Example.org:443', ['assay.example.org'])).toBe('taken');
    expect(asked('assay.example.org.', ['assay.example.org'])).toBe('taken');
    expect(asked('a.b.example.org', ['*.example.org'])).toBe('taken');
    expect(asked('assay.lan', [], 'assay.lan')).toBe('taken');
    expect(asked('anything.example.net', ['*'])).toBe('taken');
  });

  test('is refused where only a name near it is listed', () => {
    expect(asked('example.org', ['*.example.org'])).toBe('host-foreign');
    expect(asked('badexample.org', ['*.example.org'])).toBe('host-foreign');
    expect(asked('assay.example.org.evil.com', ['assay.example.org'])).toBe('host-foreign');
    expect(asked('x.assay.example.org', ['assay.example.org'])).toBe('host-foreign');
  });
});
