import type { JsonObject, JsonValue } from '../../encoding/canonical-json.ts';
import type { TomlNode, TomlTable } from './toml-node.ts';

export function tableToJson(table: TomlTable): JsonObject {
  const object: Record<string, JsonValue> = {};
  for (const [name, member] of table.members) object[name] = toJson(member);
  return object;
}

function toJson(node: TomlNode): JsonValue {
  if (node.type === 'table') return tableToJson(node);
  if (node.type === 'list') return node.elements.map(toJson);
  return node.type === 'faulty' ? null : node.value;
}
