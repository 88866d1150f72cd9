/** The head of an HTTP/1.1 answer, parsed as little as a load client needs. */
export interface AnswerHead {
  status: number;
  headers: Map<string, string>;
  bodyLength: number;
}

export function parseAnswerHead(text: string): AnswerHead {
  const [statusLine = '', ...lines] = text.split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not an HTTP/1.1 answer: ${statusLine}`);
  const headers = new Map(lines.map(splitHeader));
  return { status, headers, bodyLength: bodyLengthOf(status, headers) };
}

function splitHeader(line: string): [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}

function bodyLengthOf(status: number, headers: Map<string, string>): number {
  if (status === 204 || status === 304 || (status >= 100 && status < 200)) return 0;
  const length = headers.get('content-length');
  if (length === undefined) throw new Error(`answer ${status} has no Content-Length`);
  return Number(length);
}
