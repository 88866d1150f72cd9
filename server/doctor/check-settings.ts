import { isLoopback, unknownVariables, type Config } from '../config.ts';
import { ok, warn, type Finding } from './finding.ts';

const CHECK = 'settings';

/** Settings that can be read, and yet may not say what was meant. */
export function checkSettings(config: Config): Finding[] {
  const findings: Finding[] = [];
  const unknown = unknownVariables();
  if (unknown.length > 0) {
    findings.push(
      warn(
        CHECK,
        `nobody reads ${unknown.join(', ')}`,
        'look for a slip in the name; assay help serve lists the settings',
      ),
    );
  }
  const { trust, host, identityHeader, trustedProxies, allowedHosts } = config;
  if (identityHeader !== undefined && !isLoopback(host) && trustedProxies.length === 0) {
    const said = `${identityHeader} is believed from this machine alone, and the server listens on ${host}`;
    findings.push(warn(CHECK, said, 'name the proxy in ASSAY_TRUSTED_PROXIES, or listen on 127.0.0.1 behind it'));
  }
  if (allowedHosts.includes('*')) {
    const advice = 'list the names that the server has: with *, a page of any name may come to stand for it';
    findings.push(warn(CHECK, 'ASSAY_ALLOWED_HOSTS takes every name', advice));
  }
  if (config.gcIntervalMs === 0) {
    findings.push(warn(CHECK, 'the server collects no garbage', 'run assay gc from a timer, or set ASSAY_GC_INTERVAL'));
  }
  return findings.length > 0 ? findings : [ok(CHECK, `all can be read; trust: ${trust}`)];
}
