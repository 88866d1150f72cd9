import { readFileSync } from 'node:fs';

export { DATA_FORMAT } from '../lib/store/data-format.ts';

/** As package.json says, which lies two folders above the built file and one above the source. */
export const VERSION: string = readVersion();

/** How the server names itself to Git. */
export const GIT_AGENT = `assay/${VERSION}`;

function readVersion(): string {
  for (const path of ['../../package.json', '../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as {
        name?: string;
        version?: string;
      };
      if (name === 'assay' && version !== undefined) return version;
    } catch {
      continue;
    }
  }
  return 'unknown';
}
