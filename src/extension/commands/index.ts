import * as vscode from 'vscode';
import { showError } from '../error-actions.ts';
import type { Services } from '../services.ts';
import { bringsOptions } from './command-call.ts';

/** What a command does. The arguments are whoever called it's: a menu's, a tree's, another extension's. */
export type CommandHandler = (services: Services, ...args: readonly unknown[]) => unknown;

/** Every command of the extension. A handler is loaded when it first runs: activation loads none. */
export const COMMANDS: Readonly<Record<string, () => Promise<CommandHandler>>> = {
  'omlmd.push': async () => (await import('./push.ts')).push,
  'omlmd.pull': async () => (await import('./pull.ts')).pull,
  'omlmd.inspect': async () => (await import('./inspect.ts')).inspect,
  'omlmd.openModelViewer': async () => (await import('./open-model-viewer.ts')).openModelViewer,
  'omlmd.copyReference': async () => (await import('./copy-reference.ts')).copyReference,
  'omlmd.copyDigest': async () => (await import('./copy-digest.ts')).copyDigest,
  'omlmd.copyTo': async () => (await import('./copy-to.ts')).copyTo,
  'omlmd.delete': async () => (await import('./delete.ts')).deleteArtifact,
  'omlmd.addRegistry': async () => (await import('./add-registry.ts')).addRegistry,
  'omlmd.removeRegistry': async () => (await import('./remove-registry.ts')).removeRegistry,
  'omlmd.addRepository': async () => (await import('./add-repository.ts')).addRepository,
  'omlmd.removeRepository': async () => (await import('./remove-repository.ts')).removeRepository,
  'omlmd.signIn': async () => (await import('./sign-in.ts')).signIn,
  'omlmd.signOut': async () => (await import('./sign-out.ts')).signOut,
  'omlmd.useHttp': async () => (await import('./use-http.ts')).useHttp,
  'omlmd.refresh': async () => (await import('./refresh.ts')).refresh,
  'omlmd.loadMore': async () => (await import('./load-more.ts')).loadMore,
  'omlmd.cancelTransfer': async () => (await import('./cancel-transfer.ts')).cancelTransfer,
  'omlmd.serveStore': async () => (await import('./serve-store.ts')).serveStore,
  'omlmd.stopServing': async () => (await import('./stop-serving.ts')).stopServing,
  'omlmd.copyServedAddress': async () => (await import('./copy-served-address.ts')).copyServedAddress,
  'omlmd.trySample': async () => (await import('./try-sample.ts')).trySample,
  'omlmd.metadata.push': async () =>
    (await import('../metadata-files/push-metadata-file.ts')).pushMetadataFile,
  'omlmd.metadata.pull': async () =>
    (await import('../metadata-files/pull-metadata-file.ts')).pullMetadataFile,
  'omlmd.metadata.validate': async () =>
    (await import('../metadata-files/validate-metadata-file.ts')).validateMetadataFile,
  'omlmd.metadata.compare': async () =>
    (await import('../metadata-files/compare-metadata-file.ts')).compareMetadataFile,
  'omlmd.metadata.generate': async () =>
    (await import('../metadata-files/generate-metadata.ts')).generateMetadata,
  'omlmd.metadata.chooseFile': async () => (await import('../metadata-files/choose-file.ts')).chooseFile,
  'omlmd.notebook.push': async () => (await import('../notebook/insert-push-cell.ts')).insertPushCell,
  'omlmd.showLog': async () => (await import('./show-log.ts')).showLog,
};

export function registerCommands(services: Services): void {
  for (const [id, load] of Object.entries(COMMANDS)) {
    services.extension.subscriptions.push(
      vscode.commands.registerCommand(id, (...args: unknown[]) => run(services, load, args)),
    );
  }
}

/** A person sees an error; a program that brings its own options gets it. */
async function run(
  services: Services,
  load: () => Promise<CommandHandler>,
  args: readonly unknown[],
): Promise<unknown> {
  try {
    const handler = await load();
    return await handler(services, ...args);
  } catch (error) {
    if (bringsOptions(args)) throw error;
    void showError(services, error);
    return undefined;
  }
}
