import { isIP } from 'node:net';
import { join } from 'node:path';
import { SETTINGS, shownSetting, WrongSetting, type Setting, type SettingName } from './settings.ts';

/** What the server and the commands beside it run with: every setting read, checked and completed. */
export interface Config {
  readonly host: string;
  readonly port: number;
  readonly storeFolder: string;
  /** The database that keeps the keys in place of the folder. */
  readonly storeUrl: string | undefined;
  readonly blobsFolder: string;
  readonly trust: 'loopback' | 'network';
  readonly bodyTimeoutMs: number;
  readonly uploadExpiryMs: number;
  readonly gcIntervalMs: number;
  readonly gcGraceMs: number;
  readonly maxBlobBytes: number;
  readonly maxPushBytes: number;
}

/** Flags by the name of their setting, as the command line gave them. */
export type Flags = { readonly [name in SettingName]?: string | undefined };

/** Flags go before the environment, the environment before defaults. Throws a WrongSetting that names the setting. */
export function readConfig(flags: Flags): Config {
  const data = read('data', flags);
  const store = read('store', flags);
  return {
    host: read('host', flags),
    port: read('port', flags),
    storeFolder: store?.engine === 'lmdb' ? store.folder : join(data, 'store'),
    storeUrl: store?.engine === 'postgres' ? store.url : undefined,
    blobsFolder: read('blobs', flags)?.folder ?? data,
    trust: read('trust', flags),
    bodyTimeoutMs: read('body-timeout', flags),
    uploadExpiryMs: read('upload-expiry', flags),
    gcIntervalMs: read('gc-interval', flags),
    gcGraceMs: read('gc-grace', flags),
    maxBlobBytes: read('max-blob', flags),
    maxPushBytes: read('max-push', flags),
  };
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

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}

/** Where commands find the server that they speak to. */
export function serverUrl(flag: string | undefined): string {
  const text = (flag ?? process.env['ASSAY_URL']) || 'http://127.0.0.1:7410';
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  const source = flag === undefined ? 'ASSAY_URL' : '--url';
  throw new WrongSetting(`${source} is ${JSON.stringify(text)}; it takes an address like http://127.0.0.1:7410`);
}
