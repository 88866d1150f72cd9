import { describe, expect, test } from 'vitest';
import { ImageError } from '../../../../lib/client/image/image-error.ts';
import {
  isLoopback,
  parseRegistryReference,
  withoutPassword,
} from '../../../../lib/client/image/registry-reference.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

function refused(text: string): string {
  try {
    parseRegistryReference(text);
  } catch (error) {
    if (error instanceof ImageError && error.code === 'source-invalid') return error.message;
    throw error;
  }
  return 'it was taken';
}

describe('the name of an image in a registry', () => {
  test.each([
    ['ghcr.io/a/b:v1', 'https://ghcr.io', 'a/b', 'v1'],
    ['ghcr.io/a/b', 'https://ghcr.io', 'a/b', 'latest'],
    [`ghcr.io/a/b@${DIGEST}`, 'https://ghcr.io', 'a/b', DIGEST],
    [`ghcr.io/a/b:v1@${DIGEST}`, 'https://ghcr.io', 'a/b', DIGEST],
    ['docker.io/alpine:3', 'https://registry-1.docker.io', 'library/alpine', '3'],
    ['docker.io/library/alpine:3', 'https://registry-1.docker.io', 'library/alpine', '3'],
    ['docker.io/user/thing', 'https://registry-1.docker.io', 'user/thing', 'latest'],
    ['127.0.0.1:5000/x:y', 'http://127.0.0.1:5000', 'x', 'y'],
    ['localhost/x', 'http://localhost', 'x', 'latest'],
    ['[::1]:5000/x', 'http://[::1]:5000', 'x', 'latest'],
    ['registry:5000/x/y/z', 'https://registry:5000', 'x/y/z', 'latest'],
  ])('%s', (text, origin, name, reference) => {
    expect(parseRegistryReference(text)).toMatchObject({ origin, name, reference });
  });

  test.each([
    ['alpine:3', /names no registry/],
    ['user/thing:1', /docker\.io\/user\/thing:1/],
    ['ghcr.io/UPPER', /no repository name/],
    ['ghcr.io/', /no repository name/],
    ['ghcr.io/../x', /no repository name/],
    ['ghcr.io/x:..', /no tag/],
    ['ghcr.io/x@sha256:12', /no digest/],
    ['-bad.io/x', /no host/],
    ['exa mple.io/x', /no host/],
    ['', /names no registry/],
  ])('is not %s', (text, why) => {
    expect(refused(text)).toMatch(why);
  });

  test('may carry a login', () => {
    const { credentials, host, origin } = parseRegistryReference('me:s%40cret%2F:x@ghcr.io/a');
    expect(credentials).toEqual({ user: 'me', password: 's@cret/:x' });
    expect([host, origin]).toEqual(['ghcr.io', 'https://ghcr.io']);
  });

  test.each(['me:hidden@nope/x', 'me:hidden@ghcr.io/UPPER', 'me:hid/den@ghcr.io/x', `me:hidden@ghcr.io/x@sha256:1`])(
    'never shows the password of %s',
    (text) => {
      expect(refused(text)).not.toMatch(/hid|den/);
      expect(withoutPassword(`docker://${text}`)).not.toMatch(/hid|den/);
    },
  );

  test('stands without its password where there is none', () => {
    for (const text of ['docker://ghcr.io/a:b', `ghcr.io/a@${DIGEST}`, 'a.tar:x'])
      expect(withoutPassword(text)).toBe(text);
  });

  test('is of this machine or not', () => {
    expect(['localhost', 'LOCALHOST:1', '127.0.0.1', '127.1.2.3:80', '[::1]:5'].every(isLoopback)).toBe(true);
    expect(['localhost.example.org', '127.0.0.1.nip.io', '128.0.0.1', 'example.org'].some(isLoopback)).toBe(false);
  });
});
