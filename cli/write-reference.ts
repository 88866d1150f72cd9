import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { referencePage } from './reference.ts';

// Run from dist/cli by `npm run docs`, and the page lies beside dist/.
await writeFile(fileURLToPath(new URL('../../docs/reference.md', import.meta.url)), await referencePage());
