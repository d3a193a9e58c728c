import * as vscode from 'vscode';
import { isOmlmdError, parseLocation } from '../../core/index.ts';
import { typeText } from '../quick-input/type-text.ts';
import type { Services } from '../services.ts';
import { readSettings, writeRegistries } from '../settings.ts';
import { hostIn } from './command-call.ts';

/** *Add Repository…*: pins one by its name, for registries that do not list theirs. */
export async function addRepository(_: Services, ...args: readonly unknown[]): Promise<void> {
  const host = hostIn(args);
  const text = await typeText({
    title: vscode.l10n.t('Add Repository'),
    placeholder: vscode.l10n.t('registry/repository, for example quay.io/team/iris'),
    value: host === undefined ? '' : `${host}/`,
    check: whyNotRepository,
  });
  const place = parseLocation(text.trim());
  if (place.kind === 'registry') await pin(place.registry, place.repository);
}

function whyNotRepository(typed: string): string | undefined {
  try {
    if (parseLocation(typed.trim()).kind === 'registry') return undefined;
    return vscode.l10n.t('The local store shows all it has');
  } catch (error) {
    if (isOmlmdError(error)) return error.message;
    throw error;
  }
}

async function pin(host: string, repository: string): Promise<void> {
  const { registries } = readSettings();
  const there = registries.find((entry) => entry.host === host)?.repositories ?? [];
  const entry = { host, repositories: [...new Set([...there, repository])] };
  const known = registries.some((other) => other.host === host);
  await writeRegistries(
    known ? registries.map((other) => (other.host === host ? entry : other)) : [...registries, entry],
  );
}
