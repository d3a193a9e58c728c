import type * as vscode from 'vscode';
import { createApi, type OmlmdApi } from './api.ts';
import { registerCommands } from './commands/index.ts';
import { registerInspectEditor } from './inspect/register-inspect-editor.ts';
import { registerMetadataFiles } from './metadata-files/register-metadata-files.ts';
import { registerNotebook } from './notebook/register-notebook.ts';
import { createServices } from './services.ts';
import { registerTrees } from './tree/register-trees.ts';

/** Registers; whatever costs time is loaded by the handler that needs it. */
export function activate(extension: vscode.ExtensionContext): OmlmdApi {
  const services = createServices(extension);
  registerCommands(services);
  registerTrees(services);
  registerInspectEditor(services);
  registerMetadataFiles(services);
  registerNotebook(services);
  return createApi(services);
}
