import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { parseLocation } from '../../core/index.ts';
import { showArtifact, showFolder } from '../inspect/inspect-panels.ts';
import { INSPECT_EDITOR } from '../inspect/register-inspect-editor.ts';
import type { Services } from '../services.ts';
import { filesIn, referenceIn } from './command-call.ts';
import { pickModelFiles } from './pick-model-files.ts';

/** *Inspect*: a model file or folder, or an artifact by its reference. Nothing is downloaded but headers. */
export async function inspect(services: Services, ...args: readonly unknown[]): Promise<void> {
  const reference = referenceIn(args);
  if (reference !== undefined) {
    parseLocation(reference);
    showArtifact(services, reference);
    return;
  }
  const named = filesIn(args);
  for (const uri of named.length > 0 ? named : await pickModelFiles()) await inspectFile(services, uri);
}

async function inspectFile(services: Services, uri: vscode.Uri): Promise<void> {
  if ((await stat(uri.fsPath)).isDirectory()) showFolder(services, uri.fsPath);
  else await vscode.commands.executeCommand('vscode.openWith', uri, INSPECT_EDITOR);
}
