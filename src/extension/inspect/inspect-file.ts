import type * as vscode from 'vscode';
import type { Services } from '../services.ts';
import { fileSubject } from './inspect-subject.ts';
import { showSubject } from './inspect-webview.ts';

/** Fills a custom editor's panel with a model file. */
export function showFile(services: Services, panel: vscode.WebviewPanel, path: string): void {
  showSubject(services, panel, fileSubject(path));
}
