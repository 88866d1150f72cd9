/** A line on the terminal that tells how far long work is. Where standard error is no terminal it says nothing. */
export class Progress {
  #shown = 0;
  #width = 0;

  /** For work that tells its progress: nothing where nobody would see it. */
  get listener(): { onProgress?: (doing: string, done: number, of: number | undefined) => void } {
    return process.stderr.isTTY ? { onProgress: (doing, done, of) => this.#update(doing, done, of) } : {};
  }

  #update(doing: string, done: number, of: number | undefined): void {
    if (Date.now() - this.#shown < 100) return;
    this.#shown = Date.now();
    this.#draw(of === undefined || of === 0 ? `${doing} ${done}` : `${bar(done / of)} ${doing} ${done}/${of}`);
  }

  end(): void {
    if (this.#width > 0) this.#draw('');
  }

  #draw(text: string): void {
    const line = text.slice(0, Math.max(20, (process.stderr.columns || 80) - 1));
    process.stderr.write(`\r${line.padEnd(this.#width)}\r${line}`);
    this.#width = line.length;
  }
}

function bar(part: number): string {
  const full = Math.round(Math.min(1, Math.max(0, part)) * 24);
  return `[${'#'.repeat(full)}${'.'.repeat(24 - full)}]`;
}
