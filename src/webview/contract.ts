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
  | 'inspect-artifact'
  | 'view-model'
  | 'refresh'
  | 'sign-in'
  | 'show-log';

export const ACTION_IDS: readonly ActionId[] = [
  'push',
  'pull',
  'copy-reference',
  'copy-digest',
  'edit-metadata',
  'inspect-artifact',
  'view-model',
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

/** A short table that is drawn as it is. */
export interface TableView {
  readonly kind: 'table';
  readonly title: string;
  /** Headings; with none the first cell of a row is its heading. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** Said below where rows were left out. */
  readonly note?: string;
  /** Beside another table where there is room. */
  readonly half?: boolean;
  readonly collapsed?: boolean;
}

/** How sure a cell makes one of what it names: drawn as a sign before the text, which says the same. */
export type Mark = 'good' | 'doubtful' | 'bad';

export interface GridColumn {
  readonly title: string;
  /** One text a row. */
  readonly cells: readonly string[];
  /** What a column of amounts is sorted by in place of its text, one a row; below 0 where it is not known. */
  readonly amounts?: readonly number[];
  /** The amounts are drawn as bars, too. */
  readonly bars?: boolean;
  readonly marks?: readonly Mark[];
}

/** A list of any length, of which only what is seen is drawn: sorted, filtered and walked through by keys. */
export interface GridView {
  readonly kind: 'grid';
  readonly title: string;
  /** At least one; all of one length. */
  readonly columns: readonly GridColumn[];
  /** Said below where the list is not whole. */
  readonly note?: string;
}

/** A part of a picture. */
export interface PartView {
  readonly label: string;
  /** Its amount in words: `1.2 GB · 4 tensors`. */
  readonly text: string;
  /** Of the whole in a strip, of the longest in bars; 0 to 1. */
  readonly share: number;
}

export interface PictureView {
  readonly title: string;
  /** A strip is one line cut into its parts; bars lie below each other. */
  readonly form: 'strip' | 'bars';
  readonly parts: readonly PartView[];
  /** The same in words, for those who do not see it. */
  readonly alternative: string;
}

/** Pictures beside each other. */
export interface PicturesView {
  readonly kind: 'pictures';
  readonly title: string;
  readonly pictures: readonly PictureView[];
}

export type SectionView = TableView | GridView | PicturesView;

/** Words of the page itself. `{0}` and `{1}` are filled in by the page. */
export interface PageWords {
  readonly filter: string;
  /** `{0} of {1}`: rows that match, all rows. */
  readonly shown: string;
  readonly noMatch: string;
}

/** What has to be known of the report as a whole: it was read in part, or nothing vouches for it. */
export interface NoticeView {
  readonly level: 'info' | 'warning';
  readonly text: string;
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
  readonly notices: readonly NoticeView[];
  readonly facts: readonly FactView[];
  readonly findingsTitle: string;
  readonly findings: readonly FindingView[];
  /** Said where nothing was found; empty where nothing was looked into. */
  readonly noFindings: string;
  readonly sections: readonly SectionView[];
  readonly documents: readonly DocumentView[];
  readonly words: PageWords;
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
