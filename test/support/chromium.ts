import { join } from 'node:path';
import { chromium, type Browser } from 'playwright-core';
import { folderOf } from './programs.ts';

/** The browser of this machine; nothing is downloaded. Its sandbox does not work for root. */
export async function startChromium(): Promise<Browser> {
  const folder = folderOf('chromium');
  if (folder === undefined) throw new Error('chromium is not installed');
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath: join(folder, 'chromium'), args });
}
