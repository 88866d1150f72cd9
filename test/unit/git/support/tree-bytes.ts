/** The bytes of a tree as given, however wrong. */
export function treeBytes(
  entries: readonly (readonly [mode: string, name: string | Uint8Array, oid?: string])[],
): Buffer {
  return Buffer.concat(
    entries.flatMap(([mode, name, oid]) => [
      Buffer.from(`${mode} `),
      Buffer.from(name as string),
      Buffer.alloc(1),
      Buffer.from(oid ?? '1'.repeat(40), 'hex'),
    ]),
  );
}
