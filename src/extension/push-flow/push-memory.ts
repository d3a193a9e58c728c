import type * as vscode from 'vscode';

const RECENT_KEY = 'omlmd.recentDestinations';
const LAST_KEY = 'omlmd.lastDestination';
/** Destinations that are remembered, and models whose last one is; more would push the registries off the list. */
const MAX_RECENT = 5;
const MAX_LAST = 100;

/** Where pushes of this workspace went. */
export class PushMemory {
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  recent(): readonly string[] {
    return this.#state.get<string[]>(RECENT_KEY, []);
  }

  /** @param model the path of what was pushed */
  lastOf(model: string): string | undefined {
    return this.#last().find(([path]) => path === model)?.[1];
  }

  async remember(model: string, place: string): Promise<void> {
    await this.visit(place);
    const last = [[model, place] as const, ...this.#last().filter(([path]) => path !== model)];
    await this.#state.update(LAST_KEY, last.slice(0, MAX_LAST));
  }

  /** Puts a place first among the recent ones. */
  async visit(place: string): Promise<void> {
    const recent = [place, ...this.recent().filter((other) => other !== place)];
    await this.#state.update(RECENT_KEY, recent.slice(0, MAX_RECENT));
  }

  /** Forgets the recent places that begin so. */
  async forget(prefix: string): Promise<void> {
    await this.#state.update(
      RECENT_KEY,
      this.recent().filter((place) => !place.startsWith(prefix)),
    );
  }

  #last(): readonly (readonly [string, string])[] {
    return this.#state.get<[string, string][]>(LAST_KEY, []);
  }
}
