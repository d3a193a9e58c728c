/// <reference lib="dom" />
import type {
  ActionId,
  ActionView,
  DocumentView,
  FactView,
  FindingView,
  NoticeView,
  PageWords,
  ReportView,
  SectionView,
} from '../contract.ts';
import { drawGrid } from './draw-grid.ts';
import { drawPictures } from './draw-pictures.ts';
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
    ...report.notices.map(drawNotice),
    drawFacts(report.facts),
    drawFindings(report),
    ...drawSections(report.sections, report.words),
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

function drawFindings({ findings, findingsTitle, noFindings }: ReportView): HTMLElement | undefined {
  if (findings.length === 0 && noFindings === '') return undefined;
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
function drawSections(sections: readonly SectionView[], words: PageWords): readonly HTMLElement[] {
  const blocks: HTMLElement[] = [];
  for (let at = 0; at < sections.length; at += 1) {
    const section = sections[at];
    const next = sections[at + 1];
    if (section === undefined) continue;
    if (isHalf(section) && next !== undefined && isHalf(next)) {
      blocks.push(element('div', { class: 'pair' }, drawSection(section, words), drawSection(next, words)));
      at += 1;
    } else blocks.push(drawSection(section, words));
  }
  return blocks;
}

function isHalf(section: SectionView): boolean {
  return section.kind === 'table' && section.half === true;
}

function drawSection(section: SectionView, words: PageWords): HTMLElement {
  switch (section.kind) {
    case 'table':
      return drawTable(section);
    case 'grid':
      return drawGrid(section, words);
    case 'pictures':
      return drawPictures(section);
  }
}

function drawNotice({ level, text }: NoticeView): HTMLElement {
  return element('p', { class: `notice ${level}`, role: 'note' }, text);
}

function drawDocument({ title, text }: DocumentView): HTMLElement {
  return element(
    'details',
    { class: 'document' },
    element('summary', {}, title),
    element('pre', { tabindex: '0' }, element('code', {}, text)),
  );
}
