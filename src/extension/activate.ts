import type * as vscode from 'vscode';
import { createApi, type OmlmdApi } from './api.ts';
import { registerCommands } from './commands/index.ts';
import { registerModelViewer } from './inspect/register-model-viewer.ts';
import { registerMetadataFiles } from './metadata-files/register-metadata-files.ts';
import { registerNotebook } from './notebook/register-notebook.ts';
import { createServices } from './services.ts';
import { registerTrees } from './tree/register-trees.ts';

/** Registers; whatever costs time is loaded by the handler that needs it. */
export function activate(extension: vscode.ExtensionContext): OmlmdApi {
  const services = createServices(extension);
  registerCommands(services);
  registerTrees(services);
  registerModelViewer(services);
  registerMetadataFiles(services);
  registerNotebook(services);
  return createApi(services);
}
