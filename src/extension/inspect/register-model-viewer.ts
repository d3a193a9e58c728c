import * as vscode from 'vscode';
import type { Services } from '../services.ts';

/** View type of the read-only editor of model files (package.json `customEditors`). */
export const MODEL_VIEWER = 'omlmd.modelViewer';

/** The read-only editor that shows what is in a model file. */
export function registerModelViewer(services: Services): void {
  const provider: vscode.CustomReadonlyEditorProvider = {
    openCustomDocument: (uri) => ({ uri, dispose() {} }),
    async resolveCustomEditor(document, panel) {
      const { showFile } = await import('./inspect-file.ts');
      showFile(services, panel, document.uri.fsPath);
    },
  };
  services.extension.subscriptions.push(
    vscode.window.registerCustomEditorProvider(MODEL_VIEWER, provider, {
      supportsMultipleEditorsPerDocument: true,
      webviewOptions: { enableFindWidget: true },
    }),
  );
}
