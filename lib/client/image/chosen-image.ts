import { ImageError, plain } from './image-error.ts';

/** One of the images that a layout or archive holds. */
export interface Candidate {
  readonly names: readonly string[];
  readonly digest: string;
  /** What else helps to tell it from the others. */
  readonly platform?: string;
}

const MAX_LISTED = 20;

/** The image that is meant: the one that was chosen by `<name>` or `@<digest>`, or the only one. */
export function chooseImage<T extends Candidate>(
  candidates: readonly T[],
  chosen: string | undefined,
  label: string,
): T | undefined {
  const fitting = candidates.filter((candidate) => chosen === undefined || fits(candidate, chosen));
  const [first] = fitting;
  if (first === undefined) return undefined;
  if (fitting.every(({ digest }) => digest === first.digest)) return first;
  const which = chosen === undefined ? 'several images' : `several images named ${plain(chosen)}`;
  throw new ImageError(
    'image-ambiguous',
    `${label} holds ${which}; choose one by its name, :<name>, or by :@<digest>:\n${listed(fitting)}`,
  );
}

export function notFound(candidates: readonly Candidate[], chosen: string | undefined, label: string): ImageError {
  if (candidates.length === 0) return new ImageError('image-not-found', `${label} holds no image`);
  const what = chosen === undefined ? 'no image' : `no image ${plain(chosen)}`;
  return new ImageError('image-not-found', `${label} holds ${what}; these are there:\n${listed(candidates)}`);
}

/** Docker leaves out its own registry and the tag `latest`; both ways of writing name the same. */
function fits({ names, digest }: Candidate, chosen: string): boolean {
  if (chosen.startsWith('@')) return digest === chosen.slice(1);
  return names.some((name) => name === chosen || full(name) === full(chosen));
}

function full(name: string): string {
  const short = name.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\//, '');
  return /:[^/]*$/.test(short) ? short : `${short}:latest`;
}

function listed(candidates: readonly Candidate[]): string {
  const lines = candidates
    .slice(0, MAX_LISTED)
    .map(({ names, digest, platform }) =>
      [`  ${names.map((name) => plain(name)).join(', ') || '(no name)'}`, plain(digest), plain(platform ?? '')]
        .join('  ')
        .trimEnd(),
    );
  if (candidates.length > MAX_LISTED) lines.push(`  … and ${candidates.length - MAX_LISTED} more`);
  return lines.join('\n');
}
