import type { JsonObject, JsonValue } from '../../encoding/canonical-json.ts';

/** The ids in one of the lists of metadata that has passed its check, however it is written; undefined where there is no such list. */
export function itemIds(config: JsonObject, list: string): readonly string[] | undefined {
  const value = Object.hasOwn(config, list) ? config[list] : undefined;
  if (value === undefined) return undefined;
  const items = isTable(value) && Array.isArray(value['items']) ? value['items'] : value;
  if (Array.isArray(items)) return (items as readonly JsonValue[]).flatMap(idOf);
  return isTable(value) ? Object.keys(value) : undefined;
}

function idOf(item: JsonValue): string[] {
  const id = isTable(item) ? (item['id'] ?? item['name']) : item;
  return typeof id === 'string' ? [id] : [];
}

function isTable(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
