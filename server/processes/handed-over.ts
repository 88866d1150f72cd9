import type { Worker } from 'node:cluster';
import type { EventEmitter } from 'node:events';

interface HandedOver {
  close(): void;
}

/**
 * Ends the connections that were on their way to a process which died before it took them. Node's cluster forgets them (seen
 * with Node 20): they would stay open without anybody to answer, and their clients would wait for ever.
 */
export function endWhatIsLost({ process: child }: Worker): void {
  // Where the system had no descriptors left there is no channel either, and the process ends at once.
  if (typeof child.send !== 'function') return;
  const underWay = new Map<number, HandedOver>();
  const send = child.send.bind(child) as (...args: unknown[]) => boolean;
  child.send = (message: unknown, handle?: unknown, ...rest: unknown[]): boolean => {
    const seq = (message as { readonly seq?: unknown }).seq;
    if (typeof seq === 'number' && isClosable(handle)) underWay.set(seq, handle);
    return send(message, handle, ...rest);
  };
  // What has an answer is closed here, or handed to another, by the cluster itself.
  (child as EventEmitter).on('internalMessage', ({ ack }: { readonly ack?: number }) => {
    if (ack !== undefined) underWay.delete(ack);
  });
  child.once('exit', () => {
    for (const handle of underWay.values()) handle.close();
  });
}

function isClosable(handle: unknown): handle is HandedOver {
  return typeof handle === 'object' && handle !== null && typeof (handle as Partial<HandedOver>).close === 'function';
}
