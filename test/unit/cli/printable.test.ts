import { expect, test } from 'vitest';
import { printable } from '../../../cli/printable.ts';

test('what is printed moves no terminal and turns no line around', () => {
  expect(printable('a\u001b[2Jb\r\u009bc\u202ed\ne')).toBe('a?[2Jb??c?d\ne');
  expect(printable('größe 球台 🎱')).toBe('größe 球台 🎱');
});
