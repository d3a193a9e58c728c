import { join } from 'node:path';

/** Milliseconds a cell may run, imports of a cold scikit-learn included. */
const CELL_MS = 60_000;
/** Milliseconds for a notebook to reach the disk. */
const SAVE_MS = 10_000;
/** Milliseconds for a kernel to start. */
const KERNEL_MS = 45_000;

/** Opens a notebook in JupyterLab and waits for its kernel. */
export async function openNotebook(browser, origin, name, screenshots) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(CELL_MS);
  // Nothing but loopback: a page that asks elsewhere would make the test depend on the network.
  await page.route(
    (url) => url.hostname !== '127.0.0.1',
    (route) => route.abort(),
  );
  await page.goto(`${origin}/lab/tree/${name}`);
  const notebook = new NotebookPage(page, screenshots);
  await notebook.cell(0).waitFor();
  // A cell that is run before the kernel is attached is dropped without a word, and the page can say "Idle" before
  // that: the server is asked too.
  await page.locator('#jp-main-statusbar').getByText('| Idle').waitFor();
  await waitForKernel(origin);
  return notebook;
}

async function waitForKernel(origin) {
  for (const end = Date.now() + KERNEL_MS; ; ) {
    const [kernel] = await (await fetch(`${origin}/api/kernels`)).json();
    if (kernel?.execution_state === 'idle' && kernel.connections > 0) return;
    if (Date.now() > end) throw new Error(`the kernel did not start: ${JSON.stringify(kernel)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The notebook as a person uses it: run a cell, read what is below it, interrupt, complete. */
class NotebookPage {
  #page;
  #screenshots;

  constructor(page, screenshots) {
    this.#page = page;
    this.#screenshots = screenshots;
  }

  cell(index) {
    return this.#page.locator('.jp-NotebookPanel .jp-CodeCell').nth(index);
  }

  output(index) {
    return this.cell(index).locator('.jp-OutputArea');
  }

  /** Starts a cell with the keyboard. */
  async start(index) {
    await this.cell(index).locator('.cm-content').click();
    await this.#page.keyboard.press('Control+Enter');
    // An earlier answer must not be taken for this one: the prompt is [*] while the cell runs, then a new number.
    await this.cell(index)
      .locator('.jp-InputPrompt')
      .getByText(/\[(\*|\d+)\]/)
      .waitFor();
  }

  /** Waits until a cell has its number and gives the text below it. */
  async finished(index) {
    await this.cell(index)
      .locator('.jp-InputPrompt')
      .getByText(/\[\d+\]/)
      .waitFor();
    // The number comes with the reply; outputs were sent before it but are drawn a moment later.
    await this.#page.waitForTimeout(300);
    const outputs = await this.cell(index).locator('.jp-OutputArea-output').allInnerTexts();
    return outputs.join('\n').trim();
  }

  async run(index) {
    await this.start(index);
    return this.finished(index);
  }

  /** Whether the cell ended in an error, by the saved notebook: how an error is drawn is JupyterLab's affair. */
  async failed(index) {
    const before = await this.#saved();
    await this.#page.keyboard.press('Control+s');
    for (const end = Date.now() + SAVE_MS; ; ) {
      const saved = await this.#saved();
      if (saved.last_modified !== before.last_modified) {
        return saved.content.cells[index].outputs.some((output) => output.output_type === 'error');
      }
      if (Date.now() > end) throw new Error('the notebook was not saved');
      await this.#page.waitForTimeout(100);
    }
  }

  async #saved() {
    const url = new URL(this.#page.url());
    return (await fetch(`${url.origin}/api/contents/${url.pathname.split('/').at(-1)}`)).json();
  }

  /** The toolbar's square. */
  async interrupt() {
    await this.#page.locator('[data-command="notebook:interrupt-kernel"]').first().click();
  }

  /** What Tab offers at the end of a cell. */
  async completions(index) {
    await this.cell(index).locator('.cm-content').click();
    await this.#page.keyboard.press('Control+End');
    await this.#page.keyboard.press('Tab');
    const items = this.#page.locator('.jp-Completer-item .jp-Completer-match');
    await items.first().waitFor();
    const texts = await items.allInnerTexts();
    await this.#page.keyboard.press('Escape');
    return texts.map((text) => text.trim());
  }

  /** Of the window, with a cell's output in it. */
  async screenshot(name, index) {
    if (index !== undefined) await this.output(index).last().scrollIntoViewIfNeeded();
    await this.#page.screenshot({ path: join(this.#screenshots, `${name}.png`) });
  }
}
