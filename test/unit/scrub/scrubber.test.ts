import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Scrubbing } from '../../../lib/scrub/scrub-json.ts';
import { MARK, Scrubber } from '../../../lib/scrub/scrubber.ts';
import { rounds } from '../../support/rounds.ts';
import { LETTERS as A, SECRETS } from '../../support/secrets.ts';

const AWS = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';

const scrubber = new Scrubber();
const every = new Scrubber(['home', 'email']);

const PIECES = fc.constantFrom(
  ...Object.values(SECRETS).flat(),
  'sk-',
  'eyJ',
  '.',
  '://',
  ':',
  '@',
  'AKIA',
  '-----BEGIN PRIVATE KEY-----',
  '-----END PRIVATE KEY-----',
  '_',
  '-',
  ' ',
  '\n',
  'TOKEN=',
  'PASSWORD: "',
  'Authorization: Bearer ',
  String.raw`\"authorization\": \"Bearer `,
  'client_secret = ',
  '"apiKey": "',
  'a1B2c3D4e5F6',
  '\u001B[0m',
  '%3D',
  String.raw`\n`,
  'https://u:p4ssw0rd@host/',
  '/home/ann/',
  'ann@example.org',
  MARK,
  'a',
  '1',
  '"',
  '\\',
);
const text = fc
  .array(fc.oneof(PIECES, fc.string({ maxLength: 8 })), { maxLength: 12 })
  .map((pieces) => pieces.join(''));

describe('the scrubber', () => {
  test.each(Object.entries(SECRETS).flatMap(([kind, all]) => all.map((secret) => ({ kind, secret }))))(
    'takes out $kind, and keeps nothing of it',
    ({ kind, secret }) => {
      expect(scrubber.text(secret)).toEqual({ text: MARK, found: { [kind]: 1 } });
      expect(scrubber.text(`see "${secret}", and`)).toEqual({ text: `see "${MARK}", and`, found: { [kind]: 1 } });
    },
  );

  test.each([
    ['https://ann:s3cret@git.example/x', `https://${MARK}@git.example/x`, 'password-in-url'],
    ['postgres://:p@ss@host/db', `postgres://${MARK}@host/db`, 'password-in-url'],
    [`Authorization: Bearer ${A}`, `Authorization: Bearer ${MARK}`, 'authorization'],
    [`curl -H "authorization: token ${A}"`, `curl -H "authorization: token ${MARK}"`, 'authorization'],
    [`export MY_SERVICE_TOKEN=${A}`, `export MY_SERVICE_TOKEN=${MARK}`, 'assignment'],
    [`"AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCY"`, `"AWS_SECRET_ACCESS_KEY": "${MARK}"`, 'assignment'],
    [`AccountKey=${A}${A}${A}==;`, `AccountKey=${MARK};`, 'azure-key'],
    [`{\\"Authorization\\": \\"Bearer ${A}\\"}`, `{\\"Authorization\\": \\"Bearer ${MARK}\\"}`, 'authorization'],
    [
      `\\\\\\"authorization\\\\\\":\\\\\\"Basic ${A}`,
      `\\\\\\"authorization\\\\\\":\\\\\\"Basic ${MARK}`,
      'authorization',
    ],
    [`{\\"API_KEY\\":\\"${A}\\"}`, `{\\"API_KEY\\":\\"${MARK}\\"}`, 'assignment'],
    [`{\\"clientSecret\\": \\"${A}\\"}`, `{\\"clientSecret\\": \\"${MARK}\\"}`, 'assignment'],
    [`aws_secret_access_key = ${AWS}\n`, `aws_secret_access_key = ${MARK}\n`, 'assignment'],
    [`AWS_SECRET_ACCESS_KEY = ${AWS}`, `AWS_SECRET_ACCESS_KEY = ${MARK}`, 'assignment'],
    [`"client_secret": "${A}"`, `"client_secret": "${MARK}"`, 'assignment'],
    [`password\t: '${A}.${A}'`, `password\t: '${MARK}'`, 'assignment'],
    [`x-api-key: ${A}`, `x-api-key: ${MARK}`, 'assignment'],
    [`GET /x?access_token=${A}&page=2`, `GET /x?access_token=${MARK}&page=2`, 'assignment'],
    [`apiKey := "${A}"`, `apiKey := "${MARK}"`, 'assignment'],
  ])('leaves what stands around: %s', (before, after, kind) => {
    expect(scrubber.text(before)).toEqual({ text: after, found: { [kind]: 1 } });
  });

  test.each([
    ['a line end in JSON', String.raw`\n`],
    ['a tab in JSON', String.raw`\t`],
    ['a line end in JSON within JSON', String.raw`\\n`],
    ['a letter in JSON', String.raw`\u003d`],
    ['a colour', '\u001B[32m'],
    ['a colour of many parts', '\u001B[38;5;196;48;5;1m'],
    ['a colour in JSON', String.raw`\u001b[0m`],
    ['a colour in a program', String.raw`\x1b[1;31m`],
    ['a byte of an address', '%3D'],
  ])('finds what stands behind %s', (_, escape) => {
    for (const [kind, all] of Object.entries(SECRETS)) {
      for (const secret of all) {
        const shown = { text: `"is${escape}${MARK}"`, found: { [kind]: 1 } };
        expect(scrubber.text(`"is${escape}${secret}"`)).toEqual(shown);
        expect(Buffer.from(scrubber.bytes(Buffer.from(`"is${escape}${secret}"`)).bytes).toString()).toBe(shown.text);
      }
    }
  });

  test.each([
    'The task-list of sk-learn-for-beginners-and-their-friends has an eyJ.',
    `sha256:${'0123456789abcdef'.repeat(4)} at ${'0123456789abcdef'.repeat(2)}01234567`,
    'https://git.example/a:b/c@v1.2.3 and git@github.com:owner/name.git and ann@example.org',
    'TOKEN=$MY_TOKEN; const token = process.env.TOKEN; API_KEY=process.env.API_KEY',
    'The token is: none. A password: at least 12 letters; my secret = being early. Each token costs 0.0000123456789.',
    '"input_tokens": 120345, "max_token": 128000, "token": 1234567890123, "secret": "/run/secrets/database1_password"',
    'const token = previousToken2Text; password = request.form.field12; const secret = createSecret2FA("x", 1);',
    'if (token === expectedToken123456 || apiKey == lookUp[key1]) return; const f = (token: OAuth2AccessToken) => {};',
    String.raw`C:\new\task-manager-2025-06-01 and 100%absk-a1, password: ${'{'}DB_PASSWORD_1}, secret: <the-secret-12345>`,
    'password: process.env.DB1_PASSWORD, token: tokens[12345678901], std::token::something12345 and db_password: my-db-password-1',
    'run 3c9d9f0e-5c0e-4f0c-9a52-6a3e2ac1b001 in /home/ann/carom',
    '# Aim\n\nKeep your PRIVATE KEY private. 2025-06-01T12:00:00Z, 12.34 USD.',
  ])('leaves alone what is no secret: %s', (text) => {
    expect(scrubber.text(text)).toEqual({ text, found: {} });
  });

  test('takes out what tells of persons where that is asked for', () => {
    const { text, found } = every.text(String.raw`ann@example.org in /home/ann/x, /Users/Ann/y and C:\Users\Ann Lee\z`);
    expect(text).not.toMatch(/ann@|ann\/|Ann\/|Ann /);
    expect(found).toEqual({ email: 1, home: 3 });
  });

  test.each(['https://ann:pàsswört@git.example/', 'in /home/à/carom'])(
    'takes the same out of text and of its bytes: %s',
    (text) => {
      const { text: left } = every.text(text);
      expect(left).toContain(MARK);
      expect(Buffer.from(every.bytes(Buffer.from(text)).bytes).toString('utf8')).toBe(left);
    },
  );

  test('finds nothing in what it gives back', () => {
    fc.assert(
      fc.property(text, (text) => {
        for (const one of [scrubber, every]) {
          const once = one.text(text).text;
          expect(one.text(once)).toEqual({ text: once, found: {} });
        }
      }),
      { numRuns: 5000 },
    );
  });

  test('tells that it may find something wherever it does, also in JSON', () => {
    fc.assert(
      fc.property(text, (text) => {
        const isFound = Object.keys(every.text(text).found).length > 0;
        expect(isFound && !every.mayHold(JSON.stringify({ text }))).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test('gives bytes back as they were where it finds nothing, whatever they are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const { bytes: left, found } = scrubber.bytes(bytes);
        expect(Object.keys(found).length > 0 || Buffer.compare(left, bytes) === 0).toBe(true);
      }),
    );
    const latin = Buffer.concat([
      Buffer.from([0xe9, 0x20]),
      Buffer.from(SECRETS['aws-key-id']![0]!),
      Buffer.from([0xff]),
    ]);
    expect(scrubber.bytes(latin).bytes).toEqual(
      Buffer.concat([Buffer.from([0xe9, 0x20]), Buffer.from(MARK), Buffer.from([0xff])]),
    );
  });
});

const ESCAPES = [
  String.raw`\n`,
  String.raw`\u0000`,
  '\u001B[0m',
  '\u001B[0;1;2;3;4;5;6;7;8m',
  String.raw`\u001b[0m`,
  '%3D',
];

describe('time', () => {
  const LENGTH = rounds(50_000, 200_000);
  const pieces = [
    ...Object.values(SECRETS)
      .flat()
      .flatMap((secret) => [secret, secret.slice(0, -1), secret.slice(0, 12), secret.slice(0, 7)]),
    'sk-',
    'sk-a',
    'eyJ',
    'eyJaaaaaaaaa.',
    'eyJ-',
    'ya29.',
    '://',
    '://a:',
    '://a',
    ':',
    '@',
    'a@',
    'a.',
    'a',
    '-',
    '_',
    '=',
    '+',
    '-----BEGIN PRIVATE KEY-----',
    '-----BEGIN ',
    '-----END ',
    'PRIVATE KEY',
    'A ',
    'TOKEN=',
    'TOKEN',
    'TOKEN: "',
    'TOKEN=a.',
    'authorization',
    'authorization: bearer ',
    'Authorization:    ',
    '/home/',
    '/home/a',
    'C:\\Users\\',
    'SG.',
    'AccountKey=',
    '\n',
    ...ESCAPES,
    ...ESCAPES.flatMap((escape) => ['eyJ', 'eyJaaaaaaaa.', 'sk-', 'ghp_a1'].map((begin) => `${escape}${begin}`)),
    '\u001B[',
    '\u001B[0;',
    '0;',
    ';m',
    '\\',
    String.raw`\"`,
    'token',
    'token=',
    'token = ',
    'token=1',
    'token:=a1',
    'token = aA',
    'token = aA1',
    'token = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1',
    'token = a.',
    'token = a(',
    'token=~../',
    'token: "',
    'token: "a1',
    'token: "/a',
    String.raw`token\\\\"    =    \\\\"`,
    String.raw`authorization\\\\"    :    \\\\"bearer `,
    String.raw`authorization\\\\`,
    'api_key ',
    'api_key    ',
  ];

  test('grows with the text and no faster, for every text that repeats a part of a secret', () => {
    const slow: string[] = [];
    for (const piece of [...pieces, ...pieces.map((piece) => `${piece} `), ...pieces.map((piece) => `${piece}"`)]) {
      const started = performance.now();
      every.text(piece.repeat(Math.ceil(LENGTH / piece.length)));
      if (performance.now() - started > 2000) slow.push(piece);
    }
    expect(slow).toEqual([]);
  }, 120_000);
});

describe('JSON', () => {
  test('is scrubbed in names as well, which stay apart', () => {
    const scrubbing = new Scrubbing(scrubber);
    const [one, two] = ['AKIAIOSFODNN7EXAMPLE', 'AKIAIOSFODNN7EXAMPLF'];
    const value = { [one]: 1, [two]: { deep: [`x ${one}`, 5, null] }, [`${MARK} 2`]: 'mine' };
    expect(scrubbing.json(value, JSON.stringify(value))).toEqual({
      [MARK]: 1,
      [`${MARK} 2`]: 'mine',
      [`${MARK} 3`]: { deep: [`x ${MARK}`, 5, null] },
    });
    expect(scrubbing.found).toEqual({ 'aws-key-id': 3 });
  });

  test('with thousands of names that are secrets takes no longer for it', () => {
    const value = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, at) => [`AKIA${String(at).padStart(16, '0')}`, at]),
    );
    const left = new Scrubbing(scrubber).json(value, JSON.stringify(value));
    expect(Object.keys(left)).toHaveLength(20_000);
  });
});
