/** Numbers from 0 up to 1, the same for a seed wherever they are drawn (mulberry32). */
export type Numbers = () => number;

export function numbersFrom(seed: number): Numbers {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** As pictures and archives are: nothing makes it smaller. */
export function randomBytes(next: Numbers, size: number): Buffer {
  const words = new Uint32Array(Math.ceil(size / 4));
  for (let at = 0; at < words.length; at++) words[at] = next() * 2 ** 32;
  return Buffer.from(words.buffer, 0, size);
}

const vocabulary = makeVocabulary();

/** Words, few of them often and many rarely, in lines: about a third of it is left when it is compressed. */
export function text(next: Numbers, size: number): Buffer {
  let written = '';
  let line = 0;
  while (written.length < size) {
    const word = vocabulary[Math.floor(vocabulary.length * next() ** 3)] ?? '';
    line += word.length + 1;
    written += word + (line > 72 ? '\n' : ' ');
    if (line > 72) line = 0;
  }
  return Buffer.from(written.slice(0, size - 1) + '\n', 'latin1');
}

function makeVocabulary(): string[] {
  const next = numbersFrom(1);
  const letter = (): string => 'etaoinshrdlucmfwypvbgkjqxz'.charAt(Math.floor(26 * next() ** 2));
  return Array.from({ length: 4096 }, () => Array.from({ length: 2 + Math.floor(next() * 9) }, letter).join(''));
}
