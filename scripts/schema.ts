// Writes the JSON Schema of `.omlmd.yaml` anew, from the zod schema that it is made of.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { metadataJsonSchema } from '../src/core/model/schema.ts';
import { ROOT } from './dev-cache.ts';

const file = path.join(ROOT, 'schemas', 'omlmd.schema.json');
writeFileSync(file, metadataJsonSchema());
console.log(`wrote ${path.relative(ROOT, file)}`);
