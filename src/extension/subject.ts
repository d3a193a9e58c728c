import type { Location } from '../core/index.ts';

export type TreeViewId = 'omlmd.local' | 'omlmd.registries';

/** The registry of a location, for sign-in buttons; undefined for what is on this machine. */
export function hostOf(location: Location): string | undefined {
  return location.kind === 'registry' ? location.registry : undefined;
}

/** The view that shows a location. */
export function viewOf(location: Location): TreeViewId {
  return location.kind === 'registry' ? 'omlmd.registries' : 'omlmd.local';
}
