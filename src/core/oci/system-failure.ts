import { escapeControls } from '../errors.ts';

/** The system's code of a failed call, like `ENOENT`; undefined for any other failure. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What the codes of failed file system calls mean to a person; Node's own text repeats the call and the path. */
const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EROFS: 'the file system is read-only',
  ENOENT: 'no such file or folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a file is where a folder is needed',
  EEXIST: 'something else is there already',
  ELOOP: 'its links form a loop',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
};

/** Why a file system call failed, in words. */
export function systemWords(error: unknown): string {
  const words = WORDS[systemCode(error) ?? ''];
  return words ?? escapeControls(error instanceof Error ? error.message : String(error));
}
