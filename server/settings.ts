import { parseAddressRanges, parseCount, parseHeaderName, parseHostNames } from './access-settings.ts';
import { parseEndpoint, parseRegion, parseS3Address, parseSwitch, type S3Address } from './s3-address.ts';
import { WrongSetting } from './wrong-setting.ts';

/** A setting: how it is named on the command line and in the environment, what it is by default, how it is read. */
export interface Setting<T> {
  readonly env: string;
  readonly placeholder: string;
  readonly fallback: string;
  readonly help: string;
  /** Throws a WrongSetting with what would be right. */
  readonly parse: (text: string) => T;
}

export { WrongSetting } from './wrong-setting.ts';

export const SETTINGS = {
  host: setting(
    'ASSAY_HOST',
    '<address>',
    '127.0.0.1',
    'address to listen on; any but loopback needs --trust network',
    parseHost,
  ),
  port: setting('ASSAY_PORT', '<port>', '7410', 'port to listen on; 0 takes a free one', parsePort),
  data: setting('ASSAY_DATA', '<dir>', './data', 'folder of everything that is kept', parseFolder),
  processes: setting(
    'ASSAY_PROCESSES',
    '<number>',
    '1',
    'how many processes serve, so that reads use as many cores',
    parseProcesses,
  ),
  store: setting(
    'ASSAY_STORE',
    'lmdb:<dir>|postgres://…',
    '',
    'where keys and small content are kept (default: store/ in the data folder)',
    parseStore,
  ),
  blobs: setting(
    'ASSAY_BLOBS',
    'files:<dir>|s3://…',
    '',
    'where larger content is kept (default: the data folder)',
    parseBlobs,
  ),
  'log-key': setting(
    'ASSAY_LOG_KEY',
    '<file>',
    '',
    "file with the key that signs the log's checkpoints (default: log.key in the data folder)",
    parseKeyFile,
  ),
  'log-origin': setting(
    'ASSAY_LOG_ORIGIN',
    '<name>',
    '',
    "name of the log, for its first key (default: made from the key); later it must be the key's",
    parseOrigin,
  ),
  's3-endpoint': setting(
    'ASSAY_S3_ENDPOINT',
    '<url>',
    '',
    'the S3 of s3://… (default: as AWS_ENDPOINT_URL_S3 says, or Amazon)',
    unlessEmpty(parseEndpoint),
  ),
  's3-region': setting(
    'ASSAY_S3_REGION',
    '<name>',
    '',
    'the region of s3://… (default: as AWS_REGION says)',
    unlessEmpty(parseRegion),
  ),
  's3-path-style': setting(
    'ASSAY_S3_PATH_STYLE',
    'on|off',
    '',
    'whether requests name the bucket in the path (default: on where an endpoint is set)',
    unlessEmpty(parseSwitch),
  ),
  'log-requests': setting(
    'ASSAY_LOG_REQUESTS',
    'on|off',
    'off',
    'whether each request gets a line in the log',
    parseSwitch,
  ),
  'blob-redirect': setting(
    'ASSAY_BLOB_REDIRECT',
    'on|off',
    'off',
    'whether clients are sent to the S3 for the blobs that lie there',
    parseSwitch,
  ),
  publish: setting(
    'ASSAY_PUBLISH',
    'dir:<dir>|s3://…|off',
    '',
    'where snapshots are published to (default: public/ in the data folder)',
    parsePublish,
  ),
  'deploy-hook': setting(
    'ASSAY_DEPLOY_HOOK',
    '<url>',
    '',
    'address that is told of every snapshot that is published',
    parseHook,
  ),
  'snapshot-grace': setting(
    'ASSAY_SNAPSHOT_GRACE',
    '<time>',
    '7d',
    'how long a snapshot that was replaced is kept',
    parseSnapshotGrace,
  ),
  trust: setting(
    'ASSAY_TRUST',
    'loopback|network',
    'loopback',
    'who may do everything: this machine, or whoever reaches the address',
    parseTrust,
  ),
  'allowed-hosts': setting(
    'ASSAY_ALLOWED_HOSTS',
    '<names>',
    '',
    'host names besides its own under which browsers may reach it, commas between them; * is any',
    parseHostNames,
  ),
  'trusted-proxies': setting(
    'ASSAY_TRUSTED_PROXIES',
    '<addresses>',
    '',
    'proxies whose word about their clients is taken, commas between them; loopback is one, too',
    parseAddressRanges,
  ),
  'identity-header': setting(
    'ASSAY_IDENTITY_HEADER',
    '<header>',
    '',
    'header in which a trusted proxy names who is there, like Tailscale-User-Login',
    parseHeaderName,
  ),
  'body-timeout': setting(
    'ASSAY_BODY_TIMEOUT',
    '<time>',
    '60s',
    'how long a client may send or take nothing in mid-request',
    parseBodyTimeout,
  ),
  'upload-expiry': setting(
    'ASSAY_UPLOAD_EXPIRY',
    '<time>',
    '24h',
    'how long an upload may rest before it is dropped',
    parseUploadExpiry,
  ),
  'gc-interval': setting(
    'ASSAY_GC_INTERVAL',
    '<time>',
    '24h',
    'how often the server collects garbage; 0 never',
    parseDuration,
  ),
  'gc-grace': setting('ASSAY_GC_GRACE', '<time>', '24h', 'how long a blob that nothing names is kept', parseDuration),
  'max-blob': setting('ASSAY_MAX_BLOB', '<size>', '1TiB', 'the largest blob that is taken', parseSize),
  'max-push': setting('ASSAY_MAX_PUSH', '<size>', '8GiB', 'the largest push of Git objects that is taken', parseSize),
  'kept-packs': setting(
    'ASSAY_KEPT_PACKS',
    '<size>',
    '1GiB',
    'local disk for packs of Git objects that were asked for again, for an hour each; 0 keeps none',
    parseSizeOrNone,
  ),
  'max-uploads': setting('ASSAY_MAX_UPLOADS', '<n>', '64', 'uploads and pushes of one client at a time', parseCount),
  'max-packs': setting(
    'ASSAY_MAX_PACKS',
    '<n>',
    '32',
    'clones, fetches and archives of one client at a time',
    parseCount,
  ),
  'audit-retention': setting(
    'ASSAY_AUDIT_RETENTION',
    '<time>',
    '400d',
    'how long the audit tells of a change; 0 for ever',
    parseDuration,
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;

function setting<T>(
  env: string,
  placeholder: string,
  fallback: string,
  help: string,
  parse: (text: string) => T,
): Setting<T> {
  return { env, placeholder, fallback, help, parse };
}

function parseHost(text: string): string {
  if (/^[A-Za-z0-9.:%_-]{1,255}$/.test(text)) return text;
  throw new WrongSetting('an address like 127.0.0.1 or ::1');
}

function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new WrongSetting('a number from 0 to 65535');
}

/** LMDB has room for 512 readers, and a process may be several. */
const MAX_PROCESSES = 64;

function parseProcesses(text: string): number {
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= MAX_PROCESSES) return count;
  throw new WrongSetting(`a number from 1 to ${MAX_PROCESSES}`);
}

function parseFolder(text: string): string {
  if (text !== '' && !text.includes('\0')) return text;
  throw new WrongSetting('a folder');
}

type StoreSetting =
  { readonly engine: 'lmdb'; readonly folder: string } | { readonly engine: 'postgres'; readonly url: string };

const POSTGRES_EXAMPLE = 'postgres://user:password@host:5432/database';

/** An empty text stands for the default inside the data folder. */
function parseStore(text: string): StoreSetting | undefined {
  if (text === '') return undefined;
  if (/^postgres(?:ql)?:/.test(text)) return { engine: 'postgres', url: parsePostgresUrl(text) };
  const folder = /^lmdb:(.+)$/s.exec(text)?.[1];
  if (folder === undefined) throw new WrongSetting(`lmdb: and a folder, or ${POSTGRES_EXAMPLE}`);
  return { engine: 'lmdb', folder: parseFolder(folder) };
}

function parsePostgresUrl(text: string): string {
  const whole = /^postgres(?:ql)?:\/\//.test(text) && URL.canParse(text) && !/%(?![0-9a-f]{2})/i.test(text);
  if (whole && new URL(text).pathname.length > 1) return text;
  throw new WrongSetting(`an address like ${POSTGRES_EXAMPLE}, with %40 for an @ in the password and %2F for a /`);
}

/** A setting as messages may show it: of an address that may hold a password only what kind of address it is. */
export function shownSetting(text: string): string {
  if (!/@|:\/\/.*[:?]/s.test(text)) return JSON.stringify(text);
  return JSON.stringify(`${/^[a-z][a-z0-9]*:(?:\/\/)?/i.exec(text)?.[0] ?? ''}…`);
}

type BlobsSetting =
  { readonly engine: 'files'; readonly folder: string } | { readonly engine: 's3'; readonly address: S3Address };

/** An empty text stands for the data folder. */
function parseBlobs(text: string): BlobsSetting | undefined {
  if (text === '') return undefined;
  if (text.startsWith('s3:')) return { engine: 's3', address: parseS3Address(text) };
  const folder = /^files:(.+)$/s.exec(text)?.[1];
  if (folder === undefined) throw new WrongSetting('files: and a folder, or s3://bucket/prefix');
  return { engine: 'files', folder: parseFolder(folder) };
}

type PublishSetting =
  | { readonly engine: 'dir'; readonly folder: string }
  | { readonly engine: 's3'; readonly address: S3Address }
  | { readonly engine: 'off' };

/** An empty text stands for the default inside the data folder. */
function parsePublish(text: string): PublishSetting | undefined {
  if (text === '') return undefined;
  if (text === 'off') return { engine: 'off' };
  if (text.startsWith('s3:')) return { engine: 's3', address: parseS3Address(text) };
  const folder = /^dir:(.+)$/s.exec(text)?.[1];
  if (folder === undefined) throw new WrongSetting('dir: and a folder, s3://bucket/prefix, or off');
  return { engine: 'dir', folder: parseFolder(folder) };
}

/** Its path or query may be a secret. */
function parseHook(text: string): string | undefined {
  if (text === '') return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '') return text;
  throw new WrongSetting('an address like https://deploy.example.org/hooks/…');
}

function parseSnapshotGrace(text: string): number {
  const ms = parseDuration(text);
  if (ms >= UNITS.m) return ms;
  throw new WrongSetting('a time of at least 1m: readers are on their way through what was replaced');
}

/** An empty text stands for the default inside the data folder. */
function parseKeyFile(text: string): string | undefined {
  if (!text.includes('\0')) return text === '' ? undefined : text;
  throw new WrongSetting('a file');
}

/** C2SP signed-note, "Format": the name of a key. An empty text stands for none. */
function parseOrigin(text: string): string | undefined {
  if (text === '') return undefined;
  if (text.length <= 255 && !/[\s+\p{C}]/u.test(text)) return text;
  throw new WrongSetting('a name like log.example.com/assay, without spaces and without a plus');
}

function unlessEmpty<T>(parse: (text: string) => T): (text: string) => T | undefined {
  return (text) => (text === '' ? undefined : parse(text));
}

function parseTrust(text: string): 'loopback' | 'network' {
  if (text === 'loopback' || text === 'network') return text;
  throw new WrongSetting('loopback or network');
}

const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Milliseconds. A number alone is in seconds. */
export function parseDuration(text: string): number {
  const found = /^(\d{1,9})(ms|s|m|h|d)?$/.exec(text);
  if (found === null) throw new WrongSetting('a time like 30s, 15m, 24h or 7d');
  return Number(found[1]) * UNITS[(found[2] ?? 's') as keyof typeof UNITS];
}

const SIZES = { B: 0, KiB: 1, MiB: 2, GiB: 3, TiB: 4 } as const;

function parseBodyTimeout(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 100 && ms <= UNITS.d) return ms;
  throw new WrongSetting('a time from 100ms to 24h');
}

function parseUploadExpiry(text: string): number {
  const ms = parseDuration(text);
  if (ms >= UNITS.s) return ms;
  throw new WrongSetting('a time of at least 1s');
}

function parseSizeOrNone(text: string): number {
  return /^0(?:B|[KMGT]iB)?$/.test(text) ? 0 : parseSize(text);
}

function parseSize(text: string): number {
  const found = /^(\d{1,12})(B|KiB|MiB|GiB|TiB)?$/.exec(text);
  if (found === null) throw new WrongSetting('a size like 512MiB or 20GiB');
  const bytes = Number(found[1]) * 1024 ** SIZES[(found[2] ?? 'B') as keyof typeof SIZES];
  if (bytes < 1) throw new WrongSetting('a size of at least 1B');
  return bytes;
}
