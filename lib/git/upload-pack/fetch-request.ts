import { GitError } from '../error.ts';
import { isOid, type Oid } from '../oid.ts';
import { NO_FILTER, type ObjectFilter, parseFilter } from '../walk/object-filter.ts';

/** What a client may ask of a fetch, in either version of the protocol. */
export interface FetchRequest {
  readonly wants: Set<Oid>;
  /** Where the client's history ends. */
  readonly shallow: Set<Oid>;
  readonly haves: Oid[];
  depth: number | undefined;
  relative: boolean;
  since: number | undefined;
  /** Names of refs, or object ids. */
  readonly not: string[];
  filter: ObjectFilter;
  includeTag: boolean;
  noProgress: boolean;
  done: boolean;
  waitForDone: boolean;
}

export function emptyRequest(): FetchRequest {
  return {
    wants: new Set(),
    shallow: new Set(),
    haves: [],
    depth: undefined,
    relative: false,
    since: undefined,
    not: [],
    filter: NO_FILTER,
    includeTag: false,
    noProgress: false,
    done: false,
    waitForDone: false,
  };
}

export function asksToDeepen(request: FetchRequest): boolean {
  return request.depth !== undefined || request.since !== undefined || request.not.length > 0;
}

/** Takes a line that both versions of the protocol spell alike; false when it is none of them. */
export function takeLine(request: FetchRequest, line: string): boolean {
  const space = line.indexOf(' ');
  const value = line.slice(space + 1);
  switch (space === -1 ? '' : line.slice(0, space)) {
    case 'want':
      request.wants.add(oidOf(value));
      return true;
    case 'have':
      request.haves.push(oidOf(value));
      return true;
    case 'shallow':
      request.shallow.add(oidOf(value));
      return true;
    case 'deepen':
      request.depth = numberOf(value, 'deepen');
      // "A depth of 0 means no request", as old clients send it.
      if (request.depth === 0) request.depth = undefined;
      return true;
    case 'deepen-since':
      request.since = numberOf(value, 'deepen-since');
      return true;
    case 'deepen-not':
      request.not.push(value);
      return true;
    case 'filter':
      request.filter = parseFilter(value);
      return true;
    default:
      return takeFlag(request, line);
  }
}

/** gitprotocol-pack(5): a depth excludes the other two. */
export function checkRequest(request: FetchRequest): void {
  if (request.depth !== undefined && (request.since !== undefined || request.not.length > 0)) {
    throw new GitError('bad-request', 'deepen and deepen-since (or deepen-not) cannot be used together');
  }
}

function takeFlag(request: FetchRequest, line: string): boolean {
  switch (line) {
    case 'done':
      request.done = true;
      return true;
    case 'deepen-relative':
      request.relative = true;
      return true;
    case 'include-tag':
      request.includeTag = true;
      return true;
    case 'no-progress':
      request.noProgress = true;
      return true;
    default:
      return false;
  }
}

function oidOf(text: string): Oid {
  if (!isOid(text)) throw new GitError('bad-request', `not an object id: "${text.slice(0, 60)}"`);
  return text;
}

function numberOf(text: string, what: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new GitError('bad-request', `${what} takes a number, not "${text.slice(0, 40)}"`);
  return Number(text);
}
