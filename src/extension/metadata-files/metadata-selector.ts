import * as vscode from 'vscode';

/** The files that all features of this folder are about. Their language stays `yaml`. */
export const METADATA_SELECTOR: vscode.DocumentSelector = {
  scheme: 'file', // not the old side of a diff, nor what a chat shows
  pattern: '**/*.omlmd.{yaml,yml}',
};

/** Whether a document is a metadata file. */
export function isMetadataFile(document: vscode.TextDocument): boolean {
  return vscode.languages.match(METADATA_SELECTOR, document) > 0;
}

/**
 * Whether Red Hat's YAML extension looks after the schema: it then completes, explains and checks by the same schema,
 * and everything would be said twice.
 */
export function hasYamlExtension(): boolean {
  return vscode.extensions.getExtension('redhat.vscode-yaml')?.isActive ?? false;
}
