import { wrkGets } from '../load/wrk.ts';
import { makeImage, manifestType, pushImage } from '../oci/image.ts';
import { wrk } from '../process/program.ts';
import { startAssay } from '../servers/assay.ts';
import type { Contender, Row } from '../suite.ts';

const connections = 32;
const counts: Readonly<Record<string, number>> = { '2 processes': 2, '1 process': 1 };
const [twoProcesses = '', oneProcess = ''] = Object.keys(counts);

/** The load client takes a core for itself, so that on a machine of two cores there is little left to win. */
export const processesRow: Row = {
  name: 'processes-manifest-by-digest',
  work: `manifest by digest on LMDB, ${connections} connections`,
  unit: 'requests/s',
  better: 'more',
  contenders: [twoProcesses, oneProcess],
  holds: [{ against: oneProcess }],
  programs: [wrk],
  async open(stage, wanted) {
    const image = makeImage();
    const contenders: Contender[] = [];
    for (const name of wanted) {
      const { url } = await startAssay(stage, { flags: ['--processes', String(counts[name])] });
      const repository = { url, name: 'bench/measured' };
      await pushImage(repository, image);
      const manifest = `${url}/v2/${repository.name}/manifests/${image.manifest.digest}`;
      const requests = { url: manifest, connections, accept: manifestType, signal: stage.signal };
      contenders.push({ name, measure: (seconds) => wrkGets({ ...requests, seconds }) });
    }
    return contenders;
  },
};
