import type { Services } from '../services.ts';

/** *Stop Serving Local Store*: requests that have begun get a moment. */
export async function stopServing({ server }: Services): Promise<void> {
  await server.stop();
}
