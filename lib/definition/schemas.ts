import type { Sha256 } from '../encoding/digest.ts';
import {
  anyOf,
  flag,
  integer,
  list,
  mapOf,
  named,
  object,
  oneOf,
  optional,
  orNull,
  text,
  type Schema,
} from '../encoding/schema.ts';
import { FAMILY_PATTERN, MAX_FAMILY_LENGTH } from '../oci/name.ts';
import type {
  Actor,
  ChangedPath,
  EventPage,
  Family,
  FamilyEvent,
  FamilyPage,
  FileEntry,
  FileListing,
  Kind,
  Part,
  PathState,
  Pin,
  PinHistory,
  PinMove,
  PinRequest,
  PinTarget,
  Published,
  PublishRequest,
  RetainedVersion,
  RetentionReport,
  RetentionRequest,
  Source,
  Statement,
  TreeDifference,
  Version,
  VersionPage,
} from './wire.ts';

/** The types of `wire.ts` as schemas: for what requests must be, and for what answers are said to be. */

export const FAMILY: Schema<string> = text({
  pattern: FAMILY_PATTERN,
  maxLength: MAX_FAMILY_LENGTH,
  description: 'the name of a family, such as test-cases/carom',
});
export const DIGEST: Schema<Sha256> = {
  type: 'string',
  pattern: '^sha256:[0-9a-f]{64}$',
  description: 'a digest, sha256: and 64 hex digits',
};
export const OID: Schema<string> = text({
  pattern: '^[0-9a-f]{40}$',
  description: 'a Git object id of 40 hex digits',
});
export const COUNT: Schema<number> = integer({ minimum: 0 });
export const TIME: Schema<string> = text({ description: 'a time in UTC, such as 2025-06-01T12:00:00.000Z' });
export const NEXT: Schema<string> = text({
  description: 'what to give as last for the next page; left out on the last',
});

/** Text that becomes a line of a commit. */
const LINE = text({
  minLength: 1,
  maxLength: 4096,
  pattern: '^[^\\u0000-\\u001f\\u007f]*$',
  description: 'one line of text of at most 4096 characters',
});

export const ACTOR: Schema<Actor> = named(
  'Actor',
  object<Actor>({ address: text(), name: optional(text()) }),
  'who did something: the address that the request came from, and the name that the client gave, which nobody checks',
);

const KIND: Schema<Kind> = oneOf('test-case', 'container');
const PART = named('Part', object<Part>({ digest: DIGEST, size: COUNT }));
const COMMIT = text({ pattern: '^[0-9a-f]{40}(?:[0-9a-f]{24})?$', description: 'a Git object id' });
const SOURCE = named(
  'Source',
  object<Source>({
    repository: optional(LINE),
    commit: optional(COMMIT),
    path: optional(LINE),
    worktree: optional({ ...oneOf(true), description: 'true or left out' }),
  }),
  'where a version was published from, as its publisher says',
);
const STATEMENT_KIND: Schema<Statement['kind']> = oneOf('erratum', 'retired', 'restored');
const STATEMENT = named(
  'Statement',
  object<Statement>({ kind: STATEMENT_KIND, text: text(), at: TIME, by: ACTOR }),
  'what is said of a version after it was published',
);

export const VERSION: Schema<Version> = named(
  'Version',
  object<Version>({
    family: FAMILY,
    version: text({ description: 'a version, such as v1.2.0' }),
    kind: KIND,
    digest: DIGEST,
    tree: OID,
    commit: OID,
    layer: PART,
    config: PART,
    image: optional(DIGEST),
    name: optional(text()),
    files: COUNT,
    published: object<Version['published']>({ at: TIME, by: ACTOR, with: oneOf('publish', 'git push') }),
    source: SOURCE,
    pins: list(text()),
    statements: list(STATEMENT),
    retired: optional(text({ description: 'the reason, while it is retired' })),
  }),
  'one version of a family; all but pins, statements and retired never changes',
);

export const VERSION_PAGE: Schema<VersionPage> = named(
  'VersionPage',
  object<VersionPage>({ versions: list(VERSION), next: optional(NEXT) }),
);

export const FAMILY_SHOWN: Schema<Family> = named(
  'Family',
  object<Family>({
    family: FAMILY,
    kind: optional(KIND),
    latest: optional(text({ description: 'the newest version that is not retired, releases before prereleases' })),
    versions: COUNT,
    pins: mapOf(text()),
  }),
  'a family that something was published to, or that is used as a plain repository and has no kind',
);

export const FAMILY_PAGE: Schema<FamilyPage> = named(
  'FamilyPage',
  object<FamilyPage>({ families: list(FAMILY_SHOWN), next: optional(NEXT) }),
);

const FILE_KIND: Schema<FileEntry['kind']> = oneOf('file', 'executable', 'link');

export const FILE_LISTING: Schema<FileListing> = named(
  'FileListing',
  object<FileListing>({
    tree: OID,
    layer: PART,
    files: list(
      named(
        'FileEntry',
        object<FileEntry>({
          path: text(),
          kind: FILE_KIND,
          size: COUNT,
          oid: OID,
          digest: DIGEST,
          target: optional(text({ description: 'where a link points to' })),
        }),
      ),
    ),
  }),
  'all files of a version, in the order of its tree; folders are not listed',
);

export const PIN: Schema<Pin> = named(
  'Pin',
  object<Pin>({ family: FAMILY, pin: text(), version: text(), digest: DIGEST, at: TIME, by: ACTOR }),
  "a pin: an operator's name for one version of a family",
);

export const PIN_LIST: Schema<{ readonly pins: readonly Pin[] }> = named(
  'PinList',
  object<{ readonly pins: readonly Pin[] }>({ pins: list(PIN) }),
);

const PIN_TARGET = named('PinTarget', object<PinTarget>({ version: text(), digest: DIGEST }));
const MOVE = object<PinMove>({
  at: TIME,
  by: ACTOR,
  from: orNull(PIN_TARGET),
  to: orNull(PIN_TARGET),
  note: optional(text()),
});

export const PIN_HISTORY: Schema<PinHistory> = named(
  'PinHistory',
  object<PinHistory>({
    family: FAMILY,
    pin: text(),
    current: orNull(PIN_TARGET),
    history: list(named('PinMove', MOVE)),
  }),
  'a pin with how it got there, the newest move first; current is null where it was removed',
);

/** What is compared with a pin may be of either kind. */
export const ANY_DIGEST: Schema<string> = text({
  pattern: '^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$',
  description: 'a digest, sha256: and 64 hex digits',
});
export const NOTE: Schema<string> = text({ maxLength: 2000, description: 'text of at most 2000 characters' });

export const PIN_REQUEST: Schema<PinRequest> = named(
  'PinRequest',
  object<PinRequest>({
    to: text({ description: 'a version, a digest or another pin' }),
    expect: optional({ ...orNull(ANY_DIGEST), description: 'a digest or null' }),
    note: optional(NOTE),
  }),
);

export type StatementRequest = Pick<Statement, 'kind' | 'text'>;
export const STATEMENT_REQUEST: Schema<StatementRequest> = named(
  'StatementRequest',
  object<StatementRequest>({
    kind: STATEMENT_KIND,
    text: text({ pattern: '\\S', maxLength: 2000, description: 'said in 1 to 2000 characters' }),
  }),
);

const EVENT = { number: COUNT, at: TIME, by: ACTOR };
type EventOf<W extends FamilyEvent['what']> = Extract<FamilyEvent, { readonly what: W }>;

const FAMILY_EVENT = named(
  'FamilyEvent',
  anyOf(
    object<EventOf<'published'>>({ ...EVENT, what: oneOf('published'), version: text(), digest: DIGEST, tree: OID }),
    object<EventOf<'pinned'>>({
      ...EVENT,
      what: oneOf('pinned'),
      pin: text(),
      from: orNull(PIN_TARGET),
      to: orNull(PIN_TARGET),
      note: optional(text()),
    }),
    object<EventOf<Statement['kind']>>({ ...EVENT, what: STATEMENT_KIND, version: text(), text: text() }),
    object<EventOf<'removed'>>({ ...EVENT, what: oneOf('removed'), version: text(), digest: DIGEST, reason: text() }),
  ),
  'one thing that happened in a family',
);

export const EVENT_PAGE: Schema<EventPage> = named(
  'EventPage',
  object<EventPage>({ events: list(FAMILY_EVENT), next: optional(NEXT) }),
);

const PATH_STATE = named('PathState', object<PathState>({ kind: FILE_KIND, size: COUNT, oid: OID }));

export const TREE_DIFFERENCE: Schema<TreeDifference> = named(
  'TreeDifference',
  object<TreeDifference>({
    added: COUNT,
    removed: COUNT,
    changed: COUNT,
    paths: list(
      named(
        'ChangedPath',
        object<ChangedPath>({
          path: text(),
          change: oneOf('added', 'removed', 'changed'),
          from: optional(PATH_STATE),
          to: optional(PATH_STATE),
        }),
      ),
    ),
    cut: optional({
      ...oneOf(true),
      description: 'true where there are more paths than are told; the counts are of all',
    }),
  }),
);

export type PublishLine = Omit<PublishRequest, 'source'> & { readonly source?: Source | null };
export const PUBLISH_REQUEST: Schema<PublishLine> = named(
  'PublishRequest',
  object<PublishLine>({
    tree: OID,
    author: LINE,
    source: optional(orNull(SOURCE)),
    image: optional(LINE),
  }),
  'the first line of a publish',
);

export const PUBLISHED: Schema<Published> = named(
  'Published',
  object<Published>({ outcome: oneOf('published', 'unchanged'), version: VERSION }),
);

export interface MissingRequest {
  readonly oids: readonly string[];
}
const MOST_OIDS = 100_000;
export const MISSING_REQUEST: Schema<MissingRequest> = named(
  'MissingRequest',
  object<MissingRequest>({
    oids: list(OID, { maxItems: MOST_OIDS, description: `a list of at most ${MOST_OIDS} Git object ids` }),
  }),
);

export interface Missing {
  readonly missing: readonly string[];
}
export const MISSING: Schema<Missing> = named('Missing', object<Missing>({ missing: list(OID) }));

const RULES = {
  keepLast: optional(
    integer({ minimum: 1, maximum: 1_000_000, description: 'a number of versions, from 1 to 1,000,000' }),
  ),
  keepYoungerThan: optional(
    integer({ minimum: 1, maximum: 10 ** 10, description: 'a number of seconds, from 1 to 10,000,000,000' }),
  ),
};
export const RETENTION_REQUEST: Schema<RetentionRequest> = named(
  'RetentionRequest',
  object<RetentionRequest>(
    { ...RULES, apply: optional(flag('whether to remove what is to go; it is only told otherwise')) },
    { additionalProperties: false },
  ),
);

const RETAINED_VERSION = named(
  'RetainedVersion',
  object<RetainedVersion>({
    version: text(),
    digest: DIGEST,
    publishedAt: TIME,
    action: oneOf('kept', 'removed'),
    why: list(text(), { description: 'why it stays' }),
    inHistory: optional({
      ...oneOf(true),
      description: 'true where its commit is behind others that stay, and its files with it; else left out',
    }),
  }),
);
export const RETENTION_REPORT: Schema<RetentionReport> = named(
  'RetentionReport',
  object<RetentionReport>({
    family: FAMILY,
    applied: flag('false where nothing was changed'),
    versions: list(RETAINED_VERSION),
  }),
);
