import * as vscode from 'vscode';
import type { Finding, Severity } from '../../core/index.ts';
import { signalOf } from '../abort.ts';
import type { Services } from '../services.ts';
import { type LayerName, layerOf } from './layer-uri.ts';

/** Findings that a badge tells of; the others are for who looks into the model. */
const TOLD: readonly Severity[] = ['critical', 'high', 'medium'];

/**
 * A badge on the model layers of the trees in which something dangerous was found. VS Code asks for those that are
 * seen; each is read by ranges, once for its digest.
 */
export function findingBadges(services: Services): vscode.FileDecorationProvider {
  const known = new Map<string, Promise<vscode.FileDecoration | undefined>>();
  const read = (layer: LayerName, token: vscode.CancellationToken) =>
    readBadge(services, layer, token).catch((error: unknown) => {
      // A layer that cannot be read now has no badge: the viewer says why. The next look tries again.
      known.delete(layer.digest);
      services.log.debug(`${layer.reference}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    });
  return {
    provideFileDecoration(uri, token) {
      const layer = layerOf(uri);
      if (layer === undefined) return undefined;
      const reading = known.get(layer.digest) ?? read(layer, token);
      known.set(layer.digest, reading);
      return reading;
    },
  };
}

async function readBadge(
  services: Services,
  { reference, digest }: LayerName,
  token: vscode.CancellationToken,
): Promise<vscode.FileDecoration | undefined> {
  const { escapeControls, inspectModel, isDigest, parseLocation } = await services.core();
  if (!isDigest(digest)) return undefined;
  const context = await services.context();
  const options = { signal: signalOf(token) };
  const { findings } = await inspectModel(context, parseLocation(reference), digest, options);
  const told = TOLD.flatMap((severity) => findings.filter((finding) => finding.severity === severity));
  const [worst] = told;
  return worst === undefined ? undefined : badge(worst, escapeControls(worst.message), told.length);
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
