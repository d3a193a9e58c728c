import type { RegistrySetting } from '../settings.ts';

/** A place that a push could go to. */
export interface Destination {
  readonly group: 'last' | 'default' | 'local' | 'recent' | 'registry';
  /** `local/iris`, `host/team/iris`; for a registry without a chosen repository, `host/iris` to be completed. */
  readonly place: string;
  /** The registry whose repository is still to be typed. */
  readonly incomplete?: boolean;
}

export interface DestinationFacts {
  /** The model's repository name. */
  readonly name: string;
  /** Where this model went last, in this workspace. */
  readonly last?: string | undefined;
  /** Where others went, the latest first. */
  readonly recent: readonly string[];
  readonly registries: readonly RegistrySetting[];
  /** `omlmd.defaultRepository`; the model's name is added where it names a registry or ends in `/`. */
  readonly defaultRepository: string;
  /** Whether the local store is a choice; a copy out of it has no use for it. */
  readonly local?: boolean;
}

/** The choices of the first step, the likeliest first, each place once. */
export function listDestinations(facts: DestinationFacts): readonly Destination[] {
  const { name, last, recent, registries, defaultRepository, local = true } = facts;
  const all: Destination[] = [];
  if (last !== undefined) all.push({ group: 'last', place: last });
  if (defaultRepository !== '') all.push({ group: 'default', place: completePlace(defaultRepository, name) });
  if (local) all.push({ group: 'local', place: `local/${name}` });
  const others = recent.filter((place) => local || !place.startsWith('local/'));
  all.push(...others.map((place): Destination => ({ group: 'recent', place })));
  for (const { host, repositories } of registries) {
    all.push(
      ...repositories.map(
        (repository): Destination => ({ group: 'registry', place: `${host}/${repository}` }),
      ),
    );
    all.push({ group: 'registry', place: `${host}/${name}`, incomplete: true });
  }
  const seen = new Set<string>();
  return all.filter(({ place, incomplete }) => {
    const key = incomplete ? `${place} …` : place;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** `quay.io/team/` and `quay.io` take the model's name; `quay.io/team/churn` is a repository already. */
function completePlace(text: string, name: string): string {
  if (text.endsWith('/')) return `${text}${name}`;
  return text.includes('/') ? text : `${text}/${name}`;
}
