import * as vscode from 'vscode';
import { initMetadataFile, OmlmdError } from '../../core/index.ts';

/** Writes the `.omlmd.yaml` of the first path from what was read, and opens it; its code lens pushes. */
export async function editMetadata(paths: readonly string[]): Promise<void> {
  const [first] = paths;
  if (first === undefined) throw new OmlmdError('usage', 'edit metadata: there is no file');
  const { path } = await initMetadataFile(first);
  await vscode.window.showTextDocument(vscode.Uri.file(path));
}
