import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePort, runOk } from '../support/processes.ts';
import { type DockerRegistry, PASSWORD, startDockerRegistry, USER } from './support/docker-registry.ts';
import { Omlmd } from './support/omlmd.ts';

let registry: DockerRegistry;
let omlmd: Omlmd;

beforeAll(async () => {
  registry = await startDockerRegistry({ auth: true });
});
afterAll(() => registry.stop());
beforeEach(() => {
  omlmd = new Omlmd();
  omlmd.write('model.bin', 'weights\n');
  return () => omlmd.remove();
});

const reference = () => `${registry.host}/team/churn:v1`;
const login = (password: string) =>
  omlmd.run(['login', registry.host, '-u', USER, '--password-stdin'], { input: `${password}\n` });
const configFile = () => path.join(omlmd.dockerConfig, 'config.json');

describe('a registry that wants a password', () => {
  it('refuses a push without one with status 4, and says to log in', async () => {
    const done = await omlmd.run(['push', reference(), 'model.bin']);
    expect(done).toMatchObject({ status: 4, stdout: '' });
    expect(done.stderr).toContain(registry.host);
    expect(done.stderr).toMatch(/omlmd login/);
  });

  it('refuses a wrong password with status 4 and stores nothing', async () => {
    const done = await login('wrong-password');
    expect(done.status).toBe(4);
    expect(done.stderr).not.toContain('wrong-password');
    expect(existsSync(configFile())).toBe(false);
  });

  it('takes the right password, keeps it where docker does, and forgets it', async () => {
    expect((await login(PASSWORD)).status).toBe(0);
    const stored = JSON.parse(readFileSync(configFile(), 'utf8'));
    expect(Object.keys(stored.auths)).toEqual([registry.host]);
    expect((await omlmd.run(['push', reference(), 'model.bin'])).status).toBe(0);
    expect((await omlmd.run(['logout', registry.host])).status).toBe(0);
    expect(readFileSync(configFile(), 'utf8')).not.toContain('"auth"');
    expect((await omlmd.run(['inspect', reference()])).status).toBe(4);
  });

  it('takes credentials for one command from options and from the environment', async () => {
    const options = ['-u', USER, '--password-stdin'];
    const pushed = await omlmd.run(['push', reference(), 'model.bin', ...options], { input: PASSWORD });
    expect(pushed.status).toBe(0);
    const env = {
      ...omlmd.env(),
      OMLMD_REGISTRY: registry.host,
      OMLMD_USERNAME: USER,
      OMLMD_PASSWORD: PASSWORD,
    };
    expect((await omlmd.run(['inspect', reference()], { env })).status).toBe(0);
    expect(existsSync(configFile())).toBe(false);
  });

  it('uses what skopeo login stored', async () => {
    const env = { ...omlmd.env(), REGISTRY_AUTH_FILE: path.join(omlmd.folder, 'auth.json') };
    const args = ['login', '--tls-verify=false', '-u', USER, '--password-stdin', registry.host];
    await runOk('skopeo', args, { env, input: PASSWORD });
    expect((await omlmd.run(['push', reference(), 'model.bin'], { env })).status).toBe(0);
  });
});

describe('what can go wrong on the way', () => {
  it('an unknown tag has status 3 and names the tag', async () => {
    await login(PASSWORD);
    await omlmd.text(['push', reference(), 'model.bin']);
    const done = await omlmd.run(['pull', `${registry.host}/team/churn:nowhere`, '-o', 'out']);
    expect(done.status).toBe(3);
    expect(done.stderr).toContain('nowhere');
    expect(existsSync(path.join(omlmd.work, 'out', 'model.bin'))).toBe(false);
  });

  it('a refused connection has status 5 and names the registry', async () => {
    const host = `127.0.0.1:${await freePort()}`;
    const done = await omlmd.run(['inspect', `${host}/team/churn:v1`, '--retries', '0']);
    expect(done.status).toBe(5);
    expect(done.stderr).toContain(host);
  });

  it('a removed artifact is gone for every tool', async () => {
    await login(PASSWORD);
    await omlmd.text(['push', `${registry.host}/team/removed:v1`, 'model.bin']);
    expect((await omlmd.run(['rm', `${registry.host}/team/removed:v1`])).status).toBe(2);
    expect((await omlmd.run(['rm', '--yes', `${registry.host}/team/removed:v1`])).status).toBe(0);
    expect((await omlmd.run(['inspect', `${registry.host}/team/removed:v1`])).status).toBe(3);
  });
});
