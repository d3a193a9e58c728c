import { describe, expect, it } from 'vitest';
import { holdFacts } from './contract.ts';
import { codesOf, expectedFacts, fixtureNames, propertiesOf, readFixture } from './fixtures.ts';

describe('what readers say is what the libraries say', () => {
  const names = fixtureNames('.onnx', '.safetensors', '.gguf', '.pkl', '.joblib');
  it('has fixtures of every format', () => expect(names.length).toBeGreaterThanOrEqual(18));

  it.each(names)('%s', async (name) => holdFacts(await readFixture(name), expectedFacts(name)));

  it.each(fixtureNames('.onnx'))('inputs, outputs, operators and opsets of %s', async (name) => {
    const { details } = await readFixture(name);
    const { inputs, outputs, operators, opsets, metadata_props, custom_domains } = expectedFacts(name);
    expect(details).toMatchObject({ inputs, outputs, operators, opsets, metadata_props, custom_domains });
  });

  it.each(fixtureNames('.safetensors', '.gguf'))('tensors of %s', async (name) => {
    const { details } = await readFixture(name);
    const tensors = Array.isArray(details.tensors) ? details.tensors : [];
    const byName = Object.fromEntries(tensors.map(({ name, ...rest }) => [name, rest]));
    expect(byName).toMatchObject(expectedFacts(name).tensors ?? {});
    expect(tensors).toHaveLength(Object.keys(expectedFacts(name).tensors ?? {}).length);
  });

  it.each(fixtureNames('.safetensors'))(
    'types of the tensors of %s, and what it says of itself',
    async (name) => {
      const { details } = await readFixture(name);
      const { tensors, metadata } = expectedFacts(name);
      const dtypes: Record<string, number> = {};
      for (const { dtype } of Object.values<{ dtype: string }>(Object(tensors)))
        dtypes[dtype] = (dtypes[dtype] ?? 0) + 1;
      expect(details).toMatchObject({ dtypes, metadata });
      expect(details.metadata).toEqual(metadata);
    },
  );

  it.each(fixtureNames('.gguf'))('tokenizer and chat template of %s', async (name) => {
    const { details } = await readFixture(name);
    const keys = Object(expectedFacts(name).keys);
    expect(keys).toHaveProperty(['tokenizer.ggml.model']);
    expect(details.tokenizer_model).toBe(keys['tokenizer.ggml.model']);
    expect(details.chat_template).toBe(Object.hasOwn(keys, 'tokenizer.chat_template'));
  });

  it.each(fixtureNames('.gguf'))('keys of %s, arrays by length', async (name) => {
    const { details } = await readFixture(name);
    const { keys, arrays } = expectedFacts(name);
    expect(details.keys).toMatchObject(Object(keys));
    const lengths = Object.fromEntries(
      Object.keys(Object(arrays)).map((key) => [key, { length: Object(arrays)[key] }]),
    );
    expect(details.keys).toMatchObject(lengths);
  });

  it('lists pipeline steps in order', async () => {
    expect((await readFixture('pipeline.pkl')).details.steps).toEqual(expectedFacts('pipeline.pkl').steps);
  });

  it('a pipeline whose first step counts no features has none, as scikit-learn has it', async () => {
    expect(expectedFacts('words.pkl').properties.n_features).toBeNull();
    expect(propertiesOf(await readFixture('words.pkl'))).not.toHaveProperty('n_features');
  });

  it('names external data as companions', async () => {
    const facts = await readFixture('external.onnx');
    expect(facts.companions).toEqual(['external.onnx.data']);
    expect(facts.details.files).toEqual(['external.onnx.data']);
  });

  it('reports a custom domain, but not one that the model defines itself', async () => {
    expect(codesOf(await readFixture('custom-domain.onnx'))).toEqual(['medium code-in-model']);
    expect(codesOf(await readFixture('mlp.onnx'))).toEqual([]);
  });

  it('recognises a LoRA', async () => {
    expect(propertiesOf(await readFixture('adapter.safetensors'))).toMatchObject({ adapter: 'lora' });
    expect(propertiesOf(await readFixture('tiny.safetensors'))).not.toHaveProperty('adapter');
  });

  it('keeps integers and floats apart', async () => {
    const facts = await readFixture('svc-protocol4.pkl');
    const parameters = facts.metadata.customProperties.get('hyperparameters');
    expect(parameters).toBeInstanceOf(Map);
    if (parameters instanceof Map) {
      expect(parameters.get('C')).toEqual({ text: '1.0' });
      expect(parameters.get('degree')).toEqual({ text: '3' });
    }
  });
});
