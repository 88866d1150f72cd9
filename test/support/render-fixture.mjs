// Renders the log of fixtures/snapshots with the built program and prints the id at each size that is asked for. Plain
// JavaScript, so that any version of Node can run it.
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';

const root = new URL('../../', import.meta.url);
const { render } = await import(new URL('dist/lib/snapshot/render.js', root));
const { entries, bodies, files } = JSON.parse(readFileSync(new URL('fixtures/snapshots/log.json', root), 'utf8'));

const sources = {
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

const ids = {};
for (const size of process.argv.slice(2).map(Number)) {
  ids[size] = (await render(sources, { write: async () => {} }, { size })).id;
}
process.stdout.write(`${JSON.stringify(ids)}\n`);
