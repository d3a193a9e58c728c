import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import { createServices, type Services } from '../../../src/extension/services.ts';
import { writeSafetensors } from '../../support/safetensors-file.ts';

/** The extension under test, as VS Code knows it. */
export function extensionUnderTest(): vscode.Extension<unknown> {
  const extension = vscode.extensions.getExtension('omlmd-tools.omlmd');
  assert(extension, 'the extension is installed');
  return extension;
}

/** A folder that is removed after the test. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const folder = mkdtempSync(path.join(tmpdir(), 'omlmd-host-'));
  return { path: folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A small valid model file in `folder`. */
export async function writeModel(folder: string, name: string, values = [1, 2, 3]): Promise<vscode.Uri> {
  const file = path.join(folder, name);
  await writeSafetensors(file, values, { author: 'Ada' });
  return vscode.Uri.file(file);
}

/** Services of their own, over the same store as the extension's, for parts that VS Code gives no way to look into. */
export function ownServices(): Services {
  const { extensionUri, exports } = extensionUnderTest();
  assert(exports, 'the extension is active');
  const context = {
    extensionUri,
    subscriptions: [],
    secrets: memorySecrets(),
    globalState: memoryState(),
    workspaceState: memoryState(),
  };
  // Parsed boundary: the parts under test use nothing else of the context.
  return createServices(context as unknown as vscode.ExtensionContext);
}

function memoryState(): vscode.Memento & { setKeysForSync(): void } {
  const values = new Map<string, unknown>();
  return {
    keys: () => [...values.keys()],
    get: <T>(key: string, fallback?: T) => (values.has(key) ? (values.get(key) as T) : fallback) as T,
    update: async (key, value) => void values.set(key, value),
    setKeysForSync: () => undefined,
  };
}

function memorySecrets(): Pick<vscode.SecretStorage, 'get' | 'store' | 'delete'> {
  const values = new Map<string, string>();
  return {
    get: async (key) => values.get(key),
    store: async (key, value) => void values.set(key, value),
    delete: async (key) => void values.delete(key),
  };
}
