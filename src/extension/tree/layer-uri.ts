import * as vscode from 'vscode';
import type { FileNode } from './nodes.ts';

/** Scheme of the model layers in the trees: a name for badges, nothing that can be opened. */
export const LAYER_SCHEME = 'omlmd-layer';

/** What a layer's badge is asked for by. */
export interface LayerName {
  readonly reference: string;
  readonly digest: string;
}

export function layerUri({ reference, digest }: Pick<FileNode, keyof LayerName>): vscode.Uri {
  return vscode.Uri.from({ scheme: LAYER_SCHEME, path: `/${reference}`, fragment: digest });
}

export function layerOf(uri: vscode.Uri): LayerName | undefined {
  if (uri.scheme !== LAYER_SCHEME) return undefined;
  return { reference: uri.path.slice(1), digest: uri.fragment };
}
