/** One thing that was looked at. */
export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly said: string;
  /** What to do about it. */
  readonly advice?: string;
}

export function ok(check: string, said: string): Finding {
  return { check, status: 'ok', said };
}

export function warn(check: string, said: string, advice: string): Finding {
  return { check, status: 'warn', said, advice };
}

export function fail(check: string, said: string, advice: string): Finding {
  return { check, status: 'fail', said, advice };
}

/** An error in one line, without what it may repeat of secrets: messages of this program hold none. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? '';
}
