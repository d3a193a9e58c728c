import * as vscode from 'vscode';
import { formatPlace, isOmlmdError, type Location, parseLocation } from '../../core/index.ts';
import type { StepItem, StepOutcome, StepPicker } from '../quick-input/step-picker.ts';
import { type Destination, type DestinationFacts, listDestinations } from './destinations.ts';

/** What the first step gives: a place, and tags where they were typed with it. */
export interface ChosenDestination {
  readonly location: Location;
}

interface DestinationItem extends StepItem {
  readonly choice:
    | { readonly kind: 'place'; readonly location: Location }
    | { readonly kind: 'type'; readonly start: string }
    | { readonly kind: 'wrong'; readonly why: string };
}

/** Step 1: where to. Typing anywhere makes a place of what is typed. */
export async function chooseDestination(
  picker: StepPicker,
  title: string,
  facts: DestinationFacts,
  totalSteps = 3,
): Promise<ChosenDestination> {
  for (;;) {
    const { item } = nextOf(await picker.show(listStep(title, facts, totalSteps)));
    const choice = item.choice;
    if (choice.kind === 'place') return { location: choice.location };
    if (choice.kind !== 'type') continue;
    const typed = await picker.show(typeStep(title, choice.start, totalSteps));
    if (typed.kind === 'next' && typed.item.choice.kind === 'place')
      return { location: typed.item.choice.location };
  }
}

/** The first step has no Back button. */
function nextOf<T>(outcome: StepOutcome<T>): { readonly item: T } {
  if (outcome.kind === 'back') throw new vscode.CancellationError();
  return outcome;
}

function listStep(title: string, facts: DestinationFacts, totalSteps: number) {
  const rows = listRows(facts);
  return {
    title,
    step: 1,
    totalSteps,
    placeholder: vscode.l10n.t('Where to? Choose, or type registry/repository'),
    items: (typed: string) => (typed.includes('/') ? [typedRow(typed)] : rows),
    refuse,
  };
}

function typeStep(title: string, start: string, totalSteps: number) {
  return {
    title,
    step: 1,
    totalSteps,
    placeholder: vscode.l10n.t('registry/repository, for example quay.io/team/iris'),
    value: start,
    items: (typed: string) => [typedRow(typed)],
    refuse,
  };
}

function refuse({ choice }: DestinationItem): string | undefined {
  return choice.kind === 'wrong' ? choice.why : undefined;
}

function listRows(facts: DestinationFacts): readonly DestinationItem[] {
  const rows: DestinationItem[] = [];
  let group: Destination['group'] | undefined;
  for (const destination of listDestinations(facts)) {
    const row = destinationRow(destination);
    if (row === undefined) continue;
    if (destination.group !== group) rows.push(separator(groupTitle(destination.group)));
    group = destination.group;
    rows.push(row);
  }
  rows.push(separator(vscode.l10n.t('other')), {
    label: vscode.l10n.t('$(add) New repository…'),
    detail: vscode.l10n.t('Type the registry and the repository'),
    alwaysShow: true,
    choice: { kind: 'type', start: '' },
  });
  return rows;
}

/** Undefined for a setting that is no place: it cannot be chosen, and its own editor says why. */
function destinationRow({ place, group, incomplete }: Destination): DestinationItem | undefined {
  if (incomplete) {
    const host = place.slice(0, place.indexOf('/'));
    return {
      label: `$(server) ${host}…`,
      description: vscode.l10n.t('another repository'),
      choice: { kind: 'type', start: place },
    };
  }
  const row = typedRow(place);
  if (row.choice.kind !== 'place') return undefined;
  if (row.choice.location.kind !== 'local') return { ...row, alwaysShow: false };
  const local = { label: vscode.l10n.t('$(database) Local Store'), description: place };
  if (group !== 'local') return { ...row, ...local, alwaysShow: false };
  const detail = vscode.l10n.t('On this machine; no registry and no account needed');
  return { ...row, ...local, detail, alwaysShow: false };
}

function groupTitle(group: Destination['group']): string {
  switch (group) {
    case 'last':
      return vscode.l10n.t('last time');
    case 'default':
      return vscode.l10n.t('default');
    case 'local':
      return vscode.l10n.t('on this machine');
    case 'recent':
      return vscode.l10n.t('recent');
    case 'registry':
      return vscode.l10n.t('registries');
  }
}

function separator(label: string): DestinationItem {
  const kind = vscode.QuickPickItemKind.Separator;
  return { label, kind, choice: { kind: 'wrong', why: '' } };
}

/** A row for a place, or one that says why it is none. */
function typedRow(typed: string): DestinationItem {
  const text = typed.trim();
  try {
    const location = parseLocation(text);
    const icon = location.kind === 'registry' ? 'cloud' : 'database';
    const label = `$(${icon}) ${formatPlace(location)}`;
    const tags = location.tags.length > 0 ? { description: location.tags.join(', ') } : {};
    return { label, ...tags, alwaysShow: true, choice: { kind: 'place', location } };
  } catch (error) {
    const why = text === '' ? vscode.l10n.t('Type registry/repository') : messageOf(error);
    return { label: `$(error) ${why}`, alwaysShow: true, choice: { kind: 'wrong', why } };
  }
}

function messageOf(error: unknown): string {
  if (!isOmlmdError(error)) throw error;
  return error.message.replace(/^reference "[^"]*": /, '');
}
