import { backOff, Passing, rest, retryAfterMs, type BackOffOptions } from './back-off.ts';
import { ClientError, isClientError, throwIfAborted } from './client-error.ts';
import { gatherUpTo } from './gather-up-to.ts';
import { partOf, type PartWanted } from './part-answer.ts';
import { StallGuard } from './stall-guard.ts';

export interface TransportOptions {
  /** Address of the server, such as `http://127.0.0.1:7410`. */
  readonly url: string;
  /** Who does it, as the server writes it down beside what is written. */
  readonly actor?: string;
  /** How often one thing is tried. Default 5. */
  readonly tries?: number;
  /** The first wait between tries. Default 200 ms. */
  readonly backOffMs?: number;
  /** How long the server may be silent. Default 60 s. */
  readonly stallMs?: number;
}

export type Method = 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';

export interface Request {
  readonly headers?: Readonly<Record<string, string>>;
  /** Pieces come from a function, so that a second try can have them again. */
  readonly body?: Uint8Array | string | (() => AsyncIterable<Uint8Array>);
  /** Whether doing it twice does no harm. Default: true of GET, HEAD and PUT. */
  readonly repeatable?: boolean;
  readonly stallMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** An answer that is not a refusal, with its bytes still to come. They must be read or cancelled. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array>;
  readonly cancel: () => Promise<void>;
}

const STALL_MS = 60_000;
const MAX_JSON_BYTES = 256 * 1024 * 1024;
const MAX_PROBLEM_BYTES = 1024 * 1024;
const PASSING_STATUS: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** A download that gets this far between two cuts is not the one that failed before. */
const PROGRESS = 64 * 1024;

/**
 * Speaks HTTP to one server: tries again what may be tried again, gives up on silence and not on length, and goes on with
 * a download where it was cut. What it returns is what came: it checks no bytes.
 */
export class Transport {
  readonly base: string;
  readonly actor: string | undefined;
  readonly #options: TransportOptions;
  readonly #backOff: BackOffOptions;

  constructor(options: TransportOptions) {
    this.base = options.url.replace(/\/+$/, '');
    this.actor = options.actor;
    this.#options = options;
    this.#backOff = { tries: options.tries ?? 5, firstMs: options.backOffMs ?? 200 };
  }

  /** The whole answer as JSON; `undefined` for an answer without content. */
  async json(method: Method, path: string, request: Request = {}): Promise<unknown> {
    const bytes = await this.bytes(method, path, MAX_JSON_BYTES, request);
    if (bytes.length === 0) return undefined;
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch (cause) {
      throw new ClientError('bad-answer', `the answer to ${method} ${path} is not JSON`, { cause });
    }
  }

  /** The whole answer, up to so many bytes. */
  async bytes(method: Method, path: string, limit: number, request: Request = {}): Promise<Buffer> {
    return this.#retrying(method, request, async () => {
      const answer = await this.#send(method, path, request);
      try {
        return await gatherUpTo(limit, answer.body);
      } catch (error) {
        throw this.#translated(error);
      }
    });
  }

  /** The head of the answer, and its bytes as they come. A cut among them is the caller's to mend. */
  async open(method: Method, path: string, request: Request = {}): Promise<Answer> {
    return this.#retrying(method, request, () => this.#send(method, path, request));
  }

  /**
   * The bytes of a resource that never changes, from `start` up to `end` (not included), however often the way is cut.
   * An answer with another ETag than the expected one is refused.
   */
  async *download(path: string, wanted: PartWanted = {}, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    let { start = 0, etag } = wanted;
    let failures = 0;
    let sinceFailure = 0;
    for (;;) {
      throwIfAborted(signal);
      try {
        const answer = await this.#sendForPart(path, { ...wanted, start, etag }, signal);
        etag ??= answer.etag;
        for await (const piece of answer.body) {
          start += piece.length;
          sinceFailure += piece.length;
          yield piece;
        }
        return;
      } catch (error) {
        const passing = this.#passing(error);
        if (passing === undefined) throw error;
        failures = sinceFailure >= PROGRESS ? 1 : failures + 1;
        sinceFailure = 0;
        await rest(passing, failures, this.#backOff, signal);
      }
    }
  }

  async #sendForPart(
    path: string,
    wanted: PartWanted,
    signal: AbortSignal | undefined,
  ): Promise<{ etag: string | undefined; body: AsyncIterable<Uint8Array> }> {
    const { start = 0, end, etag } = wanted;
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (start > 0 || end !== undefined) headers['range'] = `bytes=${start}-${end === undefined ? '' : end - 1}`;
    if (etag !== undefined && headers['range'] !== undefined) headers['if-range'] = etag;
    return partOf(await this.#send('GET', path, { headers, signal }), wanted, path);
  }

  #retrying<T>(method: Method, request: Request, attempt: () => Promise<T>): Promise<T> {
    if (!(request.repeatable ?? ['GET', 'HEAD', 'PUT'].includes(method))) {
      return attempt().catch((error: unknown) => {
        throw error instanceof Passing ? error.error : error;
      });
    }
    return backOff(attempt, this.#backOff, request.signal);
  }

  /** One exchange. Throws `Passing` for what may pass, a ClientError for a refusal. */
  async #send(method: Method, path: string, request: Request): Promise<Answer> {
    const guard = new StallGuard(request.stallMs ?? this.#options.stallMs ?? STALL_MS, request.signal);
    try {
      const init = { ...this.#init(method, request, guard), signal: guard.signal };
      const response = await guard.within(fetch(this.base + path, init));
      guard.moved();
      const body = response.body === null ? nothing() : guard.watch(response.body);
      if (response.body === null) guard.end();
      if (!response.ok) throw await refusal(response, body);
      const cancel = async (): Promise<void> => {
        guard.end();
        await response.body?.cancel().catch(() => {});
      };
      return { status: response.status, headers: response.headers, body, cancel };
    } catch (error) {
      guard.end();
      throw this.#translated(guard.signal.aborted ? guard.signal.reason : error);
    }
  }

  #init(method: Method, request: Request, guard: StallGuard): RequestInit {
    const { body } = request;
    const { actor } = this;
    const isRead = method === 'GET' || method === 'HEAD';
    const headers = {
      ...(actor === undefined || isRead ? {} : { 'assay-actor': headerText(actor) }),
      ...request.headers,
    };
    if (body === undefined) return { method, headers };
    if (typeof body !== 'function') return { method, headers, body };
    // With a redirect or a login to follow, fetch would keep all that it has sent, to send it again.
    return {
      method,
      headers,
      body: ReadableStream.from(watched(body(), guard)),
      duplex: 'half',
      redirect: 'error',
      window: null,
    };
  }

  /** Trouble on the way becomes `Passing`; what the server said, and what the caller wants, stays. */
  #translated(error: unknown): unknown {
    if (error instanceof Passing) return error;
    if (isClientError(error)) return error.code === 'stalled' ? new Passing(error) : error;
    const reason = reasonOf(error);
    const message = `no server answers at ${this.base}${reason === undefined ? '' : ` (${reason})`}`;
    return new Passing(new ClientError('unreachable', message, { cause: error }));
  }

  #passing(error: unknown): Passing | undefined {
    const translated = this.#translated(error);
    return translated instanceof Passing ? translated : undefined;
  }
}

async function refusal(response: Response, body: AsyncIterable<Uint8Array>): Promise<ClientError | Passing> {
  const { status } = response;
  const text = await gatherUpTo(MAX_PROBLEM_BYTES, body).then(String, () => '');
  const { code, detail, about } = problemIn(text);
  const error = new ClientError(
    typeof code === 'string' ? code : 'unknown',
    typeof detail === 'string' ? detail : `the server answered ${status}`,
    { status, about },
  );
  if (!PASSING_STATUS.has(status)) return error;
  return new Passing(error, retryAfterMs(response.headers.get('retry-after')));
}

function problemIn(text: string): { code?: unknown; detail?: unknown; about?: unknown } {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** What is wrong with the source is told as it is, and not as the way's: trying again would not help. */
async function* watched(source: AsyncIterable<Uint8Array>, guard: StallGuard): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of source) {
      guard.moved();
      yield piece;
    }
  } catch (error) {
    if (isClientError(error)) guard.fail(error);
    throw error;
  }
  guard.moved();
}

/** A header's bytes are written as Latin-1: this makes them the text's UTF-8, without what would end the header. */
function headerText(text: string): string {
  return Buffer.from(text.replace(/\p{Cc}/gu, ' ').trim(), 'utf8').toString('latin1');
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

/** `fetch failed` tells nothing; its cause does. */
function reasonOf(error: unknown): string | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return error instanceof Error ? error.message : undefined;
  return (cause as NodeJS.ErrnoException).code ?? cause.message;
}
