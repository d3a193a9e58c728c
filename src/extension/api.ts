import * as vscode from 'vscode';
import type { ArtifactEvent, PullResult, PushResult } from '../core/index.ts';
import type { Services } from './services.ts';

/** What other extensions can use: `extensions.getExtension('omlmd-tools.omlmd')?.activate()`. Nothing asks. */
export interface OmlmdApi {
  readonly version: 1;
  /** Pushes files or a folder as one artifact. */
  push(files: readonly vscode.Uri[], destination: string): Thenable<PushResult>;
  /** Pulls an artifact into a folder; refuses to replace files. */
  pull(reference: string, folder: vscode.Uri): Thenable<PullResult>;
  readonly onDidTransfer: vscode.Event<ArtifactEvent>;
}

export function createApi(services: Services): OmlmdApi {
  return {
    version: 1,
    push: (files, destination) =>
      vscode.commands.executeCommand('omlmd.push', files[0], files, { destination }),
    pull: (reference, folder) =>
      vscode.commands.executeCommand('omlmd.pull', reference, { folder: folder.fsPath }),
    onDidTransfer: services.onDidTransfer,
  };
}
