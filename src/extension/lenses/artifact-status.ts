import { Uri } from 'vscode';
import type { MetadataTarget, PushResult } from '../../core/index.ts';
import type { Core, Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { type ArtifactState, artifactState } from './artifact-state.ts';
import { findArtifact, stampModel, stampPush } from './model-stamp.ts';
import { type FoundArtifact, pushRecords, registryAnswers } from './push-record.ts';

/**
 * How the model of a saved metadata file stands to its artifact. The local store is looked into; a registry is not, as
 * opening a file must send no requests: {@link compareWithRegistry} does, and its answer is remembered. Rejects where
 * the file or its model cannot be read.
 */
export async function readArtifactState(
  services: Services,
  metadataFile: string,
  signal?: AbortSignal,
): Promise<ArtifactState> {
  const core = await services.core();
  try {
    return await compare(services, core, metadataFile, signal);
  } catch (error) {
    if (core.isOmlmdError(error, 'not-found')) return { kind: 'no-model' };
    throw error;
  }
}

async function compare(
  services: Services,
  core: Core,
  metadataFile: string,
  signal: AbortSignal | undefined,
): Promise<ArtifactState> {
  const target = await core.readMetadataTarget(metadataFile);
  const { prepare } = await import('../push-flow/push-flow.ts');
  const paths = target.paths.map(({ path }) => path);
  const model = await prepare(paths, readSettings(Uri.file(metadataFile)).capture);
  const record = pushRecords(services.extension.workspaceState).get(metadataFile);
  const reference = referenceOf(core, target);
  const place = reference ?? record?.reference;
  return artifactState({
    local: await stampModel(core, model),
    reference,
    record,
    found: place === undefined ? undefined : await recall(services, core, place, signal),
  });
}

/** Asks where the artifact is said to be, be it a registry, and remembers the answer. False where nothing says so. */
export async function compareWithRegistry(
  services: Services,
  metadataFile: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const core = await services.core();
  const { workspaceState } = services.extension;
  const target = await core.readMetadataTarget(metadataFile);
  const place = referenceOf(core, target) ?? pushRecords(workspaceState).get(metadataFile)?.reference;
  if (place === undefined) return false;
  const found = await findArtifact(core, await services.context(), place, signal);
  await registryAnswers(workspaceState).put(place, found ?? 'absent');
  return true;
}

/** Remembers a push that has just ended. */
export async function rememberPush(
  services: Services,
  metadataFile: string,
  result: PushResult,
): Promise<void> {
  const { workspaceState } = services.extension;
  const record = await stampPush(await services.core(), result, Date.now());
  await registryAnswers(workspaceState).put(result.reference, undefined);
  await pushRecords(workspaceState).put(metadataFile, record);
}

async function recall(
  services: Services,
  core: Core,
  reference: string,
  signal: AbortSignal | undefined,
): Promise<FoundArtifact | 'absent' | undefined> {
  if (core.parseLocation(reference).kind === 'registry') {
    return registryAnswers(services.extension.workspaceState).get(reference);
  }
  return (await findArtifact(core, await services.context(), reference, signal)) ?? 'absent';
}

/** With its one tag, in the form that a push reports and the record holds. */
function referenceOf(core: Core, { location }: MetadataTarget): string | undefined {
  if (location === undefined) return undefined;
  const tag = core.tagsToSet(location)[0];
  return core.formatLocation(tag === undefined ? location : core.relocate(location, { tag }));
}
