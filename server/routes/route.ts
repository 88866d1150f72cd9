import type { Context } from 'koa';
import type { AppContext } from '../app-context.ts';
import type { Described } from '../openapi/described.ts';
import type { Work } from '../turns.ts';

/** One endpoint. The path's groups come decoded; the name is the label under which it is counted. */
export interface Route {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly path: RegExp;
  /** Methods of the same path that are answered before the router. */
  readonly alsoAnswered?: readonly string[];
  /** What the document says of it: of every route below /api/v1, which has its path from `apiPath`. */
  readonly api?: Described;
  /** Of which a client has only so many at a time. */
  readonly work?: Work;
  handle(ctx: Context, app: AppContext, groups: readonly string[]): Promise<void> | void;
}
