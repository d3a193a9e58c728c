/** Longest name that is made from a file name; registries take 255 with the path before it. */
const MAX_LENGTH = 128;

/** A repository name for a model: its stem in what distribution-spec allows, `Churn (final)` → `churn-final`. */
export function repositoryName(stem: string): string {
  const name = stem
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._]+/g, '-')
    .replace(/[._-]{2,}/g, oneSeparator)
    .slice(0, MAX_LENGTH)
    .replace(/^[._-]+|[._-]+$/g, '');
  return name === '' ? 'model' : name;
}

/** Separators may not meet: a run of them becomes the plainest that is in it. Two underscores are one separator. */
function oneSeparator(run: string): string {
  if (run === '__') return run;
  return run.includes('-') ? '-' : run.includes('.') ? '.' : '_';
}
