import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FrameLocator, Locator, Page } from 'playwright-core';

/** Milliseconds in which a menu that has just opened takes no click, lest a double click hit an entry. */
const MENU_SETTLES_MS = 400;

/** Milliseconds that the palette's list is waited for before it is opened anew, and how often that is. */
const LIST_MS = 4000;
const MAX_TRIES = 5;
/** Milliseconds that the window has to show a file that was written, and how often it is tried. */
const PROBE_MS = 1000;
const MAX_PROBES = 30;
/** Milliseconds until a button that cannot be clicked counts as gone with its notification. */
const GONE_MS = 1_000;

/** The parts of the VS Code window that steps use, under the names people know them by. */
export class Workbench {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  /**
   * Waits for the whole window. The explorer is drawn before extensions are scanned: a menu that is opened earlier would
   * lack ours. And before the folder is watched: a file that is written earlier would not be shown, whatever comes later.
   */
  async ready(workspace: string): Promise<void> {
    await this.#page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: 60_000 });
    await this.activityBarItem('OMLMD').waitFor({ timeout: 60_000 });
    const probe = path.join(workspace, 'window-starts.txt');
    const row = this.explorerRow(path.basename(probe));
    for (let tries = 1; ; tries += 1) {
      await writeFile(probe, '');
      const seen = row.waitFor({ timeout: PROBE_MS });
      const isSeen = await seen.then(
        () => true,
        (error: unknown) => tries === MAX_PROBES && Promise.reject(error),
      );
      await rm(probe);
      if (isSeen) break;
      await sleep(PROBE_MS);
    }
    await row.waitFor({ state: 'hidden' });
  }

  activityBarItem(name: string): Locator {
    return this.#page.locator(`.activitybar .action-item a[aria-label^="${name}"]`);
  }

  explorerRow(name: string): Locator {
    const rows = this.#page.locator('.explorer-folders-view .monaco-list-row');
    return rows.filter({ has: this.#page.getByText(name, { exact: true }) });
  }

  treeItem(name: string | RegExp): Locator {
    return this.#page.getByRole('treeitem', { name });
  }

  menuItem(name: string): Locator {
    return this.#page.locator('.monaco-menu').getByText(name, { exact: true });
  }

  /** A menu fades in, also where motion is reduced. */
  async menuShown(): Promise<void> {
    await this.#page.locator('.monaco-menu .action-item').first().waitFor();
    await sleep(MENU_SETTLES_MS);
  }

  /** Chooses an entry of the menu that is open. */
  async choose(entry: string): Promise<void> {
    await this.menuItem(entry).waitFor();
    await sleep(MENU_SETTLES_MS);
    await this.menuItem(entry).click();
  }

  /** Chooses an entry of our submenu in the menu that is open. */
  async chooseMore(entry: string): Promise<void> {
    await this.menuItem('OMLMD').waitFor();
    await sleep(MENU_SETTLES_MS);
    await this.menuItem('OMLMD').hover();
    await this.choose(entry);
  }

  notification(text: string | RegExp): Locator {
    const messages = this.#page.locator('.notifications-toasts .notification-list-item');
    return messages.filter({ hasText: text });
  }

  codeLens(text: string | RegExp): Locator {
    return this.#page.locator('.codelens-decoration a', { hasText: text });
  }

  quickPickRow(text: string | RegExp): Locator {
    return this.#page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text });
  }

  quickInput(): Locator {
    return this.#page.locator('.quick-input-widget input.input');
  }

  /** Two nested frames: the outer one is VS Code's, the inner one the extension's. */
  webview(): FrameLocator {
    return this.#page.frameLocator('iframe.webview.ready').last().frameLocator('#active-frame');
  }

  async runCommand(title: string): Promise<void> {
    await this.findCommand(title);
    await this.quickPickRow(title).first().click();
  }

  /**
   * Opens the palette with a command in its list. The list is made as it opens: before the window has started, it lacks
   * what extensions bring, and is opened anew as a person would.
   */
  async findCommand(title: string): Promise<void> {
    for (let tries = 1; ; tries += 1) {
      await this.#page.keyboard.press('F1');
      await this.quickInput().waitFor();
      await this.quickInput().fill(`>${title}`);
      const listed = this.quickPickRow(title).first().waitFor({ timeout: LIST_MS });
      if (
        await listed.then(
          () => true,
          (error: unknown) => tries === MAX_TRIES && Promise.reject(error),
        )
      )
        return;
      await this.#page.keyboard.press('Escape');
    }
  }

  async clearNotifications(): Promise<void> {
    const buttons = this.#page.locator('.notifications-toasts .codicon-notifications-clear');
    for (const button of await buttons.all())
      await button.click({ force: true, timeout: GONE_MS }).catch(() => undefined);
  }
}
