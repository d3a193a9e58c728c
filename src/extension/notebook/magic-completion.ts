import * as vscode from 'vscode';
import { completeReferences, type ReferenceSource } from '../metadata-files/local-references.ts';
import { type MagicVerb, readMagicLine } from './magic-line.ts';
import { magicVerbs } from './magic-verbs.ts';

/** Completes `%omlmd` and `%%omlmd` in Python cells: verbs, flags, and references of the local store. */
export class MagicCompletion implements vscode.CompletionItemProvider {
  static readonly triggers = ['%', ' ', '-', '/', ':'];
  readonly #references: ReferenceSource;

  constructor(references: ReferenceSource) {
    this.#references = references;
  }

  async provideCompletionItems(
    document: vscode.TextDocument,
    position: vscode.Position,
    token: vscode.CancellationToken,
  ): Promise<vscode.CompletionItem[]> {
    const before = document.lineAt(position.line).text.slice(0, position.character);
    const at = readMagicLine(before);
    if (at === undefined) return [];
    const range = new vscode.Range(position.line, at.start, position.line, position.character);
    const verbs = magicVerbs();
    switch (at.kind) {
      case 'magic':
        return magicItems(range, position.line === 0);
      case 'verb':
        return verbs.map((verb) => verbItem(verb, range));
      case 'flag':
        return flagItems(verbs, at.verb, before, range);
      case 'argument': {
        if (!verbs.some((verb) => verb.name === at.verb && verb.takesReference)) return [];
        return completeReferences(this.#references, before.slice(at.start), range, token);
      }
    }
  }
}

/** A cell magic must be a cell's first line. */
function magicItems(range: vscode.Range, isFirstLine: boolean): vscode.CompletionItem[] {
  const line = item('%omlmd', vscode.CompletionItemKind.Keyword, range);
  line.detail = vscode.l10n.t('Push, pull and inspect models as OCI artifacts');
  if (!isFirstLine) return [line];
  const cell = item('%%omlmd', vscode.CompletionItemKind.Keyword, range);
  cell.detail = vscode.l10n.t('Push a model with the cell’s text as its metadata');
  return [line, cell];
}

function verbItem(verb: MagicVerb, range: vscode.Range): vscode.CompletionItem {
  const completion = item(verb.name, vscode.CompletionItemKind.Function, range);
  completion.detail = verb.summary;
  return completion;
}

function flagItems(
  verbs: readonly MagicVerb[],
  name: string,
  before: string,
  range: vscode.Range,
): vscode.CompletionItem[] {
  const flags = verbs.find((verb) => verb.name === name)?.flags ?? [];
  const typed = new Set(before.split(/\s+/).slice(0, -1));
  return flags
    .filter((flag) => !typed.has(flag.name) || flag.name === '--set' || flag.name === '--annotation')
    .map((flag) => {
      const completion = item(flag.name, vscode.CompletionItemKind.Property, range);
      completion.detail = flag.summary;
      return completion;
    });
}

/** The word may hold `%`, `-`, `/` and `:`, which end a word in Python: so the range and the filter are set. */
function item(label: string, kind: vscode.CompletionItemKind, range: vscode.Range): vscode.CompletionItem {
  const completion = new vscode.CompletionItem(label, kind);
  completion.range = range;
  completion.filterText = label;
  return completion;
}
