import { isAbsolute, join } from 'node:path';
import * as vscode from 'vscode';
import type { Location } from '../../core/index.ts';
import { readSettings } from '../settings.ts';
import { StepPicker } from './step-picker.ts';

/** `omlmd.pullFolder` unless set: below the workspace, so that two versions do not meet. */
const DEFAULT_FOLDER = 'models/{repository}/{tag}';

interface FolderItem extends vscode.QuickPickItem {
  readonly folder: string | undefined;
}

/** Asks where a pull goes: the usual folder first, any other by typing or browsing. */
export async function pickFolder(location: Location): Promise<string> {
  const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath;
  const usual = fillIn(readSettings().pullFolder || DEFAULT_FOLDER, location);
  const picker = new StepPicker();
  try {
    const outcome = await picker.show<FolderItem>({
      title: vscode.l10n.t('Pull: into which folder?'),
      step: 1,
      totalSteps: 1,
      placeholder: vscode.l10n.t('Enter takes the first; type another, or browse'),
      items: (typed) => rows(typed.trim(), usual, root),
    });
    if (outcome.kind === 'back') throw new vscode.CancellationError();
    return outcome.item.folder ?? (await browse());
  } finally {
    picker.dispose();
  }
}

function rows(typed: string, usual: string, root: string | undefined): readonly FolderItem[] {
  const named = [typed === '' ? usual : typed].flatMap((text): FolderItem[] => {
    const folder = isAbsolute(text) ? text : root === undefined ? undefined : join(root, text);
    return folder === undefined
      ? []
      : [{ label: `$(folder) ${text}`, description: folder, alwaysShow: true, folder }];
  });
  return [
    ...named,
    { label: vscode.l10n.t('$(folder-opened) Browse…'), alwaysShow: true, folder: undefined },
  ];
}

/** Repository names have no `..` and tags no `/`: the result stays below the folder. */
function fillIn(template: string, location: Location): string {
  const repository = location.kind === 'layout' ? 'model' : location.repository;
  const tag = location.tags[0] ?? location.digest?.slice(-12) ?? 'latest';
  return template.replaceAll('{repository}', repository).replaceAll('{tag}', tag);
}

async function browse(): Promise<string> {
  const [chosen] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      title: vscode.l10n.t('Pull into Folder'),
      openLabel: vscode.l10n.t('Pull Here'),
    })) ?? [];
  if (chosen === undefined) throw new vscode.CancellationError();
  return chosen.fsPath;
}
