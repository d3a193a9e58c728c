import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { escapeControls, type FileFinding, type Location, type Severity, worstFirst } from '../core/index.ts';
import { TransferCanceled } from './running-transfers.ts';
import type { Services } from './services.ts';
import { viewOf } from './subject.ts';
import { withTransfer } from './transfer-progress.ts';

/** Findings that a person is told of before they load a file; the others are in the log and the viewer. */
const TOLD: readonly Severity[] = ['critical', 'high'];

/**
 * Looks into the models of an artifact by ranges, before anything is downloaded, and asks where something dangerous is
 * in them.
 * @returns the location with the digest of what was looked at, should the tag move meanwhile; undefined where the person
 * does not want it
 */
export async function confirmFindings(services: Services, location: Location): Promise<Location | undefined> {
  const title = vscode.l10n.t('Looking into the models');
  const looking = withTransfer(services, title, viewOf(location), ({ signal }) =>
    services.findings.of(location, signal),
  );
  const found = await looking.catch((error: unknown) => {
    // Nothing has come that a person could go on with.
    if (error instanceof TransferCanceled) return undefined;
    throw error;
  });
  if (found === undefined) return undefined;
  const { digest, whole, layers } = found;
  const seen = { ...location, digest };
  const told = worstFirst([...whole, ...layers.flatMap(({ findings }) => findings)], TOLD);
  const [worst] = told;
  if (worst === undefined) return seen;
  const pull = vscode.l10n.t('Pull Anyway');
  const question =
    worst.severity === 'critical'
      ? vscode.l10n.t('This model can run code on the machine of whoever loads it. Pull it all the same?')
      : vscode.l10n.t('This model may be dangerous or damaged. Pull it all the same?');
  const options = { modal: true, detail: `${worst.severity}: ${findingsText(worst, told.length)}` };
  const chosen = await vscode.window.showWarningMessage(question, options, pull);
  return chosen === pull ? seen : undefined;
}

/** What was found in files as they came, each before it got its name. */
export class ArrivedFindings {
  readonly #log: vscode.LogOutputChannel;
  /** By what they say: a pull that is gone on with finds them again. */
  readonly #findings = new Map<string, FileFinding>();

  constructor({ log }: Pick<Services, 'log'>) {
    this.#log = log;
  }

  readonly add = (finding: FileFinding): void => {
    const { severity, file, message, where } = finding;
    this.#findings.set(JSON.stringify([severity, file, message, where]), finding);
    this.#log.warn(escapeControls(`${severity}: ${file}: ${message}`));
  };

  /**
   * Tells the worst, and how many there are; nothing where there is nothing to tell.
   * @param done what became of the pull, in a sentence without its full stop; undefined where it failed
   * @param buttons beside *Open Model Viewer*
   */
  async tell<B extends string>(
    folder: string,
    done?: string,
    ...buttons: readonly B[]
  ): Promise<B | undefined> {
    const told = this.#told();
    const [worst] = told;
    if (worst === undefined) return undefined;
    const view = vscode.l10n.t('Open Model Viewer');
    const text = findingsText(worst, told.length);
    const message = `${done ?? worst.severity}${done === undefined ? ':' : '.'} ${text}`;
    const chosen = await vscode.window.showWarningMessage(message, view, ...buttons);
    if (chosen !== view) return buttons.find((button) => button === chosen);
    // The place of a finding of several files as one model need not be a file.
    const file = join(folder, worst.file);
    const uri = vscode.Uri.file(existsSync(file) ? file : folder);
    await vscode.commands.executeCommand('omlmd.openModelViewer', uri);
    return undefined;
  }

  /** Whether there is something that a person must be told. */
  get areGrave(): boolean {
    return this.#told().length > 0;
  }

  #told(): readonly FileFinding[] {
    return worstFirst([...this.#findings.values()], TOLD);
  }
}

/** The worst finding, and how many there are beside it. */
function findingsText({ file, message }: FileFinding, count: number): string {
  const text = escapeControls(`${file}: ${message}`);
  return count === 1 ? text : vscode.l10n.t('{0} (and {1} more)', text, count - 1);
}
