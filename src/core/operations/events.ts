import type { ModelMetadata } from '../model/metadata.ts';
import type { Digest } from '../oci/digest.ts';

/** Told of to listeners after it happened; upstream's `PushEvent` with the digest that its releases lack. */
export interface ArtifactEvent {
  readonly kind: 'push' | 'pull';
  readonly reference: string;
  readonly digest: Digest;
  readonly metadata: ModelMetadata;
}

export interface Listener {
  /** Must not throw; what it does is not waited for. */
  update(event: ArtifactEvent): void;
}
