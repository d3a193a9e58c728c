import * as vscode from 'vscode';
import {
  type CopyResult,
  copyArtifact,
  formatPlace,
  type Location,
  parseLocation,
  shortDigest,
} from '../../core/index.ts';
import { showError } from '../error-actions.ts';
import { PushMemory } from '../push-flow/push-memory.ts';
import { pickArtifact } from '../quick-input/pick-artifact.ts';
import { pickLocation } from '../quick-input/pick-location.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { hostOf, viewOf } from '../subject.ts';
import { withTransfer } from '../transfer-progress.ts';
import { requireTrust } from '../trust.ts';
import { optionsIn, referenceIn } from './command-call.ts';

/** *Copy to Registry…*: the artifact and what refers to it, byte for byte, under the same tag unless another is typed. */
export async function copyTo(
  services: Services,
  ...args: readonly unknown[]
): Promise<CopyResult | undefined> {
  requireTrust();
  const title = vscode.l10n.t('Copy to Registry');
  const from = parseLocation(referenceIn(args) ?? (await pickArtifact(services, title)));
  const destination = optionsIn(args)?.destination;
  if (destination !== undefined) return transfer(services, from, parseLocation(destination));
  return copyAsked(services, from, await pickLocation(services, title, from));
}

async function copyAsked(services: Services, from: Location, to: Location): Promise<CopyResult | undefined> {
  try {
    const result = await transfer(services, from, to);
    const message = vscode.l10n.t('Copied to {0} · {1}', result.reference, shortDigest(result.digest));
    void vscode.window.showInformationMessage(message);
    return result;
  } catch (error) {
    void showError(services, error, { host: hostOf(to), retry: () => copyAsked(services, from, to) });
    return undefined;
  }
}

async function transfer(services: Services, from: Location, to: Location): Promise<CopyResult> {
  const context = await services.context();
  const { concurrency } = readSettings();
  const title = vscode.l10n.t('Copying to {0}', formatPlace(to));
  const result = await withTransfer(services, title, viewOf(to), (call) =>
    copyArtifact(context, from, to, { ...call, concurrency, withReferrers: true }),
  );
  await new PushMemory(services.extension.workspaceState).visit(formatPlace(to));
  services.placeChanged(formatPlace(to));
  return result;
}
