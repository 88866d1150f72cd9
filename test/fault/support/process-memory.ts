import { readFile } from 'node:fs/promises';
import { send, textOf } from '../../support/http.ts';
import type { Server } from '../../support/server.ts';

export interface Memory {
  /** Of the process alone: pages of files that LMDB has mapped are the kernel's to take back. */
  readonly own: number;
  readonly heap: number;
}

export async function memoryOf(server: Server): Promise<Memory> {
  const status = await readFile(`/proc/${server.pid}/status`, 'utf8');
  const own = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? NaN) * 1024;
  const metrics = textOf(await send('GET', `${server.url}/metrics`));
  return { own, heap: Number(/^nodejs_heap_size_used_bytes (\S+)/m.exec(metrics)?.[1]) };
}
