import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readConfig, requireTrust, serverUrl, type Flags } from '../../../server/config.ts';
import { parseDuration, SETTINGS, WrongSetting, type SettingName } from '../../../server/settings.ts';

const WRONG: readonly [SettingName, readonly string[]][] = [
  ['host', ['', 'a b', 'http://x', '[::1]', 'x\n', 'x'.repeat(256), 'a/b']],
  ['port', ['', 'http', '-1', '65536', '1.5', '0x50', ' 80', '80 ', '1e3', '123456', '٣']],
  ['processes', ['', '0', '65', '1000', 'two', '-1', '1.5', '1e1', ' 2', '0x2']],
  ['data', ['', 'a\0b']],
  ['store', ['lmdb', 'lmdb:', 'mysql://x', '/srv/store', 'LMDB:/x', 'files:/x', 'lmdb:a\0b']],
  [
    'blobs',
    [
      'files',
      'files:',
      'tape:/dev/st0',
      '/srv/blobs',
      'lmdb:/x',
      'files:a\0b',
      's3:bucket',
      's3://',
      's3://a',
      's3:///prefix',
      's3://bucket/a//b',
      's3://bucket/../x',
      's3://bucket/a b',
    ],
  ],
  ['s3-endpoint', ['s3.example.org', 'ftp://x/', 'http://']],
  ['s3-region', ['eu central', 'x/y']],
  ['s3-path-style', ['yes', 'On', '1']],
  ['blob-redirect', ['', 'yes', 'always']],
  ['log-requests', ['', 'yes', 'all']],
  ['publish', ['public', 'dir:', 'file:x', 's3://', 'Off']],
  ['deploy-hook', ['deploy.example.org', 'ftp://x/']],
  ['snapshot-grace', ['', 'soon', '59s']],
  ['log-key', ['a\0b']],
  ['log-origin', ['two words', 'a+b', 'tab\there', 'x'.repeat(256)]],
  [
    'allowed-hosts',
    ['a:80', 'http://a', 'a/b', 'a..b', 'a,,b', ',', '[::1]', 'a.*', 'x'.repeat(256), Array(257).fill('a').join()],
  ],
  [
    'trusted-proxies',
    ['proxy.example.org', '10.0.0.0/0', '10.0.0.0/33', '10.0.0/8', '::1/129', '10.0.0.1,', '10.0.0.1/'],
  ],
  ['identity-header', ['X User', 'a:b', 'x'.repeat(101), 'ü']],
  ['max-uploads', ['', '0', '-1', 'many', '1.5', '12345678']],
  ['max-packs', ['', '0', '-1', 'many']],
  ['audit-retention', ['', 'long', '-1d']],
  ['trust', ['', 'everybody', 'Network', 'network ', 'true']],
  [
    'body-timeout',
    ['', 'soon', '-1s', '1.5s', '1 s', '5w', 's', '1h30m', '1234567890', '1S', '0', '99ms', '86401', '25h', '30d'],
  ],
  ['upload-expiry', ['', 'never', '1y', '0', '999ms']],
  ['gc-interval', ['', 'daily', '-1']],
  ['gc-grace', ['', 'soon', '1h ']],
  ['kept-packs', ['', 'large', '-1', '1GB', '1.5GiB', 'none', '00', '0 B']],
  ['max-blob', ['', 'large', '-1', '1GB', '1.5GiB', '1 GiB', 'GiB', '1gib', '1234567890123', '0', '0TiB']],
  ['max-push', ['', 'large', '-1', '1GB', '1.5GiB']],
];
const EVERY = Object.keys(SETTINGS) as SettingName[];

function wrongnessOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof WrongSetting) return error.message;
    throw error;
  }
  return 'it was taken';
}

function locationOf(flags: Flags): unknown {
  const { blobs } = readConfig(flags);
  return blobs.engine === 's3' ? blobs.location : undefined;
}

describe('the configuration', () => {
  beforeEach(() => {
    for (const { env } of Object.values(SETTINGS)) vi.stubEnv(env, undefined);
    vi.stubEnv('ASSAY_URL', undefined);
    vi.stubEnv('AWS_REGION', undefined);
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('is complete without any setting, and for this machine alone', () => {
    expect(readConfig({})).toEqual({
      host: '127.0.0.1',
      port: 7410,
      processes: 1,
      store: { engine: 'lmdb', folder: 'data/store' },
      blobs: { engine: 'files', folder: './data' },
      blobRedirect: false,
      trust: 'loopback',
      allowedHosts: [],
      trustedProxies: [],
      identityHeader: undefined,
      maxUploads: 64,
      maxPacks: 32,
      auditRetentionMs: 400 * 86_400_000,
      bodyTimeoutMs: 60_000,
      uploadExpiryMs: 86_400_000,
      gcIntervalMs: 86_400_000,
      gcGraceMs: 86_400_000,
      maxBlobBytes: 1024 ** 4,
      maxPushBytes: 8 * 1024 ** 3,
      keptPacksBytes: 1024 ** 3,
      logKeyFile: 'data/log.key',
      logOrigin: undefined,
      publish: { engine: 'dir', folder: 'data/public' },
      deployHook: undefined,
      logRequests: false,
      tracing: undefined,
      snapshotGraceMs: 7 * 86_400_000,
    });
  });

  test('takes flags before the environment, and the environment before what is given', () => {
    expect(readConfig({}).port).toBe(7410);
    vi.stubEnv('ASSAY_PORT', '1');
    expect(readConfig({}).port).toBe(1);
    expect(readConfig({ port: undefined }).port).toBe(1);
    expect(readConfig({ port: '2' }).port).toBe(2);
  });

  test('takes an empty variable for one that is not set', () => {
    const given = readConfig({});
    for (const { env } of Object.values(SETTINGS)) vi.stubEnv(env, '');
    expect(readConfig({})).toEqual(given);
  });

  test('asks only for what decides: a wrong variable under a right flag does no harm', () => {
    vi.stubEnv('ASSAY_PORT', 'wrong');
    expect(readConfig({ port: '2' }).port).toBe(2);
  });

  test('puts store and blobs into the data folder, or where each is told to be', () => {
    expect(readConfig({ data: '/srv/assay' })).toMatchObject({
      store: { folder: '/srv/assay/store' },
      blobs: { folder: '/srv/assay' },
    });
    expect(readConfig({ data: '/srv', store: 'lmdb:/fast', blobs: 'files:relative dir:x' })).toMatchObject({
      store: { folder: '/fast' },
      blobs: { folder: 'relative dir:x' },
    });
    vi.stubEnv('ASSAY_STORE', '');
    vi.stubEnv('ASSAY_BLOBS', '');
    expect(readConfig({ data: '/srv' })).toMatchObject({
      store: { folder: '/srv/store' },
      blobs: { folder: '/srv' },
    });
  });

  test('names a database for the keys in place of a folder', () => {
    const url = 'postgres://user:secret@host:5432/database';
    expect(readConfig({ data: '/srv', store: url })).toMatchObject({
      store: { engine: 'postgres', url },
      blobs: { engine: 'files', folder: '/srv' },
    });
  });

  test('names a bucket for larger content, and the S3 in the same address or in settings of their own', () => {
    const bare = { bucket: 'my.bucket', prefix: '', endpoint: undefined, region: undefined, pathStyle: undefined };
    expect(locationOf({ blobs: 's3://my.bucket' })).toEqual(bare);
    expect(locationOf({ blobs: 's3://my.bucket/a/b/' })).toEqual({ ...bare, prefix: 'a/b' });
    const other = { endpoint: 'https://other.example', region: 'eu-west-3', pathStyle: false };
    const flags = { 's3-endpoint': other.endpoint, 's3-region': other.region, 's3-path-style': 'off' };
    expect(locationOf({ blobs: 's3://my.bucket', ...flags })).toEqual({ ...bare, ...other });
    const query = '?endpoint=http%3A%2F%2F127.0.0.1%3A9000&region=here&path-style=true';
    const said = { endpoint: 'http://127.0.0.1:9000', region: 'here', pathStyle: true };
    expect(locationOf({ blobs: `s3://my.bucket${query}` })).toEqual({ ...bare, ...said });
    expect(locationOf({ blobs: `s3://my.bucket/x${query}`, ...flags })).toEqual({ ...bare, prefix: 'x', ...said });
    vi.stubEnv('ASSAY_S3_ENDPOINT', other.endpoint);
    vi.stubEnv('AWS_REGION', 'from-the-sdk');
    expect(locationOf({ blobs: 's3://my.bucket' })).toMatchObject({ endpoint: other.endpoint, region: 'from-the-sdk' });
  });

  test.each([
    's3://key:secret@bucket/x',
    's3://bucket/x?secret=secret',
    's3://bucket?endpoint=https://key:secret@host',
    's3://bucket?endpoint=https://a&endpoint=https://secret',
    's3://bucket?path-style=secret',
  ])('never shows what may be secret in %s, which is no address of a bucket', (blobs) => {
    const message = wrongnessOf(() => readConfig({ blobs }));
    expect(message).toContain('--blobs is "s3://…"; it takes');
    expect(message).not.toContain('secret');
  });

  test('redirects only to what an S3 has', () => {
    expect(readConfig({ blobs: 's3://bucket', 'blob-redirect': 'on' }).blobRedirect).toBe(true);
    expect(wrongnessOf(() => readConfig({ 'blob-redirect': 'on' }))).toContain('--blob-redirect');
  });

  test.each([
    'postgres://user:secret@host',
    'postgres://user:sec@ret@/',
    'postgres:secret@x',
    'mysql://user:secret@host/db',
  ])('never shows the password of %s, which is no address of a database', (store) => {
    const message = wrongnessOf(() => readConfig({ store }));
    expect(message).toContain('--store');
    expect(message).not.toContain('sec');
  });

  test('has a case for every setting', () => {
    expect(WRONG.map(([name]) => name).sort()).toEqual(EVERY.toSorted());
  });

  describe.each(WRONG)('%s', (name, values) => {
    const { env } = SETTINGS[name];

    test.each(values)('refuses the flag %j by its name and what would be right', (value) => {
      expect(wrongnessOf(() => readConfig({ [name]: value }))).toContain(
        `--${name} is ${JSON.stringify(value)}; it takes`,
      );
    });

    test.each(values.filter((value) => value !== '' && !value.includes('\0')))(
      'refuses the variable %j by its name',
      (value) => {
        vi.stubEnv(env, value);
        expect(wrongnessOf(() => readConfig({}))).toContain(`${env} is ${JSON.stringify(value)}; it takes`);
      },
    );
  });

  test.each(['127.0.0.1', '127.8.9.10', '::1', 'localhost'])('needs no trust to listen on %s', (host) => {
    expect(() => requireTrust(readConfig({ host }))).not.toThrow();
  });

  test.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '192.168.1.5',
    'example.com',
    '128.0.0.1',
    '127.0.0.1.example.com',
    '127.1',
    '0',
    'localhost.example.com',
    '::ffff:127.0.0.1',
    'fe80::1%eth0',
  ])('needs ASSAY_TRUST=network to listen on %s, and says so', (host) => {
    const message = wrongnessOf(() => requireTrust(readConfig({ host })));
    expect(message).toContain(host);
    expect(message).toContain('ASSAY_TRUST=network');
    expect(() => requireTrust(readConfig({ host, trust: 'network' }))).not.toThrow();
    vi.stubEnv('ASSAY_TRUST', 'network');
    expect(() => requireTrust(readConfig({ host }))).not.toThrow();
  });

  test.each([
    ['0', 0],
    ['250ms', 250],
    ['30', 30_000],
    ['30s', 30_000],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['999999999', 999_999_999_000],
  ])('reads the time %s', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  test.each([
    ['body-timeout', '25h', '100ms to 24h'],
    ['body-timeout', '99ms', '100ms to 24h'],
    ['upload-expiry', '0', 'at least 1s'],
    ['max-blob', '0', 'at least 1B'],
  ] as const)('names the bounds of %s to who asks for %s', (name, text, bounds) => {
    expect(wrongnessOf(() => readConfig({ [name]: text }))).toContain(bounds);
  });

  test('takes times and sizes at their bounds', () => {
    expect(readConfig({ 'body-timeout': '100ms' }).bodyTimeoutMs).toBe(100);
    expect(readConfig({ 'body-timeout': '24h' }).bodyTimeoutMs).toBe(86_400_000);
    expect(readConfig({ 'upload-expiry': '1' }).uploadExpiryMs).toBe(1000);
    expect(readConfig({ 'max-blob': '1' }).maxBlobBytes).toBe(1);
    expect(readConfig({ 'kept-packs': '0' }).keptPacksBytes).toBe(0);
    expect(readConfig({ 'kept-packs': '0MiB' }).keptPacksBytes).toBe(0);
  });

  test.each([
    ['1B', 1],
    ['7', 7],
    ['7B', 7],
    ['1KiB', 1024],
    ['512MiB', 512 * 1024 ** 2],
    ['20GiB', 20 * 1024 ** 3],
    ['3TiB', 3 * 1024 ** 4],
  ])('reads the size %s', (text, bytes) => {
    expect(readConfig({ 'max-blob': text }).maxBlobBytes).toBe(bytes);
  });

  test.each(['1', '65535', '0', '00080'])('reads the port %s', (text) => {
    expect(readConfig({ port: text }).port).toBe(Number(text));
  });

  test('gives every setting a name of its own in the environment, a default that it takes, and a help', () => {
    const settings = Object.values(SETTINGS);
    expect(new Set(settings.map(({ env }) => env)).size).toBe(settings.length);
    for (const { env, fallback, help, placeholder, parse } of settings) {
      expect(env).toMatch(/^ASSAY_[A-Z0-9_]+$/);
      expect(() => parse(fallback)).not.toThrow();
      expect(help.length * placeholder.length).toBeGreaterThan(0);
    }
  });
});

describe('the address of a server', () => {
  beforeEach(() => {
    vi.stubEnv('ASSAY_URL', undefined);
    vi.stubEnv('AWS_REGION', undefined);
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  test('comes from the flag, else from ASSAY_URL, else is that of this machine', () => {
    expect(serverUrl(undefined)).toBe('http://127.0.0.1:7410');
    vi.stubEnv('ASSAY_URL', 'https://example.com/assay');
    expect(serverUrl(undefined)).toBe('https://example.com/assay');
    expect(serverUrl('http://localhost:1')).toBe('http://localhost:1');
  });

  test.each(['example.com', 'ftp://example.com', 'localhost:7410', 'http://', 'file:///etc/passwd'])(
    'is not %j',
    (text) => {
      expect(wrongnessOf(() => serverUrl(text))).toContain('--url');
      vi.stubEnv('ASSAY_URL', text);
      expect(wrongnessOf(() => serverUrl(undefined))).toContain('ASSAY_URL');
    },
  );
});
