import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';

/** Milliseconds a cold JupyterLab may take to answer, on a slow machine. */
const START_MS = 90_000;
/** Milliseconds for the server to stop its kernels before it is killed. */
const STOP_MS = 8_000;

/** Starts JupyterLab on loopback, with nothing that asks the network or the person; gives its origin and how to stop it. */
export async function startJupyterLab(jupyter, sandbox, log, environment) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const child = spawn(jupyter, labArguments(port, sandbox.workspace), {
    stdio: ['ignore', log, log],
    detached: true, // leads a group, so that its kernels stop with it
    env: { ...process.env, ...quietEnvironment(sandbox.folder), ...environment },
  });
  const killGroup = () => signalGroup(child, 'SIGKILL');
  process.once('exit', killGroup);
  await waitUntilReady(origin, child);
  return { origin, stop: () => stop(child).finally(() => process.off('exit', killGroup)) };
}

function labArguments(port, workspace) {
  return [
    'lab',
    '--no-browser',
    '--allow-root',
    '--ip=127.0.0.1',
    `--port=${port}`,
    '--IdentityProvider.token=',
    '--ServerApp.password=',
    `--ServerApp.root_dir=${workspace}`,
    '--LabApp.news_url=',
    '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
    '--LabApp.extension_manager=readonly',
  ];
}

function quietEnvironment(folder) {
  const settings = join(folder, 'lab-settings');
  const notifications = join(settings, '@jupyterlab', 'apputils-extension');
  mkdirSync(notifications, { recursive: true });
  writeFileSync(
    join(notifications, 'notification.jupyterlab-settings'),
    '{"fetchNews":"false","checkForUpdates":false}',
  );
  return {
    HOME: folder,
    JUPYTERLAB_SETTINGS_DIR: settings,
    IPYTHONDIR: join(folder, 'ipython'),
    JUPYTER_RUNTIME_DIR: join(folder, 'runtime'),
  };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(address.port));
    });
  });
}

async function waitUntilReady(origin, child) {
  for (const end = Date.now() + START_MS; ; ) {
    const answer = await fetch(`${origin}/api`).catch(() => undefined);
    if (answer?.ok) return;
    if (child.exitCode !== null || Date.now() > end) {
      signalGroup(child, 'SIGKILL');
      throw new Error('JupyterLab did not start; see out/jupyter/server.log');
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  signalGroup(child, 'SIGTERM');
  const timer = setTimeout(() => signalGroup(child, 'SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}

function signalGroup(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    // the group is gone
  }
}
