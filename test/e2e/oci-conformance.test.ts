import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { conformanceProgram } from '../support/programs.ts';
import { tryProgram } from '../support/run-program.ts';
import { useServer } from '../support/server.ts';
import { useTemporaryFolder } from '../support/use-temporary-folder.ts';

const PROGRAM = conformanceProgram();

/** Whatever the specification leaves to the registry, Assay offers. */
const EVERYTHING = {
  OCI_TLS: 'disabled',
  OCI_API_BLOBS_DIGEST_HEADER: 'true',
  OCI_API_BLOBS_UPLOAD_CANCEL: 'true',
  OCI_API_MANIFESTS_DIGEST_HEADER: 'true',
  OCI_API_MANIFESTS_TAG_PARAM: 'true',
};

describe.skipIf(PROGRAM === undefined)('the conformance program of the OCI distribution specification', () => {
  const server = useServer();
  const folder = useTemporaryFolder();

  test.each(['1.1', 'dev'])('passes every test of version %s and skips none', { timeout: 150_000 }, async (version) => {
    const { stderr } = await tryProgram(PROGRAM ?? '', [], {
      cwd: folder.path,
      env: {
        ...EVERYTHING,
        HOME: folder.path,
        OCI_VERSION: version,
        OCI_REGISTRY: server.address,
        OCI_REPO1: `conformance/${version}/one`,
        OCI_REPO2: `conformance/${version}/two`,
        OCI_RESULTS_DIR: join(folder.path, version),
      },
      timeout: 120_000,
    });
    // The program ends with 0 where its settings are wrong, so only its report counts.
    const report = await readFile(join(folder.path, version, 'junit.xml'), 'utf8').catch(() => '');
    const results = [...report.matchAll(/<testcase name="([^"]*)"[^>]* status="([^"]*)"/g)];
    expect(results.length, stderr).toBeGreaterThan(300);
    const others = results
      .filter(([, , status]) => status !== 'passed')
      .map(([, name, status]) => `${status}: ${name}`);
    expect(others, stderr.slice(0, 20_000)).toEqual([]);
  });
});
