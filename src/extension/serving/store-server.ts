import * as vscode from 'vscode';
import type { Context, ServedStore } from '../../core/index.ts';

/** The local store as programs of this machine see it while it is served. */
export interface Serving {
  /** `127.0.0.1:5000`, as references begin. */
  readonly host: string;
  readonly url: string;
  readonly readOnly: boolean;
}

export interface ServingOptions {
  /** 0: any free one. */
  readonly port: number;
  readonly readOnly: boolean;
}

interface Running {
  readonly served: ServedStore;
  readonly serving: Serving;
}

/** Set while the store is served: for `when` and `enablement`. */
const CONTEXT_KEY = 'omlmd.serving';

/** The one server of this window. It ends with the window. */
export class StoreServer implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #wrote = new vscode.EventEmitter<void>();
  readonly #status = vscode.window.createStatusBarItem('omlmd.serving', vscode.StatusBarAlignment.Left);
  #running: Running | undefined;
  /** Starts and stops, one after the other: two clicks must not leave a server that nobody knows. */
  #queue: Promise<unknown> = Promise.resolve();
  /** It has begun or ended. */
  readonly onDidChange = this.#changed.event;
  /** A client has pushed or deleted. */
  readonly onDidWrite = this.#wrote.event;

  get serving(): Serving | undefined {
    return this.#running?.serving;
  }

  /** Starts it, unless it runs already. Rejects where the port is taken. */
  start(
    core: Pick<typeof import('../../core/index.ts'), 'serveStore'>,
    context: Context,
    options: ServingOptions,
  ): Promise<Serving> {
    return this.#inTurn(async () => {
      if (this.serving !== undefined) return this.serving;
      const served = await core.serveStore(context, { ...options, onWrite: () => this.#wrote.fire() });
      const { host } = new URL(served.url);
      const serving = { host, url: served.url, readOnly: options.readOnly };
      this.#become({ served, serving });
      return serving;
    });
  }

  stop(): Promise<void> {
    return this.#inTurn(async () => {
      const running = this.#running;
      if (running === undefined) return;
      this.#become(undefined);
      await running.served.stop();
    });
  }

  dispose(): void {
    void this.stop().finally(() => {
      for (const part of [this.#changed, this.#wrote, this.#status]) part.dispose();
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(work);
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  #become(running: Running | undefined): void {
    this.#running = running;
    void vscode.commands.executeCommand('setContext', CONTEXT_KEY, running !== undefined);
    this.#showStatus(running?.serving);
    this.#changed.fire();
  }

  /** An open port is seen from everywhere, not only where the view is. */
  #showStatus(serving: Serving | undefined): void {
    if (serving === undefined) {
      this.#status.hide();
      return;
    }
    this.#status.name = vscode.l10n.t('OMLMD: Local Store');
    this.#status.text = `$(broadcast) ${serving.host}`;
    this.#status.tooltip = vscode.l10n.t('The local store is served at {0}', serving.url);
    this.#status.command = 'omlmd.serveStore';
    this.#status.show();
  }
}
