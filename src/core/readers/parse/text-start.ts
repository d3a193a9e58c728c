const SPACES: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x20]);

/**
 * Whether a file's head may be a text that begins with this character, a byte order mark and white space aside. Asked
 * before the head is decoded: of a folder, most files are no text.
 */
export function textStartsWith(head: Uint8Array, character: '<' | '{'): boolean {
  let at = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  while (SPACES.has(head[at] ?? -1)) at += 1;
  return head[at] === character.charCodeAt(0);
}
