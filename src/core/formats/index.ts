import { OmlmdError, quote } from '../errors.ts';
import type { Manifest } from '../oci/manifest.ts';
import type { ArtifactFormat } from './format.ts';
import { genericFormat } from './generic.ts';
import { omlmdFormat } from './omlmd.ts';
import { orasFormat } from './oras.ts';

/** Every artifact format, the most particular first. A new one is a file and a line here. */
export const ARTIFACT_FORMATS: readonly ArtifactFormat[] = [omlmdFormat, orasFormat];

/** The format of a manifest; what none recognizes is plain OCI. */
export function formatOf(manifest: Manifest): ArtifactFormat {
  return ARTIFACT_FORMATS.find((format) => format.recognizes(manifest)) ?? genericFormat;
}

/** The format of that id, of those that can be written; throws `usage` with what there is. */
export function findFormat(id: string): ArtifactFormat {
  const format = ARTIFACT_FORMATS.find((candidate) => candidate.id === id);
  if (format !== undefined) return format;
  const ids = ARTIFACT_FORMATS.map((candidate) => candidate.id).join(', ');
  throw new OmlmdError('usage', `artifact format ${quote(id)}: expected one of ${ids}`);
}
