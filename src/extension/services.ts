import { homedir, platform } from 'node:os';
import * as vscode from 'vscode';
import type { ArtifactEvent, Context, CredentialStore, PushResult } from '../core/index.ts';
import { SecretLogins } from './credentials/secret-logins.ts';
import { KnownFindings } from './known-findings.ts';
import { RunningTransfers } from './running-transfers.ts';
import { StoreServer } from './serving/store-server.ts';
import { readSettings, type Settings } from './settings.ts';

/** The core; loaded when the first handler needs it, not at activation. */
export type Core = typeof import('../core/index.ts');

/** A push of this window that has ended well, with the files that it was made of. */
export interface PushRecord {
  readonly paths: readonly string[];
  /** The metadata file that was merged, if there was one. */
  readonly sidecar?: string;
  readonly result: PushResult;
  /** Whether a person started it and wants to see where it is. */
  readonly reveal: boolean;
}

/** What the parts of the extension share. */
export interface Services {
  readonly extension: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  readonly logins: SecretLogins;
  /** What is being sent and received. */
  readonly transfers: RunningTransfers;
  /** The registry over the local store, while a person wants one. */
  readonly server: StoreServer;
  /** What was found in artifacts that were looked into. */
  readonly findings: KnownFindings;
  core(): Promise<Core>;
  /** The core's context for the settings and logins of now; connections are kept until one of those changes. */
  context(): Promise<Context>;
  /** After a login, a logout or a changed setting: tokens and connections start anew. */
  resetContext(): void;
  /** Open inspect tabs by what they show, so that each is there once. */
  readonly panels: Map<string, vscode.WebviewPanel>;
  /** A push or pull of this window that has ended well. */
  readonly onDidTransfer: vscode.Event<ArtifactEvent>;
  readonly onDidPush: vscode.Event<PushRecord>;
  pushed(record: PushRecord): void;
  /** A place whose content changed, as `local/iris` or `host/team/iris`; undefined when anything may have. */
  readonly onDidChangePlace: vscode.Event<string | undefined>;
  placeChanged(place: string | undefined): void;
}

export function createServices(extension: vscode.ExtensionContext): Services {
  const log = vscode.window.createOutputChannel('OMLMD', { log: true });
  const logins = new SecretLogins(extension.secrets, extension.globalState);
  const transfers = new RunningTransfers();
  const server = new StoreServer();
  const transferred = new vscode.EventEmitter<ArtifactEvent>();
  const pushes = new vscode.EventEmitter<PushRecord>();
  const places = new vscode.EventEmitter<string | undefined>();
  let context: Promise<Context> | undefined;
  const loading = {
    core: () => import('../core/index.ts'),
    context: () => {
      context ??= openContext(services, (event) => transferred.fire(event));
      return context;
    },
  };
  const services: Services = {
    extension,
    log,
    logins,
    transfers,
    server,
    findings: new KnownFindings(loading),
    ...loading,
    resetContext: () => {
      context = undefined;
    },
    panels: new Map(),
    onDidTransfer: transferred.event,
    onDidPush: pushes.event,
    pushed: (record) => pushes.fire(record),
    onDidChangePlace: places.event,
    placeChanged: (place) => places.fire(place),
  };
  extension.subscriptions.push(log, transfers, server, transferred, pushes, places, watchSettings(services));
  return services;
}

function watchSettings(services: Services): vscode.Disposable {
  const reset = () => {
    services.resetContext();
    services.placeChanged(undefined);
  };
  return vscode.Disposable.from(
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('omlmd')) reset();
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(reset),
  );
}

async function openContext(services: Services, told: (event: ArtifactEvent) => void): Promise<Context> {
  const core = await services.core();
  const settings = readSettings();
  const ca = await readCertificates(services, settings.caFile);
  const home = core.dataFolder(process.env);
  return core.createContext({
    home,
    credentials: credentialsOf(core, services, settings),
    log: services.log,
    listeners: [{ update: told }],
    registryOptions: (registry) => ({
      ...(settings.plainHttpHosts.includes(registry) ? { plainHttp: true } : {}),
      ...(ca === undefined ? {} : { ca }),
      retries: settings.retries,
      timeoutMs: settings.timeout * 1000,
    }),
  });
}

/** Ours first, then what docker and podman have. An untrusted folder must not make us start a credential helper (S26). */
function credentialsOf(core: Core, { logins }: Services, settings: Settings): CredentialStore {
  if (!settings.useContainerLogins || !vscode.workspace.isTrusted) return logins;
  const others = core.defaultCredentials({ env: process.env, home: homedir(), platform: platform() });
  return core.chainCredentials([logins, others]);
}

async function readCertificates(services: Services, path: string): Promise<string | undefined> {
  if (path === '') return undefined;
  try {
    return new TextDecoder().decode(await vscode.workspace.fs.readFile(vscode.Uri.file(path)));
  } catch (error) {
    services.log.warn(`omlmd.caFile ${path}: ${String(error)}`);
    return undefined;
  }
}
