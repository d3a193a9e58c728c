import * as vscode from 'vscode';
import { isOmlmdError, list, parseLocation } from '../../core/index.ts';
import type { Services } from '../services.ts';
import { StepPicker } from './step-picker.ts';

/** References of the local store that are offered; any other is typed. */
const MAX_LISTED = 500;

interface ArtifactItem extends vscode.QuickPickItem {
  readonly reference: string | undefined;
}

/** Asks for an artifact: one of the local store, or any whose reference is typed. */
export async function pickArtifact(services: Services, title: string): Promise<string> {
  const references: string[] = [];
  const picker = new StepPicker();
  try {
    const outcome = await picker.show<ArtifactItem>({
      title,
      step: 1,
      totalSteps: 1,
      placeholder: vscode.l10n.t('Which artifact? Choose, or type its reference'),
      items: (typed) => rows(typed.trim(), references),
      loading: listStore(services, references),
      refuse: ({ reference }) => (reference === undefined ? vscode.l10n.t('Type a reference') : undefined),
    });
    if (outcome.kind === 'back' || outcome.item.reference === undefined) throw new vscode.CancellationError();
    return outcome.item.reference;
  } finally {
    picker.dispose();
  }
}

async function listStore(services: Services, references: string[]): Promise<void> {
  try {
    const context = await services.context();
    for await (const { reference } of list(context, { kind: 'store' })) {
      for await (const tag of list(context, { kind: 'repository', location: parseLocation(reference) })) {
        references.push(tag.reference);
        if (references.length >= MAX_LISTED) return;
      }
    }
  } catch (error) {
    services.log.warn(error instanceof Error ? error.message : String(error));
  }
}

function rows(typed: string, references: readonly string[]): readonly ArtifactItem[] {
  const known = references.map((reference) => ({ label: `$(tag) ${reference}`, reference }));
  if (typed === '' || references.some((reference) => reference.includes(typed))) return known;
  return [typedRow(typed)];
}

function typedRow(typed: string): ArtifactItem {
  try {
    parseLocation(typed);
    return { label: `$(cloud) ${typed}`, alwaysShow: true, reference: typed };
  } catch (error) {
    if (!isOmlmdError(error)) throw error;
    return { label: `$(error) ${error.message}`, alwaysShow: true, reference: undefined };
  }
}
