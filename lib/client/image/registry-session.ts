import { failureWords, isBadPort, refusalWords } from './answer-words.ts';
import { authorize, loginAdvice } from './authorization.ts';
import { ImageError } from './image-error.ts';
import type { Credentials } from './registry-reference.ts';
import { retryAfterMs } from '../back-off.ts';
import { withRetries } from './retry.ts';

export interface SessionOptions {
  /** Scheme and host, and whatever stands before /v2/. */
  readonly base: string;
  /** The repository that all requests are about. */
  readonly name: string;
  /** How messages call it. */
  readonly label: string;
  readonly credentials?: Credentials | undefined;
  /** How to log in, where nobody has; for messages. */
  readonly loginAdvice?: string;
  /** Of every request to the registry itself. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  /** Below /v2/<name>/, or a whole address where the registry has given one. */
  readonly to: string | URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** What it is about, for messages. */
  readonly about?: string;
  /** Answers that are no error. */
  readonly expect: readonly number[];
  /** Bytes come or go for as long as it takes. */
  readonly long?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * A request that might have to be sent again, after a redirect or a prompt for a login, is kept by fetch: all of its body
 * in memory. It is not where there can be neither (fetch standard, "HTTP-network-or-cache fetch").
 */
const STREAMED = { duplex: 'half', redirect: 'error', window: null } as const;

const SHORT_MS = 60_000;

/** Speaks to one repository of a registry, with a login where one is asked for. */
export class RegistrySession {
  readonly label: string;
  readonly #options: SessionOptions;
  readonly #origin: string;
  #authorization: string | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.label = options.label;
    this.#origin = new URL(options.base).origin;
  }

  /** A request that may be sent again when it fails. */
  async ask(call: Call): Promise<Response> {
    return withRetries(() => this.send(call), call.signal);
  }

  /** One request, or two where a login is asked for. Whoever gets the answer reads its body, or cancels it. */
  async send(call: Call): Promise<Response> {
    const used = this.#authorization;
    let response = await this.#fetch(call);
    const canRepeat = call.body === undefined || call.body instanceof Uint8Array;
    if (response.status === 401 && canRepeat && (await this.#login(response, used, call.signal))) {
      await response.body?.cancel();
      response = await this.#fetch(call);
    }
    if (call.expect.includes(response.status)) return response;
    throw await this.#refusal(response, call);
  }

  urlOf(path: string): URL {
    return new URL(`${this.#options.base.replace(/\/+$/, '')}/v2/${this.#options.name}/${path}`);
  }

  async #fetch(call: Call): Promise<Response> {
    const url = typeof call.to === 'string' ? this.urlOf(call.to) : call.to;
    try {
      return await fetch(url, {
        method: call.method,
        headers: this.#headers(url, call),
        signal: signalOf(call),
        ...(call.body === undefined ? {} : { body: call.body }),
        ...(call.body === undefined || call.body instanceof Uint8Array ? {} : STREAMED),
      });
    } catch (cause) {
      call.signal?.throwIfAborted();
      if (isBadPort(cause)) throw new ImageError('refused', `${this.label} has a port that HTTP clients refuse to use`);
      throw new ImageError('unreachable', `${this.label} ${failureWords(cause)}`, { cause });
    }
  }

  #headers(url: URL, call: Call): Record<string, string> {
    // Content is compared with its digest as it is stored, so nothing may be packed on the way.
    const headers: Record<string, string> = { 'accept-encoding': 'identity', ...call.headers };
    if (url.origin !== this.#origin) return headers;
    if (this.#authorization !== undefined) headers['authorization'] = this.#authorization;
    return { ...headers, ...this.#options.headers };
  }

  /** Whether it may go better now. */
  async #login(response: Response, used: string | undefined, signal: AbortSignal | undefined): Promise<boolean> {
    // Another request of this session was faster.
    if (this.#authorization !== used) return true;
    const { credentials, name, label } = this.#options;
    const got = await authorize({
      header: response.headers.get('www-authenticate') ?? '',
      credentials,
      scope: `repository:${name}:pull`,
      label,
      signal: shortSignal(signal),
    });
    // A token may be the same and good again; a login that was refused stays refused.
    if (got === undefined || (got === used && got.startsWith('Basic '))) return false;
    this.#authorization = got;
    return true;
  }

  async #refusal(response: Response, call: Call): Promise<ImageError> {
    const { status } = response;
    const words = await refusalWords(response);
    const said = words === undefined ? '' : `: ${words}`;
    const about = `${call.about === undefined ? '' : `${call.about} in `}${this.#options.name}`;
    const what = `${this.label} answered ${status} to ${call.method} of ${about}${said}`;
    const waitMs = retryAfterMs(response.headers.get('retry-after'));
    if (status !== 401 && status !== 403) return new ImageError('refused', what, { status, retryAfterMs: waitMs });
    return new ImageError(
      'unauthorized',
      `${what}${this.#options.loginAdvice ?? loginAdvice(this.#options.credentials)}`,
      { status },
    );
  }
}

function signalOf(call: Call): AbortSignal | null {
  return call.long === true ? (call.signal ?? null) : shortSignal(call.signal);
}

function shortSignal(signal: AbortSignal | undefined): AbortSignal {
  const limit = AbortSignal.timeout(SHORT_MS);
  return signal === undefined ? limit : AbortSignal.any([signal, limit]);
}
