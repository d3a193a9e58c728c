import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { warnOfProxies } from '../../src/cli/remote-options.ts';
import { silentLog } from '../../src/core/log.ts';
import { testCertificate } from '../support/registry/test-registry.ts';
import { type CliSandbox, makeCliSandbox } from '../support/run-cli.ts';

let cli: CliSandbox;

beforeEach(async () => {
  cli = await makeCliSandbox();
});
afterEach(() => cli.remove());

describe('certificate options', () => {
  it.each([
    [['--ca-file', 'nonsense.pem'], '--ca-file'],
    [['--cert-file', 'nonsense.pem', '--key-file', 'nonsense.pem'], '--cert-file, --key-file'],
    [['--cert-file', 'cert.pem'], 'needs both'],
    [['--key-file', 'cert.pem'], 'needs both'],
    [['--ca-file', 'missing.pem'], 'missing.pem'],
  ])('%j cannot be meant, and nothing is asked', async (options, words) => {
    await writeFile(cli.path('nonsense.pem'), 'nonsense');
    await writeFile(cli.path('cert.pem'), testCertificate().cert);
    const args = options.map((text) => (text.endsWith('.pem') ? cli.path(text) : text));
    const { status, stderr } = await cli.run(['ls', 'registry.invalid/m', ...args]);
    expect(status).toBe(2);
    expect(stderr).toContain(words);
  });
});

describe('a proxy that this Node.js cannot ask', () => {
  const warnings = (env: Record<string, string>, node: string): string[] => {
    const texts: string[] = [];
    warnOfProxies(env, node, { ...silentLog, warn: (text) => void texts.push(text) });
    return texts;
  };

  it('is told of, without the login in its URL', () => {
    const [text = ''] = warnings({ https_proxy: 'http://me:secret@proxy.test:3128' }, '22.15.0');
    expect(text).toContain('proxy.test:3128');
    expect(text).not.toContain('secret');
  });

  it('is no news where it can, or none is named', () => {
    expect(warnings({ HTTPS_PROXY: 'http://proxy.test' }, '22.21.0')).toEqual([]);
    expect(warnings({ NO_PROXY: 'proxy.test' }, '22.15.0')).toEqual([]);
  });
});
