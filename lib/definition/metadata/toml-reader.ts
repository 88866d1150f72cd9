import type { AST } from 'toml-eslint-parser';
import type { FaultList } from './fault-list.ts';
import { cut } from './quoted.ts';
import { trailTo, type Place, type Step, type TomlNode, type TomlTable, type Trail } from './toml-node.ts';

const DEEPEST = 100;

/** Makes of the parser's nodes, which follow the text, the tables and lists that the text means. */
export class TomlReader {
  readonly #faults: FaultList;

  constructor(faults: FaultList) {
    this.#faults = faults;
  }

  table(program: AST.TOMLProgram): TomlTable {
    const root = tableAt({ line: 1, column: 1, trail: undefined });
    for (const node of program.body[0].body) {
      if (node.type === 'TOMLKeyValue') this.#assign(root, node);
      else this.#section(root, node);
    }
    return root;
  }

  /** What stands below a header. */
  #section(root: TomlTable, { key, kind, body }: AST.TOMLTable): void {
    const folder = this.#descend(root, key.keys.slice(0, -1));
    const last = key.keys.at(-1);
    if (folder === undefined || last === undefined) return;
    const table = kind === 'array' ? this.#append(folder, last) : this.#enter(folder, last);
    if (table !== undefined) for (const node of body) this.#assign(table, node);
  }

  #assign(table: TomlTable, { key, value }: AST.TOMLKeyValue): void {
    const folder = this.#descend(table, key.keys.slice(0, -1));
    const last = key.keys.at(-1);
    if (folder === undefined || last === undefined) return;
    const place = this.#place(folder, last);
    if (place === undefined) return;
    if (folder.members.has(nameOf(last))) this.#faults.add(place, 'is defined twice');
    else folder.members.set(nameOf(last), this.#value(value, place));
  }

  #descend(table: TomlTable, keys: readonly Key[]): TomlTable | undefined {
    let at: TomlTable | undefined = table;
    for (const key of keys) {
      at = this.#enter(at, key);
      if (at === undefined) return undefined;
    }
    return at;
  }

  /** The table of this name; of a list of tables, the last. */
  #enter(table: TomlTable, key: Key): TomlTable | undefined {
    const place = this.#place(table, key);
    if (place === undefined) return undefined;
    const member = table.members.get(nameOf(key));
    const inner = member?.type === 'list' ? member.elements.at(-1) : member;
    if (inner?.type === 'table') return inner;
    if (member !== undefined) return this.#refuse(place, 'is defined twice');
    const made = tableAt(place);
    table.members.set(nameOf(key), made);
    return made;
  }

  #append(folder: TomlTable, key: Key): TomlTable | undefined {
    const place = this.#place(folder, key);
    if (place === undefined) return undefined;
    const list = folder.members.get(nameOf(key)) ?? { type: 'list', place, elements: [] };
    if (list.type !== 'list') return this.#refuse(place, 'is defined twice');
    folder.members.set(nameOf(key), list);
    const table = tableAt({ ...place, trail: trailTo(place.trail, list.elements.length) });
    list.elements.push(table);
    return table;
  }

  #value(node: AST.TOMLContentNode, place: Place): TomlNode {
    if (node.type === 'TOMLInlineTable') {
      const table = tableAt(place);
      for (const member of node.body) this.#assign(table, member);
      return table;
    }
    return node.type === 'TOMLArray' ? this.#list(node, place) : this.#scalar(node, place);
  }

  #list(node: AST.TOMLArray, place: Place): TomlNode {
    const elements: TomlNode[] = [];
    for (const [at, element] of node.elements.entries()) {
      const inner = this.#placeOf(element, place.trail, at);
      if (inner === undefined) break;
      elements.push(this.#value(element, inner));
    }
    return { type: 'list', place, elements };
  }

  #scalar(node: AST.TOMLValue, place: Place): TomlNode {
    switch (node.kind) {
      case 'string':
        return { type: 'string', place, value: node.value };
      case 'boolean':
        return { type: 'boolean', place, value: node.value };
      case 'integer':
        return this.#number(Number(node.bigint), true, node.number, place);
      case 'float':
        return this.#number(node.value, false, node.number, place);
      default:
        return { type: 'date', place, value: node.datetime };
    }
  }

  #number(value: number, isInteger: boolean, text: string, place: Place): TomlNode {
    if (isInteger ? Number.isSafeInteger(value) : Number.isFinite(value)) {
      return { type: 'number', place, value, isInteger };
    }
    const message = isInteger
      ? 'is an integer beyond 2^53 - 1, which not every reader of JSON keeps; write it as a string'
      : `is ${cut(text, 40)}, a number that JSON has not`;
    this.#faults.add(place, message);
    return { type: 'faulty', place };
  }

  #place(table: TomlTable, key: Key): Place | undefined {
    const place = this.#placeOf(key, table.place.trail, nameOf(key));
    if (nameOf(key) !== '__proto__' || place === undefined) return place;
    return this.#refuse(place, 'is a name that some readers take for something else');
  }

  #placeOf(node: AST.TOMLNode, parent: Trail | undefined, step: Step): Place | undefined {
    const { line, column } = node.loc.start;
    const place = { line, column: column + 1, trail: trailTo(parent, step) };
    return place.trail.depth > DEEPEST ? this.#refuse(place, `is deeper than ${DEEPEST} levels`) : place;
  }

  #refuse(place: Place, message: string): undefined {
    this.#faults.add(place, message);
  }
}

type Key = AST.TOMLBare | AST.TOMLQuoted;

function nameOf(key: Key): string {
  return key.type === 'TOMLBare' ? key.name : key.value;
}

function tableAt(place: Place): TomlTable {
  return { type: 'table', place, members: new Map() };
}
