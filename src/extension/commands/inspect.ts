import { parseLocation } from '../../core/index.ts';
import { showArtifact } from '../inspect/inspect-panels.ts';
import type { Services } from '../services.ts';
import { referenceIn } from './command-call.ts';
import { viewFiles } from './open-model-viewer.ts';

/** *Inspect*: an artifact by its reference; a model file or folder opens in the viewer. */
export async function inspect(services: Services, ...args: readonly unknown[]): Promise<void> {
  const reference = referenceIn(args);
  if (reference === undefined) {
    await viewFiles(services, args);
    return;
  }
  parseLocation(reference);
  showArtifact(services, reference);
}
