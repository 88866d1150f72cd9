import type { TagRules } from '../oci/tag-rules.ts';

/** What a server refused or failed to do, in its own words. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  /** The stable code of the problem, or `unreachable`. */
  readonly code: string;
  readonly status: number | undefined;

  constructor(code: string, message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

interface Problem {
  readonly code?: string;
  readonly detail?: string;
}

const TIMEOUT_MS = 30_000;

/** Speaks to the HTTP API of a server. */
export class RegistryClient {
  readonly #base: string;

  constructor(base: string) {
    this.#base = base.replace(/\/+$/, '');
  }

  rules(family: string): Promise<TagRules> {
    return this.#json('GET', `/api/v1/families/${pathOf(family)}/rules`);
  }

  declareRules(family: string, rules: TagRules): Promise<TagRules> {
    return this.#json('PUT', `/api/v1/families/${pathOf(family)}/rules`, rules);
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    let response: Response;
    try {
      response = await fetch(this.#base + path, {
        method,
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
    } catch (cause) {
      throw new ClientError('unreachable', `no server answers at ${this.#base}`, undefined, { cause });
    }
    if (response.ok) return (await response.json()) as T;
    const problem = (await response.json().catch(() => ({}))) as Problem;
    throw new ClientError(
      problem.code ?? 'unknown',
      problem.detail ?? `the server answered ${response.status}`,
      response.status,
    );
  }
}

/** A family's slashes stay as they are. */
function pathOf(family: string): string {
  return family.split('/').map(encodeURIComponent).join('/');
}
