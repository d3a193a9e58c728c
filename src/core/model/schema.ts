import * as z from 'zod';

/**
 * The schema of a metadata file (`X.omlmd.yaml`). It is the source of the types, of validation and of the JSON Schema
 * that editors complete and explain from: `schemas/omlmd.schema.json`, which a test holds equal to it.
 */

const text = (description: string) => z.string().nullable().optional().describe(description);

/** A custom property that many models have: any value is allowed, the description is for the editor. */
const known = (description: string, examples: unknown[] = []) =>
  z
    .unknown()
    .optional()
    .meta({ description, ...(examples.length > 0 ? { examples } : {}) });

const CustomPropertiesSchema = z
  .looseObject({
    accuracy: known('Share of right predictions, from 0 to 1.', [0.97]),
    license: known('Licence of the model, as an SPDX identifier.', [
      'Apache-2.0',
      'MIT',
      'BSD-3-Clause',
      'CC-BY-4.0',
      'CC-BY-SA-4.0',
      'CC-BY-NC-4.0',
      'GPL-3.0-only',
      'LGPL-3.0-only',
      'MPL-2.0',
      'CC0-1.0',
    ]),
    framework: known('What made the model, or runs it.', ['scikit-learn', 'pytorch', 'xgboost', 'keras']),
    framework_version: known('Version of the framework; put it in quotes, or 1.10 becomes 1.1.', ['1.5.2']),
    task: known('What the model does.', ['classification', 'regression', 'text-generation']),
    model_class: known('Class of the model in its framework.', ['sklearn.svm._classes.SVC']),
    architecture: known('Family of the model.', ['llama', 'bert', 'resnet']),
    base_model: known('The model this one was made from, as org/name.'),
    datasets: known('Datasets the model was trained on.'),
    languages: known('Languages the model knows.', [['en', 'it']]),
    metrics: known('Measured qualities, by name.', [{ f1: 0.93, auc: 0.98 }]),
    hyperparameters: known('Parameters of the training, by name.', [{ C: 1.0, kernel: 'rbf' }]),
    parameter_count: known('Number of weights.'),
    tags: known('Words to find the model by.'),
  })
  .describe(
    'Anything else worth knowing about the model, by name. It is written to the artifact, and as one annotation.',
  );

/** Where the model goes; never sent. Unknown keys are refused, so that a typing error is seen. */
export const ArtifactBlockSchema = z
  .strictObject({
    reference: z
      .string()
      .optional()
      .meta({
        description:
          'Where the artifact is pushed to: HOST/REPOSITORY:TAG, local/NAME:TAG for the local store, or oci-layout:PATH.',
        examples: ['local/churn:v1', 'registry.example/team/churn:v3'],
      }),
    files: z
      .array(z.string())
      .optional()
      .meta({
        description:
          'Files and folders that belong to the artifact, relative to this file. By default the model of the same name.',
        examples: [['churn.onnx', 'README.md']],
      }),
    format: z
      .string()
      .optional()
      .meta({ description: 'Format of the artifact; omlmd by default.', examples: ['omlmd'] }),
  })
  .describe(
    'Where the model is pushed to, and which files belong to it. This block is not part of the artifact.',
  );

/** A whole metadata file. Other top-level keys become custom properties. */
export const MetadataFileSchema = z
  .looseObject({
    name: text('Name of the model.'),
    description: text('What the model is and does, for people.'),
    author: text('Who made the model: a person, a team or an organisation.'),
    customProperties: CustomPropertiesSchema.nullable().optional(),
    uri: text('Where the model itself is, when the artifact does not hold it.'),
    model_format_name: text('Format of the model file, such as onnx, safetensors, gguf or joblib.'),
    model_format_version: text('Version of the file format; put it in quotes, or 1.10 becomes 1.1.'),
    artifact: ArtifactBlockSchema.optional(),
  })
  .describe('Metadata of a machine-learning model, and the artifact it is pushed as.');

/** The `artifact:` block of a metadata file. */
export type ArtifactBlock = Readonly<z.infer<typeof ArtifactBlockSchema>>;

/** Where editors find the schema by name. */
const SCHEMA_TITLE = 'OMLMD model metadata';

/** The JSON Schema (draft 7) of a metadata file, as text for `schemas/omlmd.schema.json`. */
export function metadataJsonSchema(): string {
  const schema = z.toJSONSchema(MetadataFileSchema, { target: 'draft-7', io: 'input' });
  return `${JSON.stringify({ ...schema, title: SCHEMA_TITLE }, null, 2)}\n`;
}
