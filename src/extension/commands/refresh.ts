import type { Services } from '../services.ts';

/** *Refresh*: reads both trees anew, with new connections and tokens. */
export function refresh(services: Services): void {
  services.resetContext();
  services.placeChanged(undefined);
}
