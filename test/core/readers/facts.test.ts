import { expect, it } from 'vitest';
import { bytesContent } from '../../../src/core/oci/content.ts';
import { FactsBuilder } from '../../../src/core/readers/facts.ts';
import { readModelFile } from '../../../src/core/readers/index.ts';
import { MAX_FINDINGS } from '../../../src/core/readers/limits.ts';

it('lists findings up to a number, and says how many more there are', () => {
  const facts = new FactsBuilder();
  for (let i = 0; i < MAX_FINDINGS + 3; i += 1) facts.finding('low', 'malformed', `number ${i}`);
  facts.unlisted(4);
  const { findings } = facts.build('onnx', 'm');
  expect(findings).toHaveLength(MAX_FINDINGS + 1);
  expect(findings.at(-1)?.message).toBe('7 more findings are not listed');
});

/** A protobuf field of bytes. */
const field = (number: number, bytes: Uint8Array | string) => {
  const body = Buffer.from(bytes);
  const length = body.length < 128 ? [body.length] : [(body.length & 127) | 128, body.length >> 7];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), body]);
};

it('counts the domains of an ONNX model beyond those that are listed', async () => {
  const opset = (i: number) => field(8, field(1, `x.${i}`));
  const node = (i: number) => field(1, Buffer.concat([field(4, 'Op'), field(7, `x.${i}`)]));
  const many = [...Array(MAX_FINDINGS + 50).keys()];
  const nodes = Buffer.concat(many.map(node));
  const length = [(nodes.length & 127) | 128, ((nodes.length >> 7) & 127) | (nodes.length >> 14 ? 128 : 0)];
  if (nodes.length >> 14) length.push(nodes.length >> 14);
  const graph = Buffer.concat([Buffer.from([0x3a, ...length]), nodes]);
  const model = Buffer.concat([Buffer.from([0x08, 9]), ...many.slice(0, 3).map(opset), graph]);
  const { findings, details } = await readModelFile({ path: 'm.onnx', content: bytesContent(model) });
  expect(details.custom_domains).toHaveLength(MAX_FINDINGS + 50);
  expect(findings.filter(({ code }) => code === 'code-in-model')).toHaveLength(MAX_FINDINGS);
  expect(findings.at(-1)?.message).toMatch(/^5\d more findings are not listed$/);
});
