import * as vscode from 'vscode';
import { signalOf } from '../abort.ts';
import { isMetadataFile, METADATA_SELECTOR } from '../metadata-files/metadata-selector.ts';
import type { Services } from '../services.ts';
import { readArtifactState, rememberPush } from './artifact-status.ts';
import { stateText } from './state-text.ts';

/** The lens that says how the model stands to its artifact; its text is found when it comes into view. */
class StatusLens extends vscode.CodeLens {
  readonly document: vscode.Uri;

  constructor(range: vscode.Range, document: vscode.Uri) {
    super(range);
    this.document = document;
  }
}

/** *Push*, *Validate*, *Pull* and the status, above the first line of a metadata file. */
class MetadataLenses implements vscode.CodeLensProvider {
  readonly onDidChangeCodeLenses: vscode.Event<void>;
  readonly #services: Services;

  constructor(services: Services, changed: vscode.Event<void>) {
    this.#services = services;
    this.onDidChangeCodeLenses = changed;
  }

  provideCodeLenses({ uri }: vscode.TextDocument): vscode.CodeLens[] {
    if (!vscode.workspace.getConfiguration('omlmd', uri).get('codeLens.enabled', true)) return [];
    const top = new vscode.Range(0, 0, 0, 0);
    const action = (title: string, command: string) =>
      new vscode.CodeLens(top, { title, command, arguments: [uri] });
    const validate = action(vscode.l10n.t('Validate'), 'omlmd.metadata.validate');
    // A folder that nobody trusts may not name where models are sent to or fetched from (S26).
    if (!vscode.workspace.isTrusted) return [validate];
    return [
      action(`$(cloud-upload) ${vscode.l10n.t('Push')}`, 'omlmd.metadata.push'),
      validate,
      action(vscode.l10n.t('Pull'), 'omlmd.metadata.pull'),
      new StatusLens(top, uri),
    ];
  }

  async resolveCodeLens(lens: vscode.CodeLens, token: vscode.CancellationToken): Promise<vscode.CodeLens> {
    if (!(lens instanceof StatusLens)) return lens;
    const title = await this.#statusTitle(lens.document, token);
    lens.command = { title, command: 'omlmd.metadata.compare', arguments: [lens.document] };
    return lens;
  }

  async #statusTitle({ fsPath }: vscode.Uri, token: vscode.CancellationToken): Promise<string> {
    try {
      return stateText(await readArtifactState(this.#services, fsPath, signalOf(token)), Date.now());
    } catch (error) {
      this.#services.log.debug(`state of ${fsPath}: ${String(error)}`);
      return `$(warning) ${vscode.l10n.t('cannot be pushed as it is')}`;
    }
  }
}

/** Registers the lenses, which are asked for anew whenever what they say may have changed. */
export function registerMetadataLenses(services: Services): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  const refresh = () => changed.fire();
  const refreshFor = (document: vscode.TextDocument | undefined) => {
    if (document !== undefined && isMetadataFile(document)) refresh();
  };
  return vscode.Disposable.from(
    changed,
    vscode.languages.registerCodeLensProvider(METADATA_SELECTOR, new MetadataLenses(services, changed.event)),
    services.onDidPush(({ sidecar, result }) => {
      if (sidecar === undefined) return;
      rememberPush(services, sidecar, result).then(refresh, (error) =>
        services.log.warn(`remember the push of ${sidecar}: ${String(error)}`),
      );
    }),
    services.onDidChangePlace(refresh),
    vscode.workspace.onDidGrantWorkspaceTrust(refresh),
    vscode.workspace.onDidSaveTextDocument(refreshFor),
    // A training run that wrote the model anew ends outside of the editor.
    vscode.window.onDidChangeActiveTextEditor((editor) => refreshFor(editor?.document)),
    vscode.window.onDidChangeWindowState((window) => window.focused && refresh()),
  );
}
