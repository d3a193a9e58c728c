/** Endings that say how a file is packed, not what it is. */
const COMPRESSION_SUFFIXES = ['.gz', '.gzip', '.z', '.zlib', '.bz2', '.xz', '.lzma', '.lz4', '.zst'];

/** The last part of a path, with `/` and `\` as separators: titles come from any system. */
export function baseName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
}

/** The ending of a file name, lower case with its dot, compression endings passed over: `x.pkl.GZ` → `.pkl`. */
export function modelExtension(path: string): string {
  const name = withoutCompression(baseName(path));
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot).toLowerCase();
}

/** The file name without the endings of `extensions` and of compression: a version such as `v1.2` is not an ending. */
export function stemOf(path: string, extensions: readonly string[]): string {
  const whole = baseName(path);
  const name = withoutCompression(whole);
  const lower = name.toLowerCase();
  let longest = '';
  for (const extension of extensions) {
    if (lower.endsWith(extension) && extension.length > longest.length && extension.length < name.length) {
      longest = extension;
    }
  }
  return longest === '' ? whole : name.slice(0, -longest.length);
}

function withoutCompression(name: string): string {
  const lower = name.toLowerCase();
  const suffix = COMPRESSION_SUFFIXES.find(
    (ending) => lower.endsWith(ending) && lower.length > ending.length,
  );
  return suffix === undefined ? name : name.slice(0, -suffix.length);
}
