import * as vscode from 'vscode';
import { completeReferences, type ReferenceSource } from './local-references.ts';
import { type SchemaKey, schemaKey, schemaKeys } from './metadata-schema.ts';
import { hasYamlExtension } from './metadata-selector.ts';
import { SPDX_LICENCES } from './spdx-licences.ts';
import { outlineYaml, positionInYaml } from './yaml-outline.ts';

/** Completes keys, licences, references and files of a metadata file. */
export class MetadataCompletion implements vscode.CompletionItemProvider {
  static readonly triggers = [' ', '/', ':'];
  readonly #references: ReferenceSource;

  constructor(references: ReferenceSource) {
    this.#references = references;
  }

  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.CompletionItem[]> {
    const lines = document.getText().split(/\r?\n/);
    const at = positionInYaml(lines, position.line, position.character);
    const range = new vscode.Range(position.line, at.start, position.line, position.character);
    const typed = document.getText(range);
    if (at.kind === 'key') return hasYamlExtension() ? [] : keyItems(lines, at.parent, range);
    const path = at.path.join('.');
    if (path === 'artifact.reference') return completeReferences(this.#references, typed, range, token);
    if (path === 'artifact.files') return fileItems(document.uri, range);
    return at.kind === 'item' || hasYamlExtension() ? [] : valueItems(at.path, range);
  }
}

/** Keys that are not there yet. At the top, custom properties too: the file may name them without their mapping. */
function keyItems(
  lines: readonly string[],
  parent: readonly string[],
  range: vscode.Range,
): vscode.CompletionItem[] {
  const outline = outlineYaml(lines);
  const inParent = outline.filter(
    ({ path, line }) => path.length === parent.length + 1 && line !== range.start.line,
  );
  const there = new Set(
    inParent.filter(({ path }) => parent.every((key, i) => key === path[i])).map(({ path }) => path.at(-1)),
  );
  const own = schemaKeys(parent).map((key) => keyItem(key, range, '1'));
  const custom =
    parent.length > 0 ? [] : schemaKeys(['customProperties']).map((key) => keyItem(key, range, '2'));
  return [...own, ...custom].filter(({ filterText }) => !there.has(filterText));
}

function keyItem(key: SchemaKey, range: vscode.Range, rank: string): vscode.CompletionItem {
  const completion = item(key.name, vscode.CompletionItemKind.Property, range);
  const indent = ' '.repeat(range.start.character + 2);
  const after = { mapping: `\n${indent}`, list: `\n${indent}- `, scalar: ' ' }[key.kind];
  completion.insertText = `${key.name}:${after}`;
  completion.documentation = key.description;
  completion.sortText = rank + key.name;
  if (rank === '2') completion.detail = vscode.l10n.t('custom property');
  return completion;
}

function valueItems(path: readonly string[], range: vscode.Range): vscode.CompletionItem[] {
  if (isLicence(path)) return SPDX_LICENCES.map(([id, name]) => licenceItem(id, name, range));
  const examples = schemaKey(path)?.examples ?? [];
  return examples.map((text) => item(text, vscode.CompletionItemKind.Value, range));
}

function isLicence(path: readonly string[]): boolean {
  return (
    path.at(-1) === 'license' && (path.length === 1 || (path.length === 2 && path[0] === 'customProperties'))
  );
}

function licenceItem(id: string, name: string, range: vscode.Range): vscode.CompletionItem {
  const completion = item(id, vscode.CompletionItemKind.EnumMember, range);
  completion.detail = name;
  return completion;
}

/** Most files that are offered: a data folder can hold a million. */
const MAX_FILES_OFFERED = 500;

async function fileItems(document: vscode.Uri, range: vscode.Range): Promise<vscode.CompletionItem[]> {
  const folder = vscode.Uri.joinPath(document, '..');
  const entries = await vscode.workspace.fs.readDirectory(folder).then(undefined, () => []);
  return entries
    .filter(([name]) => !name.startsWith('.') && !/\.omlmd\.ya?ml$/.test(name))
    .slice(0, MAX_FILES_OFFERED)
    .map(([name, type]) => {
      const isFolder = type === vscode.FileType.Directory;
      const kind = isFolder ? vscode.CompletionItemKind.Folder : vscode.CompletionItemKind.File;
      return item(name, kind, range);
    });
}

/** The range is set because keys and references hold characters that end a word in YAML. */
function item(label: string, kind: vscode.CompletionItemKind, range: vscode.Range): vscode.CompletionItem {
  const completion = new vscode.CompletionItem(label, kind);
  completion.range = range;
  completion.filterText = label;
  return completion;
}
