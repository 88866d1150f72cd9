import { requireTrust, type Config } from '../config.ts';
import { openExistingKeys } from '../context.ts';
import { checkBuckets } from './check-buckets.ts';
import { checkDisk } from './check-disk.ts';
import { checkHook, checkServer } from './check-network.ts';
import { checkFileLimit, checkNode } from './check-process.ts';
import { checkSettings } from './check-settings.ts';
import { checkStore } from './check-store.ts';
import { fail, reasonOf, warn, type Finding } from './finding.ts';
import { WrongSetting } from '../wrong-setting.ts';

/**
 * Looks at all that a server needs and that can go wrong around it. Safe beside a running server: what it writes to try
 * whether it can be written, it takes away again.
 */
export async function examine(readSettings: () => Config): Promise<Finding[]> {
  let config: Config;
  try {
    config = readSettings();
    requireTrust(config);
  } catch (error) {
    return [checkNode(), fail('settings', reasonOf(error), 'assay help serve tells what each setting takes')];
  }
  const findings = [checkNode(), ...checkSettings(config), await checkFileLimit(), ...(await checkDisk(config))];
  findings.push(...(await examineStore(config)), ...(await checkBuckets(config)), ...(await checkHook(config)));
  return [...findings, await checkServer(config)];
}

async function examineStore(config: Config): Promise<Finding[]> {
  try {
    const keys = await openExistingKeys(config);
    try {
      return await checkStore(keys, config);
    } finally {
      await keys.close();
    }
  } catch (error) {
    if (error instanceof WrongSetting) {
      return [warn('store', reasonOf(error), 'if this is to be a new one, the first start of the server makes it')];
    }
    return [fail('store', reasonOf(error), 'look whether the disk or the database is well, and what the server says')];
  }
}
