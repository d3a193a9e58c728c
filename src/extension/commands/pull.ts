import { join } from 'node:path';
import * as vscode from 'vscode';
import {
  type ExistingFiles,
  formatLocation,
  isOmlmdError,
  type Location,
  type PullResult,
  parseLocation,
  pull as pullArtifact,
} from '../../core/index.ts';
import { showError } from '../error-actions.ts';
import { ArrivedFindings, confirmFindings } from '../pull-findings.ts';
import { pickArtifact } from '../quick-input/pick-artifact.ts';
import { pickFolder } from '../quick-input/pick-folder.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { hostOf, viewOf } from '../subject.ts';
import { withTransfer } from '../transfer-progress.ts';
import { requireTrust } from '../trust.ts';
import { optionsIn, referenceIn } from './command-call.ts';

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
    return pullTelling(services, { location, folder: options.folder, existing });
  }
  return pullAsked(services, location, await pickFolder(location));
}

/** Pulls for a program: nothing is asked, and only what is dangerous is told. */
async function pullTelling(services: Services, pulling: Pulling): Promise<PullResult> {
  const findings = new ArrivedFindings(services);
  try {
    return await transfer(services, pulling, findings);
  } finally {
    void findings.tell(pulling.folder);
  }
}

/** Pulls into a folder that the person chose; asks whether they want a dangerous model, and about files that are there. */
export async function pullAsked(
  services: Services,
  location: Location,
  folder: string,
): Promise<PullResult | undefined> {
  let seen: Location | undefined;
  try {
    seen = await confirmFindings(services, location);
  } catch (error) {
    const retry = () => pullAsked(services, location, folder);
    void showError(services, error, { host: hostOf(location), retry });
    return undefined;
  }
  return seen && pullConfirmed(services, location, seen, folder);
}

/** @param named what the person knows the artifact by; `location` is the digest of it that they confirmed */
async function pullConfirmed(
  services: Services,
  named: Location,
  location: Location,
  folder: string,
): Promise<PullResult | undefined> {
  const findings = new ArrivedFindings(services);
  try {
    const result = await transfer(services, { location, folder, existing: 'refuse' }, findings).catch(
      async (error: unknown) => {
        if (!isOmlmdError(error, 'conflict')) throw error;
        const existing = await askExisting(error.message);
        return transfer(services, { location, folder, existing }, findings);
      },
    );
    void tell({ ...result, reference: formatLocation(named) }, folder, findings);
    return result;
  } catch (error) {
    void findings.tell(folder);
    const retry = () => pullConfirmed(services, named, location, folder);
    void showError(services, error, { host: hostOf(location), retry });
    return undefined;
  }
}

async function transfer(
  services: Services,
  { location, folder, existing }: Pulling,
  findings: ArrivedFindings,
): Promise<PullResult> {
  const context = await services.context();
  const { concurrency } = readSettings();
  const title = vscode.l10n.t('Pulling into {0}', vscode.workspace.asRelativePath(folder));
  return withTransfer(services, title, viewOf(location), (call) =>
    pullArtifact(context, location, folder, {
      ...call,
      concurrency,
      onExisting: existing,
      onFinding: findings.add,
    }),
  );
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

async function tell(result: PullResult, folder: string, findings: ArrivedFindings): Promise<void> {
  const reveal = vscode.l10n.t('Reveal in Explorer');
  const where = vscode.workspace.asRelativePath(folder);
  const pulled = vscode.l10n.t(
    'Pulled {0} into {1}: {2} files',
    result.reference,
    where,
    result.files.length,
  );
  const [first] = result.files;
  const chosen = findings.areGrave
    ? await findings.tell(folder, pulled, reveal)
    : await vscode.window.showInformationMessage(pulled, reveal);
  if (chosen !== reveal || first === undefined) return;
  const file = vscode.Uri.file(join(folder, first.title));
  await vscode.commands.executeCommand('revealInExplorer', file);
}
