import { WrongSetting } from './wrong-setting.ts';

/** What an address of the kind s3://bucket/prefix?endpoint=… says. What it does not say, other settings may. */
export interface S3Address {
  readonly bucket: string;
  readonly prefix: string;
  readonly endpoint?: string;
  readonly region?: string;
  readonly pathStyle?: boolean;
}

const EXAMPLE = 's3://bucket/prefix, perhaps with ?endpoint=https://…&region=…&path-style=on';
const PARTS = ['endpoint', 'region', 'path-style'] as const;

/** Throws a WrongSetting with what would be right. */
export function parseS3Address(text: string): S3Address {
  const [, bucket = '', path = '', query = ''] = /^s3:\/\/([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/s.exec(text) ?? [];
  const prefix = path.replace(/\/$/, '');
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(bucket) || !isPrefix(prefix)) throw new WrongSetting(EXAMPLE);
  const said = new URLSearchParams(query);
  for (const name of said.keys()) {
    if (!PARTS.some((part) => part === name) || said.getAll(name).length > 1) throw new WrongSetting(EXAMPLE);
  }
  const [endpoint, region, style] = PARTS.map((part) => said.get(part));
  return {
    bucket,
    prefix,
    ...(endpoint == null ? {} : { endpoint: parseEndpoint(endpoint) }),
    ...(region == null ? {} : { region: parseRegion(region) }),
    ...(style == null ? {} : { pathStyle: parseSwitch(style) }),
  };
}

/** Keys are made of it, and every S3 and every URL have to take them as they are. */
function isPrefix(text: string): boolean {
  return (
    text === '' || (text.length <= 512 && text.split('/').every((one) => /^(?!\.\.?$)[A-Za-z0-9._=@+-]+$/.test(one)))
  );
}

export function parseEndpoint(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.search === '') return text;
  throw new WrongSetting(
    'an address like https://s3.example.org; credentials belong into AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  );
}

export function parseRegion(text: string): string {
  if (/^[a-z0-9-]{1,64}$/i.test(text)) return text;
  throw new WrongSetting('a region like eu-central-1');
}

export function parseSwitch(text: string): boolean {
  if (text === 'on' || text === 'true') return true;
  if (text === 'off' || text === 'false') return false;
  throw new WrongSetting('on or off');
}
