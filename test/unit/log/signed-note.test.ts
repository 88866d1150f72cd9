import { describe, expect, test } from 'vitest';
import { checkpointText, openCheckpoint } from '../../../lib/log/checkpoint.ts';
import { LogSigner } from '../../../lib/log/log-signer.ts';
import { openNote } from '../../../lib/log/signed-note.ts';
import { EMPTY_ROOT } from '../../../lib/log/tree-hash.ts';
import { formatVerifierKey, parseVerifierKey } from '../../../lib/log/verifier-key.ts';

/** The example of golang.org/x/mod/sumdb/note, which says all of it in its documentation. */
const PRIVATE = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const PUBLIC = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const SIGNED = `${TEXT}\n\u2014 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n`;

const signer = LogSigner.generate('log.example/a');
const other = LogSigner.generate('log.example/b');
const LINE = SIGNED.slice(TEXT.length + 1);

describe('a key', () => {
  test('is read and written in the form of sumdb/note', () => {
    const parsed = LogSigner.parse(`${PRIVATE}\n`);
    expect(parsed.format()).toBe(PRIVATE);
    expect(formatVerifierKey(parsed.verifier)).toBe(PUBLIC);
    expect(formatVerifierKey(parseVerifierKey(PUBLIC))).toBe(PUBLIC);
    const again = LogSigner.parse(signer.format());
    expect(again.sign('text\n')).toBe(signer.sign('text\n'));
  });

  test('without a name is named after its public half', () => {
    expect(LogSigner.generate().verifier.name).toMatch(/^assay-[0-9a-f]{16}$/);
  });

  test.each(['', ' ', 'a b', 'a+b', 'a\nb', '\u0085', 'x'.repeat(256)])('has no name %j', (name) => {
    expect(() => LogSigner.generate(name)).toThrow('a key has a name');
  });

  test.each([
    '',
    PUBLIC,
    PRIVATE.replace('PRIVATE', 'PUBLIC'),
    PRIVATE.replace('c74f20a3', 'c74f20a4'),
    PRIVATE.replace('PeterNeumann', 'PeterNeuman'),
    PRIVATE.slice(0, -4),
    `${PRIVATE}AAAA`,
    PRIVATE.replace('+AYEK', '+AoEK'),
    PRIVATE.replace('PeterNeumann', ''),
    `${PRIVATE}\n${PRIVATE}`,
  ])('is not the private one in %j', (text) => {
    expect(() => LogSigner.parse(text)).toThrow(expect.objectContaining({ code: 'key-invalid' }));
  });

  test.each([
    '',
    PRIVATE,
    PUBLIC.replace('c74f20a3', 'C74F20A3'),
    PUBLIC.replace('c74f20a3', '00000000'),
    PUBLIC.replace('Peter', 'peter'),
    PUBLIC.slice(0, -1),
    `${PUBLIC}=`,
    PUBLIC.replace('+ARpc', '+AhpC'),
    ` ${PUBLIC}`,
    `${PUBLIC}\n`,
    'a+b',
    'a+00000000+',
  ])('is not the public one in %j', (text) => {
    expect(() => parseVerifierKey(text)).toThrow(expect.objectContaining({ code: 'key-invalid' }));
  });
});

describe('a signed note', () => {
  const verifier = parseVerifierKey(PUBLIC);

  test('is signed and opened as by sumdb/note', () => {
    expect(LogSigner.parse(PRIVATE).sign(TEXT)).toBe(SIGNED);
    expect(openNote(SIGNED, verifier)).toBe(TEXT);
  });

  test('may carry signatures of others', () => {
    const foreign = other.sign('x\n').slice(3);
    expect(openNote(SIGNED + foreign, verifier)).toBe(TEXT);
    expect(openNote(`${TEXT}\n${foreign}${LINE}`, verifier)).toBe(TEXT);
  });

  test('may hold empty lines in its text', () => {
    const text = 'a\n\nb\n';
    expect(openNote(signer.sign(text), signer.verifier)).toBe(text);
  });

  const bad: [string, string][] = [
    ['nothing', ''],
    ['no signature', TEXT],
    ['no empty line', TEXT + LINE],
    ['no line behind the empty one', `${TEXT}\n`],
    ['no newline at its end', SIGNED.slice(0, -1)],
    ['another text', SIGNED.replace('answer', 'Answer')],
    ['a longer text', `x${SIGNED}`],
    ['another name', SIGNED.replace('\u2014 PeterNeumann', '\u2014 PeterNeuman')],
    ['another hash', SIGNED.replace('x08go/', 'x08go0')],
    ['a flipped bit in the signature', SIGNED.replace('ZJkuBS9', 'ZJkuBS8')],
    ['a short signature', SIGNED.replace('AM=', '')],
    ['base64 that is not the only one of its bytes', SIGNED.replace('AM=', 'AN=')],
    ['a hyphen for the dash', SIGNED.replace('\u2014', '-')],
    ['two spaces', SIGNED.replace('\u2014 Peter', '\u2014  Peter')],
    ['something behind a signature', SIGNED.replace('AM=', 'AM= x')],
    ['a signature of another only', other.sign(TEXT)],
    ['the same signature twice', SIGNED + LINE],
    ['a good and a bad signature of one key', SIGNED + LINE.replace('ZJkuBS9', 'ZJkuBS8')],
    ['a line that is no signature', `${SIGNED}x\n`],
    ['carriage returns', SIGNED.replaceAll('\n', '\r\n')],
    ['a zero byte', `\0${SIGNED}`],
    ['very many signatures', SIGNED + other.sign('x\n').slice(3).repeat(200)],
    ['very much text', 'x'.repeat(70_000) + SIGNED],
  ];
  test.each(bad)('with %s is refused', (_, note) => {
    expect(() => openNote(note, verifier)).toThrow(expect.objectContaining({ code: 'note-invalid' }));
  });
});

describe('a checkpoint', () => {
  const head = { origin: 'log.example/a', size: 3, root: EMPTY_ROOT };
  const text = checkpointText(head);

  test('is what was signed', () => {
    expect(openCheckpoint(signer.sign(text), signer.verifier)).toEqual(head);
    expect(openCheckpoint(signer.sign(`${text}an extension\nand another\n`), signer.verifier)).toEqual(head);
    expect(openCheckpoint(signer.sign(text.replace('\n3\n', '\n0\n')), signer.verifier).size).toBe(0);
  });

  test.each([
    ['no lines', 'x\n'],
    ['no origin', text.replace('log.example/a', '')],
    ['another origin', text.replace('/a', '/b')],
    ['no size', text.replace('\n3\n', '\n\n')],
    ['a negative size', text.replace('\n3\n', '\n-3\n')],
    ['a size with zeros before it', text.replace('\n3\n', '\n03\n')],
    ['a size with a plus', text.replace('\n3\n', '\n+3\n')],
    ['a hexadecimal size', text.replace('\n3\n', '\n0x3\n')],
    ['a size with an exponent', text.replace('\n3\n', '\n3e3\n')],
    ['a size beyond all counting', text.replace('\n3\n', '\n9999999999999999\n')],
    ['a short root', text.replace('47DE', '')],
    ['a root that is no base64', text.replace('47DE', '47D!')],
    ['no root', 'log.example/a\n3\n'],
    ['an empty line among the extensions', `${text}\nx\n`],
  ])('with %s is refused, though it is signed', (_, wrong) => {
    expect(() => openCheckpoint(signer.sign(wrong), signer.verifier)).toThrow(
      expect.objectContaining({ code: 'checkpoint-invalid' }),
    );
  });

  test('of another key of the same name is refused', () => {
    const impostor = LogSigner.generate('log.example/a');
    expect(() => openCheckpoint(impostor.sign(text), signer.verifier)).toThrow('is not signed by');
  });
});
