import { readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { OmlmdError, quote } from '../errors.ts';
import { parseMetadataFile } from '../model/metadata-file.ts';
import { isModelFileName, maybeModelFileName } from '../readers/index.ts';
import { isInside, type ModelPath } from './collect-files.ts';
import { type Location, parseLocation } from './location.ts';
import { readText } from './prepare-model.ts';

/** What a metadata file says of its own push. */
export interface MetadataTarget {
  /** Absent when its `artifact:` block names no reference. */
  readonly location?: Location;
  readonly paths: readonly ModelPath[];
  readonly format?: string;
}

const SUFFIX = /\.omlmd\.ya?ml$/;

export interface MetadataTargetOptions {
  /** Files outside the metadata file's own folder may be named too. */
  readonly allowOutside?: boolean;
}

/**
 * The reference and files of an `.omlmd.yaml`'s `artifact:` block; without `files`, the model of the same stem. The file
 * may come with a cloned repository, and names both what is sent and where to: what lies outside its folder, links
 * followed, is refused as `unsafe-model`.
 */
export async function readMetadataTarget(
  path: string,
  { allowOutside = false }: MetadataTargetOptions = {},
): Promise<MetadataTarget> {
  const { artifact } = parseMetadataFile(await readText(path), path);
  const folder = dirname(resolve(path));
  const named = artifact?.files ?? [];
  const paths =
    named.length > 0
      ? named.map((file) => ({ path: resolve(folder, file) }))
      : [{ path: await modelBeside(path) }];
  if (!allowOutside) for (const file of paths) await refuseOutside(path, folder, file.path);
  return {
    paths,
    ...(artifact?.reference === undefined ? {} : { location: parseLocation(artifact.reference) }),
    ...(artifact?.format === undefined ? {} : { format: artifact.format }),
  };
}

async function refuseOutside(metadataFile: string, folder: string, file: string): Promise<void> {
  const real = await realpath(file).catch(() => resolve(file)); // what is not there is told of when it is read
  if (isInside(await realpath(folder), real)) return;
  const what = `${quote(file)} is outside its folder`;
  throw new OmlmdError('unsafe-model', `push the files that ${quote(metadataFile)} names: ${what}`);
}

/**
 * The model that `X.omlmd.yaml` describes: `X` itself (a file or folder), else the one file `X.*` that is called like a
 * model, else the one that may be one (`X.json`).
 */
export async function modelBeside(path: string): Promise<string> {
  const absolute = resolve(path);
  const stem = basename(absolute).replace(SUFFIX, '');
  const folder = dirname(absolute);
  const exact = join(folder, stem);
  if (stem !== basename(absolute) && (await isThere(exact))) return exact;
  const beside = (await readdir(folder)).filter(
    (name) => name.startsWith(`${stem}.`) && maybeModelFileName(name) && !SUFFIX.test(name),
  );
  const called = beside.filter(isModelFileName);
  const names = called.length > 0 ? called : beside;
  const [only] = names;
  if (only !== undefined && names.length === 1) return join(folder, only);
  const what =
    names.length === 0
      ? `there is no model named ${quote(stem)} beside it`
      : `${names.map(quote).join(', ')} all fit`;
  throw new OmlmdError(
    names.length === 0 ? 'not-found' : 'usage',
    `find the model of ${quote(path)}: ${what}; name it under artifact.files`,
  );
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
