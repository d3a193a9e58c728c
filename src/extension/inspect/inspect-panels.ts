import { basename } from 'node:path';
import * as vscode from 'vscode';
import type { Digest } from '../../core/index.ts';
import type { Services } from '../services.ts';
import { artifactSubject, fileSubject, type InspectSubject, layerSubject } from './inspect-subject.ts';
import { showSubject } from './inspect-webview.ts';

/** Panel type of artifacts and folders; model files have the custom editor. */
const PANEL = 'omlmd.artifact';

/** Opens an artifact in a tab of its own. */
export function showArtifact(services: Services, reference: string): void {
  openPanel(services, shortName(reference), artifactSubject(services, reference));
}

/** Opens a model layer of an artifact in a tab of its own. */
export function showLayer(services: Services, reference: string, digest: Digest | undefined): void {
  const name = vscode.l10n.t('Model of {0}', shortName(reference));
  openPanel(services, name, layerSubject(services, reference, digest));
}

/** Opens a model folder in a tab of its own. */
export function showFolder(services: Services, path: string): void {
  openPanel(services, basename(path), fileSubject(path));
}

function shortName(reference: string): string {
  return reference.slice(reference.lastIndexOf('/') + 1).replace(/@sha256:(.{12}).*/, '@$1');
}

function openPanel(services: Services, title: string, subject: InspectSubject): void {
  const { panels } = services;
  const open = panels.get(subject.title);
  if (open !== undefined) {
    open.reveal();
    return;
  }
  const panel = vscode.window.createWebviewPanel(PANEL, title, vscode.ViewColumn.Active, {
    enableFindWidget: true,
  });
  panel.iconPath = vscode.Uri.joinPath(services.extension.extensionUri, 'media', 'icon.png');
  panels.set(subject.title, panel);
  panel.onDidDispose(() => panels.delete(subject.title));
  showSubject(services, panel, subject);
}
