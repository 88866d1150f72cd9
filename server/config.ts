import { isIP } from 'node:net';
import { hostname, userInfo } from 'node:os';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { S3Location } from '../lib/store/s3/s3-location.ts';
import type { AddressRange } from './proxies.ts';
import { COMMAND_SETTINGS } from './command-settings.ts';
import { readTracing, type Tracing } from './trace/otlp-settings.ts';
import { SETTINGS, shownSetting, WrongSetting, type Setting, type SettingName } from './settings.ts';

/** Where keys and small content are kept. */
export type StorePlace =
  { readonly engine: 'lmdb'; readonly folder: string } | { readonly engine: 'postgres'; readonly url: string };

/** Where larger content is kept. */
export type BlobsPlace =
  { readonly engine: 'files'; readonly folder: string } | { readonly engine: 's3'; readonly location: S3Location };

/** Where snapshots are published to. */
export type PublishPlace =
  | { readonly engine: 'dir'; readonly folder: string }
  | { readonly engine: 's3'; readonly location: S3Location }
  | { readonly engine: 'off' };

/** What the server and the commands beside it run with: every setting read, checked and completed. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** How many processes of this machine serve together. */
  readonly processes: number;
  readonly store: StorePlace;
  readonly blobs: BlobsPlace;
  /** Clients are sent to the S3 for the blobs that lie there. */
  readonly blobRedirect: boolean;
  readonly logKeyFile: string;
  readonly logOrigin: string | undefined;
  readonly publish: PublishPlace;
  readonly deployHook: string | undefined;
  readonly snapshotGraceMs: number;
  readonly trust: 'loopback' | 'network';
  readonly allowedHosts: readonly string[];
  readonly trustedProxies: readonly AddressRange[];
  readonly identityHeader: string | undefined;
  readonly bodyTimeoutMs: number;
  readonly uploadExpiryMs: number;
  readonly gcIntervalMs: number;
  readonly gcGraceMs: number;
  readonly maxBlobBytes: number;
  readonly maxPushBytes: number;
  /** Of this server, all its processes together. */
  readonly keptPacksBytes: number;
  /** Of one client at a time. */
  readonly maxUploads: number;
  readonly maxPacks: number;
  /** Zero: for ever. */
  readonly auditRetentionMs: number;
  /** Every request is told of in the log. */
  readonly logRequests: boolean;
  /** Where traces go, if they go anywhere. */
  readonly tracing: Tracing | undefined;
}

/** Flags by the name of their setting, as the command line gave them. */
export type Flags = { readonly [name in SettingName]?: string | undefined };

/** Flags go before the environment, the environment before defaults. Throws a WrongSetting that names the setting. */
export function readConfig(flags: Flags): Config {
  const data = read('data', flags);
  return {
    host: read('host', flags),
    port: read('port', flags),
    processes: read('processes', flags),
    store: read('store', flags) ?? { engine: 'lmdb', folder: join(data, 'store') },
    blobs: blobsPlace(flags, data),
    blobRedirect: read('blob-redirect', flags),
    logKeyFile: read('log-key', flags) ?? join(data, 'log.key'),
    logOrigin: read('log-origin', flags),
    publish: publishPlace(flags, data),
    deployHook: read('deploy-hook', flags),
    snapshotGraceMs: read('snapshot-grace', flags),
    trust: read('trust', flags),
    allowedHosts: read('allowed-hosts', flags),
    trustedProxies: read('trusted-proxies', flags),
    identityHeader: read('identity-header', flags),
    bodyTimeoutMs: read('body-timeout', flags),
    uploadExpiryMs: read('upload-expiry', flags),
    gcIntervalMs: read('gc-interval', flags),
    gcGraceMs: read('gc-grace', flags),
    maxBlobBytes: read('max-blob', flags),
    maxPushBytes: read('max-push', flags),
    keptPacksBytes: read('kept-packs', flags),
    maxUploads: read('max-uploads', flags),
    maxPacks: read('max-packs', flags),
    auditRetentionMs: read('audit-retention', flags),
    logRequests: read('log-requests', flags),
    tracing: readTracing(process.env),
  };
}

function blobsPlace(flags: Flags, data: string): BlobsPlace {
  const said = read('blobs', flags);
  const s3 = s3Settings(flags);
  if (said?.engine === 's3') return { engine: 's3', location: { ...s3, ...said.address } };
  if (read('blob-redirect', flags)) {
    throw new WrongSetting('blobs that lie in files cannot be redirected to: --blob-redirect wants --blobs s3://…');
  }
  return said ?? { engine: 'files', folder: data };
}

function publishPlace(flags: Flags, data: string): PublishPlace {
  const said = read('publish', flags);
  if (said?.engine === 's3') return { engine: 's3', location: { ...s3Settings(flags), ...said.address } };
  return said ?? { engine: 'dir', folder: join(data, 'public') };
}

/** What an address of a bucket leaves open is said by settings, or by what the SDK itself would look for. */
function s3Settings(flags: Flags): Omit<S3Location, 'bucket' | 'prefix'> {
  return {
    endpoint: read('s3-endpoint', flags),
    region: read('s3-region', flags) ?? (process.env['AWS_REGION'] || undefined),
    pathStyle: read('s3-path-style', flags),
  };
}

/**
 * A store as commands name it that move one: the words of ASSAY_STORE and of ASSAY_BLOBS with a comma between them. What an S3
 * address leaves open, the settings say.
 */
export function parsePlaces(option: string, text: string, flags: Flags): Pick<Config, 'store' | 'blobs'> {
  const [, storeText, blobsText] = /^(.+?),((?:files|s3):.+)$/s.exec(text) ?? [];
  const example = 'lmdb:./data/store,files:./data or postgres://…,s3://bucket/prefix';
  if (storeText === undefined || blobsText === undefined) {
    throw new WrongSetting(`--${option} is ${shownSetting(text)}; it takes keys and blobs, like ${example}`);
  }
  try {
    const [store, said] = [SETTINGS.store.parse(storeText), SETTINGS.blobs.parse(blobsText)];
    if (store === undefined || said === undefined) throw new WrongSetting(example);
    if (said.engine === 'files') return { store, blobs: said };
    return { store, blobs: { engine: 's3', location: { ...s3Settings(flags), ...said.address } } };
  } catch (error) {
    if (!(error instanceof WrongSetting)) throw error;
    throw new WrongSetting(`--${option} is ${shownSetting(text)}; it takes ${error.message}`);
  }
}

/** For who listens. Throws a WrongSetting where others reach the address and nobody said that they may. */
export function requireTrust({ host, trust }: Config): void {
  if (isLoopback(host) || trust === 'network') return;
  throw new WrongSetting(
    `${host} can be reached from other machines, and Assay lets whoever reaches it read and write. ` +
      'If that is what you want, say so: --trust network or ASSAY_TRUST=network',
  );
}

type ParsedBy<N extends SettingName> = (typeof SETTINGS)[N] extends Setting<infer T> ? T : never;

function read<N extends SettingName>(name: N, flags: Flags): ParsedBy<N> {
  const { env, fallback, parse } = SETTINGS[name];
  const flag = flags[name];
  // Compose files and the like pass what is not set as an empty text.
  const variable = process.env[env] || undefined;
  const text = flag ?? variable ?? fallback;
  try {
    return parse(text) as ParsedBy<N>;
  } catch (error) {
    if (!(error instanceof WrongSetting)) throw error;
    const source = flag === undefined ? env : `--${name}`;
    throw new WrongSetting(`${source} is ${shownSetting(text)}; it takes ${error.message}`);
  }
}

export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/** Read by tests and by measurements. */
const OTHER_VARIABLES = /^ASSAY_(?:TEST_.*|BENCH_.*|OCI_CONFORMANCE|OTHER_NODES)$/;

/** What the environment says to Assay that nobody reads. */
export function unknownVariables(): string[] {
  const known = new Set<string>([...Object.values(SETTINGS), ...Object.values(COMMAND_SETTINGS)].map(({ env }) => env));
  const said = Object.keys(process.env).filter((name) => name.startsWith('ASSAY_'));
  return said.filter((name) => !known.has(name) && !OTHER_VARIABLES.test(name)).sort();
}

/** Where commands find the server that they speak to. */
export function serverUrl(flag: string | undefined): string {
  const { env, flag: flagName, fallback } = COMMAND_SETTINGS.url;
  const text = (flag ?? process.env[env]) || fallback;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  const source = flag === undefined ? env : flagName;
  throw new WrongSetting(`${source} is ${JSON.stringify(text)}; it takes an address like http://127.0.0.1:7410`);
}

/** Where commands keep what they fetched. */
export function cacheFolder(flag: string | undefined): string {
  if (flag === '') throw new WrongSetting('--cache is empty; it takes a folder');
  const named = (flag ?? process.env[COMMAND_SETTINGS.cache.env]) || undefined;
  if (named !== undefined) return named;
  // A relative one does not count (XDG Base Directory Specification, "Environment variables").
  const base = process.env['XDG_CACHE_HOME'] ?? '';
  return join(isAbsolute(base) ? base : join(homedir(), '.cache'), 'assay');
}

/** Who works with a command, for the server to note beside what is written. */
export function actorName(): string {
  const said = process.env[COMMAND_SETTINGS.actor.env];
  if (said) return said;
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    // A user without a name, as in many containers.
    return `${process.getuid?.() ?? 'unknown'}@${hostname()}`;
  }
}

/** What programs are given that commands start. */
export function programEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
