import { describe, expect, it } from 'vitest';
import { type DestinationFacts, listDestinations } from '../../../src/extension/push-flow/destinations.ts';

const nothing: DestinationFacts = { name: 'iris', recent: [], registries: [], defaultRepository: '' };

const places = (facts: Partial<DestinationFacts>) =>
  listDestinations({ ...nothing, ...facts }).map(({ place, incomplete }) =>
    incomplete ? `${place}…` : place,
  );

describe('destinations', () => {
  it('are the local store where nothing else is known', () => {
    expect(places({})).toEqual(['local/iris']);
  });

  it('begin with where the model went last, and name each place once', () => {
    const last = 'quay.io/team/iris';
    expect(places({ last, recent: [last, 'local/other'] })).toEqual([last, 'local/iris', 'local/other']);
  });

  it.each([
    ['quay.io/team/', 'quay.io/team/iris'],
    ['quay.io', 'quay.io/iris'],
    ['quay.io/team/churn', 'quay.io/team/churn'],
  ])('take the default repository %s as %s', (defaultRepository, expected) => {
    expect(places({ defaultRepository })[0]).toBe(expected);
  });

  it('end with the registries: pinned repositories, then one to be typed', () => {
    const registries = [{ host: 'quay.io', repositories: ['team/a', 'team/b'] }];
    expect(places({ registries })).toEqual([
      'local/iris',
      'quay.io/team/a',
      'quay.io/team/b',
      'quay.io/iris…',
    ]);
  });

  it('leave the local store out for a copy that comes from it', () => {
    expect(places({ local: false, recent: ['local/x', 'quay.io/x'] })).toEqual(['quay.io/x']);
  });
});
