import * as vscode from 'vscode';
import type { FileFinding, Finding, Severity } from '../../core/index.ts';
import { signalOf } from '../abort.ts';
import type { Services } from '../services.ts';
import { type LayerName, layerOf } from './layer-uri.ts';

/** Findings that a badge tells of; the others are for who looks into the model. */
const TOLD: readonly Severity[] = ['critical', 'high', 'medium'];

/**
 * A badge on the model layers of the trees in which something dangerous was found. VS Code asks for those that are
 * seen, and keeps what it was told.
 */
export function findingBadges(services: Services): vscode.FileDecorationProvider {
  return {
    async provideFileDecoration(uri, token) {
      const layer = layerOf(uri);
      if (layer === undefined) return undefined;
      try {
        return await readBadge(services, layer, token);
      } catch (error) {
        // A layer that cannot be read now has no badge: the viewer says why.
        services.log.debug(`${layer.reference}: ${error instanceof Error ? error.message : String(error)}`);
        return undefined;
      }
    },
  };
}

async function readBadge(
  services: Services,
  layer: LayerName,
  token: vscode.CancellationToken,
): Promise<vscode.FileDecoration | undefined> {
  const { escapeControls, worstFirst } = await services.core();
  const told = worstFirst(await findingsOf(services, layer, signalOf(token)), TOLD);
  const [worst] = told;
  return worst === undefined ? undefined : badge(worst, escapeControls(worst.message), told.length);
}

/** Of a model: its own, and those of the artifact as one model. Of another file: its own, and those that name it. */
async function findingsOf(
  services: Services,
  { reference, digest }: LayerName,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const { inspectModel, isDigest, parseLocation } = await services.core();
  if (!isDigest(digest)) return [];
  const location = parseLocation(reference);
  const { whole, layers } = await services.findings.of(location, signal);
  const known = layers.find((layer) => layer.digest === digest);
  if (known !== undefined) return [...known.findings, ...whole.map(withFile)];
  const { title, findings } = await inspectModel(await services.context(), location, digest, { signal });
  return [...findings, ...whole.filter((finding) => isIn(title, finding))];
}

function withFile(finding: FileFinding): Finding {
  return { ...finding, message: `${finding.file}: ${finding.message}` };
}

/** The place of a finding is a file, or begins with one: `MLmodel: flavors.python_function`. */
function isIn(title: string, { file }: FileFinding): boolean {
  return file === title || file.startsWith(`${title}:`);
}

function badge({ severity }: Finding, message: string, count: number): vscode.FileDecoration {
  const grave = severity !== 'medium';
  const tooltip =
    count === 1
      ? vscode.l10n.t('{0}: {1}', severity, message)
      : vscode.l10n.t('{0}: {1} (and {2} more)', severity, message, count - 1);
  const colour = grave ? 'list.errorForeground' : 'list.warningForeground';
  return { badge: grave ? '!!' : '!', tooltip, color: new vscode.ThemeColor(colour) };
}
