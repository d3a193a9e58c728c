/** Longest name that is made from a file name; registries take 255 with the path before it. */
const MAX_LENGTH = 128;

/** A repository name for a model: its stem in what distribution-spec allows, `Churn (final)` → `churn-final`. */
export function repositoryName(stem: string): string {
  const name = stem
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    // Separators may not meet: one of each run stays.
    .replace(/[._-]*-[._-]*/g, '-')
    .replace(/\.{2,}/g, '.')
    .replace(/_{3,}/g, '__')
    .replace(/\._+|_+\./g, '.')
    .slice(0, MAX_LENGTH)
    .replace(/^[._-]+|[._-]+$/g, '');
  return name === '' ? 'model' : name;
}
