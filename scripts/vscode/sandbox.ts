import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ROOT } from '../dev-cache.ts';

/** A throw-away VS Code profile, a data folder for the extension, and a copy of the sample workspace. */
export interface Sandbox {
  readonly folder: string;
  /** What VS Code opens. */
  readonly workspace: string;
  /** VS Code's user data. */
  readonly userData: string;
  readonly extensions: string;
  /** `OMLMD_HOME` of the extension; also where `HOME` points, so no run sees the developer's credentials. */
  readonly home: string;
  remove(): void;
}

/** Settings that keep the workbench quiet: nothing asks, nothing updates, nothing covers what a test clicks on. */
const QUIET_SETTINGS = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.enableExperiments': false,
  'workbench.editor.useModal': 'off',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
  'git.openRepositoryInParentFolders': 'never',
  'editor.accessibilitySupport': 'off',
  'window.menuBarVisibility': 'classic',
  // Nothing half-faded in a screenshot, nothing that moves away under a click.
  'workbench.reduceMotion': 'on',
  'remote.autoForwardPorts': false,
};

/** Folders whose content makes the sample workspace; a later one adds to an earlier one. */
const SAMPLES = [path.join(ROOT, 'media', 'sample'), path.join(ROOT, 'test', 'vscode', 'workspace')];

export function makeSandbox(settings: Readonly<Record<string, unknown>> = {}): Sandbox {
  const folder = mkdtempSync(path.join(tmpdir(), 'omlmd-vscode-'));
  const sandbox = {
    folder,
    workspace: path.join(folder, 'workspace'),
    userData: path.join(folder, 'data'),
    extensions: path.join(folder, 'extensions'),
    home: path.join(folder, 'home'),
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
  for (const part of [sandbox.workspace, sandbox.extensions, sandbox.home, userFolder(sandbox)]) {
    mkdirSync(part, { recursive: true });
  }
  for (const sample of SAMPLES.filter((sample) => existsSync(sample))) {
    cpSync(sample, sandbox.workspace, { recursive: true });
  }
  const all = { ...QUIET_SETTINGS, ...settings };
  writeFileSync(path.join(userFolder(sandbox), 'settings.json'), `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(path.join(folder, 'config.yaml'), '');
  return sandbox;
}

function userFolder({ userData }: { readonly userData: string }): string {
  return path.join(userData, 'User');
}
