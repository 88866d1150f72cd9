import type { Sha256 } from '../encoding/digest.ts';
import { parseEntry } from './entry-bytes.ts';
import type { DefinitionFact, LogEntry, PinFact, RemovalFact, RunFact } from './entry.ts';
import { wrongField } from './entry-shape.ts';
import { LogError } from './log-error.ts';

const AT = /^\d{4}-(?:0\d|1[0-2])-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\d\.\d{3}Z$/;

interface RunSoFar {
  record: Sha256;
  readonly reviews: Map<string, Sha256>;
  retracted: boolean;
  erased?: true;
}

/**
 * What entries may say behind those before them, whoever wrote them: a version names one digest for ever, pins move from
 * where they stood, and the history of each run goes on from where it was. Entries of unknown types and formats pass.
 */
export class ContentRules {
  readonly #versions = new Map<string, Sha256>();
  readonly #removed = new Set<string>();
  readonly #pins = new Map<string, string>();
  readonly #runs = new Map<string, RunSoFar>();

  /** What is wrong with the next entry; undefined where it is well. */
  take(bytes: Uint8Array): string | undefined {
    let entry: LogEntry;
    try {
      entry = parseEntry(bytes);
    } catch (error) {
      if (error instanceof LogError) return error.message;
      throw error;
    }
    if (!AT.test(entry.at) || Number.isNaN(Date.parse(entry.at))) return `${text(entry.at)} is no time in UTC`;
    if ((entry.v as number) !== 1) return undefined;
    const wrong = wrongField(entry);
    return wrong === undefined ? this.#fault(entry) : `${wrong} of this ${entry.type} is missing or no such thing`;
  }

  #fault(entry: LogEntry): string | undefined {
    switch (entry.type) {
      case 'definition':
        return this.#definition(entry);
      case 'pin':
        return this.#pin(entry);
      case 'statement':
        return this.#versions.has(nameOf(entry.family, entry.version)) ? undefined : notThere(entry);
      case 'removal':
        return this.#removal(entry);
      case 'run':
        return this.#run(entry);
      case 'review':
      case 'amend':
      case 'retract':
      case 'erase':
        return this.#change(entry);
      default:
        return undefined;
    }
  }

  #definition({ family, version, digest }: DefinitionFact): string | undefined {
    const name = nameOf(family, version);
    const before = this.#versions.get(name);
    if (before === undefined) this.#versions.set(name, digest);
    if (this.#removed.has(name)) return `${text(name)} was removed before, and its name is never used again`;
    if (before === undefined || before === digest) return undefined;
    return `${text(name)} is said to be ${text(digest)}, and was ${text(before)} before: a version names one digest for ever`;
  }

  #removal({ family, version, digest }: RemovalFact): string | undefined {
    const name = nameOf(family, version);
    if (this.#versions.get(name) !== digest)
      return `${text(name)} (${text(digest)}) is removed, which the log does not have`;
    if (this.#removed.has(name)) return `${text(name)} was removed before`;
    this.#removed.add(name);
    return undefined;
  }

  /** Whether a version was published so, and is there. */
  #has({
    family,
    version,
    digest,
  }: {
    readonly family: string;
    readonly version: string;
    readonly digest: Sha256;
  }): boolean {
    const name = nameOf(family, version);
    return this.#versions.get(name) === digest && !this.#removed.has(name);
  }

  #pin({ family, pin, from, to }: PinFact): string | undefined {
    const name = nameOf(family, pin);
    const stood = this.#pins.get(name) ?? null;
    if (to === null) this.#pins.delete(name);
    else this.#pins.set(name, to.digest);
    if ((from?.digest ?? null) !== stood) {
      return `the pin ${text(name)} is said to move from ${text(from?.digest ?? 'nowhere')}, and stood at ${text(stood ?? 'nowhere')}`;
    }
    if (to === null || this.#has({ family, ...to })) return undefined;
    return `the pin ${text(name)} is moved to ${text(to.version)} (${text(to.digest)}), which the log does not have`;
  }

  #run({ id, record, review, reviewer, definition }: RunFact): string | undefined {
    if (this.#runs.has(id)) return `the run ${text(id)} is published a second time`;
    this.#runs.set(id, { record, reviews: new Map([[reviewer, review]]), retracted: false });
    return this.#isOfUnknown(id, definition);
  }

  #isOfUnknown(id: string, { family, version, digest }: RunFact['definition']): string | undefined {
    const name = nameOf(family, version);
    if (this.#has({ family, version, digest })) return undefined;
    return `the run ${text(id)} is of ${text(name)} (${text(digest)}), which the log does not have`;
  }

  #change(entry: Extract<LogEntry, { type: 'review' | 'amend' | 'retract' | 'erase' }>): string | undefined {
    const run = this.#runs.get(entry.id);
    if (run === undefined) return `the run ${text(entry.id)} was never published`;
    if (run.erased === true) return `the run ${text(entry.id)} was erased before`;
    if (entry.type === 'erase') {
      run.erased = true;
      return undefined;
    }
    if (run.retracted) return `the run ${text(entry.id)} was retracted before`;
    if (entry.type === 'retract') {
      run.retracted = true;
      return undefined;
    }
    const current = entry.type === 'amend' ? run.record : run.reviews.get(entry.reviewer);
    if (entry.type === 'amend') run.record = entry.record;
    else run.reviews.set(entry.reviewer, entry.review);
    if (entry.supersedes === current) {
      const isOf = entry.type === 'amend' ? entry.definition : undefined;
      return isOf === undefined ? undefined : this.#isOfUnknown(entry.id, isOf);
    }
    const what = entry.type === 'amend' ? 'record' : `review by ${text(entry.reviewer)}`;
    return `the run ${text(entry.id)} gets another ${what} for ${text(entry.supersedes ?? 'none')}, and had ${text(current ?? 'none')}`;
  }
}

function nameOf(family: string, name: string): string {
  return `${family}@${name}`;
}

function notThere({ family, version }: { readonly family: string; readonly version: string }): string {
  return `something is stated of ${text(nameOf(family, version))}, which the log does not have`;
}

/** What somebody else may have written need not be short, nor a text. */
function text(value: unknown): string {
  return String(value).slice(0, 300);
}
