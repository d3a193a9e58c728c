import * as vscode from 'vscode';
import { OmlmdError, type PushResult, parseLocation, relocate } from '../../core/index.ts';
import { prepare, runPushFlow } from '../push-flow/push-flow.ts';
import { transferModel } from '../push-flow/send-model.ts';
import type { Services } from '../services.ts';
import { readSettings } from '../settings.ts';
import { requireTrust } from '../trust.ts';
import { type CommandOptions, filesIn, optionsIn } from './command-call.ts';
import { pickModelFiles } from './pick-model-files.ts';

/** *Push as OCI Artifact…*: `(file?, files?, options?)`. */
export async function push(services: Services, ...args: readonly unknown[]): Promise<PushResult | undefined> {
  requireTrust();
  const named = filesIn(args);
  const options = optionsIn(args);
  const files = named.length > 0 ? named : await pickModelFiles();
  const paths = files.map((file) => file.fsPath);
  if (options?.destination !== undefined) return pushUnasked(services, paths, options.destination, options);
  return runPushFlow(services, paths);
}

async function pushUnasked(
  services: Services,
  paths: readonly string[],
  destination: string,
  { tag, allowUnsafe }: CommandOptions,
): Promise<PushResult> {
  if (paths.length === 0) throw new OmlmdError('usage', 'push: no file was named');
  const place = parseLocation(destination);
  const location = tag === undefined ? place : relocate(place, { tag });
  const model = await prepare(paths, readSettings(vscode.Uri.file(paths[0] ?? '')).capture);
  return transferModel(services, {
    paths,
    model,
    location,
    moveTag: true,
    allowUnsafe: allowUnsafe ?? false,
  });
}
