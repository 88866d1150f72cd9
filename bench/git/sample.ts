import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Numbers, numbersFrom, randomBytes, text } from './random.ts';

/** A test case in many files, of which each edition changes some; the same bytes wherever it is made. */
export interface Sample {
  /** With its metadata. */
  files: number;
  meanBytes: number;
  /** Files that an edition changes, of each that came before. */
  changed: number;
}

export const largeSample: Sample = { files: 20_000, meanBytes: (105 * 2 ** 20) / 20_000, changed: 200 };

export const sampleFamily = 'test-cases/measured';

const filesInFolder = 64;
const foldersInFolder = 16;

export function versionOf(edition: number): string {
  return `v1.0.${edition}`;
}

/** Writes the first edition, which is number 0, or what another one changes of the one before it. */
export function writeEdition(folder: string, sample: Sample, edition: number): void {
  write(join(folder, 'test-case.toml'), metadata(edition));
  const step = sample.files / sample.changed;
  for (let index = 1; index < sample.files; index++) {
    // One less than `changed`, since the metadata changes as well.
    const changes = index >= step && index % step === edition % step;
    if (edition === 0 || changes) write(join(folder, pathOf(index)), content(sample, index, edition));
  }
}

function write(path: string, bytes: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
}

function metadata(edition: number): string {
  return `name = "Measured"
family = "${sampleFamily}"
version = "${versionOf(edition)}"
prompt = "prompt.md"
`;
}

function pathOf(index: number): string {
  if (index === 1) return 'prompt.md';
  const folder = Math.floor(index / filesInFolder);
  const name = isText(index) ? `part-${index}.md` : `picture-${index}.png`;
  return `section-${Math.floor(folder / foldersInFolder)}/chapter-${folder}/${name}`;
}

function isText(index: number): boolean {
  return index === 1 || index % 10 < 7;
}

function content(sample: Sample, index: number, edition: number): Uint8Array {
  const size = sizeOf(sample, index);
  if (!isText(index)) return randomBytes(numbersFrom(index + edition * sample.files), size);
  const written = text(numbersFrom(index), size);
  if (edition === 0) return written;
  const middle = written.length >> 1;
  const added = text(numbersFrom(index + edition * sample.files), 80);
  return Buffer.concat([written.subarray(0, middle), added, written.subarray(middle)]);
}

/** Many small ones and some large ones, as exponentially distributed sizes are. */
function sizeOf(sample: Sample, index: number): number {
  const next: Numbers = numbersFrom(index + 1_000_000_007);
  return Math.max(16, Math.round(-Math.log(1 - next()) * sample.meanBytes));
}
