import { LogError } from './log-error.ts';
import { isCount } from './proof.ts';
import { openNote } from './signed-note.ts';
import { HASH_BYTES } from './tree-hash.ts';
import { decodeBase64, type VerifierKey } from './verifier-key.ts';

export interface TreeHead {
  readonly size: number;
  readonly root: Buffer;
}

/** C2SP tlog-checkpoint: which log, how long, and the root of its tree. */
export interface Checkpoint extends TreeHead {
  readonly origin: string;
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${root.toString('base64')}\n`;
}

/** What a signed checkpoint says, if the key has signed it and it is of the log that the key is named after. */
export function openCheckpoint(note: string, verifier: VerifierKey): Checkpoint {
  const checkpoint = parseCheckpoint(openNote(note, verifier));
  if (checkpoint.origin === verifier.name) return checkpoint;
  throw invalid(`is of the log ${checkpoint.origin}, and not of ${verifier.name}`);
}

/** Lines behind the root are extensions, which may say anything. */
function parseCheckpoint(text: string): Checkpoint {
  const [origin = '', size = '', root = '', ...extensions] = text.split('\n');
  const hash = decodeBase64(root);
  if (origin === '' || !/^(?:0|[1-9]\d{0,15})$/.test(size) || !isCount(Number(size))) throw invalid('says no size');
  if (hash?.length !== HASH_BYTES) throw invalid('says no root');
  if (extensions.slice(0, -1).includes('')) throw invalid('has an empty line');
  return { origin, size: Number(size), root: hash };
}

function invalid(what: string): LogError {
  return new LogError('checkpoint-invalid', `the checkpoint ${what}`);
}
