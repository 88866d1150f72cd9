import { expect, test } from 'vitest';
import { parseChallenges } from '../../../../lib/client/image/challenge.ts';

function read(header: string): unknown {
  return parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);
}

test('a challenge is read with what it asks for', () => {
  const header =
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"';
  expect(read(header)).toEqual([
    [
      'bearer',
      { realm: 'https://auth.docker.io/token', service: 'registry.docker.io', scope: 'repository:a/b:pull,push' },
    ],
  ]);
});

test('several challenges in one header are told apart', () => {
  expect(read('Basic realm="a, \\"b\\"", Bearer realm=http://x , Scope="y"')).toEqual([
    ['basic', { realm: 'a, "b"' }],
    ['bearer', { realm: 'http://x', scope: 'y' }],
  ]);
  expect(read('Negotiate, BASIC realm=x')).toEqual([
    ['negotiate', {}],
    ['basic', { realm: 'x' }],
  ]);
});

test('what cannot be read is left out', () => {
  for (const header of ['', '"', '=,=', ',,,']) expect(read(header)).toEqual([]);
  expect(read('Bearer realm="never ends')).toEqual([['bearer', {}]]);
  expect(read('realm="of nobody"')).toEqual([]);
});

test('a header of any length is read in a moment', () => {
  const begun = performance.now();
  parseChallenges(`Bearer ${'a=b,'.repeat(20_000)}${'='.repeat(20_000)}`);
  parseChallenges(`Bearer a="${'\\'.repeat(50_001)}`);
  parseChallenges(' ,'.repeat(50_000));
  expect(performance.now() - begun).toBeLessThan(1000);
});
