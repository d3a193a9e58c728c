import { OmlmdError, quote } from '../errors.ts';
import { packAttachment } from '../formats/attachment.ts';
import { copyGraph } from '../oci/copy.ts';
import { collectFiles, type ModelPath } from './collect-files.ts';
import { type Context, openTarget } from './context.ts';
import type { DiscoverReport } from './discover.ts';
import { hashFiles } from './hash-files.ts';
import { formatPlace, type Location } from './location.ts';
import { type PushModelOptions, packedSource } from './push.ts';
import { assertMediaTypes, assertTitles } from './push-input.ts';
import { resolveRoot } from './read-artifact.ts';

export interface AttachOptions
  extends Pick<PushModelOptions, 'annotations' | 'concurrency' | 'digestCache' | 'onProgress' | 'signal'> {
  /** What it is: `application/spdx+json`, … */
  readonly artifactType: string;
}

/** Attaches files to an artifact: pushes a manifest that names it as its subject. The report's digest is the new one's. */
export async function attach(
  context: Context,
  location: Location,
  paths: readonly ModelPath[],
  options: AttachOptions,
): Promise<DiscoverReport> {
  const { files, outside } = await collectFiles(paths, 'attach');
  const [link] = outside;
  if (link !== undefined)
    throw new OmlmdError('file-unreadable', `attach: the link ${quote(link)} leaves the folder`);
  assertTitles(
    'attach',
    files.map(({ title }) => title),
  );
  assertMediaTypes('attach', [options.artifactType, ...files.map(({ mediaType }) => mediaType)]);
  const target = openTarget(context, location);
  const subject = await resolveRoot(target, location, options);
  const hashed = await hashFiles(files, {
    ...options,
    cache: options.digestCache === false ? undefined : context.digests,
    target,
    likelySizes: async () => new Set(),
  });
  await context.digests.save();
  const { artifactType, annotations = {} } = options;
  const packed = packAttachment({ subject, artifactType, files: hashed.files, annotations });
  await copyGraph(packedSource(packed), packed.root, target, { ...options, known: hashed.sent });
  const { digest, size } = packed.root;
  return {
    reference: `${formatPlace(location)}@${digest}`,
    digest,
    referrers: [{ digest, artifactType, annotations, size, referrers: [] }],
  };
}
