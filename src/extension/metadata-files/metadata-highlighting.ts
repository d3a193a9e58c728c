import * as vscode from 'vscode';
import { schemaKeys } from './metadata-schema.ts';
import { outlineYaml } from './yaml-outline.ts';

/** What the tokens are called; themes colour the two apart from plain YAML keys. */
export const METADATA_TOKENS = new vscode.SemanticTokensLegend(['keyword', 'type']);

/**
 * Makes the seven fields and the artifact block stand out. Tokens by meaning, not a grammar: a grammar cannot tell a
 * metadata file from any other YAML, and `name:` stands in most of them.
 */
export const metadataHighlighting: vscode.DocumentSemanticTokensProvider = {
  provideDocumentSemanticTokens(document) {
    const fields = new Set(schemaKeys([]).map(({ name }) => name));
    const inArtifact = new Set(schemaKeys(['artifact']).map(({ name }) => name));
    const tokens = new vscode.SemanticTokensBuilder(METADATA_TOKENS);
    for (const { path, line, keyStart, keyEnd } of outlineYaml(document.getText().split(/\r?\n/))) {
      const [first = '', second = ''] = path;
      const range = new vscode.Range(line, keyStart, line, keyEnd);
      if (path.length === 1 && fields.has(first)) tokens.push(range, 'keyword');
      if (path.length === 2 && first === 'artifact' && inArtifact.has(second)) tokens.push(range, 'type');
    }
    return tokens.build();
  },
};
