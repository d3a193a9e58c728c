import { escapeControls, parseLocation, validateArtifact, validateFile } from '../../core/index.ts';
import { ExitStatus } from '../exit-status.ts';
import type { Verb } from '../verb.ts';
import { namesFile } from './inspect.ts';

export const validateVerb: Verb = {
  name: 'validate',
  summary: "check a metadata file, or an artifact's metadata",
  remote: true,
  configure(command) {
    command.argument('<file|reference>', 'a metadata file, or an artifact');
  },
  async run({ context, signal }, [subject]) {
    const text = String(subject);
    const isFile = namesFile(text) || /\.(ya?ml|json)$/.test(text);
    const problems = isFile
      ? await validateFile(text)
      : await validateArtifact(context, parseLocation(text), { signal });
    const lines = problems.map(
      (p) =>
        `${escapeControls(p.file)}:${p.line}:${p.column}: ${p.severity}: ${escapeControls(p.message)} (${p.code})`,
    );
    const failed = problems.some((p) => p.severity === 'error');
    return {
      data: problems.map(({ file, line, column, severity, code, message }) => ({
        file,
        line,
        column,
        severity,
        code,
        message,
      })),
      text: lines.length === 0 ? `${escapeControls(text)}: no problems` : lines.join('\n'),
      status: failed ? ExitStatus.failed : ExitStatus.done,
    };
  },
};
