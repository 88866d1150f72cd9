import { openWire, type Wire } from './wire.ts';

/** Opens `count` connections, lets each do `work` at the same time, and closes them. */
export async function withCallers(
  url: string,
  count: number,
  work: (wire: Wire, caller: number) => Promise<void>,
): Promise<void> {
  const wires: Wire[] = [];
  try {
    for (let opened = 0; opened < count; opened++) wires.push(await openWire(url));
    await Promise.all(wires.map(work));
  } finally {
    for (const wire of wires) wire.close();
  }
}
