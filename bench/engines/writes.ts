import { PostgresKeyedStore } from '../../lib/store/postgres/postgres-keyed-store.ts';
import { smallUploads } from '../load/small-uploads.ts';
import { callers as appenders, logContender } from '../log/appends.ts';
import { openBenchLog, openBenchLogOn, runEntry } from '../log/run-facts.ts';
import { contender } from '../oci/registries.ts';
import { postgres } from '../process/program.ts';
import type { Contender, Row } from '../suite.ts';
import { startPostgres } from './backing.ts';
import { rawInserts, rawName } from './raw-inserts.ts';
import { bothEngines, oneName, startOnEngines, twoName } from './registries.ts';

const uploaders = 16;
const blobBytes = 1024;

const besideRaw: Pick<Row, 'contenders' | 'holds'> = {
  contenders: [twoName, oneName, rawName],
  holds: [{ against: oneName }, { against: rawName }],
};

const smallUploadRow: Row = {
  ...bothEngines,
  ...besideRaw,
  name: 'engines-small-uploads',
  work: `1 KiB up: POST, PUT, ${uploaders} callers, durable`,
  unit: 'uploads/s',
  better: 'more',
  async open(stage, wanted) {
    const contenders = (await startOnEngines(stage, wanted)).map((registry) => {
      const work = { repository: registry.repository, callers: uploaders, blobBytes, signal: stage.signal };
      return contender(registry, (seconds) => smallUploads({ ...work, seconds }));
    });
    if (wanted.includes(rawName)) contenders.push(await rawInserts(stage, uploaders, blobBytes));
    return contenders;
  },
};

const appendRow: Row = {
  ...besideRaw,
  name: 'engines-log-appends',
  work: `durable appends of an entry, ${appenders} callers`,
  unit: 'appends/s',
  better: 'more',
  programs: [postgres],
  async open(stage, wanted) {
    const contenders: Contender[] = [];
    if (wanted.includes(twoName)) {
      const keys = await PostgresKeyedStore.open(await (await startPostgres(stage)).freshDatabase());
      const { log, close } = await openBenchLogOn(keys, await stage.directory('log'));
      stage.defer(close);
      contenders.push(logContender(twoName, log, stage));
    }
    if (wanted.includes(oneName)) {
      const { log, close } = await openBenchLog(await stage.directory('log'));
      stage.defer(close);
      contenders.push(logContender(oneName, log, stage));
    }
    if (wanted.includes(rawName)) contenders.push(await rawInserts(stage, appenders, runEntry(0).length));
    return contenders;
  },
};

export const engineWriteRows: readonly Row[] = [smallUploadRow, appendRow];
