import type { Repository } from '../load/push.ts';
import { assayName, startAssay } from '../servers/assay.ts';
import { dockerRegistryName, startDockerRegistry } from '../servers/docker-registry.ts';
import type { Server } from '../servers/server.ts';
import type { Contender } from '../suite.ts';
import type { Stage } from '../stage.ts';

export const registryNames = [assayName, dockerRegistryName] as const;

const starters: Record<string, (stage: Stage) => Promise<Server>> = {
  [assayName]: (stage) => startAssay(stage),
  [dockerRegistryName]: startDockerRegistry,
};

export interface Registry {
  name: string;
  repository: Repository;
}

/** Starts the wanted registries, empty, in the order in which they take turns. */
export async function startRegistries(stage: Stage, wanted: readonly string[]): Promise<Registry[]> {
  const registries: Registry[] = [];
  for (const name of wanted) {
    const start = starters[name];
    if (start === undefined) continue;
    const { url } = await start(stage);
    registries.push({ name, repository: { url, name: 'bench/measured' } });
  }
  return registries;
}

export function contender(registry: Registry, measure: Contender['measure']): Contender {
  return { name: registry.name, measure };
}
