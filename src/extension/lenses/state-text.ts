import * as vscode from 'vscode';
import type { ArtifactState } from './artifact-state.ts';
import { relativeTime } from './relative-time.ts';

/** Longest reference shown in a lens, characters. */
const MAX_REFERENCE_SHOWN = 60;

/** What a status lens says. */
export function stateText(state: ArtifactState, now: number): string {
  switch (state.kind) {
    case 'no-model':
      return `$(warning) ${vscode.l10n.t('no model beside it')}`;
    case 'not-pushed':
      return `$(circle-large-outline) ${vscode.l10n.t('not pushed yet')}`;
    case 'not-compared':
      return `$(question) ${vscode.l10n.t('not compared with {0}', shown(state.reference))}`;
    case 'changed':
      return `$(circle-filled) ${vscode.l10n.t('changed since {0}', versionOf(state.reference))}`;
    case 'pushed': {
      const parts = [vscode.l10n.t('pushed as {0}', shown(state.reference)), shortDigest(state.digest)];
      if (state.pushedAt !== undefined) {
        const ago = relativeTime(state.pushedAt, now, vscode.env.language);
        parts.push(ago ?? vscode.l10n.t('just now'));
      }
      return `$(check) ${parts.join(' · ')}`;
    }
  }
}

/** `v3` of `host/name:v3`; the whole where there is no tag. */
function versionOf(reference: string): string {
  const tag = /:([\w.-]+)$/.exec(reference)?.[1];
  return tag ?? shown(reference);
}

/** References come from files: `$(` would draw an icon in a lens. */
function shown(reference: string): string {
  const plain = reference.replaceAll('$(', '$\u200b(');
  return plain.length > MAX_REFERENCE_SHOWN ? `…${plain.slice(-MAX_REFERENCE_SHOWN)}` : plain;
}

function shortDigest(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':');
  return `${algorithm}:${hex.slice(0, 8)}…`;
}
