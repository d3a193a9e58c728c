import * as vscode from 'vscode';
import {
  type Digest,
  inspectArtifact,
  inspectModel,
  parseLocation,
  prepareModel,
  readArtifact,
  shortDigest,
} from '../../core/index.ts';
import type { ActionId, ReportView } from '../../webview/contract.ts';
import { editMetadata } from '../push-flow/edit-metadata.ts';
import type { Services } from '../services.ts';
import { hostOf } from '../subject.ts';
import { artifactView } from './artifact-view.ts';
import { fileView, layerView } from './model-view.ts';

/** Something that can be inspected: read anew on every look. */
export interface InspectSubject {
  /** For the tab and the loading text. */
  readonly title: string;
  /** For the *Sign In…* of a failure. */
  readonly host?: string | undefined;
  read(signal: AbortSignal): Promise<ReportView>;
  perform(action: ActionId): Promise<void>;
}

/** A model file or folder on this machine. */
export function fileSubject(path: string): InspectSubject {
  const uri = vscode.Uri.file(path);
  return {
    title: vscode.workspace.asRelativePath(path),
    async read(signal) {
      const model = await prepareModel([{ path }], { signal, doing: 'inspect' });
      const size = model.files.reduce((sum, file) => sum + file.size, 0);
      return fileView(path, model, size);
    },
    async perform(action) {
      if (action === 'push') await vscode.commands.executeCommand('omlmd.push', uri);
      if (action === 'edit-metadata') await editMetadata([path]);
    },
  };
}

/** An artifact of a registry or of the local store; of its weights only headers are read. */
export function artifactSubject(services: Services, reference: string): InspectSubject {
  const location = parseLocation(reference);
  return {
    title: reference,
    host: hostOf(location),
    async read(signal) {
      const context = await services.context();
      const [report, artifact] = await Promise.all([
        inspectArtifact(context, location, { signal }),
        readArtifact(context, location, { signal }),
      ]);
      return artifactView(report, prettyManifest(artifact.bytes));
    },
    async perform(action) {
      if (action === 'pull') await vscode.commands.executeCommand('omlmd.pull', reference);
      if (action === 'view-model') await vscode.commands.executeCommand('omlmd.openModelViewer', reference);
      if (action === 'copy-reference') await vscode.commands.executeCommand('omlmd.copyReference', reference);
      if (action === 'copy-digest') await vscode.commands.executeCommand('omlmd.copyDigest', reference);
    },
  };
}

/** One model layer of an artifact, read by ranges; the largest unless its digest is said. */
export function layerSubject(services: Services, reference: string, digest?: Digest): InspectSubject {
  const location = parseLocation(reference);
  return {
    title: digest === undefined ? `${reference} · model` : `${reference} · ${shortDigest(digest)}`,
    host: hostOf(location),
    async read(signal) {
      return layerView(await inspectModel(await services.context(), location, digest, { signal }));
    },
    async perform(action) {
      if (action === 'pull') await vscode.commands.executeCommand('omlmd.pull', reference);
      if (action === 'inspect-artifact') await vscode.commands.executeCommand('omlmd.inspect', reference);
      if (action === 'copy-digest')
        await vscode.commands.executeCommand(
          'omlmd.copyDigest',
          digest === undefined ? reference : { digest },
        );
    },
  };
}

/** Indented for reading; the bytes as stored are what `omlmd get manifest` gives. */
function prettyManifest(bytes: Uint8Array): string {
  return JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), null, 2);
}
