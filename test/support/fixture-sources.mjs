// The log of fixtures/snapshots, as the source of a render. Plain JavaScript, so that any version of Node can run it.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';

const file = new URL('../../fixtures/snapshots/log.json', import.meta.url);
const { entries, bodies, files } = JSON.parse(readFileSync(file, 'utf8'));

export const fixtureSources = {
  log: {
    async *entries(from, to) {
      for (const entry of entries.slice(from, to)) yield Buffer.from(entry, 'utf8');
    },
  },
  bodies: {
    async open(digest) {
      if (bodies[digest] === undefined) return undefined;
      const bytes = Buffer.from(bodies[digest], 'base64');
      return { size: bytes.length, read: () => Readable.from([bytes]) };
    },
  },
  files: { list: async ({ family, version }) => files[`${family} ${version}`] },
};
