import * as vscode from 'vscode';
import { schemaKey, schemaKeys } from './metadata-schema.ts';
import { hasYamlExtension } from './metadata-selector.ts';
import { outlineYaml } from './yaml-outline.ts';

/** Explains the keys of a metadata file, and where a custom property ends up in the artifact. */
export const metadataHover: vscode.HoverProvider = {
  provideHover(document, position) {
    if (hasYamlExtension()) return undefined;
    const entry = outlineYaml(document.getText().split(/\r?\n/)).find(
      ({ line, keyStart, keyEnd }) =>
        line === position.line && keyStart <= position.character && position.character <= keyEnd,
    );
    if (entry === undefined) return undefined;
    const lines = [schemaKey(entry.path)?.description, placeOf(entry.path)].filter(
      (text) => text !== undefined,
    );
    if (lines.length === 0) return undefined;
    const { line, keyStart, keyEnd } = entry;
    return new vscode.Hover(lines.map(plain), new vscode.Range(line, keyStart, line, keyEnd));
  },
};

/** Keys are foreign text: shown, never interpreted (S23). */
function plain(text: string): vscode.MarkdownString {
  return new vscode.MarkdownString().appendText(text);
}

function placeOf(path: readonly string[]): string | undefined {
  const isField = schemaKeys([]).some(({ name }) => name === path[0]);
  if (path[0] === 'artifact') return undefined;
  if (path[0] === 'customProperties' ? path.length > 1 : !isField) {
    const property = path[0] === 'customProperties' ? path.slice(1) : path;
    return vscode.l10n.t(
      'Custom property {0}: written to the artifact’s metadata, and to its annotation customProperties+json.',
      property.join('.'),
    );
  }
  return undefined;
}
