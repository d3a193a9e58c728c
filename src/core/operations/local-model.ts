import { basename, dirname, join, resolve } from 'node:path';
import { quote } from '../errors.ts';
import type { CallOptions } from '../oci/content.ts';
import type { FileContent } from '../oci/file-content.ts';
import type { Finding, ModelFacts } from '../readers/reader.ts';
import { indexStem, shardName } from '../readers/shards/shard-names.ts';
import { type CollectedFile, collectFiles, type Doing, type ModelPath, sortFiles } from './collect-files.ts';
import { filesBeside, filesOfModels, localPart } from './companions.ts';
import { ModelParts, type PartReading } from './model-parts.ts';

/** A finding, and the file (of several) that it is about. */
export type FileFinding = Finding & { readonly file: string };

/** What lies at some paths on this machine, read as a model. */
export interface LocalModel {
  /** What a push would carry: what was named, and what that cannot be loaded without. Sorted by title. */
  readonly files: readonly CollectedFile[];
  /** Files that were passed over. */
  readonly leftOut: number;
  /** Of every file that may be a model. */
  readonly parts: readonly PartReading[];
  /** All of it as one model, where a reader knows it as that; its findings are its own. */
  readonly whole?: ModelFacts;
  /** Small files whose bytes were read on the way, by title. */
  readonly kept: ReadonlyMap<string, FileContent>;
  /** Of parts, whole, and the links that were not followed. */
  readonly findings: readonly FileFinding[];
}

export interface LocalModelOptions extends CallOptions {
  /** What the model is read for; `push` unless said. */
  readonly doing?: Doing | undefined;
  /** What goes with a file that was named: what it needs (default), or the files of these titles beside the first. */
  readonly companions?: 'needed' | readonly string[] | undefined;
}

/** Reads model files and folders of this machine. */
export async function readLocalModel(
  paths: readonly ModelPath[],
  options: LocalModelOptions = {},
): Promise<LocalModel> {
  const { doing = 'push' } = options;
  const collected = await collectFiles(paths, doing);
  const set = new ModelParts(collected.files.map(localPart), { ...options, concurrency: 1 });
  const named = collected.files.filter((file) => isNamed(file, paths));
  const belonging = await companionsOf(named, set, options.companions);
  const files = sortFiles([...collected.files, ...belonging.files], doing);
  const outside = [...collected.outside, ...belonging.outside];
  const parts = await set.readAll();
  const name = nameOfWhole(paths, named);
  const whole = await set.readWhole(name);
  return {
    files,
    leftOut: collected.leftOut + collected.outside.length + collected.loops.length,
    parts,
    kept: set.kept,
    ...(whole === undefined ? {} : { whole }),
    findings: [
      ...outside.map(outsideFinding),
      ...collected.loops.map(loopFinding),
      ...(whole?.findings ?? []).map((finding) => ({ ...finding, file: finding.where ?? name })),
      ...parts.flatMap(({ title, facts }) => facts.findings.map((f) => ({ ...f, file: title }))),
    ],
  };
}

/** What goes with the files that were named. */
async function companionsOf(
  named: readonly CollectedFile[],
  set: ModelParts,
  choice: LocalModelOptions['companions'],
): Promise<Awaited<ReturnType<typeof filesOfModels>>> {
  if (choice === undefined || choice === 'needed') return filesOfModels(set, named);
  const [model] = named;
  const others = choice.filter((title) => !set.has(title));
  const files = model === undefined ? [] : await filesBeside(model, others);
  for (const file of files) set.add(localPart(file));
  return { files, outside: [] };
}

/** Named by itself, not found in a folder that was named: a folder is pushed as it is. */
function isNamed({ folder, title }: CollectedFile, paths: readonly ModelPath[]): boolean {
  return paths.some(({ path }) => resolve(path) === join(folder, title));
}

function outsideFinding(title: string): FileFinding {
  const message = `the link ${quote(title)} leaves the folder; it is not followed`;
  return { severity: 'critical', code: 'external-path', message, where: title, file: title };
}

function loopFinding(title: string): FileFinding {
  const message = `the link ${quote(title)} leads to a folder that it is in; it is not followed`;
  return { severity: 'low', code: 'malformed', message, where: title, file: title };
}

/** What several files are called as one: after their folder, or after what their names have in common. */
function nameOfWhole(paths: readonly ModelPath[], named: readonly CollectedFile[]): string {
  const [first = '', ...others] = paths.map(({ path }) => resolve(path));
  if (!named.some(({ folder, title }) => join(folder, title) === first)) return folderName(first);
  const stem = others.length > 0 ? undefined : (shardName(first)?.stem ?? indexStem(first));
  return stem === undefined ? folderName(dirname(first)) : basename(stem);
}

/** The last part of its path; a snapshot of a Hugging Face cache is called after its model, not its revision. */
export function folderName(path: string): string {
  const absolute = resolve(path);
  const model = basename(dirname(dirname(absolute)));
  const isSnapshot = basename(dirname(absolute)) === 'snapshots' && model.startsWith('models--');
  return isSnapshot ? (model.split('--').at(-1) ?? model) : basename(absolute);
}
