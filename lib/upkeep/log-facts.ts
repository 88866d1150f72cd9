import { canonicalJson } from '../encoding/canonical-json.ts';
import type { Sha256 } from '../encoding/digest.ts';
import type { PinTarget } from '../definition/wire.ts';
import type { DefinitionFact, LogEntry } from '../log/entry.ts';

/** What entries of the log say, as far as the store must say the same. By family and name where two make one. */
export class LogFacts {
  readonly versions = new Map<string, { readonly digest: Sha256; readonly parts: string }>();
  readonly pins = new Map<string, PinTarget | null>();
  readonly statements = new Map<string, string>();
  /** Versions that were removed, and the digests by which they were known. */
  readonly removed = new Map<string, Sha256>();
  /** How many entries there are about a run. */
  readonly runs = new Map<string, number>();
  /** Of each family, the places of its entries. */
  readonly families = new Map<string, number[]>();

  add(entry: LogEntry, index: number): void {
    if ('id' in entry) {
      if (entry.type === 'run' || this.runs.has(entry.id)) this.runs.set(entry.id, (this.runs.get(entry.id) ?? 0) + 1);
      return;
    }
    if (!('family' in entry)) return;
    const entries = this.families.get(entry.family);
    if (entries === undefined) this.families.set(entry.family, [index]);
    else entries.push(index);
    this.#addOfFamily(entry);
  }

  /** What was said of it stays in the log, and in no store. */
  #remove(name: string, digest: Sha256): void {
    this.removed.set(name, digest);
    this.versions.delete(name);
    this.statements.delete(name);
  }

  #addOfFamily(entry: Extract<LogEntry, { readonly family: string }>): void {
    if (entry.type === 'definition')
      this.versions.set(nameOf(entry.family, entry.version), { digest: entry.digest, parts: partsOf(entry) });
    else if (entry.type === 'pin') this.pins.set(nameOf(entry.family, entry.pin), entry.to);
    else if (entry.type === 'removal') this.#remove(nameOf(entry.family, entry.version), entry.digest);
    else {
      const name = nameOf(entry.family, entry.version);
      this.statements.set(name, (this.statements.get(name) ?? '') + statementText(entry));
    }
  }
}

export function nameOf(family: string, name: string): string {
  return `${family}@${name}`;
}

export function statementText({ kind, text }: { readonly kind: string; readonly text: string }): string {
  return `${JSON.stringify([kind, text])}\n`;
}

export type DefinitionParts = Omit<DefinitionFact, 'type' | 'family' | 'version' | 'digest'>;

/** All that an entry says of a version beside its digest, in one form. */
export function partsOf({ kind, tree, commit, layer, config, image }: DefinitionParts): string {
  const parts = { kind, tree, commit, layer, config, ...(image === undefined ? {} : { image }) };
  return canonicalJson(parts).toString();
}
