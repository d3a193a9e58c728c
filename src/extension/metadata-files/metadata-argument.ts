import * as vscode from 'vscode';
import { filesIn } from '../commands/command-call.ts';
import { isMetadataFile } from './metadata-selector.ts';

/**
 * The metadata file that a command is about, saved: the one it was called with, else the one in the active editor,
 * else one that the person picks. Undefined when they leave.
 */
export async function metadataFileFor(args: readonly unknown[]): Promise<vscode.TextDocument | undefined> {
  const active = vscode.window.activeTextEditor?.document;
  const uri =
    filesIn(args)[0] ?? (active !== undefined && isMetadataFile(active) ? active.uri : await pick());
  if (uri === undefined) return undefined;
  const document = await vscode.workspace.openTextDocument(uri);
  // What is read is what is on disk: a push must not leave out what is on the screen.
  if (document.isDirty && !(await document.save())) return undefined;
  return document;
}

/** Most metadata files that are listed to choose from. */
const MAX_LISTED = 200;

async function pick(): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/*.omlmd.{yaml,yml}', undefined, MAX_LISTED);
  const items = found.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri }));
  const placeHolder =
    items.length > 0
      ? vscode.l10n.t('Which metadata file?')
      : vscode.l10n.t('There is no .omlmd.yaml file in this folder; Generate Metadata makes one');
  return (await vscode.window.showQuickPick(items, { placeHolder }))?.uri;
}
