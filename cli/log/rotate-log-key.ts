import { rotateLogKey } from '../../server/log-key.ts';
import { notice } from '../client-options.ts';
import { DONE, refuseWords, type Values } from '../command.ts';
import { configFrom } from '../setting-options.ts';

/** Gives the log a new key, beside the data. */
export async function rotateKey(values: Values, words: readonly string[]): Promise<number> {
  refuseWords(words);
  let isTold = false;
  const rotated = await rotateLogKey(configFrom(values), () => {
    if (!isTold) notice('waiting for a backup, a copy or a garbage collection to end');
    isTold = true;
  });
  const { from, to, kept } = rotated;
  const told = `The log is signed with ${to} from now on.\nUntil now it was ${from}; that key is kept in ${kept}.\n`;
  process.stdout.write(
    values['json'] === true
      ? `${JSON.stringify(rotated)}\n`
      : `${told}Start the servers again, each with the new key file.\n`,
  );
  return DONE;
}
