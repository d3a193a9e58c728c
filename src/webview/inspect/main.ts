/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { FromWebview, ToWebview } from '../contract.ts';
import { drawFailure, drawLoading, drawReport } from './draw.ts';
import './style.css';
import './grid.css';
import './pictures.css';

/** What is kept while the tab is hidden, when the page is gone. */
interface PageState {
  /** Pixels. */
  readonly scrolled: number;
}

declare function acquireVsCodeApi(): {
  postMessage(message: FromWebview): void;
  getState(): PageState | undefined;
  setState(state: PageState): void;
};

const vscode = acquireVsCodeApi();
const root = document.body;

window.addEventListener('message', ({ data }: MessageEvent<ToWebview>) => {
  const drawn = draw(data);
  root.replaceChildren(drawn);
  if (data.type === 'report') window.scrollTo({ top: vscode.getState()?.scrolled ?? 0 });
});
// Not `scroll`, which a page that is emptied for a reload ends at the top with.
window.addEventListener('scrollend', () => {
  if (root.querySelector('main.message') === null) vscode.setState({ scrolled: window.scrollY });
});
vscode.postMessage({ type: 'ready' });

function draw(message: ToWebview): Element {
  switch (message.type) {
    case 'loading':
      return drawLoading(message.text);
    case 'failure':
      return drawFailure(message.text, message.actions, act);
    case 'report':
      return drawReport(message.report, act);
  }
}

function act(id: Extract<FromWebview, { type: 'action' }>['id']): void {
  vscode.postMessage({ type: 'action', id });
}
