import * as vscode from 'vscode';
import { PushMemory } from '../push-flow/push-memory.ts';
import { pickHost } from '../quick-input/pick-host.ts';
import type { Services } from '../services.ts';
import { readSettings, writeRegistries } from '../settings.ts';
import { hostIn } from './command-call.ts';

/** *Remove Registry*: takes it out of the settings; the registry and the login stay as they are. */
export async function removeRegistry(services: Services, ...args: readonly unknown[]): Promise<void> {
  const host = hostIn(args) ?? (await pickHost(services, vscode.l10n.t('Remove Registry')));
  await new PushMemory(services.extension.workspaceState).forget(`${host}/`);
  await writeRegistries(readSettings().registries.filter((entry) => entry.host !== host));
  services.placeChanged(undefined);
}
