/// <reference lib="dom" />
import type { PartView, PicturesView, PictureView } from '../contract.ts';
import { element, svgElement } from './element.ts';

/** Pixels of a bar with its text above it, and of the bar alone. */
const BAR_ROW = 36;
const BAR = 8;
/** Pixels of the line of a strip. */
const STRIP = 18;
/** Colours of a strip's parts; more parts share the last. */
const COLOURS = 6;

/** Pictures beside each other. Each says the same in words to who does not see it. */
export function drawPictures({ title, pictures }: PicturesView): HTMLElement {
  return element('section', { class: 'pictures', 'aria-label': title }, ...pictures.map(drawPicture));
}

function drawPicture(picture: PictureView): HTMLElement {
  const drawn = picture.form === 'strip' ? drawStrip(picture) : [drawBars(picture)];
  return element('figure', { class: picture.form }, element('figcaption', {}, picture.title), ...drawn);
}

/** One line cut into its parts, and what they are below it. */
function drawStrip(picture: PictureView): readonly Element[] {
  let x = 0;
  const pieces = picture.parts.map(({ share }, index) => {
    const piece = svgElement('rect', {
      class: `part ${colourOf(index)}`,
      x: percent(x),
      width: percent(share),
      height: String(STRIP),
    });
    x += share;
    return piece;
  });
  const legend = picture.parts.map(({ label, text }, index) =>
    element(
      'li',
      {},
      element('span', { class: `key ${colourOf(index)}` }),
      element('strong', {}, label),
      element('span', {}, text),
    ),
  );
  return [
    drawing(picture, STRIP, pieces),
    element('ul', { class: 'legend', 'aria-hidden': 'true' }, ...legend),
  ];
}

function drawBars(picture: PictureView): Element {
  const rows = picture.parts.flatMap((part, index) => drawBar(part, index * BAR_ROW));
  return drawing(picture, picture.parts.length * BAR_ROW, rows);
}

function drawBar({ label, text, share }: PartView, y: number): readonly Element[] {
  const bar = { y: String(y + 20), height: String(BAR), rx: String(BAR / 2) };
  return [
    svgElement('text', { class: 'label', x: '0', y: String(y + 13) }, label),
    svgElement('text', { class: 'value', x: '100%', y: String(y + 13) }, text),
    svgElement('rect', { ...bar, class: 'track', width: '100%' }),
    svgElement('rect', { ...bar, class: 'part c0', width: percent(Math.max(share, 0.005)) }),
  ];
}

function drawing({ alternative }: PictureView, height: number, parts: readonly Element[]): Element {
  const attributes = { role: 'img', 'aria-label': alternative, width: '100%', height: String(height) };
  return svgElement('svg', attributes, ...parts);
}

function colourOf(index: number): string {
  return `c${Math.min(index, COLOURS - 1)}`;
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)}%`;
}
