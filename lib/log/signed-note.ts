import { LogError } from './log-error.ts';
import { decodeBase64, isSignedBy, type VerifierKey } from './verifier-key.ts';

/** A note may be much longer; one that signs a head is not. */
const MAX_NOTE = 64 * 1024;
const MAX_SIGNATURES = 100;
const SIGNATURE = /^\u2014 ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/;

export interface NoteSignature {
  readonly name: string;
  /** Key hash, eight hex digits. */
  readonly hash: string;
  readonly bytes: Buffer;
}

/** C2SP signed-note: text, an empty line, and a line for each signature. */
export interface SignedNote {
  /** Ends with its last line's newline. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

export function signatureLine({ name, hash }: VerifierKey, signature: Uint8Array): string {
  return `\u2014 ${name} ${Buffer.concat([Buffer.from(hash, 'hex'), signature]).toString('base64')}\n`;
}

/** Takes a note apart; says nothing of whether its signatures hold. */
export function parseNote(note: string): SignedNote {
  if (note.length > MAX_NOTE) throw invalid('is too long');
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw invalid('has no signatures behind an empty line');
  // oxlint-disable-next-line no-control-regex
  if (/[\u0000-\u0009\u000b-\u001f\ufffd]/.test(note)) throw invalid('holds characters that no note has');
  const lines = note.slice(end + 2, -1).split('\n');
  if (lines.length > MAX_SIGNATURES) throw invalid(`has more than ${MAX_SIGNATURES} signatures`);
  return { text: note.slice(0, end + 1), signatures: lines.map(parseSignature) };
}

/** The text, if the key has signed it. Signatures of other keys say nothing, and do no harm. */
export function openNote(note: string, verifier: VerifierKey): string {
  const { text, signatures } = parseNote(note);
  const ours = signatures.filter(({ name, hash }) => name === verifier.name && hash === verifier.hash);
  if (ours.length === 0) throw invalid(`is not signed by ${verifier.name}+${verifier.hash}`);
  if (ours.length > 1) throw invalid('is signed twice with one key');
  if (!isSignedBy(verifier, Buffer.from(text), ours[0]!.bytes)) {
    throw invalid(`has a signature of ${verifier.name}+${verifier.hash} that does not hold`);
  }
  return text;
}

function parseSignature(line: string): NoteSignature {
  const [, name = '', base64 = ''] = SIGNATURE.exec(line) ?? [];
  const bytes = decodeBase64(base64);
  if (name === '' || bytes === undefined || bytes.length < 5) throw invalid('has a line that is no signature');
  return { name, hash: bytes.toString('hex', 0, 4), bytes: bytes.subarray(4) };
}

function invalid(what: string): LogError {
  return new LogError('note-invalid', `the signed note ${what}`);
}
