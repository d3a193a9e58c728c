/** One challenge of a `WWW-Authenticate` header (RFC 9110 §11.6.1). Scheme and parameter names are lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Longest header that is looked at; Node itself stops at 16 KiB for all headers. */
const MAX_HEADER_LENGTH = 16 * 1024;

const TOKEN = /[!#$%&'*+\-.^_`|~0-9A-Za-z]+/y;
const TOKEN68 = /[A-Za-z0-9\-._~+/]+=*/y;
const QUOTED = /"(?:[^"\\]|\\.)*"/y;
const SPACES = /[ \t]*/y;

/** Reads every challenge, in one pass; what cannot be read ends the list. */
export function parseChallenges(header: string): Challenge[] {
  const text = header.slice(0, MAX_HEADER_LENGTH);
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const match = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? '';
    at += found.length;
    return found;
  };
  while (at < text.length) {
    match(SPACES);
    if (text[at] === ',') {
      at += 1;
      continue;
    }
    const word = match(TOKEN).toLowerCase();
    if (word === '') break;
    const afterWord = at;
    match(SPACES);
    const current = challenges.at(-1);
    if (text[at] === '=' && current !== undefined) {
      at += 1;
      match(SPACES);
      const quoted = match(QUOTED);
      const value = quoted === '' ? match(TOKEN68) : quoted.slice(1, -1).replace(/\\(.)/g, '$1');
      if (!current.parameters.has(word)) current.parameters.set(word, value);
      continue;
    }
    challenges.push({ scheme: word, parameters: new Map() });
    skipToken68(text, afterWord, (next) => {
      at = next;
    });
  }
  return challenges;
}

/** `Negotiate YII…==`: a scheme may be followed by bare data instead of parameters. */
function skipToken68(text: string, from: number, moveTo: (at: number) => void): void {
  const spaces = /[ \t]+/y;
  spaces.lastIndex = from;
  if (!spaces.test(text)) return;
  TOKEN68.lastIndex = spaces.lastIndex;
  const data = TOKEN68.exec(text)?.[0] ?? '';
  const end = spaces.lastIndex + data.length;
  if (data !== '' && /^[ \t]*(?:,|$)/.test(text.slice(end, end + 64))) moveTo(end);
}
