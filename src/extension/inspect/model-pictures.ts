import * as vscode from 'vscode';
import { formatBytes } from '../../core/index.ts';
import type { PartView, PicturesView, PictureView } from '../../webview/contract.ts';
import { cellText } from './detail-values.ts';
import {
  largestTensors,
  largestWithRest,
  type Share,
  sharesByPart,
  sharesByType,
  type TensorRow,
} from './tensor-shares.ts';

/** Parts of a picture; more would not be told apart. */
const MAX_PARTS = 6;
/** Longest label of a bar, characters; the end of a tensor's name says more than its beginning. */
const MAX_LABEL = 32;

/** How often each of some names is there. Foreign text. */
export interface Histogram {
  readonly title: string;
  readonly counts: readonly (readonly [name: string, count: number])[];
}

/** What a look tells faster than a list: which types, tensors and parts take the space, which layers are many. */
export function modelPictures(
  tensors: readonly TensorRow[],
  histograms: readonly Histogram[],
): readonly PicturesView[] {
  const pictures = [
    ...typePicture(sharesByType(tensors)),
    ...tensorPicture(tensors),
    ...partPicture(tensors),
    ...histograms.flatMap(countPicture),
  ];
  return pictures.length === 0 ? [] : [{ kind: 'pictures', title: vscode.l10n.t('Pictures'), pictures }];
}

function typePicture(all: readonly Share[]): readonly PictureView[] {
  const parts = largestWithRest(all, MAX_PARTS, vscode.l10n.t('others'));
  const total = parts.reduce((sum, { bytes }) => sum + bytes, 0);
  if (total === 0) return [];
  const title = vscode.l10n.t('Bytes by type');
  return [
    picture(
      title,
      'strip',
      parts.map((share) => partOfShare(share, total, total)),
    ),
  ];
}

function tensorPicture(tensors: readonly TensorRow[]): readonly PictureView[] {
  const [first, ...others] = largestTensors(tensors, MAX_PARTS);
  // Where they are all of one size, the first of them say nothing.
  if (first === undefined || !others.some(({ bytes }) => bytes < first.bytes)) return [];
  const parts = [first, ...others].map(({ label, bytes }) => ({
    label: endOf(label),
    text: formatBytes(bytes),
    share: bytes / first.bytes,
  }));
  return [picture(vscode.l10n.t('Largest tensors'), 'bars', parts)];
}

/** Only where it says something else than the tensors do: where several are one part. */
function partPicture(tensors: readonly TensorRow[]): readonly PictureView[] {
  const all = sharesByPart(tensors);
  const [first] = all;
  const gathered = all.some(({ tensors: count }) => count > 1);
  if (first === undefined || all.length < 2 || !gathered) return [];
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  const most = largestWithRest(all, MAX_PARTS, vscode.l10n.t('others'));
  const longest = Math.max(...most.map(({ bytes }) => bytes));
  const parts = most.map((share) => partOfShare(share, longest, total));
  return [picture(vscode.l10n.t('Bytes by part of the model'), 'bars', parts)];
}

function partOfShare({ label, bytes }: Share, whole: number, total: number): PartView {
  const percent = (100 * bytes) / total;
  const said = percent >= 0.1 || bytes === 0 ? `${percent.toFixed(percent < 10 ? 1 : 0)} %` : '< 0.1 %';
  return { label: endOf(label), text: `${formatBytes(bytes)} · ${said}`, share: bytes / whole };
}

function countPicture({ title, counts }: Histogram): readonly PictureView[] {
  if (counts.length < 2) return [];
  const sorted = counts.toSorted(([, a], [, b]) => b - a).slice(0, MAX_PARTS);
  const most = sorted[0]?.[1] ?? 0;
  if (most <= 0) return [];
  const parts = sorted.map(([name, count]) => ({
    label: endOf(cellText(name)),
    text: count.toLocaleString('en'),
    share: Math.max(0, count / most),
  }));
  return [picture(title, 'bars', parts)];
}

function picture(title: string, form: PictureView['form'], parts: readonly PartView[]): PictureView {
  const said = parts.map(({ label, text }) => `${label}: ${text}`).join('; ');
  return { title, form, parts, alternative: `${title}. ${said}` };
}

function endOf(text: string): string {
  return text.length > MAX_LABEL ? `…${text.slice(1 - MAX_LABEL)}` : text;
}
