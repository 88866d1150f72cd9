import type { ClientError, RunFault } from '../lib/client/index.ts';

/** What a server found wrong with a run, one line for each. */
export function faultLines({ about }: ClientError): string[] {
  const faults: unknown = typeof about === 'object' && about !== null && 'faults' in about ? about.faults : undefined;
  if (!Array.isArray(faults)) return [];
  return (faults as readonly Partial<RunFault>[]).map(({ document, path, message }) => {
    const place = [document, path].filter((part) => part !== undefined && part !== '').join(': ');
    return `  ${place} ${message ?? ''}`;
  });
}
