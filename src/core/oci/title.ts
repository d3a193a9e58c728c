import { escapeControls, OmlmdError, quote } from '../errors.ts';

/** Longest part of a path, bytes of UTF-8: what ext4, APFS and NTFS take (S1). */
export const MAX_TITLE_PART_BYTES = 255;
/** Longest title, bytes of UTF-8: PATH_MAX on Linux (S1). */
export const MAX_TITLE_BYTES = 4096;
/** Most parts of a title; stops an artifact from nesting folders until nothing can remove them (S1). */
export const MAX_TITLE_PARTS = 32;

/** Every temporary folder of a pull begins so; a title may not, allowed or not. */
export const TEMPORARY_PREFIX = '.omlmd-';

/** Device names of Windows, with any ending: `aux.txt` opens the device as well (S3). */
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])[ ]*(?:\.|$)/;

/**
 * Files and folders that a shell, an editor, git or Python acts upon when it starts or opens the folder they are in
 * (S4). Beside these, every `.…rc` is one.
 */
const ACTING_NAMES: ReadonlySet<string> = new Set([
  ...['.git', '.hg', '.svn', '.gitconfig', '.gitmodules', '.husky'],
  ...['.vscode', '.vs', '.idea', '.devcontainer', '.devcontainer.json', '.emacs', '.emacs.d', '.vim'],
  ...['.ssh', '.gnupg', '.aws', '.azure', '.kube', '.docker', '.config', '.local'],
  ...['.ipynb_checkpoints', '.ipython', '.jupyter'],
  ...['.profile', '.bash_profile', '.bash_login', '.bash_logout', '.bash_aliases'],
  ...['.zprofile', '.zshenv', '.zlogin', '.zlogout', '.login', '.logout', '.xprofile', '.xsession'],
  ...['.env', '.pam_environment', '.rhosts', '.forward', '.rprofile', '.renviron', '.mcp.json'],
]);

/** `.…rc`, whatever program it belongs to: `.bashrc`, `.npmrc`, `.netrc`, `.condarc`, `.envrc`. */
const RC_NAME = /^\.[^.]*rc$/;

/** The short names NTFS gives to the names above: writing `GIT~1` writes `.git`. */
const SHORT_NAMES: ReadonlySet<string> = new Set(
  [...ACTING_NAMES].map((name) => name.slice(1).replaceAll('.', '').slice(0, 6)),
);
const SHORT_NAME = /^([^.~]{1,6})~[0-9]$/;

export interface CheckTitlesOptions {
  /** Hidden names (one part of a path each) that the person asked for by name. */
  readonly allowHidden?: readonly string[] | undefined;
}

/**
 * The one way from artifact titles to paths: relative, with `/`, safe on every system, in the order given. All titles
 * of an artifact are checked together, before the first byte is written. Throws `title-refused` with the title and the
 * reason. The rules are the same on every system, so that an artifact that pulls here pulls everywhere.
 */
export function checkTitles(titles: readonly string[], options: CheckTitlesOptions = {}): readonly string[] {
  const allowed = new Set(options.allowHidden);
  for (const title of titles) {
    const reason = refusalOf(title, allowed);
    if (reason !== undefined) throw refused(title, reason);
  }
  checkTogether(titles);
  return [...titles];
}

function refused(title: string, reason: string): OmlmdError {
  return new OmlmdError('title-refused', `title ${quote(title)}: ${reason}`);
}

/** Why a title alone is refused; undefined when it is not. */
function refusalOf(title: string, allowed: ReadonlySet<string>): string | undefined {
  if (title === '') return 'it is empty';
  // Checked before anything walks through the text, so that a title of megabytes costs nothing.
  if (title.length > MAX_TITLE_BYTES || Buffer.byteLength(title) > MAX_TITLE_BYTES)
    return `it is longer than ${MAX_TITLE_BYTES} bytes`;
  if (!title.isWellFormed()) return 'it is not valid Unicode';
  if (escapeControls(title) !== title) return 'it has control or invisible characters';
  if (title.startsWith('/')) return 'it is an absolute path';
  if (/^[a-zA-Z]:/.test(title)) return 'it begins with a drive';
  if (title.includes('\\')) return 'it has a backslash, which separates folders on Windows';
  if (title.includes(':')) return 'it has a colon, which names a drive or a stream on Windows';
  const parts = title.split('/');
  if (parts.length > MAX_TITLE_PARTS) return `it has more than ${MAX_TITLE_PARTS} parts`;
  for (const part of parts) {
    const reason = partRefusalOf(part, allowed);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

function partRefusalOf(part: string, allowed: ReadonlySet<string>): string | undefined {
  if (part === '') return 'a part of its path is empty';
  if (part === '.' || part === '..') return `it has the part "${part}"`;
  if (Buffer.byteLength(part) > MAX_TITLE_PART_BYTES)
    return `a part of its path is longer than ${MAX_TITLE_PART_BYTES} bytes`;
  if (part.endsWith('.') || part.endsWith(' '))
    return 'a part of its path ends with a dot or a space, which Windows drops';
  const folded = fold(part);
  if (WINDOWS_DEVICE.test(folded)) return `${quote(part)} is the name of a device on Windows`;
  if (folded.startsWith(TEMPORARY_PREFIX)) return `${quote(part)} is a name kept for unfinished pulls`;
  if (isActing(folded) && !allowed.has(part))
    return `${quote(part)} can act by itself when its folder is opened, and was not allowed by name`;
  return undefined;
}

function isActing(folded: string): boolean {
  const short = SHORT_NAME.exec(folded)?.[1];
  return (
    ACTING_NAMES.has(folded) ||
    RC_NAME.test(folded) ||
    (short !== undefined && (SHORT_NAMES.has(short) || short.endsWith('rc')))
  );
}

/** Equal for two names that some file system takes for one: case and Unicode forms (S3). */
function fold(name: string): string {
  // Upper case first: it also unfolds what has no single lower-case form ("ß", "ﬁ").
  return name.normalize('NFC').toUpperCase().toLowerCase().normalize('NFC');
}

/** Two titles for one file, and a file that another title needs as a folder. */
function checkTogether(titles: readonly string[]): void {
  const files = new Map<string, string>();
  for (const title of titles) {
    const folded = fold(title);
    const twin = files.get(folded);
    if (twin === title) throw refused(title, 'it stands twice in the artifact');
    if (twin !== undefined)
      throw refused(title, `it names the same file as ${quote(twin)} on some file systems`);
    files.set(folded, title);
  }
  for (const title of titles) {
    const parts = fold(title).split('/');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const file = files.get(parts.slice(0, depth).join('/'));
      if (file !== undefined) throw refused(title, `it needs ${quote(file)}, which is a file, as a folder`);
    }
  }
}
