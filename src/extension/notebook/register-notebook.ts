import * as vscode from 'vscode';
import { localReferences } from '../metadata-files/local-references.ts';
import type { Services } from '../services.ts';
import { MagicCompletion } from './magic-completion.ts';

const PYTHON_CELLS: vscode.DocumentSelector = { notebookType: 'jupyter-notebook', language: 'python' };

/** Registers what notebooks get without the Jupyter extension: completion of `%omlmd` lines. */
export function registerNotebook(services: Services): void {
  const completion = new MagicCompletion(localReferences(services));
  services.extension.subscriptions.push(
    vscode.languages.registerCompletionItemProvider(PYTHON_CELLS, completion, ...MagicCompletion.triggers),
  );
}
