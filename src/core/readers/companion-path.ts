/**
 * The normal form of a path by which a model names a file beside it; undefined where it leaves the model's folder, or
 * could on some system: absolute, with a drive or stream, through `..`, with control characters, or empty.
 */
export function companionPath(path: string): string | undefined {
  if (path === '' || /[\u0000-\u001f\u007f]/.test(path)) return undefined;
  const slashed = path.replaceAll('\\', '/');
  if (slashed.startsWith('/') || slashed.includes(':')) return undefined;
  const parts = slashed.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 || parts.includes('..') ? undefined : parts.join('/');
}
