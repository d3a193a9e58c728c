import { cp, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeModel } from '../../../src/core/operations/describe-model.ts';
import { readLocalModel } from '../../../src/core/operations/local-model.ts';
import { holdFacts } from './contract.ts';
import { expectedFolder, folderPath, propertiesOf, readBytes, readFixtureFolder } from './fixtures.ts';

const SHARDED = ['shards', 'splits'];
const FIRST = { shards: 'model-00001-of-00003.safetensors', splits: 'tiny-00001-of-00003.gguf' };
const INDEX = 'model.safetensors.index.json';

describe('a sharded model', () => {
  it.each(SHARDED)('is read as one: %s', async (name) => {
    const { whole, findings } = await readFixtureFolder(name);
    const expected = expectedFolder(name);
    holdFacts(whole, { ...expected, name: expected.name ?? name });
    const tensors = Array.isArray(whole.details.tensors) ? whole.details.tensors : [];
    expect(Object.fromEntries(tensors.map(({ name, ...rest }) => [name, rest]))).toMatchObject(
      expected.tensors ?? {},
    );
    expect(findings).toEqual([]);
  });

  it.each([
    ...SHARDED.map((name) => [name, FIRST[name === 'shards' ? 'shards' : 'splits']] as const),
    ['shards', 'model-00003-of-00003.safetensors'] as const,
    ['shards', INDEX] as const,
    ['splits', 'tiny-00002-of-00003.gguf'] as const,
  ])('is read whole by any of its files: %s/%s', async (name, file) => {
    const one = await readFixtureFolder(`${name}/${file}`);
    const all = await readFixtureFolder(name);
    expect(one.files.map(({ title }) => title)).toEqual(all.files.map(({ title }) => title));
    const facts = describeModel(one, [{ path: folderPath(`${name}/${file}`) }]);
    expect(facts?.facts.details).toEqual(all.whole.details);
    expect(one.whole.metadata.customProperties).toEqual(all.whole.metadata.customProperties);
    expect(one.findings).toEqual([]);
  });

  it('is called after what the names of its files have in common', async () => {
    expect((await readFixtureFolder(`shards/${INDEX}`)).whole.metadata.name).toBe('model');
  });
});

describe('shards that are not right', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'omlmd-shards-'));
    for (const name of SHARDED) await cp(folderPath(name), join(folder, name), { recursive: true });
  });
  afterEach(() => rm(folder, { recursive: true }));

  const read = (...path: readonly string[]) => readLocalModel([{ path: join(folder, ...path) }]);

  it.each([
    ['shards', 'model-00002-of-00003.safetensors', INDEX],
    ['splits', 'tiny-00002-of-00003.gguf', 'tiny-00001-of-00003.gguf'],
  ])('a missing one is a finding: %s', async (name, gone, other) => {
    await rm(join(folder, name, gone));
    for (const path of [[name], [name, other]]) {
      const { findings, whole } = await read(...path);
      expect(findings).toMatchObject([{ severity: 'high', code: 'truncated', where: gone }]);
      expect(whole?.metadata.customProperties.get('parameter_count')).not.toBeUndefined();
    }
  });

  it('an index alone still says what it is', async () => {
    for (const n of [1, 2, 3]) await rm(join(folder, 'shards', `model-0000${n}-of-00003.safetensors`));
    const { findings, whole } = await read('shards', INDEX);
    expect(whole?.format.name).toBe('safetensors');
    expect(findings.map(({ code }) => code)).toEqual(['truncated', 'truncated', 'truncated']);
  });

  it('a shard that holds other tensors than the index says is a finding', async () => {
    await cp(
      join(folder, 'shards', 'model-00003-of-00003.safetensors'),
      join(folder, 'shards', FIRST.shards),
    );
    const { findings } = await read('shards');
    expect(findings).toMatchObject([{ code: 'malformed', where: INDEX }]);
  });

  it('a tensor that stands in two shards counts once', async () => {
    const before = propertiesOf((await readFixtureFolder('shards')).whole).parameter_count;
    const last = join(folder, 'shards', 'model-00003-of-00003.safetensors');
    await cp(last, join(folder, 'shards', 'model-00004-of-00004.safetensors'));
    for (const n of [1, 2, 3]) {
      const name = (of: number) => join(folder, 'shards', `model-0000${n}-of-0000${of}.safetensors`);
      await rename(name(3), name(4));
    }
    await rm(join(folder, 'shards', INDEX));
    const { whole } = await read('shards');
    expect(whole && propertiesOf(whole).parameter_count).toBe(before);
    expect(whole && propertiesOf(whole).file_count).toBe(4);
  });

  it('a shard that is a link out of the folder is not followed', async () => {
    const away = join(folder, 'secret.gguf');
    await rename(join(folder, 'splits', 'tiny-00003-of-00003.gguf'), away);
    await symlink(away, join(folder, 'splits', 'tiny-00003-of-00003.gguf'));
    for (const path of [['splits'], ['splits', FIRST.splits]]) {
      const { findings, files } = await read(...path);
      expect(files).toHaveLength(2);
      expect(findings[0]).toMatchObject({ severity: 'critical', code: 'external-path' });
    }
  });

  it.each(['/etc/passwd', '../up.safetensors', 'C:\\x.safetensors'])(
    'an index that names %j is critical',
    async (file) => {
      const text = JSON.stringify({
        metadata: {},
        weight_map: { a: 'model-00001-of-00003.safetensors', b: file },
      });
      await writeFile(join(folder, 'shards', INDEX), text);
      const { findings } = await read('shards', INDEX);
      expect(findings).toContainEqual(
        expect.objectContaining({ severity: 'critical', code: 'external-path' }),
      );
    },
  );

  it('an index cut anywhere gives a finding', async () => {
    const bytes = await readFile(folderPath(`shards/${INDEX}`));
    for (let length = 1; length < bytes.length - 2; length += 13) {
      const facts = await readBytes(INDEX, bytes.subarray(0, length));
      expect(facts.format.name).toBe('safetensors');
      expect(facts.findings.map(({ code }) => code)).toEqual(['malformed']);
    }
  });
});
