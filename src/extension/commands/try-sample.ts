import * as vscode from 'vscode';
import { runPushFlow } from '../push-flow/push-flow.ts';
import type { Services } from '../services.ts';
import { requireTrust } from '../trust.ts';

/** *Try with a Sample Model*: a small model of the extension's own, through the usual flow. */
export async function trySample(services: Services): Promise<void> {
  requireTrust();
  const { extension } = services;
  const from = vscode.Uri.joinPath(extension.extensionUri, 'media', 'sample', 'iris.onnx');
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? extension.globalStorageUri;
  const file = vscode.Uri.joinPath(folder, 'iris.onnx');
  if (!(await isThere(file))) await vscode.workspace.fs.copy(from, file);
  await runPushFlow(services, [file.fsPath]);
}

async function isThere(uri: vscode.Uri): Promise<boolean> {
  return vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
}
