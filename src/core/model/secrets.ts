/** Texts that services issue as secrets, by their published prefixes. */
const SECRET_TEXT = [
  /\bAKIA[0-9A-Z]{16}\b/,
  /\bgh[opsur]_[A-Za-z0-9]{30,}/,
  /\bgithub_pat_[A-Za-z0-9_]{30,}/,
  /\bglpat-[A-Za-z0-9_-]{20,}/,
  /\bhf_[A-Za-z0-9]{30,}/,
  /\bsk-[A-Za-z0-9_-]{20,}/,
  /\bxox[abprs]-[A-Za-z0-9-]{10,}/,
  /\bAIza[A-Za-z0-9_-]{35}/,
  /\bpypi-[A-Za-z0-9_-]{50,}/,
  /\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\./,
  /-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----/,
  /:\/\/[^/\s:@]{1,100}:[^/\s:@]{3,100}@/,
];
const SECRET_KEY = /(?:password|passwd|secret|api_?key|access_?key|private_?key|auth_?token|access_?token)$/i;
/** Shorter values of such keys are placeholders and counts. */
const SHORTEST_SECRET = 6;
/** Characters that are looked at: a secret is short, and a description may be a megabyte. */
const LOOKED_AT = 16 * 1024;

/** Whether a text under a key looks like a secret that nobody wants in an artifact. */
export function looksSecret(key: string, text: string): boolean {
  const start = text.slice(0, LOOKED_AT);
  if (SECRET_KEY.test(key) && text.length >= SHORTEST_SECRET && !/\s/.test(start)) return true;
  return SECRET_TEXT.some((pattern) => pattern.test(start));
}
