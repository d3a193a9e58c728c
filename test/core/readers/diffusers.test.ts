import { describe, expect, it } from 'vitest';
import { holdFacts } from './contract.ts';
import { codesOf, expectedFolder, propertiesOf, readFixtureFolder } from './fixtures.ts';
import { readKnownFolder } from './memory-folder.ts';

const read = (index: object, files: Readonly<Record<string, string>> = {}) =>
  readKnownFolder({ 'model_index.json': JSON.stringify(index), ...files });

describe('a diffusers folder', () => {
  it('says its pipeline and components, and counts each weight once', async () => {
    const { whole, findings } = await readFixtureFolder('diffusers');
    const expected = expectedFolder('diffusers');
    holdFacts(whole, { ...expected, name: 'diffusers' });
    expect(whole.details.components).toEqual(expected.components);
    expect(whole.details.tensors).toMatchObject([
      { name: 'text_encoder/embeddings.weight' },
      { name: 'unet/conv_in.weight' },
    ]);
    expect(findings).toEqual([]);
  });

  it('with a pipeline or a component of its own code says so', async () => {
    expect(codesOf(await read({ _class_name: ['pipeline', 'Mine'] }))).toEqual(['medium code-in-model']);
    const component = await read(
      { _class_name: 'X', unet: ['unet.mine', 'Mine'] },
      { 'unet/config.json': '{}' },
    );
    expect(codesOf(component)).toEqual(['medium code-in-model']);
    expect(propertiesOf(component)).toMatchObject({ model_class: 'X', framework: 'diffusers' });
  });

  it('without the folder of a component, or with one that leaves it, is a finding', async () => {
    expect(codesOf(await read({ unet: ['diffusers', 'UNet'] }))).toEqual(['high truncated']);
    expect(codesOf(await read({ '../unet': ['diffusers', 'UNet'] }))).toEqual(['critical external-path']);
  });

  it('with an index that cannot be read gives a finding', async () => {
    const facts = await readKnownFolder({ 'model_index.json': '{"_class_name": ', 'unet/config.json': '{}' });
    expect(facts.format.name).toBe('diffusers');
    expect(codesOf(facts)).toEqual(['medium malformed']);
  });
});
