import { readKeyFile } from '../lib/log/key-file.ts';
import { Log } from '../lib/log/log-store.ts';
import { readHead } from '../lib/log/sequencer.ts';
import { StoredSources } from '../lib/snapshot/stored-sources.ts';
import type { Sources } from '../lib/snapshot/sources.ts';
import { logHeadKey } from '../lib/store/keys.ts';
import type { Context } from './context.ts';

/** What a command renders from, beside a server or without one. */
export interface SnapshotInput {
  readonly sources: Sources;
  /** Entries that the log has. */
  readonly size: number;
  /** Undefined where the log's key is not at hand. */
  readonly checkpoint: (size: number) => Promise<string | undefined>;
}

export async function snapshotInput({ stores, registry, definitions, config }: Context): Promise<SnapshotInput> {
  const { keys } = stores;
  const sources = new StoredSources({ keys, content: registry.content, files: definitions.files });
  if ((await keys.get(logHeadKey)) === undefined)
    return { sources, size: 0, checkpoint: () => Promise.resolve(undefined) };
  return {
    sources,
    size: (await readHead(keys)).frontier.size,
    checkpoint: async (size) => {
      const signer = await readKeyFile(config.logKeyFile);
      return signer === undefined ? undefined : (await Log.open(keys, { now: Date.now, signer })).checkpointAt(size);
    },
  };
}
