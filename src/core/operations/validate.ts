import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Problem, validateMetadataText } from '../model/validate.ts';
import type { CallOptions } from '../oci/content.ts';
import { type Context, openTarget } from './context.ts';
import { formatLocation, type Location } from './location.ts';
import { readText } from './prepare-model.ts';
import { readArtifact, readConfig } from './read-artifact.ts';

/** A row of `validate` (docs/cli.md). */
export interface FileProblem extends Problem {
  /** The path as it was given, or a reference. */
  readonly file: string;
}

/** Problems of a metadata file, in the order of the text. */
export async function validateFile(path: string): Promise<readonly FileProblem[]> {
  const folder = dirname(resolve(path));
  const problems = validateMetadataText(await readText(path), path, {
    exists: (file) => existsSync(resolve(folder, file)),
  });
  return problems.map((problem) => ({ ...problem, file: path }));
}

/** Problems of an artifact: a manifest that cannot be read, content that is not there, metadata that is not metadata. */
export async function validateArtifact(
  context: Context,
  location: Location,
  options: CallOptions = {},
): Promise<readonly FileProblem[]> {
  const file = formatLocation(location);
  const artifact = await readArtifact(context, location, options);
  const problems: FileProblem[] = [];
  const target = openTarget(context, location);
  for (const layer of artifact.manifest.layers) {
    // Asked for by name: of a large layer a fetch asks nothing before it is read.
    if (!(await target.exists(layer, options)))
      problems.push(problemAt(file, 'content-missing', `the layer ${layer.digest} is not there`));
  }
  if (artifact.format.id !== 'omlmd') {
    problems.push(
      problemAt(file, 'not-omlmd', `the artifact is of the format ${artifact.format.id}`, 'info'),
    );
    return problems;
  }
  const text = new TextDecoder().decode(await readConfig(artifact, options));
  return [
    ...problems,
    ...validateMetadataText(text, `${file}.json`, { exists: () => true }).map((p) => ({ ...p, file })),
  ];
}

function problemAt(
  file: string,
  code: string,
  message: string,
  severity: Problem['severity'] = 'error',
): FileProblem {
  return { file, severity, code, message, line: 1, column: 1, endLine: 1, endColumn: 1 };
}
