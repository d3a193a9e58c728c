import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defaultCredentials, loginStore } from '../../../src/core/registry/credential-chain.ts';
import { credentialHelper } from '../../../src/core/registry/credential-helper.ts';
import type { Credential } from '../../../src/core/registry/credentials.ts';
import { codeOf } from '../target.contract.ts';

let home: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'omlmd-credentials-'));
  env = { PATH: `${home}${delimiter}${process.env.PATH}`, DOCKER_CONFIG: join(home, 'docker') };
});

afterEach(() => rm(home, { recursive: true }));

const auth = (username: string, password: string) => ({
  auth: Buffer.from(`${username}:${password}`).toString('base64'),
});
const basic = (username: string, password: string): Credential => ({ kind: 'basic', username, password });
const config = () => join(home, 'docker', 'config.json');

async function write(path: string, document: unknown): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, typeof document === 'string' ? document : JSON.stringify(document));
}

/** A helper program that keeps its logins in files below the home folder, and notes how it was called. */
async function installHelper(name: string, script?: string): Promise<void> {
  const path = join(home, `docker-credential-${name}`);
  const keeping = `
    case "$1" in
      store) cat > "${home}/kept" ;;
      get) read -r host || true; echo "$# $1 $host" >> "${home}/calls"
        if [ -f "${home}/kept" ]; then cat "${home}/kept"; else echo "credentials not found in native keychain"; exit 1; fi ;;
      erase) rm "${home}/kept" ;;
    esac`;
  await writeFile(path, `#!/bin/sh\n${script ?? keeping}\n`);
  await chmod(path, 0o755);
}

describe('where logins come from', () => {
  it('is the environment, then podman’s files, then docker’s', async () => {
    const podman = join(home, '.config', 'containers', 'auth.json');
    const runtime = join(home, 'run', 'containers', 'auth.json');
    const named = join(home, 'named.json');
    const all = { ...env, REGISTRY_AUTH_FILE: named, XDG_RUNTIME_DIR: join(home, 'run') };
    const get = (more: NodeJS.ProcessEnv = {}, registryConfig?: string) =>
      defaultCredentials({ env: { ...all, ...more }, home, platform: 'linux', registryConfig }).get(
        'r.example:5000',
      );
    expect(await get()).toBeUndefined();
    for (const [path, user] of [
      [config(), 'docker'],
      [podman, 'podman'],
      [runtime, 'runtime'],
      [named, 'named'],
    ] as const) {
      await write(path, { auths: { 'r.example:5000': auth(user, 'p') } });
      expect(await get()).toEqual(basic(user, 'p'));
    }
    expect(await get({}, config())).toEqual(basic('docker', 'p'));
    const login = { OMLMD_USERNAME: 'ci', OMLMD_PASSWORD: 'secret' };
    expect(await get({ ...login, OMLMD_REGISTRY: 'r.example:5000' })).toEqual(basic('ci', 'secret'));
    // Without the host, or for another one, the password goes nowhere.
    expect(await get(login)).toEqual(basic('named', 'p'));
    expect(await get({ ...login, OMLMD_REGISTRY: 'r.example' })).toEqual(basic('named', 'p'));
  });

  it('is the very host, with its port, and no other', async () => {
    await write(config(), {
      auths: {
        'r.example': auth('bare', 'p'),
        'https://old.example/v1/': auth('old', 'p'),
        'https://index.docker.io/v1/': auth('hub', 'p:with:colons'),
        'token.example': { auth: '', identitytoken: 'refresh' },
        'helper-like.example': auth('<token>', 'refresh'),
        'broken.example': { auth: '!!!' },
        'empty.example': {},
      },
    });
    const get = (host: string) => defaultCredentials({ env, home }).get(host);
    expect(await get('r.example')).toEqual(basic('bare', 'p'));
    expect(await get('old.example')).toEqual(basic('old', 'p'));
    expect(await get('docker.io')).toEqual(basic('hub', 'p:with:colons'));
    expect(await get('registry-1.docker.io')).toEqual(basic('hub', 'p:with:colons'));
    expect(await get('token.example')).toEqual({ kind: 'identity-token', token: 'refresh' });
    expect(await get('helper-like.example')).toEqual({ kind: 'identity-token', token: 'refresh' });
    for (const host of [
      'r.example:5000',
      'x.r.example',
      'example',
      'broken.example',
      'empty.example',
      '__proto__',
    ])
      expect(await get(host), host).toBeUndefined();
  });

  it('passes over a file that cannot be read, and says so without its text', async () => {
    await write(
      join(home, '.config', 'containers', 'auth.json'),
      '{"auths": {"r.example": {"auth": "c2VjcmV0" oops',
    );
    await write(config(), { auths: { 'r.example': auth('docker', 'p') } });
    const warnings: string[] = [];
    const log = { debug() {}, info() {}, warn: (message: string) => void warnings.push(message) };
    expect(await defaultCredentials({ env, home, log }).get('r.example')).toEqual(basic('docker', 'p'));
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).not.toContain('c2VjcmV0');
  });
});

describe('a stored login', () => {
  it('goes into docker’s file for its owner only, and leaves the rest as it was', async () => {
    const before = {
      HttpHeaders: { 'User-Agent': 'x' },
      auths: { 'a.example': auth('a', 'p') },
      psFormat: '{{.ID}}',
    };
    await write(config(), `${JSON.stringify(before, null, 4)}\n`);
    const store = loginStore({ env, home });
    await store.put('r.example', basic('ci', 'secret'));
    await store.put('r.example', basic('ci', 'secret 2'));
    const text = await readFile(config(), 'utf8');
    expect(JSON.parse(text)).toEqual({
      ...before,
      auths: { ...before.auths, 'r.example': auth('ci', 'secret 2') },
    });
    expect(Object.keys(JSON.parse(text))).toEqual(Object.keys(before));
    expect(text).toContain('\n    "auths"');
    expect((await stat(config())).mode & 0o777).toBe(0o600);
    expect(await readdir(join(home, 'docker'))).toEqual(['config.json']);
    expect(await store.delete('r.example')).toBe(true);
    expect(await store.delete('r.example')).toBe(false);
    expect(JSON.parse(await readFile(config(), 'utf8'))).toEqual(before);
  });

  it('makes the file where there is none, and keeps a link a link', async () => {
    const store = loginStore({ env, home, registryConfig: join(home, 'new', 'auth.json') });
    await store.put('docker.io', basic('hub', 'p'));
    const written = JSON.parse(await readFile(join(home, 'new', 'auth.json'), 'utf8'));
    expect(Object.keys(written.auths)).toEqual(['https://index.docker.io/v1/']);
    await symlink(join(home, 'new', 'auth.json'), join(home, 'link.json'));
    const linked = loginStore({ env, home, registryConfig: join(home, 'link.json') });
    await linked.put('r.example', { kind: 'identity-token', token: 'refresh' });
    expect(await store.get('r.example')).toEqual({ kind: 'identity-token', token: 'refresh' });
  });

  it('does not overwrite a file that it cannot read', async () => {
    await write(config(), '{ not json');
    expect(await codeOf(loginStore({ env, home }).put('r.example', basic('ci', 'p')))).toBe(
      'file-unreadable',
    );
    expect(await readFile(config(), 'utf8')).toBe('{ not json');
  });

  it('goes to the helper when one is set, with no second copy', async () => {
    await installHelper('keep');
    await write(config(), {
      credHelpers: { 'r.example': 'keep' },
      auths: { 'r.example': auth('old', 'copy'), 'a.example': auth('a', 'p') },
    });
    const store = loginStore({ env, home });
    await store.put('r.example', basic('ci', 'secret'));
    expect(await readFile(config(), 'utf8')).not.toContain(auth('old', 'copy').auth);
    expect(JSON.parse(await readFile(join(home, 'kept'), 'utf8'))).toEqual({
      ServerURL: 'r.example',
      Username: 'ci',
      Secret: 'secret',
    });
    expect(await store.get('r.example')).toEqual(basic('ci', 'secret'));
    expect(await readFile(join(home, 'calls'), 'utf8')).toBe('1 get r.example\n');
    expect(await store.get('a.example')).toEqual(basic('a', 'p'));
    expect(await store.delete('r.example')).toBe(true);
    expect(await store.get('r.example')).toBeUndefined();
    expect(await store.delete('r.example')).toBe(false);
  });

  it('is asked of the general helper under docker’s name for Docker Hub', async () => {
    await installHelper('keep');
    await write(config(), { credsStore: 'keep' });
    const store = loginStore({ env, home });
    await store.put('docker.io', { kind: 'identity-token', token: 'refresh' });
    expect(await store.get('docker.io')).toEqual({ kind: 'identity-token', token: 'refresh' });
    expect(await readFile(join(home, 'calls'), 'utf8')).toBe('1 get https://index.docker.io/v1/\n');
  });
});

describe('a credential helper', () => {
  it('is a plain name, and is told a host of one line', async () => {
    for (const suffix of ['', '../evil', 'a/b', '-x', 'a;b', 'a b', '$(x)', 'x'.repeat(65)])
      expect(() => credentialHelper(suffix, env), suffix).toThrow(/credential helper/);
    await installHelper('keep');
    expect(await codeOf(credentialHelper('keep', env).get('a\nb'))).toBe('helper-failed');
  });

  it('that is missing, fails, floods or babbles is helper-failed, without its output', async () => {
    const run = async (name: string, script?: string) => {
      if (script !== undefined) await installHelper(name, script);
      const failure = await credentialHelper(name, env)
        .get('r.example')
        .catch((error: unknown) => error);
      expect(String(failure)).not.toContain('s3cret');
      return (failure as { code?: string }).code;
    };
    expect(await run('missing')).toBe('helper-failed');
    expect(await run('fails', 'echo s3cret; echo s3cret >&2; exit 1')).toBe('helper-failed');
    expect(await run('floods', 'yes s3cret')).toBe('helper-failed');
    expect(await run('babbles', 'echo s3cret')).toBe('helper-failed');
  });

  it('stops with its caller', async () => {
    await installHelper('hangs', 'exec sleep 60');
    const reason = new Error('enough');
    const controller = new AbortController();
    setTimeout(() => controller.abort(reason), 50);
    const asked = credentialHelper('hangs', env).get('r.example', { signal: controller.signal });
    await expect(asked).rejects.toBe(reason);
  });
});
