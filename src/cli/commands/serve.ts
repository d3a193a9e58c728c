import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { DEFAULT_SERVE_PORT, escapeControls, OmlmdError, quote, serveStore } from '../../core/index.ts';
import { integer, repeatable } from '../option-types.ts';
import { write } from '../terminal.ts';
import type { Session, Verb } from '../verb.ts';

/** The certificate that the options name; both files or neither. */
async function readTls({ options }: Session) {
  const [cert, key] = [options.text('certFile'), options.text('keyFile')];
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined)
    throw new OmlmdError('usage', 'serve: --cert-file and --key-file go together');
  return { cert: await readPem(cert, '--cert-file'), key: await readPem(key, '--key-file') };
}

async function readPem(path: string, option: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause);
    throw new OmlmdError('usage', `${option} ${quote(path)}: ${what}`, { cause });
  }
}

function readLogin({ credential }: Session) {
  return credential?.kind === 'basic' ? credential : undefined;
}

export const serveVerb: Verb = {
  name: 'serve',
  summary: 'run an OCI registry over the store on this machine, until interrupted',
  // The first line is the address, whatever was asked for.
  ownsStdout: true,
  configure(command) {
    command
      .option('--port <n>', 'port; 0: any that is free', integer(0, 65_535), DEFAULT_SERVE_PORT)
      .option('--read-only', 'refuse every write')
      .option('--listen <address>', 'address for other machines; needs a login and a certificate')
      .addOption(
        repeatable('--host-name <name>', 'answer on loopback also to requests for this name (repeatable)'),
      )
      .option('-u, --username <name>', 'user name that clients must give')
      .option('--password-stdin', 'read their password from standard input')
      .option('--cert-file <file>', 'certificate of this server, with its chain (PEM)')
      .option('--key-file <file>', "the certificate's key (PEM)");
  },
  async run(session) {
    const { context, options, terminal, signal } = session;
    const served = await serveStore(context, {
      port: options.number('port'),
      readOnly: options.flag('readOnly'),
      listen: options.text('listen'),
      hostNames: options.list('hostName'),
      login: readLogin(session),
      tls: await readTls(session),
    });
    try {
      await write(terminal.stdout, `${JSON.stringify({ url: served.url })}\n`);
      terminal.stderr.write(`Serving ${escapeControls(context.store.root)}; Ctrl-C ends it.\n`);
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await served.stop();
    }
    // Its address was the result, whatever the format.
    return { data: { url: served.url }, text: '', raw: new Uint8Array() };
  },
};
