import * as vscode from 'vscode';
import { registerMetadataLenses } from '../lenses/metadata-lenses.ts';
import type { Services } from '../services.ts';
import { localReferences } from './local-references.ts';
import { MetadataCompletion } from './metadata-completion.ts';
import { registerMetadataDiagnostics } from './metadata-diagnostics.ts';
import { METADATA_TOKENS, metadataHighlighting } from './metadata-highlighting.ts';
import { metadataHover } from './metadata-hover.ts';
import { metadataQuickFixes } from './metadata-quick-fixes.ts';
import { METADATA_SELECTOR } from './metadata-selector.ts';

/** Registers everything that makes `.omlmd.yaml` files more than YAML. */
export function registerMetadataFiles(services: Services): void {
  const completion = new MetadataCompletion(localReferences(services));
  const { languages, CodeActionKind } = vscode;
  services.extension.subscriptions.push(
    registerMetadataDiagnostics(services),
    registerMetadataLenses(services),
    languages.registerCompletionItemProvider(METADATA_SELECTOR, completion, ...MetadataCompletion.triggers),
    languages.registerHoverProvider(METADATA_SELECTOR, metadataHover),
    languages.registerCodeActionsProvider(METADATA_SELECTOR, metadataQuickFixes, {
      providedCodeActionKinds: [CodeActionKind.QuickFix],
    }),
    languages.registerDocumentSemanticTokensProvider(
      METADATA_SELECTOR,
      metadataHighlighting,
      METADATA_TOKENS,
    ),
  );
}
