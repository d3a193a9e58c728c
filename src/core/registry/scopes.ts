/** Token scopes, `repository:NAME:pull,push`: https://distribution.github.io/distribution/spec/auth/scope/ */
export type Scope = string;

/** What reading asks for (S18). */
export function pullScope(repository: string): Scope {
  return `repository:${repository}:pull`;
}

/** What writing asks for; registries grant push only together with pull. */
export function pushScope(repository: string): Scope {
  return `repository:${repository}:pull,push`;
}

export function deleteScope(repository: string): Scope {
  return `repository:${repository}:pull,delete`;
}

export const CATALOG_SCOPE: Scope = 'registry:catalog:*';

/** The resource (`repository:NAME`) and the actions. A name may contain colons: it can begin with a host. */
function split(scope: Scope): { readonly resource: string; readonly actions: readonly string[] } {
  const colon = scope.lastIndexOf(':');
  return { resource: scope.slice(0, colon), actions: scope.slice(colon + 1).split(',') };
}

/** Whether a token for `granted` serves a request for `wanted`. */
export function covers(granted: readonly Scope[], wanted: readonly Scope[]): boolean {
  const given = granted.map(split);
  return wanted.map(split).every(({ resource, actions }) => {
    const same = given.filter((scope) => scope.resource === resource);
    return actions.every((action) => same.some((scope) => scope.actions.includes(action)));
  });
}

/**
 * The scopes to ask for: ours, and for writes also what the challenge adds on the same resources (some registries have
 * actions of their own for deleting). A challenge never widens a read.
 */
export function scopesToAsk(method: string, ours: readonly Scope[], challenged: string | undefined): Scope[] {
  if (challenged === undefined || method === 'GET' || method === 'HEAD') return [...ours];
  const theirs = challenged.split(' ').filter((scope) => scope !== '');
  return ours.map((scope) => {
    const { resource, actions } = split(scope);
    const added = theirs.map(split).filter((their) => their.resource === resource);
    return `${resource}:${[...new Set([...actions, ...added.flatMap((their) => their.actions)])].join(',')}`;
  });
}
