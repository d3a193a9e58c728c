import * as vscode from 'vscode';
import type { Services } from '../services.ts';
import { findProblems } from './find-problems.ts';
import { isMetadataFile } from './metadata-selector.ts';

/** Milliseconds without a key press before a text is checked. */
const DEBOUNCE_MS = 300;

/** Keeps the problems of open metadata files in the Problems view. */
class MetadataDiagnostics {
  readonly #services: Services;
  readonly #collection = vscode.languages.createDiagnosticCollection('omlmd');
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(services: Services) {
    this.#services = services;
  }

  soon(document: vscode.TextDocument): void {
    if (!isMetadataFile(document)) return;
    const key = document.uri.toString();
    clearTimeout(this.#timers.get(key));
    const run = () => {
      this.#timers.delete(key);
      this.#check(document).catch((error) => this.#services.log.warn(`check ${key}: ${String(error)}`));
    };
    this.#timers.set(key, setTimeout(run, DEBOUNCE_MS));
  }

  allSoon(): void {
    for (const document of vscode.workspace.textDocuments) this.soon(document);
  }

  forget({ uri }: vscode.TextDocument): void {
    const key = uri.toString();
    clearTimeout(this.#timers.get(key));
    this.#timers.delete(key);
    this.#collection.delete(uri);
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#collection.dispose();
  }

  async #check(document: vscode.TextDocument): Promise<void> {
    const { version, uri } = document;
    const problems = await findProblems(this.#services, document);
    // While the core was being loaded, the text may have changed or the file been closed.
    if (document.version === version && !document.isClosed) this.#collection.set(uri, problems);
  }
}

/** Starts watching the metadata files that are open. */
export function registerMetadataDiagnostics(services: Services): vscode.Disposable {
  const diagnostics = new MetadataDiagnostics(services);
  const all = () => diagnostics.allSoon();
  all();
  return vscode.Disposable.from(
    diagnostics,
    vscode.workspace.onDidOpenTextDocument((document) => diagnostics.soon(document)),
    vscode.workspace.onDidChangeTextDocument(({ document }) => diagnostics.soon(document)),
    vscode.workspace.onDidSaveTextDocument((document) => diagnostics.soon(document)),
    vscode.workspace.onDidCloseTextDocument((document) => diagnostics.forget(document)),
    // A file that `artifact.files` names may have come or gone.
    vscode.workspace.onDidCreateFiles(all),
    vscode.workspace.onDidDeleteFiles(all),
    vscode.workspace.onDidRenameFiles(all),
    vscode.extensions.onDidChange(all),
  );
}
