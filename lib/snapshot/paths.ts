/** Names of a snapshot's documents, as reports and differences say them. */
export function runPath(id: string): string {
  return `runs/${id}`;
}

export function familyPath(family: string): string {
  return `families/${family}`;
}

export function versionPath(family: string, version: string): string {
  return `families/${family}/versions/${version}`;
}
