import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { AssayClient } from '../../lib/client/assay-client.ts';
import { ContentCache } from '../../lib/client/content-cache.ts';
import { pull, type Pulled, type PullOptions } from '../../lib/client/pull.ts';
import type { DefinitionServer } from './definition-server.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** A folder to pull into, with a cache and a client that does not wait long. */
export interface PullPlace {
  readonly folder: string;
  readonly target: string;
  readonly cache: ContentCache;
  readonly client: AssayClient;
  readonly notices: string[];
  pull(options?: Partial<PullOptions>): Promise<Pulled>;
  /** What stands beside the target. */
  beside(): Promise<string[]>;
}

export function usePullPlace(server: () => DefinitionServer): () => PullPlace {
  let place: PullPlace | undefined;
  let remove: (() => Promise<void>) | undefined;
  beforeEach(async () => {
    const made = await makeTemporaryFolder();
    remove = () => made.remove();
    place = placeIn(made.path, server().url);
  });
  afterEach(() => remove?.());
  return () => {
    if (place === undefined) throw new Error('no test is running');
    return place;
  };
}

function placeIn(folder: string, url: string): PullPlace {
  const target = join(folder, 'work', 'carom');
  const cache = new ContentCache(join(folder, 'cache'));
  const client = new AssayClient({ url, tries: 3, backOffMs: 5, stallMs: 500 });
  const notices: string[] = [];
  const usual = { client, cache, family: 'test-cases/carom', ref: 'v1.0.0', directory: target };
  return {
    folder,
    target,
    cache,
    client,
    notices,
    pull: (options = {}) => pull({ ...usual, onNotice: (notice) => notices.push(notice), ...options }),
    beside: () => readdir(join(folder, 'work')).catch(() => []),
  };
}
