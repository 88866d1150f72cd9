/** An OCI tag has no more (distribution specification, "Pulling manifests"). */
const LONGEST = 128;
const NUMBER = '(?:0|[1-9]\\d*)';
/** Semantic Versioning 2.0.0, paragraph 9. Build metadata is left out: an OCI tag holds no `+`. */
const IDENTIFIER = `(?:${NUMBER}|\\d*[A-Za-z-][0-9A-Za-z-]*)`;
const VERSION = new RegExp(`^v(${NUMBER}\\.${NUMBER}\\.${NUMBER})(?:-(${IDENTIFIER}(?:\\.${IDENTIFIER})*))?$`);

/** True of `v1.2.3` and `v1.2.3-rc.1`: the name of a version, its Git tag and its OCI tag. */
export function isVersion(text: string): boolean {
  return text.length <= LONGEST && VERSION.test(text);
}

/** What an author may write for a version, `1.2.3` or `v1.2.3`, as its name. */
export function versionNamed(text: string): string | undefined {
  const name = text.startsWith('v') ? text : `v${text}`;
  return isVersion(name) ? name : undefined;
}

export function isPrerelease(version: string): boolean {
  return version.includes('-');
}

/** Precedence of Semantic Versioning, paragraph 11: below zero where `a` comes before `b`. */
export function compareVersions(a: string, b: string): number {
  const [one, other] = [partsOf(a), partsOf(b)];
  for (let at = 0; at < 3; at += 1) {
    const order = compareNumbers(one.numbers[at]!, other.numbers[at]!);
    if (order !== 0) return order;
  }
  return comparePrereleases(one.prerelease, other.prerelease);
}

/** The newest release; where there is none, the newest prerelease. */
export function newestOf(versions: Iterable<string>): string | undefined {
  let newest: string | undefined;
  for (const version of versions) if (newest === undefined || isNewer(version, newest)) newest = version;
  return newest;
}

function isNewer(version: string, than: string): boolean {
  if (isPrerelease(version) !== isPrerelease(than)) return isPrerelease(than);
  return compareVersions(version, than) > 0;
}

function partsOf(version: string): { readonly numbers: readonly string[]; readonly prerelease: readonly string[] } {
  const [, numbers, prerelease] = isVersion(version) ? VERSION.exec(version)! : [];
  if (numbers === undefined) throw new TypeError(`${JSON.stringify(version)} is not a version`);
  return { numbers: numbers.split('.'), prerelease: prerelease?.split('.') ?? [] };
}

function comparePrereleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length;
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const order = compareIdentifiers(a[at]!, b[at]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareIdentifiers(a: string, b: string): number {
  const [isNumber, isOtherNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (isNumber && isOtherNumber) return compareNumbers(a, b);
  if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
  return compareText(a, b);
}

/** Of digits without leading zeros, as long as they may be: a number could not tell the largest apart. */
function compareNumbers(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
