import { run } from './run.ts';

const controller = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    // Once: stop cleanly and leave what can be resumed. Twice: the person means it.
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  });
}
// A reader that has seen enough (`omlmd ls … | head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

const { stdin, stdout, stderr, env } = process;
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env }, controller.signal);
// Idle keep-alive sockets and an open standard input would keep the process; everything is written by now.
stdin.unref?.();
setTimeout(() => process.exit(), 100).unref();
