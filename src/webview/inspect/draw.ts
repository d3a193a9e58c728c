/// <reference lib="dom" />
import type {
  ActionId,
  ActionView,
  DocumentView,
  FactView,
  FindingView,
  ReportView,
  TableView,
} from '../contract.ts';
import { drawTable } from './draw-table.ts';
import { element } from './element.ts';

type Act = (id: ActionId) => void;

export function drawLoading(text: string): HTMLElement {
  return element('main', { class: 'message', role: 'status' }, element('p', { class: 'loading' }, text));
}

export function drawFailure(text: string, actions: readonly ActionView[], act: Act): HTMLElement {
  return element(
    'main',
    { class: 'message', role: 'alert' },
    element('p', {}, text),
    drawActions(actions, act),
  );
}

export function drawReport(report: ReportView, act: Act): HTMLElement {
  return element(
    'main',
    {},
    drawHeader(report, act),
    drawFacts(report.facts),
    drawFindings(report),
    ...drawTables(report.tables),
    ...report.documents.map(drawDocument),
  );
}

function drawHeader(report: ReportView, act: Act): HTMLElement {
  const { kind, title, subtitle, description, actions } = report;
  return element(
    'header',
    {},
    element(
      'div',
      { class: 'names' },
      element('p', { class: 'kind' }, kind),
      element('h1', {}, title),
      element('p', { class: 'subtitle' }, subtitle),
      description === undefined ? undefined : element('p', { class: 'description' }, description),
    ),
    drawActions(actions, act),
  );
}

function drawActions(actions: readonly ActionView[], act: Act): HTMLElement {
  const buttons = actions.map(({ id, title, primary }) => {
    const button = element('button', { type: 'button', class: primary ? 'primary' : 'quiet' }, title);
    button.addEventListener('click', () => act(id));
    return button;
  });
  return element('div', { class: 'actions' }, ...buttons);
}

function drawFacts(facts: readonly FactView[]): HTMLElement {
  const tiles = facts.map(({ label, value }) =>
    element('div', { class: 'fact' }, element('dt', {}, label), element('dd', { title: value }, value)),
  );
  return element('dl', { class: 'facts' }, ...tiles);
}

function drawFindings({ findings, findingsTitle, noFindings }: ReportView): HTMLElement {
  if (findings.length === 0) return element('p', { class: 'clean' }, noFindings);
  const rows = findings.map(drawFinding);
  return element(
    'section',
    { class: 'findings', 'aria-label': findingsTitle },
    element('h2', {}, findingsTitle),
    element('ul', {}, ...rows),
  );
}

function drawFinding({ severity, label, message, where }: FindingView): HTMLElement {
  return element(
    'li',
    { class: `finding ${severity}` },
    element('strong', { class: 'severity' }, label),
    element('span', {}, message),
    where === '' ? undefined : element('code', {}, where),
  );
}

/** Half-width tables that follow each other share a row. */
function drawTables(tables: readonly TableView[]): readonly HTMLElement[] {
  const blocks: HTMLElement[] = [];
  for (let at = 0; at < tables.length; at += 1) {
    const table = tables[at];
    const next = tables[at + 1];
    if (table === undefined) continue;
    if (table.half && next?.half) {
      blocks.push(element('div', { class: 'pair' }, drawTable(table), drawTable(next)));
      at += 1;
    } else blocks.push(drawTable(table));
  }
  return blocks;
}

function drawDocument({ title, text }: DocumentView): HTMLElement {
  return element(
    'details',
    { class: 'document' },
    element('summary', {}, title),
    element('pre', { tabindex: '0' }, element('code', {}, text)),
  );
}
