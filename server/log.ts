/** One JSON object a line on standard error. Nothing of a request's body or credentials is ever passed in. */
export interface Log {
  error(message: string, fields: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** `always` is in every line. */
export function makeLog(
  write: (line: string) => void,
  now: () => Date,
  always: Readonly<Record<string, unknown>> = {},
): Log {
  function line(level: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    write(`${JSON.stringify({ time: now().toISOString(), level, message, ...always, ...fields })}\n`);
  }
  return {
    error: (message, fields) => line('error', message, fields),
    info: (message, fields = {}) => line('info', message, fields),
  };
}

/** As the processes of a server write it. */
export function logTo(output: NodeJS.WritableStream, always?: Readonly<Record<string, unknown>>): Log {
  return makeLog(
    (line) => output.write(line),
    () => new Date(),
    always,
  );
}

/** An error with its causes, for the log alone. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\n  caused by ${describeError(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
