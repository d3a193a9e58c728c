import { basename } from 'node:path';
import * as vscode from 'vscode';
import { signalOf } from '../abort.ts';
import { filesIn } from '../commands/command-call.ts';
import type { Services } from '../services.ts';

/**
 * *Generate Metadata*: writes the `.omlmd.yaml` of a model from what is in the model, and opens it. What a person
 * wrote in it stays, comments too. Called on a metadata file, it adds to that one. Gives the file's URI.
 */
export async function generateMetadata(
  services: Services,
  ...args: readonly unknown[]
): Promise<vscode.Uri | undefined> {
  const uri = filesIn(args)[0] ?? (await pickModel());
  if (uri === undefined) return undefined;
  const core = await services.core();
  const model = /\.omlmd\.ya?ml$/.test(uri.fsPath) ? await core.modelBeside(uri.fsPath) : uri.fsPath;
  await saveOpenSidecar(core.sidecarCandidates(model));
  const options = {
    location: vscode.ProgressLocation.Window,
    title: vscode.l10n.t('Reading {0}', basename(model)),
  };
  const { path } = await vscode.window.withProgress(options, (_, token) =>
    core.initMetadataFile(model, { signal: signalOf(token) }),
  );
  const written = vscode.Uri.file(path);
  await vscode.window.showTextDocument(await upToDate(written));
  return written;
}

async function pickModel(): Promise<vscode.Uri | undefined> {
  const chosen = await vscode.window.showOpenDialog({
    canSelectFolders: true,
    canSelectFiles: true,
    title: vscode.l10n.t('Generate Metadata'),
    openLabel: vscode.l10n.t('Read Model'),
  });
  return chosen?.[0];
}

/** The file on disk is added to: what is on the screen must be in it. */
async function saveOpenSidecar(paths: readonly string[]): Promise<void> {
  for (const document of vscode.workspace.textDocuments) {
    if (document.isDirty && paths.includes(document.uri.fsPath)) await document.save();
  }
}

/** Milliseconds to wait for VS Code to see that a file it has open has changed. */
const RELOAD_MS = 2_000;

/** The document with what was just written: one that is open is reloaded by VS Code's file watcher, in its own time. */
async function upToDate(uri: vscode.Uri): Promise<vscode.TextDocument> {
  const document = await vscode.workspace.openTextDocument(uri);
  const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(uri));
  if (document.getText() === text || document.isDirty) return document;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      listening.dispose();
      resolve();
    };
    const timer = setTimeout(done, RELOAD_MS);
    const listening = vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document === document && document.getText() === text) done();
    });
  });
  return document;
}
