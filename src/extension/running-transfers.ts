import * as vscode from 'vscode';
import type { TreeViewId } from './subject.ts';

/** A transfer that is under way, as the views and the cancel command know it. */
export interface RunningTransfer {
  /** `Pushing to host/team/iris`. */
  readonly title: string;
  readonly view: TreeViewId;
  cancel(): void;
}

/** Why a transfer that a person canceled has ended; it can be gone on with. */
export class TransferCanceled extends vscode.CancellationError {
  /** What was being done: `Pushing to host/team/iris`. */
  readonly title: string;

  constructor(title: string) {
    super();
    this.title = title;
  }
}

/** How a transfer tells of itself. */
export interface TransferTale {
  /** How far it is: bytes, rate, time left. */
  say(text: string): void;
  end(): void;
}

/** The context key with the ids of the views that a transfer belongs to, unset when there is none: for `when` and `enablement`. */
const CONTEXT_KEY = 'omlmd.transferringViews';

/** What this window is sending and receiving, for the views to say. */
export class RunningTransfers implements vscode.Disposable {
  readonly #texts = new Map<RunningTransfer, string>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;

  get all(): readonly RunningTransfer[] {
    return [...this.#texts.keys()];
  }

  begin(transfer: RunningTransfer): TransferTale {
    this.#set(transfer, transfer.title);
    this.#tellMenus();
    return {
      say: (text) => this.#set(transfer, `${transfer.title}: ${text}`),
      end: () => {
        this.#texts.delete(transfer);
        this.#changed.fire();
        this.#tellMenus();
      },
    };
  }

  /** What stands above the tree of a view; undefined when it has nothing under way. */
  textOf(view: TreeViewId): string | undefined {
    const lines = [...this.#texts].filter(([transfer]) => transfer.view === view).map(([, text]) => text);
    return lines.length === 0 ? undefined : lines.join('\n');
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #set(transfer: RunningTransfer, text: string): void {
    this.#texts.set(transfer, text);
    this.#changed.fire();
  }

  #tellMenus(): void {
    const views = [...new Set(this.all.map(({ view }) => view))];
    void vscode.commands.executeCommand('setContext', CONTEXT_KEY, views.length === 0 ? undefined : views);
  }
}
