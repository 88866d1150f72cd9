import { gather } from '../../encoding/gather.ts';
import { plain } from './image-error.ts';

const MAX_ERROR_BYTES = 64 * 1024;

/** Fetch standard, "Port blocking": other protocols are spoken there, and no attempt will change it. */
export function isBadPort(error: unknown): boolean {
  return error instanceof Error && error.cause instanceof Error && error.cause.message === 'bad port';
}

/** What fetch hides in causes of causes. */
export function failureWords(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `did not answer in time`;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string')
      return WORDS[cause.code] ?? `cannot be reached (${cause.code})`;
  }
  return 'cannot be reached';
}

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'cannot be reached: nobody listens there',
  ENOTFOUND: 'cannot be reached: there is no such host',
  EAI_AGAIN: 'cannot be reached: its name cannot be looked up',
  ECONNRESET: 'closed the connection',
  UND_ERR_SOCKET: 'closed the connection',
  UND_ERR_CONNECT_TIMEOUT: 'cannot be reached: it does not answer in time',
};

/** The message of the envelope of the distribution specification, or of problem+json. */
export async function refusalWords(response: Response): Promise<string | undefined> {
  if (response.body === null) return undefined;
  const bytes = await gather(response.body, MAX_ERROR_BYTES).catch(() => undefined);
  try {
    const body = JSON.parse(bytes?.toString('utf8') ?? '') as {
      errors?: readonly { message?: unknown; code?: unknown }[];
      detail?: unknown;
    };
    const words = body.errors?.[0]?.message || body.errors?.[0]?.code || body.detail;
    return typeof words === 'string' && words !== '' ? plain(words, 300) : undefined;
  } catch {
    return undefined;
  }
}
