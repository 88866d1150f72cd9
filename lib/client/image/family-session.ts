import { checkFamily } from '../../oci/name.ts';
import { OciError } from '../../oci/oci-error.ts';
import { basicOf } from './authorization.ts';
import { ImageError, plain } from './image-error.ts';
import { RegistrySession } from './registry-session.ts';

/** Who sends, as the server notes it down. */
export const ACTOR_HEADER = 'assay-actor';

/** The session with a family of an Assay server. Its address may carry a login, for what may stand before the server. */
export function familySession(server: string, family: string, actor: string | undefined): RegistrySession {
  checkName(family);
  const url = URL.canParse(server) ? new URL(server) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new ImageError('server-invalid', 'the address of the server is no http:// or https:// address');
  }
  const headers: Record<string, string> = actor === undefined ? {} : { [ACTOR_HEADER]: headerText(actor) };
  if (url.username !== '' || url.password !== '') {
    const [user, password] = [url.username, url.password].map(decodeURIComponent);
    headers['authorization'] = basicOf({ user: user ?? '', password: password ?? '' });
    url.username = '';
    url.password = '';
  }
  url.search = '';
  url.hash = '';
  const loginAdvice = `; the address of the server may carry a login: ${url.protocol}//user:password@${url.host}`;
  return new RegistrySession({ base: url.href, name: family, label: `the server ${url.origin}`, headers, loginAdvice });
}

/** A header's bytes are written as Latin-1: this makes them the text's UTF-8, without what would end the header. */
function headerText(text: string): string {
  return Buffer.from(text.replaceAll(/\p{Cc}/gu, ' ').trim(), 'utf8').toString('latin1');
}

function checkName(family: string): void {
  try {
    checkFamily(family);
  } catch (cause) {
    if (!(cause instanceof OciError)) throw cause;
    throw new ImageError('family-invalid', `${plain(family)}: ${cause.message}`, { cause });
  }
}
