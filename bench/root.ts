import { fileURLToPath } from 'node:url';

/** The package's folder, seen from dist/bench/, where this file runs. */
export const root = fileURLToPath(new URL('../../', import.meta.url));
