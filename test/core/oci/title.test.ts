import { normalize } from 'node:path/posix';
import { resolve as resolveWindows } from 'node:path/win32';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOmlmdError } from '../../../src/core/errors.ts';
import { checkTitles } from '../../../src/core/oci/title.ts';

function reasonOf(titles: readonly string[], allowHidden?: readonly string[]): string {
  try {
    checkTitles(titles, { allowHidden });
  } catch (error) {
    if (isOmlmdError(error, 'title-refused')) return error.message;
    throw error;
  }
  return 'accepted';
}

describe('checkTitles', () => {
  it('gives back ordinary names and paths as they are, in order', () => {
    const titles = [
      'model.onnx',
      'a/b/c.bin',
      'größe ☃ 模型.joblib',
      'README',
      'a/b/d.bin',
      '.gitattributes',
      '.gitignore',
      '-rf',
      'x..y',
      '...x',
      'console.txt',
      'com.json',
      'com10.txt',
      'arc',
      'model.omlmd.yaml',
      '~',
      'a~b',
      'model~1',
      "it's $HOME `x`.bin",
    ];
    expect(checkTitles(titles)).toEqual(titles);
    expect(checkTitles([])).toEqual([]);
    expect(checkTitles(['x'.repeat(255), `${'a/'.repeat(31)}b`])).toHaveLength(2);
  });

  it.each([
    ['', 'empty'],
    ['/etc/passwd', 'absolute'],
    ['//server/share/x', 'absolute'],
    ['\\\\server\\share\\x', 'backslash'],
    ['a\\b', 'backslash'],
    ['..\\x', 'backslash'],
    ['C:\\x', 'drive'],
    ['c:x', 'drive'],
    ['C:/x', 'drive'],
    ['model.onnx:stream', 'colon'],
    ['..', '".."'],
    ['../x', '".."'],
    ['a/../../x', '".."'],
    ['a/..', '".."'],
    ['.', '"."'],
    ['./x', '"."'],
    ['a/./b', '"."'],
    ['a//b', 'empty'],
    ['a/', 'empty'],
    ['a\0b', 'control'],
    ['a\nb', 'control'],
    ['a\u001b[2Jb', 'control'],
    ['a\u007fb', 'control'],
    ['a\u0085b', 'control'],
    ['\u202excod.exe', 'invisible'],
    ['.g\u200bit/config', 'invisible'],
    ['a\ud800', 'Unicode'],
    ['x'.repeat(256), '255 bytes'],
    ['é'.repeat(128), '255 bytes'],
    [`${'x'.repeat(200)}/`.repeat(21), '4096 bytes'],
    ['x'.repeat(5_000_000), '4096 bytes'],
    [`${'a/'.repeat(32)}b`, '32 parts'],
    ['dir./x', 'dot or a space'],
    ['x ', 'dot or a space'],
    ['x.', 'dot or a space'],
    ['...', 'dot or a space'],
    ['con', 'device'],
    ['NUL', 'device'],
    ['a/Aux.txt', 'device'],
    ['lpt1.tar.gz', 'device'],
    ['COM¹', 'device'],
    ['nul .txt', 'device'],
    ['conin$', 'device'],
    ['prn/x', 'device'],
    ['.omlmd-abc/x', 'unfinished'],
    ['.OMLMD-abc', 'unfinished'],
  ])('refuses %j', (title, reason) => {
    const message = reasonOf([title]);
    expect(message).toContain(reason);
    expect(message.length).toBeLessThan(600);
  });

  it.each([
    '.git',
    '.git/hooks/post-checkout',
    '.GIT/config',
    'sub/.git/config',
    'GIT~1/config',
    '.vscode/settings.json',
    '.ssh/authorized_keys',
    '.ſsh/authorized_keys',
    '.ipynb_checkpoints/a.ipynb',
    '.bashrc',
    'BASHRC~1',
    '.npmrc',
    '.netrc',
    '.condarc',
    '.Zshenv',
    '.profile',
    '.env',
  ])('refuses %j unless it was allowed by name', (title) => {
    expect(reasonOf([title])).toContain('act by itself');
    const name = title.split('/').find((part) => part.startsWith('.') || part.includes('~')) ?? '';
    expect(reasonOf([title], [name])).toBe('accepted');
    expect(reasonOf([title], ['other'])).toContain('act by itself');
  });

  it('keeps the names of unfinished pulls even when they are allowed', () => {
    expect(reasonOf(['.omlmd-x'], ['.omlmd-x'])).toContain('unfinished');
  });

  it.each([
    [['a', 'a'], 'stands twice'],
    [['Model.onnx', 'model.ONNX'], 'same file'],
    [['caf\u00e9', 'cafe\u0301'], 'same file'],
    [['CAF\u00c9', 'cafe\u0301'], 'same file'],
    [['straße', 'STRASSE'], 'same file'],
    [['a/x', 'A/X'], 'same file'],
    [['a', 'a/b'], 'as a folder'],
    [['a/b/c/d', 'b', 'A/B'], 'as a folder'],
  ])('refuses %j together', (titles, reason) => {
    expect(reasonOf(titles)).toContain(reason);
    expect(reasonOf([...titles].reverse())).toContain(reason);
  });

  it('checks ten thousand titles in no time', () => {
    const titles = Array.from({ length: 10_000 }, (_, i) => `${'d/'.repeat(30)}f${i}`);
    const before = performance.now();
    expect(checkTitles(titles)).toHaveLength(10_000);
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('never lets a path leave its folder, whatever the text', () => {
    const piece = fc.constantFrom(
      'a',
      'B',
      '/',
      '..',
      '.',
      '\\',
      ':',
      ' ',
      '\0',
      '~',
      'C',
      '\u0301',
      'é',
      'nul',
    );
    const hostile = fc.array(fc.oneof(piece, fc.string({ unit: 'binary' })), { maxLength: 12 });
    fc.assert(
      fc.property(
        hostile.map((parts) => parts.join('')),
        (title) => {
          if (reasonOf([title]) !== 'accepted') return;
          expect(normalize(title)).toBe(title);
          expect(title.startsWith('/')).toBe(false);
          expect(resolveWindows('C:\\out', title).startsWith('C:\\out\\')).toBe(true);
          expect(Buffer.from(title, 'utf8').toString('utf8')).toBe(title);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
