import { describe, expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { openFileContent } from '../../../src/core/oci/file-content.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { holdFacts } from './contract.ts';
import { cutAnywhere, flippedAnywhere, isStopped } from './damage.ts';
import {
  codesOf,
  expectedFacts,
  fixtureBytes,
  fixtureNames,
  fixturePath,
  propertiesOf,
  readBytes,
  readFixture,
} from './fixtures.ts';

const FILES = fixtureNames('.xml').filter((name) => name.startsWith('ov-'));
const text = (value: string) => Buffer.from(value);

const net = (layers: string, rest = '') =>
  text(`<?xml version="1.0"?><net name="n" version="11"><layers>${layers}</layers>${rest}</net>`);
const constant = (attributes: string) =>
  `<layer id="1" name="w" type="Const"><data ${attributes}/><output><port id="0" precision="FP32"/></output></layer>`;

describe('an OpenVINO model', () => {
  it('has fixtures', () => expect(FILES).toHaveLength(2));

  it.each(FILES)('%s is what the library says', async (name) => {
    const facts = await readFixture(name);
    holdFacts(facts, expectedFacts(name));
    const { net, inputs, outputs, layers } = expectedFacts(name);
    expect(facts.details).toMatchObject({ net, inputs, outputs });
    expect(facts.details.layers).toEqual(layers);
    expect(facts.companions).toEqual([name.replace('.xml', '.bin')]);
    expect(facts.findings).toEqual([]);
  });

  it('takes its weights from the file of its own name, wherever it lies', async () => {
    const facts = await readBytes('a/b/Model.XML', fixtureBytes('ov-mlp.xml'));
    expect(facts.companions).toEqual(['Model.bin']);
    const bare = await readBytes('m.xml', net('<layer id="0" name="x" type="Parameter"/>'));
    expect(bare.companions).toEqual([]);
    expect(propertiesOf(bare)).toMatchObject({ parameter_count: 0 });
  });

  it('says that its weights are cut off', async () => {
    const content = await openFileContent(fixturePath('ov-mlp.xml'));
    const beside = async (path: string) =>
      path === 'ov-mlp.bin' ? bytesContent(fixtureBytes(path).subarray(0, 100)) : undefined;
    const facts = await readModelFile({ path: 'ov-mlp.xml', content, beside });
    expect(facts.findings).toMatchObject([{ code: 'truncated', where: 'ov-mlp.bin' }]);
  });

  it('counts the layers and weights inside loops, whose inputs are not its own', async () => {
    const inner = `<layer id="0" name="i" type="Parameter"/>${constant('element_type="i8" shape="3" offset="0" size="3"')}`;
    const loop = `<layer id="2" name="l" type="Loop"><body><layers>${inner}</layers></body></layer>`;
    const facts = await readBytes('m.xml', net(`<layer id="0" name="x" type="Parameter"/>${loop}`));
    expect(facts.details.inputs).toMatchObject([{ name: 'x' }]);
    expect(facts.details.layers).toEqual({ Parameter: 2, Loop: 1, Const: 1 });
    expect(propertiesOf(facts)).toMatchObject({ parameter_count: 3, precision: 'I8' });
  });

  it('names an output by where it comes from, and says what it was converted from', async () => {
    const layers =
      '<layer id="7" name="soft" type="SoftMax"><output><port id="1" precision="FP16" names="a\\,b,c"><dim>-1</dim></port>' +
      '</output></layer><layer id="8" name="r" type="Result"><input><port id="0" precision="FP16"><dim>-1</dim></port></input></layer>';
    const rest =
      '<edges><edge from-layer="7" from-port="1" to-layer="8" to-port="0"/></edges><rt_info>' +
      '<Runtime_version value="2024.3.0-16041-abc"/><conversion_parameters><framework value="onnx"/></conversion_parameters></rt_info>';
    const facts = await readBytes('m.xml', net(layers, rest));
    expect(facts.details.outputs).toEqual([{ name: 'a,b', dtype: 'F16', shape: [null] }]);
    expect(facts.details.conversion).toEqual({ framework: 'onnx' });
    expect(propertiesOf(facts)).toMatchObject({ framework_version: '2024.3.0' });
  });

  it('is no other XML', async () => {
    for (const other of ['<net/>', '<net version="x"><layers/></net>', '<net version="1"><nodes/></net>']) {
      expect((await readBytes('m.xml', text(other))).format.name, other).toBe('unknown');
    }
  });
});

describe('damaged OpenVINO models', () => {
  it.each(FILES)('%s cut off anywhere says so', { timeout: 30_000 }, async (name) => {
    const end = Buffer.from(fixtureBytes(name)).lastIndexOf('>');
    await cutAnywhere(name, (facts, length) => {
      if (facts.format.name !== 'unknown' && length <= end)
        expect(isStopped(facts), `${length} bytes`).toBe(true);
    });
  });

  it.each(FILES)('%s with other bytes gives facts', async (name) => await flippedAnywhere(name));

  it.each([
    ['a shape of impossible sizes', 'element_type="f32" shape="4,x" offset="0" size="16"', 'high malformed'],
    [
      'a thousand dimensions',
      `element_type="f32" shape="${'1,'.repeat(1000)}1" offset="0" size="4"`,
      'high malformed',
    ],
    ['no place in the file', 'element_type="f32" shape="4"', 'high malformed'],
    [
      'a size beyond all files',
      'element_type="f32" shape="4" offset="0" size="99999999999999999"',
      'high malformed',
    ],
    ['bytes that are not its shape', 'element_type="f32" shape="4" offset="0" size="17"', 'medium malformed'],
  ])('weights with %s', async (_what, attributes, code) => {
    expect(codesOf(await readBytes('m.xml', net(constant(attributes))))).toEqual([code]);
  });
});
