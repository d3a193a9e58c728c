import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { MAX_PMML_WALKED_BYTES } from '../../../src/core/readers/limits.ts';
import { holdFacts } from './contract.ts';
import { cutAnywhere, flippedAnywhere, isStopped } from './damage.ts';
import {
  codesOf,
  countingContent,
  expectedFacts,
  fixtureBytes,
  fixtureNames,
  propertiesOf,
  readBytes,
  readFixture,
} from './fixtures.ts';

const FILES = fixtureNames('.pmml');
const text = (value: string) => Buffer.from(value);

/** A document of version 3 with a prefix, as other programs write them. */
function pmml(parts: string, model = 'modelName="churn" functionName="classification"'): Uint8Array {
  return text(
    '<?xml version="1.0" encoding="UTF-8"?><p:PMML xmlns:p="http://www.dmg.org/PMML-3_2" version="3.2">' +
      '<p:Header copyright="Ada Example" description="Who leaves."><p:Application name="Tool" version="7"/></p:Header>' +
      '<p:DataDictionary><p:DataField name="age" optype="continuous" dataType="integer">' +
      '<p:Interval closure="closedClosed" leftMargin="0"/></p:DataField>' +
      '<p:DataField name="leaves" optype="categorical" dataType="string">' +
      '<p:Value value="no"/><p:Value value="yes"/><p:Value value="?" property="missing"/></p:DataField></p:DataDictionary>' +
      `<p:RegressionModel ${model}><p:MiningSchema><p:MiningField name="age"/>` +
      '<p:MiningField name="weight" usageType="supplementary"/><p:MiningField name="leaves" usageType="predicted"/>' +
      '</p:MiningSchema><p:Output><p:OutputField name="chance" dataType="double" feature="probability"/></p:Output>' +
      `${parts}</p:RegressionModel></p:PMML>`,
  );
}

describe('a PMML model', () => {
  it('has fixtures of every kind', () => expect(FILES).toHaveLength(3));

  it.each(FILES)('%s is what the model was', async (name) => {
    const facts = await readFixture(name);
    holdFacts(facts, expectedFacts(name));
    expect(facts.findings).toEqual([]);
    const { model_element, target } = expectedFacts(name);
    expect(facts.details).toMatchObject({ model_element, targets: [target] });
  });

  it('of another program says what it says', async () => {
    const facts = await readBytes('m.pmml', pmml('<p:RegressionTable intercept="1"/>'));
    expect(facts.metadata).toMatchObject({
      name: 'churn',
      description: 'Who leaves.',
      model_format_version: '3.2',
    });
    expect(propertiesOf(facts)).toEqual({
      producer_name: 'Tool',
      producer_version: '7',
      model_class: 'RegressionModel',
      task: 'classification',
      n_features: 1,
      feature_names: ['age'],
      n_classes: 2,
      classes: ['no', 'yes'],
      input_signature: [{ name: 'age', dtype: 'I64', shape: [] }],
      output_signature: [{ name: 'chance', dtype: 'F64', shape: [] }],
    });
    expect(facts.details).toMatchObject({ copyright: 'Ada Example', targets: ['leaves'] });
    expect(facts.findings).toEqual([]);
  });

  it('is known by its root, whatever its name', async () => {
    expect((await readBytes('m.xml', pmml(''))).findings).toEqual([]);
    expect(codesOf(await readBytes('m.onnx', fixtureBytes('pmml-tree.pmml')))).toEqual([
      'medium name-mismatch',
    ]);
    expect(codesOf(await readBytes('m.pmml', text('<html></html>')))).toEqual(['low name-mismatch']);
    expect((await readBytes('pom.xml', text('<project></project>'))).findings).toEqual([]);
  });

  it('of many megabytes costs what stands before its parts, and its end', async () => {
    const rows = '<p:NumericPredictor name="age" coefficient="1.0"/>'.repeat(MAX_PMML_WALKED_BYTES / 25);
    const document = pmml(`<p:RegressionTable intercept="1">${rows}</p:RegressionTable>`);
    const counted = countingContent(bytesContent(document));
    const facts = await readModelFile({ path: 'm.pmml', content: counted.content });
    expect(facts.findings).toEqual([]);
    expect(propertiesOf(facts)).toMatchObject({ classes: ['no', 'yes'], n_features: 1 });
    expect(counted.bytes()).toBeLessThanOrEqual(96 * 1024);
    expect(counted.ranges).toHaveLength(2);
    const cut = await readBytes('m.pmml', document.subarray(0, document.byteLength - 5000));
    expect(codesOf(cut)).toEqual(['high truncated']);
  });
});

describe('damaged PMML models', () => {
  it.each(FILES)('%s cut off anywhere says so', { timeout: 30_000 }, async (name) => {
    const end = Buffer.from(fixtureBytes(name)).lastIndexOf('>');
    await cutAnywhere(name, (facts, length) => {
      if (facts.format.name !== 'unknown' && length <= end)
        expect(isStopped(facts), `${length} bytes`).toBe(true);
    });
  });

  it.each(FILES)('%s with other bytes gives facts', async (name) => await flippedAnywhere(name));
});
