import * as vscode from 'vscode';

/** A registry of the sidebar, with the repositories that are always shown: many registries do not list theirs. */
export interface RegistrySetting {
  readonly host: string;
  readonly repositories: readonly string[];
}

/** Which metadata a push carries: what was read and what `.omlmd.yaml` says, only the latter, or none. */
export type MetadataCapture = 'auto' | 'file' | 'none';

/** The settings as they are now. Those that a hostile folder could misuse are ignored until it is trusted (package.json). */
export interface Settings {
  readonly registries: readonly RegistrySetting[];
  readonly plainHttpHosts: readonly string[];
  /** Empty when unset. */
  readonly caFile: string;
  readonly useContainerLogins: boolean;
  /** Where a first push goes unless said otherwise; empty for the local store. */
  readonly defaultRepository: string;
  readonly pullFolder: string;
  readonly concurrency: number;
  readonly retries: number;
  /** Seconds without a byte. */
  readonly timeout: number;
  readonly capture: MetadataCapture;
}

export function readSettings(scope?: vscode.Uri): Settings {
  const section = vscode.workspace.getConfiguration('omlmd', scope);
  const capture = section.get<string>('metadata.capture');
  return {
    registries: parseRegistries(section.get('registries')),
    plainHttpHosts: strings(section.get('plainHttpHosts')),
    caFile: section.get('caFile', ''),
    useContainerLogins: section.get('useContainerLogins', true),
    defaultRepository: section.get('defaultRepository', '').trim(),
    pullFolder: section.get('pullFolder', ''),
    concurrency: section.get('concurrency', 3),
    retries: section.get('retries', 5),
    timeout: section.get('timeout', 30),
    capture: capture === 'file' || capture === 'none' ? capture : 'auto',
  };
}

/** Registries as typed into `settings.json` by hand: what is not one is passed over, twins are merged. */
export function parseRegistries(value: unknown): readonly RegistrySetting[] {
  if (!Array.isArray(value)) return [];
  const byHost = new Map<string, Set<string>>();
  for (const entry of value) {
    const host = typeof entry === 'string' ? entry : propertyOf(entry, 'host');
    if (typeof host !== 'string' || host === '') continue;
    const repositories = byHost.get(host) ?? new Set();
    for (const name of strings(propertyOf(entry, 'repositories'))) repositories.add(name);
    byHost.set(host, repositories);
  }
  return [...byHost].map(([host, repositories]) => ({ host, repositories: [...repositories] }));
}

/** Writes the registries into the person's own settings. */
export async function writeRegistries(registries: readonly RegistrySetting[]): Promise<void> {
  const value = registries.map(({ host, repositories }) =>
    repositories.length > 0 ? { host, repositories } : { host },
  );
  await vscode.workspace
    .getConfiguration('omlmd')
    .update('registries', value, vscode.ConfigurationTarget.Global);
}

/** Lets one host be spoken to without TLS. */
export async function addPlainHttpHost(host: string): Promise<void> {
  const hosts = new Set([...readSettings().plainHttpHosts, host]);
  await vscode.workspace
    .getConfiguration('omlmd')
    .update('plainHttpHosts', [...hosts], vscode.ConfigurationTarget.Global);
}

function propertyOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value ? Reflect.get(value, key) : undefined;
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
