import * as vscode from 'vscode';
import {
  type Companion,
  escapeControls,
  formatBytes,
  formatLocation,
  isModelFileName,
  type Location,
  type Origin,
  type PreparedModel,
} from '../../core/index.ts';
import { type MetadataRow, metadataRows } from '../metadata-rows.ts';
import type { StepItem, StepPicker } from '../quick-input/step-picker.ts';
import type { ModelPreparation } from './model-preparation.ts';
import { pickCompanions } from './pick-companions.ts';

export type Review = 'push' | 'push-anyway' | 'edit' | 'back';

/** `view`: looks at the model instead; the viewer's *Push…* comes back. `files`: other files go with it. */
type Choice = Review | 'view' | 'files';

/** What was decided, of the model as it then was. */
export interface Reviewed {
  readonly review: Review;
  readonly model: PreparedModel;
}

interface ReviewItem extends StepItem {
  /** Undefined for a row that only tells something. */
  readonly choice: Choice | undefined;
}

/**
 * Step 3: what goes. A critical finding has to be confirmed; Enter alone does not push past it.
 * @param repeated the place and the tag were not chosen but taken from the last push
 */
export async function reviewPush(
  picker: StepPicker,
  title: string,
  location: Location,
  preparation: ModelPreparation,
  repeated = false,
): Promise<Reviewed> {
  for (;;) {
    const model = await preparation.model;
    const companions = await preparation.companions();
    const rows = [
      ...actionRows(location, model),
      ...(companions.length > 0 ? [filesRow(companions, model)] : []),
      ...(repeated ? [otherRow()] : []),
      ...findingRows(model),
      ...valueRows(model),
      ...fileRows(model),
    ];
    const choice = await chooseRow(picker, `${title} → ${formatLocation(location)}`, model, rows);
    if (choice === 'view') {
      await picker.aside(() => view(model));
      throw new vscode.CancellationError();
    }
    if (choice === 'files') {
      const titles = await picker.aside(() => pickCompanions(companions, model));
      if (titles !== undefined) preparation.choose(titles);
    } else if (choice !== 'push-anyway' || (await picker.aside(() => confirmUnsafe(model)))) {
      return { review: choice, model };
    }
  }
}

async function chooseRow(
  picker: StepPicker,
  title: string,
  model: PreparedModel,
  rows: readonly ReviewItem[],
): Promise<Choice> {
  const outcome = await picker.show<ReviewItem>({
    title,
    step: 3,
    totalSteps: 3,
    placeholder:
      criticalOf(model).length > 0
        ? vscode.l10n.t('Review what goes; there is a critical finding')
        : vscode.l10n.t('Review what goes; Enter pushes'),
    items: () => rows,
    active: (items) =>
      items.find(({ choice }) => choice === 'push') ?? items.find(({ choice }) => choice === 'edit'),
    refuse: ({ choice }) =>
      choice === undefined ? vscode.l10n.t('Edit the .omlmd.yaml to change what is pushed') : undefined,
  });
  return outcome.kind === 'back' ? 'back' : (outcome.item.choice ?? 'back');
}

/** Opens the file that is most of the model. */
async function view({ files }: PreparedModel): Promise<void> {
  const named = files.filter(({ title }) => isModelFileName(title));
  const [main] = (named.length > 0 ? named : files).toSorted((a, b) => b.size - a.size);
  if (main !== undefined)
    await vscode.commands.executeCommand('omlmd.openModelViewer', vscode.Uri.file(main.path));
}

function criticalOf(model: PreparedModel): PreparedModel['findings'] {
  return model.findings.filter((finding) => finding.severity === 'critical');
}

async function confirmUnsafe(model: PreparedModel): Promise<boolean> {
  const push = vscode.l10n.t('Push Anyway');
  const detail = criticalOf(model)
    .map((finding) => `${finding.file}: ${finding.message}`)
    .join('\n');
  const chosen = await vscode.window.showWarningMessage(
    vscode.l10n.t('This model can run code on the machine of whoever loads it. Push it all the same?'),
    { modal: true, detail: escapeControls(detail).replaceAll('\\u000a', '\n') },
    push,
  );
  return chosen === push;
}

function actionRows(location: Location, model: PreparedModel): readonly ReviewItem[] {
  const size = formatBytes(model.files.reduce((sum, file) => sum + file.size, 0));
  const what =
    model.files.length === 1
      ? vscode.l10n.t('1 file, {0}', size)
      : vscode.l10n.t('{0} files, {1}', model.files.length, size);
  const unsafe = criticalOf(model).length > 0;
  return [
    {
      label: unsafe ? vscode.l10n.t('$(warning) Push Anyway…') : vscode.l10n.t('$(cloud-upload) Push'),
      description: `${formatLocation(location)} · ${what}`,
      choice: unsafe ? 'push-anyway' : 'push',
    },
    {
      label: vscode.l10n.t('$(edit) Edit as .omlmd.yaml'),
      description: vscode.l10n.t('opens the metadata in a file beside the model; nothing is pushed yet'),
      choice: 'edit',
    },
    {
      label: vscode.l10n.t('$(graph) Open Model Viewer'),
      description: vscode.l10n.t('what is in the model, and where the findings are; nothing is pushed yet'),
      choice: 'view',
    },
  ];
}

function filesRow(companions: readonly Companion[], model: PreparedModel): ReviewItem {
  const titles = new Set(model.files.map(({ title }) => title));
  const going = companions.filter(({ title }) => titles.has(title)).length;
  return {
    label: vscode.l10n.t('$(files) Files That Go with It…'),
    description: vscode.l10n.t('{0} of {1} beside the model', going, companions.length),
    choice: 'files',
  };
}

function otherRow(): ReviewItem {
  return {
    label: vscode.l10n.t('$(arrow-left) Elsewhere…'),
    description: vscode.l10n.t('another destination or another tag'),
    choice: 'back',
  };
}

function findingRows(model: PreparedModel): readonly ReviewItem[] {
  if (model.findings.length === 0) return [];
  return [
    separator(vscode.l10n.t('findings')),
    ...model.findings.map((finding) => ({
      label: `$(${finding.severity === 'info' || finding.severity === 'low' ? 'info' : 'warning'}) ${finding.severity}`,
      description: escapeControls(`${finding.file}: ${finding.message}`),
      choice: 'view' as const,
    })),
  ];
}

/** Values under the place they came from, in the order of the metadata document. */
function valueRows(model: PreparedModel): readonly ReviewItem[] {
  const rows = metadataRows(model.metadata, model.origins);
  if (rows.length === 0) return [separator(vscode.l10n.t('no metadata'))];
  return ORIGINS.flatMap((origin) => {
    const own = rows.filter((row) => (row.origin ?? 'auto') === origin);
    return own.length === 0 ? [] : [separator(originText(origin)), ...own.map(valueRow)];
  });
}

/** What a person said stands before what was read. */
const ORIGINS: readonly Origin[] = ['user', 'file', 'auto'];

function valueRow({ label, value }: MetadataRow): ReviewItem {
  return { label, description: value, choice: undefined };
}

function originText(origin: Origin): string {
  switch (origin) {
    case 'auto':
      return vscode.l10n.t('metadata read from the model');
    case 'file':
      return vscode.l10n.t('metadata from .omlmd.yaml');
    case 'user':
      return vscode.l10n.t('metadata that was typed');
  }
}

/** Files listed in the review; more are counted. */
const MAX_FILES = 20;

function fileRows({ files, leftOut }: PreparedModel): readonly ReviewItem[] {
  const rows = files.slice(0, MAX_FILES).map(({ title, size }) => ({
    label: `$(file) ${escapeControls(title)}`,
    description: formatBytes(size),
    choice: undefined,
  }));
  const more = files.length - rows.length;
  if (more > 0) rows.push(note(vscode.l10n.t('{0} more files', more)));
  if (leftOut > 0)
    rows.push(note(vscode.l10n.t('{0} left out: caches, version control, .omlmdignore', leftOut)));
  return [separator(vscode.l10n.t('files')), ...rows];
}

function note(label: string) {
  return { label, description: '', choice: undefined };
}

function separator(label: string): ReviewItem {
  return { label, kind: vscode.QuickPickItemKind.Separator, choice: undefined };
}
