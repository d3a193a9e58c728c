import * as vscode from 'vscode';
import { type Context, formatPlace, isTag, type Location, shortDigest } from '../../core/index.ts';
import { describeError } from '../error-actions.ts';
import type { StepItem, StepPicker } from '../quick-input/step-picker.ts';
import { type KnownTags, knownTags, readTags, TAGS_SHOWN } from './known-tags.ts';
import { nextTag } from './next-tag.ts';

interface TagItem extends StepItem {
  readonly choice:
    | { readonly kind: 'tag'; readonly tag: string }
    | { readonly kind: 'sign-in' }
    | { readonly kind: 'wrong'; readonly why: string };
}

/** What the second step gives; undefined goes back. */
export interface ChosenTag {
  readonly tag: string;
  /** Whether it names something already. */
  readonly exists: boolean;
}

/** Step 2: the tag. Suggests the next version; says when a typed tag exists, and what it names. */
export async function chooseTag(
  picker: StepPicker,
  context: () => Promise<Context>,
  title: string,
  location: Location,
): Promise<ChosenTag | undefined> {
  for (;;) {
    const known = knownTags();
    const outcome = await picker.show({
      title: `${title} → ${formatPlace(location)}`,
      step: 2,
      totalSteps: 3,
      placeholder: vscode.l10n.t('Which tag? Enter takes the suggestion; type another'),
      value: location.tags[0] ?? '',
      items: (typed: string) => rows(typed.trim(), known),
      loading: readTags(await context(), location, known),
      refuse: (item) => (item.choice.kind === 'wrong' ? item.choice.why : undefined),
    });
    if (outcome.kind === 'back') return undefined;
    const { choice } = outcome.item;
    if (choice.kind === 'tag') return { tag: choice.tag, exists: known.tags.includes(choice.tag) };
    if (location.kind !== 'registry') continue;
    await picker.aside(() => signIn(location.registry));
  }
}

async function signIn(host: string): Promise<void> {
  await vscode.commands.executeCommand('omlmd.signIn', host);
}

function rows(typed: string, known: KnownTags): readonly TagItem[] {
  const failure = known.failure === undefined ? [] : failureRows(known.failure);
  if (typed !== '') return [typedRow(typed, known), ...failure];
  const suggestion: TagItem = {
    label: `$(tag) ${nextTag(known.tags)}`,
    description: known.tags.length === 0 ? vscode.l10n.t('first version') : vscode.l10n.t('next version'),
    alwaysShow: true,
    choice: { kind: 'tag', tag: nextTag(known.tags) },
  };
  const existing = known.tags.slice(-TAGS_SHOWN).toReversed();
  if (existing.length === 0) return [suggestion, ...failure];
  return [
    suggestion,
    { label: vscode.l10n.t('there already'), kind: vscode.QuickPickItemKind.Separator, choice: NOTHING },
    ...existing.map((tag) => existingRow(tag, known)),
    ...failure,
  ];
}

const NOTHING = { kind: 'wrong', why: '' } as const;

function typedRow(tag: string, known: KnownTags): TagItem {
  if (!isTag(tag)) {
    const why = vscode.l10n.t(
      'A tag has letters, digits, ".", "_" and "-", and does not begin with "." or "-"',
    );
    return { label: `$(error) ${why}`, alwaysShow: true, choice: { kind: 'wrong', why } };
  }
  if (known.tags.includes(tag)) return { ...existingRow(tag, known), alwaysShow: true };
  return {
    label: `$(tag) ${tag}`,
    description: vscode.l10n.t('new tag'),
    alwaysShow: true,
    choice: { kind: 'tag', tag },
  };
}

function existingRow(tag: string, known: KnownTags): TagItem {
  const digest = known.digests.get(tag);
  const names = digest === undefined ? '' : shortDigest(digest);
  return {
    label: `$(warning) ${tag}`,
    description: vscode.l10n.t('exists, names {0}; the push moves it', names),
    choice: { kind: 'tag', tag },
  };
}

function failureRows(failure: unknown): readonly TagItem[] {
  const { message, form } = describeError(failure);
  const separator = {
    label: vscode.l10n.t('existing tags are not known'),
    kind: vscode.QuickPickItemKind.Separator,
    choice: NOTHING,
  };
  const reason: TagItem = {
    label: `$(warning) ${message}`,
    alwaysShow: true,
    choice: { kind: 'wrong', why: message },
  };
  if (!form.actions.includes('sign-in')) return [separator, reason];
  const signInRow: TagItem = {
    label: vscode.l10n.t('$(sign-in) Sign In…'),
    detail: message,
    alwaysShow: true,
    choice: { kind: 'sign-in' },
  };
  return [separator, signInRow];
}
