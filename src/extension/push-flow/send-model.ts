import * as vscode from 'vscode';
import {
  formatPlace,
  type Location,
  type PreparedModel,
  type PushResult,
  push,
  shortDigest,
} from '../../core/index.ts';
import { showError } from '../error-actions.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { hostOf, viewOf } from '../subject.ts';
import { withTransfer } from '../transfer-progress.ts';
import { PushMemory } from './push-memory.ts';

/** A push that is decided. */
export interface Sending {
  /** What the person named: files, or a folder. */
  readonly paths: readonly string[];
  readonly model: PreparedModel;
  /** With its tags. */
  readonly location: Location;
  /** Tags that exist are moved; otherwise such a push is refused. */
  readonly moveTag: boolean;
  readonly allowUnsafe: boolean;
  /** Id of the artifact format; omlmd's own unless said. */
  readonly format?: string | undefined;
}

/** Pushes with progress and tells how it ended; undefined when it failed and the person was told. */
export async function sendModel(services: Services, sending: Sending): Promise<PushResult | undefined> {
  try {
    const result = await transferModel(services, sending, true);
    void offerNext(result);
    return result;
  } catch (error) {
    const retry = () => sendModel(services, sending);
    void showError(services, error, { host: hostOf(sending.location), retry });
    return undefined;
  }
}

/** Pushes with progress; errors are the caller's. Remembers the destination and refreshes the trees. */
export async function transferModel(
  services: Services,
  sending: Sending,
  reveal = false,
): Promise<PushResult> {
  const { model, location, moveTag, allowUnsafe, paths, format } = sending;
  const context = await services.context();
  const { concurrency } = readSettings();
  const title = vscode.l10n.t('Pushing to {0}', formatPlace(location));
  const { result } = await withTransfer(services, title, viewOf(location), (call) =>
    push(context, location, model, { ...call, concurrency, allowUnsafe, format, tagIfAbsent: !moveTag }),
  );
  const [first] = paths;
  const place = formatPlace(location);
  if (first !== undefined) await new PushMemory(services.extension.workspaceState).remember(first, place);
  services.placeChanged(place);
  services.pushed({
    paths,
    result,
    reveal,
    ...(model.sidecar === undefined ? {} : { sidecar: model.sidecar }),
  });
  return result;
}

async function offerNext(result: PushResult): Promise<void> {
  const copy = vscode.l10n.t('Copy Reference');
  const inspect = vscode.l10n.t('Inspect');
  const message = vscode.l10n.t('Pushed {0} · {1}', result.reference, shortDigest(result.digest));
  const chosen = await vscode.window.showInformationMessage(message, copy, inspect);
  if (chosen === copy) await vscode.env.clipboard.writeText(result.reference);
  if (chosen === inspect) await vscode.commands.executeCommand('omlmd.inspect', result.reference);
}
