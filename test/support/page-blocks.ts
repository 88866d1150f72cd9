import { readFile } from 'node:fs/promises';

/** A block of commands of a page, and what the page says that they print. */
export interface PageBlock {
  readonly heading: string;
  /** What stands behind the language: what the block needs, or who runs it. */
  readonly kind: string;
  readonly commands: string;
  readonly prints: readonly string[];
}

const FENCE = /^```(\S+)(?: (\S+))?\n(.*?)^```$/gms;

/** Every block of shell commands of a Markdown page, in order. */
export async function pageBlocks(page: URL): Promise<PageBlock[]> {
  const text = await readFile(page, 'utf8');
  const blocks: PageBlock[] = [];
  for (const { index, 1: language, 2: kind = '', 3: body = '' } of text.matchAll(FENCE)) {
    const heading =
      text
        .slice(0, index)
        .match(/^#+ .*$/gm)
        ?.at(-1)
        ?.replace(/^#+ /, '') ?? '';
    const before = blocks.at(-1);
    if (language === 'sh') blocks.push({ heading, kind, commands: body, prints: [] });
    else if (language === 'text' && before !== undefined) {
      blocks[blocks.length - 1] = { ...before, prints: body.trimEnd().split('\n') };
    } else throw new Error(`${heading}: a block of ${String(language)} that nobody runs`);
  }
  return blocks;
}

/** A line as a page prints it, where … stands for whatever it is this time. */
export function lineLike(printed: string): RegExp {
  const parts = printed.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`, 'm');
}
