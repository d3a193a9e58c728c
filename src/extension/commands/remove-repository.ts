import type { Services } from '../services.ts';
import { readSettings, writeRegistries } from '../settings.ts';
import { placeIn } from './command-call.ts';

/** *Unpin Repository*: takes a pinned repository off the settings; only a tree calls it. */
export async function removeRepository(_: Services, ...args: readonly unknown[]): Promise<void> {
  const place = placeIn(args);
  const registries = readSettings().registries.map(({ host, repositories }) => ({
    host,
    repositories: repositories.filter((name) => `${host}/${name}` !== place),
  }));
  await writeRegistries(registries);
}
