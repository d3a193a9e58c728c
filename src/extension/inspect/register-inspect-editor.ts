import * as vscode from 'vscode';
import type { Services } from '../services.ts';

/** View type of the read-only editor of model files (package.json `customEditors`). */
export const INSPECT_EDITOR = 'omlmd.inspect';

/** The read-only editor that shows what is in a model file. */
export function registerInspectEditor(services: Services): void {
  const provider: vscode.CustomReadonlyEditorProvider = {
    openCustomDocument: (uri) => ({ uri, dispose() {} }),
    async resolveCustomEditor(document, panel) {
      const { showFile } = await import('./inspect-file.ts');
      showFile(services, panel, document.uri.fsPath);
    },
  };
  services.extension.subscriptions.push(
    vscode.window.registerCustomEditorProvider(INSPECT_EDITOR, provider, {
      supportsMultipleEditorsPerDocument: true,
      webviewOptions: { enableFindWidget: true },
    }),
  );
}
