import { join } from 'node:path';
import * as vscode from 'vscode';
import {
  type ExistingFiles,
  escapeControls,
  type Finding,
  isOmlmdError,
  type Location,
  type PullResult,
  parseLocation,
  pull as pullArtifact,
} from '../../core/index.ts';
import { showError } from '../error-actions.ts';
import { pickArtifact } from '../quick-input/pick-artifact.ts';
import { pickFolder } from '../quick-input/pick-folder.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { hostOf, viewOf } from '../subject.ts';
import { withTransfer } from '../transfer-progress.ts';
import { requireTrust } from '../trust.ts';
import { optionsIn, referenceIn } from './command-call.ts';

type FileFinding = Finding & { readonly file: string };

interface Pulling {
  readonly location: Location;
  readonly folder: string;
  readonly existing: ExistingFiles;
}

const EXISTING = { refuse: 'refuse', replace: 'overwrite', keep: 'keep' } as const;

/** *Pull…*: `(reference | node, options?)`. */
export async function pull(services: Services, ...args: readonly unknown[]): Promise<PullResult | undefined> {
  requireTrust();
  const options = optionsIn(args);
  const named = referenceIn(args);
  const location = parseLocation(named ?? (await pickArtifact(services, vscode.l10n.t('Pull'))));
  if (options?.folder !== undefined) {
    const existing = EXISTING[options.existing ?? 'refuse'];
    const { result } = await transfer(services, { location, folder: options.folder, existing });
    return result;
  }
  return pullAsked(services, location, await pickFolder(location));
}

/** Pulls into a folder that the person chose, and asks what to do with files that are there. */
export async function pullAsked(
  services: Services,
  location: Location,
  folder: string,
): Promise<PullResult | undefined> {
  try {
    const { result, findings } = await transfer(services, { location, folder, existing: 'refuse' }).catch(
      async (error: unknown) => {
        if (!isOmlmdError(error, 'conflict')) throw error;
        return transfer(services, { location, folder, existing: await askExisting(error.message) });
      },
    );
    void tell(result, folder, findings);
    return result;
  } catch (error) {
    void showError(services, error, {
      host: hostOf(location),
      retry: () => pullAsked(services, location, folder),
    });
    return undefined;
  }
}

async function transfer(
  services: Services,
  { location, folder, existing }: Pulling,
): Promise<{ readonly result: PullResult; readonly findings: readonly FileFinding[] }> {
  const context = await services.context();
  const { concurrency } = readSettings();
  const findings: FileFinding[] = [];
  const title = vscode.l10n.t('Pulling into {0}', vscode.workspace.asRelativePath(folder));
  const result = await withTransfer(services, title, viewOf(location), (call) =>
    pullArtifact(context, location, folder, {
      ...call,
      concurrency,
      onExisting: existing,
      onFinding: (finding) => findings.push(finding),
    }),
  );
  return { result, findings };
}

async function askExisting(message: string): Promise<ExistingFiles> {
  const replace = vscode.l10n.t('Replace');
  const keep = vscode.l10n.t('Keep Mine');
  const question = vscode.l10n.t('There are other files of the same name in the folder.');
  const chosen = await vscode.window.showWarningMessage(
    question,
    { modal: true, detail: message },
    keep,
    replace,
  );
  if (chosen === undefined) throw new vscode.CancellationError();
  return chosen === replace ? 'overwrite' : 'keep';
}

async function tell(result: PullResult, folder: string, findings: readonly FileFinding[]): Promise<void> {
  const reveal = vscode.l10n.t('Reveal in Explorer');
  const view = vscode.l10n.t('Open Model Viewer');
  const [danger] = findings.filter(({ severity }) => severity === 'critical' || severity === 'high');
  const where = vscode.workspace.asRelativePath(folder);
  const pulled = vscode.l10n.t(
    'Pulled {0} into {1}: {2} files',
    result.reference,
    where,
    result.files.length,
  );
  const [first] = result.files;
  const chosen =
    danger === undefined
      ? await vscode.window.showInformationMessage(pulled, reveal)
      : await vscode.window.showWarningMessage(
          `${pulled}. ${escapeControls(`${danger.file}: ${danger.message}`)}`,
          view,
          reveal,
        );
  if (chosen === view && danger !== undefined)
    await vscode.commands.executeCommand('omlmd.openModelViewer', vscode.Uri.file(join(folder, danger.file)));
  if (chosen !== reveal || first === undefined) return;
  const file = vscode.Uri.file(join(folder, first.title));
  await vscode.commands.executeCommand('revealInExplorer', file);
}
