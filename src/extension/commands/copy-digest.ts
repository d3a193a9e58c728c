import * as vscode from 'vscode';
import { openTarget, parseLocation, selectorOf } from '../../core/index.ts';
import { pickArtifact } from '../quick-input/pick-artifact.ts';
import type { Services } from '../services.ts';
import { referenceIn } from './command-call.ts';

/** *Copy Digest*: of a file, or of the manifest that a tag names now. */
export async function copyDigest(services: Services, ...args: readonly unknown[]): Promise<string> {
  const digest = digestOf(args[0]) ?? (await resolveDigest(services, args));
  await vscode.env.clipboard.writeText(digest);
  vscode.window.setStatusBarMessage(vscode.l10n.t('Copied {0}', digest), 3000);
  return digest;
}

function digestOf(node: unknown): string | undefined {
  if (typeof node !== 'object' || node === null || !('digest' in node)) return undefined;
  return typeof node.digest === 'string' ? node.digest : undefined;
}

async function resolveDigest(services: Services, args: readonly unknown[]): Promise<string> {
  const reference = referenceIn(args) ?? (await pickArtifact(services, vscode.l10n.t('Copy Digest')));
  const location = parseLocation(reference);
  const { digest } = await openTarget(await services.context(), location).resolve(selectorOf(location));
  return digest;
}
