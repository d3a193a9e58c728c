/// <reference lib="dom" />
/// <reference lib="dom.iterable" />
import type { FromWebview, ToWebview } from '../contract.ts';
import { drawFailure, drawLoading, drawReport } from './draw.ts';
import './style.css';
import './grid.css';
import './pictures.css';

declare function acquireVsCodeApi(): { postMessage(message: FromWebview): void };

const vscode = acquireVsCodeApi();
const root = document.body;

window.addEventListener('message', ({ data }: MessageEvent<ToWebview>) => {
  const drawn = draw(data);
  root.replaceChildren(drawn);
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
