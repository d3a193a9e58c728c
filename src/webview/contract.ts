/**
 * What the extension and a webview say to each other. All text is ready to be shown: translated, escaped, cut. A
 * webview draws it as text and nothing else.
 */

/** A button. */
export type ActionId =
  | 'push'
  | 'pull'
  | 'copy-reference'
  | 'copy-digest'
  | 'edit-metadata'
  | 'refresh'
  | 'sign-in'
  | 'show-log';

export const ACTION_IDS: readonly ActionId[] = [
  'push',
  'pull',
  'copy-reference',
  'copy-digest',
  'edit-metadata',
  'refresh',
  'sign-in',
  'show-log',
];

export interface ActionView {
  readonly id: ActionId;
  readonly title: string;
  /** The one that is drawn as a button; the others are quiet. */
  readonly primary?: boolean;
}

/** A short fact at the top: `Parameters`, `1,204`. */
export interface FactView {
  readonly label: string;
  readonly value: string;
}

export interface FindingView {
  readonly severity: 'critical' | 'high' | 'medium' | 'low' | 'info';
  /** The severity as a word of the person's language. */
  readonly label: string;
  readonly message: string;
  readonly where: string;
}

export interface TableView {
  readonly title: string;
  /** Headings; with none the first cell of a row is its heading. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Said below where rows were left out. */
  readonly note?: string;
  /** Index of a column that is drawn as bars, too: its cells are counts. */
  readonly bars?: number;
  /** Beside another table where there is room. */
  readonly half?: boolean;
  readonly collapsed?: boolean;
}

export interface DocumentView {
  readonly title: string;
  readonly text: string;
}

/** Everything about one model or artifact, ready to be drawn. */
export interface ReportView {
  readonly kind: string;
  readonly title: string;
  readonly subtitle: string;
  readonly description?: string;
  readonly actions: readonly ActionView[];
  readonly facts: readonly FactView[];
  readonly findingsTitle: string;
  readonly findings: readonly FindingView[];
  /** Said where nothing was found. */
  readonly noFindings: string;
  readonly tables: readonly TableView[];
  readonly documents: readonly DocumentView[];
}

export type ToWebview =
  | { readonly type: 'loading'; readonly text: string }
  | { readonly type: 'report'; readonly report: ReportView }
  | { readonly type: 'failure'; readonly text: string; readonly actions: readonly ActionView[] };

export type FromWebview = { readonly type: 'ready' } | { readonly type: 'action'; readonly id: ActionId };

/** A message of a webview, checked; undefined for anything else. */
export function parseFromWebview(message: unknown): FromWebview | undefined {
  if (typeof message !== 'object' || message === null || !('type' in message)) return undefined;
  if (message.type === 'ready') return { type: 'ready' };
  if (message.type !== 'action' || !('id' in message)) return undefined;
  const id = ACTION_IDS.find((known) => known === message.id);
  return id === undefined ? undefined : { type: 'action', id };
}
