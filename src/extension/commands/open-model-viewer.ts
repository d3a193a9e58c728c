import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';
import { type Digest, isDigest, parseLocation } from '../../core/index.ts';
import { showFolder, showLayer } from '../inspect/inspect-panels.ts';
import { MODEL_VIEWER } from '../inspect/register-model-viewer.ts';
import type { Services } from '../services.ts';
import { fieldOf, filesIn, referenceIn } from './command-call.ts';
import { pickModelFiles } from './pick-model-files.ts';

/**
 * *Open Model Viewer*: on a model file or folder, on a model layer of the trees, or on an artifact by its reference,
 * whose largest model it shows. Nothing is downloaded but headers.
 */
export async function openModelViewer(services: Services, ...args: readonly unknown[]): Promise<void> {
  const reference = referenceIn(args);
  if (reference === undefined) {
    await viewFiles(services, args);
    return;
  }
  parseLocation(reference);
  showLayer(services, reference, digestIn(args));
}

/** The digest of the layer that a file of a tree is. */
function digestIn([node]: readonly unknown[]): Digest | undefined {
  const digest = fieldOf(node, 'digest');
  return fieldOf(node, 'kind') === 'file' && digest !== undefined && isDigest(digest) ? digest : undefined;
}

/** Opens the files that a menu or a program names, or those that are chosen. */
export async function viewFiles(services: Services, args: readonly unknown[]): Promise<void> {
  const named = filesIn(args);
  for (const uri of named.length > 0 ? named : await pickModelFiles()) {
    if ((await stat(uri.fsPath)).isDirectory()) showFolder(services, uri.fsPath);
    else await vscode.commands.executeCommand('vscode.openWith', uri, MODEL_VIEWER);
  }
}
