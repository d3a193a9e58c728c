import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runOk } from '../support/processes.ts';
import { type DockerRegistry, startDockerRegistry } from './support/docker-registry.ts';
import { Omlmd } from './support/omlmd.ts';
import { Upstream } from './support/upstream.ts';

const SCRIPT = path.join(import.meta.dirname, 'upstream-commands.sh');

describe("upstream's documented commands", () => {
  let registry: DockerRegistry;
  let omlmd: Omlmd;

  beforeAll(async () => {
    registry = await startDockerRegistry();
    omlmd = new Omlmd();
  });
  afterAll(async () => {
    omlmd.remove();
    await registry.stop();
  });

  async function printed(name: string, env: NodeJS.ProcessEnv): Promise<string> {
    const cwd = path.join(omlmd.work, name);
    mkdirSync(cwd);
    return (await runOk(SCRIPT, [registry.host], { cwd, env })).stdout;
  }

  it('work with this program in its place, and print the same', async () => {
    const { bin } = await Upstream.install('0.1.6');
    const env = omlmd.env();
    const theirs = await printed('theirs', { ...env, PATH: `${bin}${path.delimiter}${process.env.PATH}` });
    const ours = await printed('ours', env);
    expect(ours).toBe(theirs);
    expect(ours.trimEnd().split('\n').at(-1)).toBe(`${registry.host}/mmortari/mlartifact:v1`);
  });
});
