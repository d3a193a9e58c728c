import { describe, expect, it } from 'vitest';
import { codesOf, fixtureBytes, propertiesOf, readBytes } from './fixtures.ts';

/** The gguf package writes version 3 only; these are put together by hand, as llama.cpp wrote them in 2023. */
function u32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index);
  return bytes;
}

/** A text of version 1: 32 bits of length. */
const text = (value: string) => Buffer.concat([u32(value.length), Buffer.from(value)]);
const [STRING, ARRAY, U32, F32] = [8, 9, 4, 0];

function version1(): Buffer {
  const header = Buffer.concat([
    Buffer.from('GGUF'),
    // Version, tensors, keys.
    u32(1, 1, 3),
    ...[text('general.architecture'), u32(STRING), text('llama')],
    ...[text('llama.block_count'), u32(U32), u32(2)],
    ...[text('tokenizer.ggml.tokens'), u32(ARRAY, STRING, 3), text('a'), text('b'), text('c')],
    // Dimensions, type, offset.
    ...[text('token_embd.weight'), u32(2, 4, 3, F32), u32(0, 0)],
  ]);
  const padding = (32 - (header.byteLength % 32)) % 32;
  return Buffer.concat([header, Buffer.alloc(padding), Buffer.alloc(64)]);
}

describe('GGUF of older versions', () => {
  it('1 is read, whose lengths have 32 bits', async () => {
    const facts = await readBytes('old.gguf', version1());
    expect(facts.findings).toEqual([]);
    expect(facts.format).toEqual({ name: 'gguf', version: '1' });
    expect(propertiesOf(facts)).toMatchObject({
      architecture: 'llama',
      block_count: 2,
      vocab_size: 3,
      parameter_count: 12,
      precision: 'F32',
    });
    expect(facts.details.tensors).toMatchObject([{ name: 'token_embd.weight', dtype: 'F32', shape: [4, 3] }]);
  });

  it('1 cut off anywhere says so', async () => {
    const whole = version1();
    for (let length = 8; length < whole.byteLength - 16; length += 1)
      expect(codesOf(await readBytes('old.gguf', whole.subarray(0, length))).join()).toMatch(
        /truncated|malformed/,
      );
  });

  it('2 is read as 3 is', async () => {
    const bytes = Buffer.from(fixtureBytes('tiny-llama.Q4_K_M.gguf'));
    const now = await readBytes('tiny.gguf', bytes);
    bytes.writeUInt32LE(2, 4);
    const before = await readBytes('tiny.gguf', bytes);
    expect(before.format).toEqual({ name: 'gguf', version: '2' });
    expect(before.findings).toEqual([]);
    expect(propertiesOf(before)).toEqual(propertiesOf(now));
    expect(before.details).toEqual(now.details);
  });
});
