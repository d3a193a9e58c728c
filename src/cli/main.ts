import { versionText } from './commands/version.ts';
import { reclaimBuffers } from './reclaim-buffers.ts';

const { argv, stdin, stdout, stderr, env } = process;
const args = argv.slice(2);

// A reader that has seen enough (`omlmd ls … | head`) is no failure.
stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EPIPE') stderr.write(`error: write to standard output: ${code}\n`);
  process.exit(code === 'EPIPE' ? 0 : 1);
});

if (args.length === 1 && /^(version|-V|--version)$/.test(args[0] ?? '')) {
  // Answered before anything is loaded: programs ask this first, to learn whether it is the program they want.
  stdout.write(`${versionText()}\n`);
} else {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      // Once: stop cleanly and leave what can be resumed. Twice: the person means it.
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  const { run } = await import('./run.ts');
  reclaimBuffers();
  process.exitCode = await run(args, { stdin, stdout, stderr, env }, controller.signal);
  // Idle keep-alive sockets and an open standard input would keep the process; everything is written by now.
  stdin.unref?.();
  setTimeout(() => process.exit(), 100).unref();
}
