import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';

/** A row of a step. Separators are rows too. */
export type StepItem = vscode.QuickPickItem;

/** One step of a flow, as the picker shows it. */
export interface Step<T extends StepItem> {
  readonly title: string;
  readonly step: number;
  readonly totalSteps: number;
  readonly placeholder: string;
  readonly value?: string;
  /** The rows for what is typed; called again on every key. Those that must survive VS Code's filter are `alwaysShow`. */
  readonly items: (typed: string) => readonly T[];
  /** The row that Enter takes; the first unless said. */
  readonly active?: (items: readonly T[]) => T | undefined;
  /** Rows that have to be waited for; the step is busy until then, and shows what `items` gives before and after. */
  readonly loading?: Promise<unknown>;
  /** Why a row cannot be taken now; the step stays open, and says so in its title line. */
  readonly refuse?: (item: T) => string | undefined;
}

export type StepOutcome<T> = { readonly kind: 'next'; readonly item: T } | { readonly kind: 'back' };

/** Milliseconds until a dialog that was closed has given the focus back; a box opened earlier would lose it. */
const FOCUS_RETURNS_MS = 150;

/** One quick pick that several steps take turns in, so that the box never closes between them. */
export class StepPicker implements vscode.Disposable {
  readonly #pick = vscode.window.createQuickPick<StepItem>();
  #closed = false;

  constructor() {
    this.#pick.ignoreFocusOut = true;
    this.#pick.matchOnDescription = true;
    this.#pick.onDidHide(() => {
      this.#closed = true;
    });
  }

  dispose(): void {
    this.#pick.dispose();
  }

  /** Makes room for another box, a login for one, which closes this one; the next {@link show} opens it again. */
  async aside<T>(other: () => Promise<T>): Promise<T> {
    this.#pick.hide();
    const result = await other();
    await sleep(FOCUS_RETURNS_MS);
    this.#closed = false;
    return result;
  }

  /** Shows a step; resolves with what was chosen, rejects with `CancellationError` when the box is closed. */
  async show<T extends StepItem>(step: Step<T>): Promise<StepOutcome<T>> {
    const outcome = await this.#ask(step);
    // Without something to wait for, a step ends only by what the person does.
    if (outcome.kind === 'over') throw new vscode.CancellationError();
    return outcome;
  }

  /** Shows that something is looked up, and gives what was found; undefined when the person does not wait for it. */
  async wait<T>(
    step: Pick<Step<StepItem>, 'title' | 'step' | 'totalSteps' | 'placeholder'>,
    work: Promise<T>,
  ): Promise<T | undefined> {
    const row = { label: `$(loading~spin) ${step.placeholder}`, alwaysShow: true };
    const waiting = { ...step, items: () => [row], refuse: () => step.placeholder };
    return (await this.#ask(waiting, work)).kind === 'over' ? work : undefined;
  }

  async #ask<T extends StepItem>(
    step: Step<T>,
    until?: Promise<unknown>,
  ): Promise<StepOutcome<T> | { readonly kind: 'over' }> {
    if (this.#closed) throw new vscode.CancellationError();
    const pick = this.#pick;
    const rows = this.#fill(step);
    if (until !== undefined) pick.busy = true;
    const listeners: vscode.Disposable[] = [];
    try {
      return await new Promise((resolve, reject) => {
        const accept = async () => {
          await step.loading;
          const item = rows.active();
          if (item === undefined) return;
          const refusal = step.refuse?.(item);
          if (refusal === undefined) resolve({ kind: 'next', item });
          else pick.title = `${step.title} – ${refusal}`;
        };
        listeners.push(
          pick.onDidChangeValue(() => rows.refresh()),
          pick.onDidAccept(() => void accept()),
          pick.onDidTriggerButton(() => resolve({ kind: 'back' })),
          pick.onDidHide(() => reject(new vscode.CancellationError())),
        );
        until?.then(() => resolve({ kind: 'over' }), reject);
        pick.show();
      });
    } finally {
      for (const listener of listeners) listener.dispose();
      pick.busy = false;
    }
  }

  #fill<T extends StepItem>(step: Step<T>): { refresh(): void; active(): T | undefined } {
    const pick = this.#pick;
    let items: readonly T[] = [];
    const refresh = () => {
      items = step.items(pick.value);
      pick.items = items;
      const active =
        step.active?.(items) ?? items.find((item) => item.kind !== vscode.QuickPickItemKind.Separator);
      pick.activeItems = active === undefined ? [] : [active];
      pick.title = step.title;
    };
    pick.step = step.step;
    pick.totalSteps = step.totalSteps;
    pick.placeholder = step.placeholder;
    pick.buttons = step.step > 1 ? [vscode.QuickInputButtons.Back] : [];
    pick.value = step.value ?? '';
    refresh();
    this.#waitFor(step, refresh);
    return { refresh, active: () => items.find((item) => pick.activeItems.includes(item)) ?? undefined };
  }

  #waitFor<T extends StepItem>(step: Step<T>, refresh: () => void): void {
    const { loading } = step;
    if (loading === undefined) return;
    const pick = this.#pick;
    pick.busy = true;
    void loading.then(() => {
      if (this.#closed || pick.step !== step.step) return;
      pick.busy = false;
      refresh();
    });
  }
}
