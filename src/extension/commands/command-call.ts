import * as vscode from 'vscode';

/** Options that a program may bring to a command; with them nothing is asked and errors go to the caller. */
export interface CommandOptions {
  /** `omlmd.push`, `omlmd.copyTo`: where to, as `local/iris` or `host/team/iris`, with or without a tag. */
  readonly destination?: string;
  /** `omlmd.push`: a tag in place of the destination's. */
  readonly tag?: string;
  /** `omlmd.push`: goes on in spite of a critical finding. */
  readonly allowUnsafe?: boolean;
  /** `omlmd.pull`: an absolute path. */
  readonly folder?: string;
  /** `omlmd.pull`: what to do with other files under the same names; `refuse` unless said. */
  readonly existing?: 'refuse' | 'replace' | 'keep';
  /** `omlmd.delete`: the caller has asked. */
  readonly confirmed?: boolean;
  /** `omlmd.serveStore`: 0 takes any free one. */
  readonly port?: number;
  /** `omlmd.serveStore` */
  readonly readOnly?: boolean;
}

const KEYS: ReadonlySet<string> = new Set([
  'destination',
  'tag',
  'allowUnsafe',
  'folder',
  'existing',
  'confirmed',
  'port',
  'readOnly',
]);

/** The options among a command's arguments: a plain object whose every key is one of theirs. */
export function optionsIn(args: readonly unknown[]): CommandOptions | undefined {
  return args.find(isOptions);
}

export function bringsOptions(args: readonly unknown[]): boolean {
  return optionsIn(args) !== undefined;
}

function isOptions(value: unknown): value is CommandOptions {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return entries.length > 0 && entries.every(([key, field]) => KEYS.has(key) && isField(key, field));
}

function isField(key: string, value: unknown): boolean {
  if (key === 'allowUnsafe' || key === 'confirmed' || key === 'readOnly') return typeof value === 'boolean';
  if (key === 'port') return typeof value === 'number';
  if (key === 'existing') return value === 'refuse' || value === 'replace' || value === 'keep';
  return typeof value === 'string';
}

/** The files that a menu, the palette or a program names: all that are selected, else the one, else the open one. */
export function filesIn(args: readonly unknown[]): readonly vscode.Uri[] {
  const many = args.find((arg) => Array.isArray(arg) && arg.length > 0 && arg.every(isUri));
  if (Array.isArray(many)) return many;
  return args.filter(isUri).slice(0, 1);
}

function isUri(value: unknown): value is vscode.Uri {
  return value instanceof vscode.Uri;
}

/** The reference of a tree node, or the text that a program passes. */
export function referenceIn(args: readonly unknown[]): string | undefined {
  const [first] = args;
  if (typeof first === 'string') return first;
  return fieldOf(first, 'reference');
}

/** The registry host of a tree node, or the text that a program passes. */
export function hostIn(args: readonly unknown[]): string | undefined {
  const [first] = args;
  if (typeof first === 'string') return first;
  return fieldOf(first, 'host');
}

/** The repository of a tree node, as `host/team/iris`. */
export function placeIn(args: readonly unknown[]): string | undefined {
  const [first] = args;
  if (typeof first === 'string') return first;
  return fieldOf(first, 'place');
}

/** A text of an object that a menu passes. */
export function fieldOf(value: unknown, key: string): string | undefined {
  if (typeof value !== 'object' || value === null || !(key in value)) return undefined;
  const field: unknown = Reflect.get(value, key);
  return typeof field === 'string' ? field : undefined;
}
