import { gather } from '../../encoding/gather.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import { ImageError, plain } from './image-error.ts';
import { isLoopback, type Credentials } from './registry-reference.ts';

const MAX_TOKEN_ANSWER = 1024 * 1024;

export interface Asked {
  /** The WWW-Authenticate of a 401. */
  readonly header: string;
  readonly credentials: Credentials | undefined;
  /** What is wanted where the registry does not say it. */
  readonly scope: string;
  /** For messages. */
  readonly label: string;
  readonly signal: AbortSignal;
}

/**
 * The Authorization that a registry asks for: the login itself, or a token that another server gives for it, or without
 * one to anybody (distribution, "Token Authentication Specification"). Undefined: there is nothing that we could send.
 */
export async function authorize(asked: Asked): Promise<string | undefined> {
  const challenges = parseChallenges(asked.header);
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) return `Bearer ${await fetchToken(bearer, asked)}`;
  const basic = challenges.some(({ scheme }) => scheme === 'basic');
  return basic && asked.credentials !== undefined ? basicOf(asked.credentials) : undefined;
}

export function basicOf({ user, password }: Credentials): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

async function fetchToken({ parameters }: Challenge, asked: Asked): Promise<string> {
  const url = realmOf(parameters.get('realm'), asked.label);
  const service = parameters.get('service');
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of (parameters.get('scope') ?? asked.scope).split(' ')) url.searchParams.append('scope', scope);
  const headers = asked.credentials === undefined ? {} : { authorization: basicOf(asked.credentials) };
  let response: Response;
  try {
    response = await fetch(url, { headers, signal: asked.signal });
  } catch (cause) {
    throw new ImageError('unreachable', `${url.host}, which gives tokens for ${asked.label}, does not answer`, {
      cause,
    });
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new ImageError(
      response.status === 401 || response.status === 403 ? 'unauthorized' : 'refused',
      `${url.host}, which gives tokens for ${asked.label}, answered ${response.status}${loginAdvice(asked.credentials)}`,
      { status: response.status },
    );
  }
  const token = await tokenIn(response);
  if (token !== undefined) return token;
  throw new ImageError('refused', `${url.host}, which gives tokens for ${asked.label}, answered with none`);
}

/** A login must not cross the network in the clear, whatever a registry asks for. */
function realmOf(realm: string | undefined, label: string): URL {
  const url = URL.canParse(realm ?? '') ? new URL(realm ?? '') : undefined;
  if (url !== undefined && (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.host))))
    return url;
  throw new ImageError('refused', `${label} names no good place for tokens: ${plain(realm ?? 'no realm')}`);
}

async function tokenIn(response: Response): Promise<string | undefined> {
  const bytes =
    response.body === null ? undefined : await gather(response.body, MAX_TOKEN_ANSWER).catch(() => undefined);
  try {
    const body = JSON.parse(bytes?.toString('utf8') ?? '') as { token?: unknown; access_token?: unknown } | null;
    const token = body?.token ?? body?.access_token;
    return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
  } catch {
    return undefined;
  }
}

export function loginAdvice(credentials: Credentials | undefined): string {
  return credentials === undefined
    ? '; a login is given before the host: docker://user:password@<host>/…'
    : '; it does not take this user and password';
}
