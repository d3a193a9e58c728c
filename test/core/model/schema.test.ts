import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { METADATA_FIELDS } from '../../../src/core/model/metadata.ts';
import { MetadataFileSchema, metadataJsonSchema } from '../../../src/core/model/schema.ts';

const FILE = new URL('../../../schemas/omlmd.schema.json', import.meta.url);

describe('schema of metadata files', () => {
  it('has the seven fields and the artifact block', () => {
    expect(Object.keys(MetadataFileSchema.shape)).toEqual([...METADATA_FIELDS, 'artifact']);
  });

  it('is the one that editors get; UPDATE_GOLDEN=1 writes it', () => {
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(FILE, metadataJsonSchema());
    expect(JSON.parse(readFileSync(FILE, 'utf8'))).toEqual(JSON.parse(metadataJsonSchema()));
  });

  it('explains every field and every known property', () => {
    const { properties } = JSON.parse(metadataJsonSchema());
    for (const [field, schema] of Object.entries<{ description?: string }>(properties)) {
      expect(schema.description ?? JSON.stringify(schema), field).toMatch(/[a-z]{3}/);
    }
    expect(JSON.stringify(properties.customProperties)).toContain('SPDX');
  });
});
