import type { Registry } from '../oci/registries.ts';
import { postgres, radosgw } from '../process/program.ts';
import { startAssay } from '../servers/assay.ts';
import type { Row } from '../suite.ts';
import type { Stage } from '../stage.ts';
import { startBacking } from './backing.ts';

export const oneName = 'LMDB + files';
export const twoName = 'PostgreSQL + S3';

/** What rows of both engines have in common: the second is set beside the first, and nothing is promised of it. */
export const bothEngines: Pick<Row, 'contenders' | 'holds' | 'programs'> = {
  contenders: [twoName, oneName],
  holds: [{ against: oneName }],
  programs: [postgres, radosgw],
};

/** A server on each of the wanted engines, empty. */
export async function startOnEngines(stage: Stage, wanted: readonly string[]): Promise<Registry[]> {
  const registries: Registry[] = [];
  for (const name of wanted) {
    if (name !== oneName && name !== twoName) continue;
    const { url } = await startAssay(stage, name === twoName ? { env: await startBacking(stage) } : {});
    registries.push({ name, repository: { url, name: 'bench/measured' } });
  }
  return registries;
}
