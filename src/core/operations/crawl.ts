import type { CallOptions } from '../oci/content.ts';
import type { Context } from './context.ts';
import type { Location } from './location.ts';
import { configText, readArtifact } from './read-artifact.ts';

/** What a crawl found at one location: upstream's text of its config, or why there is none. */
export type CrawlEntry =
  | { readonly location: Location; readonly text: string }
  | { readonly location: Location; readonly error: unknown };

/** Reads the config of each location, in order. One that fails does not stop the others. */
export async function* crawl(
  context: Context,
  locations: readonly Location[],
  options: CallOptions = {},
): AsyncGenerator<CrawlEntry> {
  for (const location of locations) {
    try {
      const artifact = await readArtifact(context, location, options);
      yield { location, text: await configText(artifact, options) };
    } catch (error) {
      options.signal?.throwIfAborted();
      yield { location, error };
    }
  }
}
