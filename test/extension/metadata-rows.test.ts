import { describe, expect, it } from 'vitest';
import { emptyMetadata, fromPlain, type JsonObject, type Origin } from '../../src/core/index.ts';
import { metadataRows } from '../../src/extension/metadata-rows.ts';

function rowsOf(custom: Record<string, unknown>, origins: readonly (readonly [string, Origin])[] = []) {
  const customProperties = fromPlain(custom) as JsonObject;
  return metadataRows({ ...emptyMetadata(), name: 'iris', customProperties }, new Map(origins));
}

describe('metadata as rows', () => {
  it('has one row a value, absent fields left out, nested ones by their path', () => {
    const rows = rowsOf({ accuracy: 0.97, data: { rows: 150, split: ['a', 'b'] } });
    expect(rows.map(({ label, value }) => [label, value])).toEqual([
      ['name', 'iris'],
      ['accuracy', '0.97'],
      ['data.rows', '150'],
      ['data.split', 'a, b'],
    ]);
  });

  it('shows control characters and cuts what is long', () => {
    const [, row] = rowsOf({ note: `\u202eevil\u001b[2J${'x'.repeat(1000)}` });
    expect(row?.value).toContain('\\u202eevil\\u001b');
    expect(row?.value.length).toBeLessThan(350);
  });

  it('knows where a value came from, by itself or by what it is a part of', () => {
    const rows = rowsOf({ data: { rows: 1 } }, [
      ['name', 'auto'],
      ['customProperties.data', 'file'],
    ]);
    expect(rows.map(({ origin }) => origin)).toEqual(['auto', 'file']);
  });
});
