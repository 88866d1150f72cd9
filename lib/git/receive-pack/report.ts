import { FLUSH, textPacket } from '../pkt-line.ts';
import { BAND_DATA, bandPackets } from '../side-band.ts';

/** What became of each ref: undefined is good, a text says why not. */
export type Verdicts = ReadonlyMap<string, string | undefined>;

/** gitprotocol-pack(5), "Report Status"; version 2 of it differs only in options, which we have no use for. */
export function pushReport(capabilities: ReadonlySet<string>, unpacked: string, verdicts: Verdicts): Buffer {
  const banded = capabilities.has('side-band-64k');
  if (!capabilities.has('report-status') && !capabilities.has('report-status-v2')) {
    return banded ? FLUSH : Buffer.alloc(0);
  }
  const lines = [...verdicts].map(([name, why]) => (why === undefined ? `ok ${name}` : `ng ${name} ${oneLine(why)}`));
  const report = Buffer.concat([textPacket(`unpack ${oneLine(unpacked)}`), ...lines.map(textPacket), FLUSH]);
  return banded ? Buffer.concat([bandPackets(BAND_DATA, report), FLUSH]) : report;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, ' ').slice(0, 1000);
}
