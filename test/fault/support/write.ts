import type { Agent } from 'node:http';
import { send, type Reply, type RequestOptions } from '../../support/http.ts';

/** The server that writes go to, and the connections that they use. */
export interface Target {
  readonly url: string;
  readonly agent?: Agent;
}

/** One thing that a client wants the server to keep. */
export interface Write {
  readonly kind: string;
  /** Resolves with the last answer that it got. */
  send(to: Target): Promise<Reply>;
  /** Whether the server has it; throws where it has a part of it, or something else in its place. */
  look(at: Target): Promise<boolean>;
}

export function ask(to: Target, method: string, path: string, options: RequestOptions = {}): Promise<Reply> {
  return send(method, path.startsWith('http') ? path : `${to.url}${path}`, {
    ...options,
    ...(to.agent === undefined ? {} : { agent: to.agent }),
  });
}

export function askJson(to: Target, method: string, path: string, value: unknown): Promise<Reply> {
  const headers = { 'Content-Type': 'application/json' };
  return ask(to, method, path, { headers, body: Buffer.from(JSON.stringify(value)) });
}

/** What a path answers, where it answers: undefined where it has nothing. */
export async function found(at: Target, path: string): Promise<Reply | undefined> {
  const reply = await ask(at, 'GET', path);
  if (reply.status === 404) return undefined;
  if (reply.status === 200) return reply;
  throw new Error(`GET ${path} was ${reply.status}: ${reply.body.toString('utf8', 0, 300)}`);
}

export function expectSame(what: string, is: unknown, shouldBe: unknown): void {
  if (is !== shouldBe) throw new Error(`${what} is ${String(is)} and should be ${String(shouldBe)}`);
}
