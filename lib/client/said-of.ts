import type { Version } from '../definition/wire.ts';

/** What was said of a version after it was published, in lines for who is about to use it. */
export function saidOf({ family, version, statements, retired }: Version): string[] {
  const name = `${family}@${version}`;
  const errata = statements.filter(({ kind }) => kind === 'erratum').map(({ text }) => `erratum of ${name}: ${text}`);
  return [...(retired === undefined ? [] : [`${name} is retired: ${retired}`]), ...errata];
}
