import type { Sources } from '../../lib/snapshot/sources.ts';

export const fixtureSources: Sources;
