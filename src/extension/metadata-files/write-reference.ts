import * as vscode from 'vscode';
import { setArtifactReference } from '../../core/index.ts';
import { changedPart } from './changed-part.ts';

/** Writes where a model was pushed to into its metadata file, and saves it. Comments and everything else stay. */
export async function writeReference(document: vscode.TextDocument, reference: string): Promise<void> {
  const before = document.getText();
  const after = setArtifactReference(before, reference);
  const change = changedPart(before, after);
  if (change === undefined) return;
  const edit = new vscode.WorkspaceEdit();
  const range = new vscode.Range(document.positionAt(change.start), document.positionAt(change.end));
  edit.replace(document.uri, range, change.text);
  if (await vscode.workspace.applyEdit(edit)) await document.save();
}
