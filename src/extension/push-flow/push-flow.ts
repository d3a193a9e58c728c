import { basename } from 'node:path';
import * as vscode from 'vscode';
import {
  escapeControls,
  modelStem,
  type PreparedModel,
  type PushResult,
  relocate,
} from '../../core/index.ts';
import { StepPicker } from '../quick-input/step-picker.ts';
import type { Services } from '../services.ts';
import { type MetadataCapture, readSettings } from '../settings.ts';
import { chooseDestination } from './destination-step.ts';
import type { DestinationFacts } from './destinations.ts';
import { editMetadata } from './edit-metadata.ts';
import { ModelPreparation } from './model-preparation.ts';
import { PushMemory } from './push-memory.ts';
import type { PushPlan } from './push-plan.ts';
import { repeatPush } from './repeat-push.ts';
import { repositoryName } from './repository-name.ts';
import { reviewPush } from './review-step.ts';
import { sendModel } from './send-model.ts';
import { chooseTag } from './tag-step.ts';

/** What a metadata file says of its own push. */
export interface SaidByFile {
  /** The metadata file itself, which need not be called as its model is. */
  readonly sidecar?: string;
  /** Its `artifact.format`. */
  readonly format?: string | undefined;
}

/** Asks where a model goes and under which tag, shows what goes, and pushes it. Undefined when it was left for editing. */
export async function runPushFlow(
  services: Services,
  paths: readonly string[],
  said: SaidByFile = {},
): Promise<PushResult | undefined> {
  const { capture } = readSettings();
  const plan = await decide(services, paths, new ModelPreparation(paths, capture, said.sidecar));
  if (plan === undefined) {
    await editMetadata(paths);
    return undefined;
  }
  const { model, location, ...options } = plan;
  return sendModel(services, { paths, model, location, format: said.format, ...options });
}

/** Reads what a push would carry, in the way that `omlmd.metadata.capture` asks for. */
export function prepare(
  paths: readonly string[],
  capture: MetadataCapture,
  sidecar?: string,
): Promise<PreparedModel> {
  return new ModelPreparation(paths, capture, sidecar).model;
}

async function decide(
  services: Services,
  paths: readonly string[],
  preparation: ModelPreparation,
): Promise<PushPlan | undefined> {
  const title = titleOf(paths);
  const facts = destinationFacts(services, paths);
  const picker = new StepPicker();
  try {
    const repeated = await repeatPush(picker, services, title, facts.last, preparation);
    if (repeated !== undefined) return repeated === 'edit' ? undefined : repeated;
    for (;;) {
      const { location: place } = await chooseDestination(picker, title, facts);
      for (;;) {
        const chosen = await chooseTag(picker, services.context, title, place);
        if (chosen === undefined) break;
        const location = relocate(place, { tag: chosen.tag });
        const { review, model } = await reviewPush(picker, title, location, preparation);
        if (review === 'edit') return undefined;
        if (review === 'back') continue;
        return { location, model, moveTag: chosen.exists, allowUnsafe: review === 'push-anyway' };
      }
    }
  } finally {
    picker.dispose();
  }
}

function titleOf(paths: readonly string[]): string {
  const [only] = paths;
  return only !== undefined && paths.length === 1
    ? vscode.l10n.t('Push {0}', escapeControls(basename(only)))
    : vscode.l10n.t('Push {0} files', paths.length);
}

function destinationFacts(services: Services, paths: readonly string[]): DestinationFacts {
  const [first = ''] = paths;
  const memory = new PushMemory(services.extension.workspaceState);
  const { registries, defaultRepository } = readSettings(vscode.Uri.file(first));
  return {
    name: repositoryName(modelStem(basename(first))),
    last: memory.lastOf(first),
    recent: memory.recent(),
    registries,
    defaultRepository,
  };
}
