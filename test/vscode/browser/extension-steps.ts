import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Locator } from 'playwright-core';
import { DEFAULT_SERVE_PORT } from '../../../src/core/operations/serve.ts';
import {
  type DockerRegistry,
  PASSWORD,
  startDockerRegistry,
  USER,
} from '../../interop/support/docker-registry.ts';
import { writeSafetensors } from '../../support/safetensors-file.ts';
import { startThrottlingProxy, type ThrottlingProxy } from '../../support/throttling-proxy.ts';
import type { Stage, Step, Suite } from './step.ts';
import type { Workbench } from './workbench.ts';

/** How much a registry far away gives each connection: 20 MB take long enough to be canceled. */
const FAR_BYTES_PER_SECOND = 2_000_000;

/** A pickle that calls `os.system` when it is loaded: `cos\nsystem\n(S'true'\ntR.` */
const DANGEROUS_PICKLE = "cos\nsystem\n(S'true'\ntR.";

/** The main job as a person does it, in one window and one colour theme. */
export function extensionSuite(name: string, theme: string): Suite {
  let registry: DockerRegistry | undefined;
  let open: DockerRegistry | undefined;
  let far: ThrottlingProxy | undefined;
  const farHost = () => {
    assert(far);
    return far.host;
  };
  const host = () => {
    assert(registry);
    return registry.host;
  };
  return {
    name,
    settings: { 'workbench.colorTheme': theme },
    async before() {
      registry = await startDockerRegistry({ auth: true });
      open = await startDockerRegistry();
      far = await startThrottlingProxy(open.host, FAR_BYTES_PER_SECOND);
      return async () => {
        for (const started of [far, open, registry]) await started?.stop();
      };
    },
    steps: [
      ...localSteps(),
      ...registrySteps(host),
      {
        name: 'a push that takes long shows how far it is, and can be canceled',
        run: (stage) => cancelPush(stage, farHost()),
      },
      { name: 'a model that runs code has to be confirmed', run: confirmDangerous },
      { name: 'what a model says stays text', run: inspectHostile },
      { name: 'the walkthrough', run: seeWalkthrough },
    ],
  };
}

function localSteps(): readonly Step[] {
  return [
    { name: 'the views say what to do when there is nothing', run: seeWelcome },
    { name: 'push from the explorer with Enter three times', run: pushWithThreeEnters },
    { name: 'the store shows what was pushed', run: seeInStore },
    { name: 'inspect the artifact', run: inspectArtifact },
    { name: 'inspect the file', run: inspectFile },
    { name: 'push again: one Enter, as the next version', run: pushAgain },
    { name: 'a tag that exists says what it names', run: seeTagThatExists },
    { name: 'serve the local store', run: serveLocalStore },
  ];
}

function registrySteps(host: () => string): readonly Step[] {
  return [
    { name: 'add a registry, and sign in', run: (stage) => signIn(stage, host()) },
    { name: 'push to the registry', run: (stage) => pushToRegistry(stage, host()) },
    { name: 'browse the registry', run: (stage) => browseRegistry(stage, host()) },
    { name: 'pull from the registry', run: (stage) => pullFromRegistry(stage, host()) },
    { name: 'pull onto another file asks first', run: (stage) => pullOntoAnother(stage, host()) },
    { name: 'delete asks first', run: (stage) => deleteAsks(stage, host()) },
  ];
}

async function seeWelcome({ workbench, page }: Stage): Promise<void> {
  await workbench.activityBarItem('OMLMD').click();
  await page.getByText('Try with a Sample Model').first().waitFor();
  await page.getByRole('button', { name: 'Add Registry…' }).first().waitFor();
}

async function pushWithThreeEnters({ page, workbench, snap }: Stage): Promise<void> {
  await openExplorer(workbench);
  await workbench.explorerRow('iris.onnx').click({ button: 'right' });
  await workbench.menuShown();
  await snap('context menu');
  await workbench.choose('Push as OCI Artifact…');
  await enterThrough(page.locator('.quick-input-widget'), snap);
  await page.getByRole('treeitem', { name: /version v1 of local\/iris/ }).waitFor();
}

/** The icon of a view that is shown already would hide it. */
async function openExplorer(workbench: Workbench): Promise<void> {
  if (!(await workbench.explorerRow('iris.onnx').isVisible()))
    await workbench.activityBarItem('Explorer').click();
  await workbench.explorerRow('iris.onnx').waitFor();
}

async function rightClickPush({ workbench }: Stage, file: string): Promise<void> {
  await openExplorer(workbench);
  await workbench.explorerRow(file).click({ button: 'right' });
  await workbench.choose('Push as OCI Artifact…');
}

/** Opens the push flow on a file of the explorer, at its first step, also where it was pushed before. */
async function startPush(stage: Stage, file: string): Promise<void> {
  const { page, workbench } = stage;
  await rightClickPush(stage, file);
  const first = page.locator('.quick-input-widget input[placeholder^="Where to?"]');
  const elsewhere = workbench.quickPickRow('Elsewhere…');
  await first.or(elsewhere).first().waitFor();
  if (await elsewhere.isVisible()) await elsewhere.click();
  await first.waitFor();
}

/** Presses Enter in each of the three steps, and nothing else. */
async function enterThrough(box: Locator, snap?: Stage['snap']): Promise<void> {
  for (const [step, says] of [
    ['1/3', 'Where to?'],
    ['2/3', 'Which tag?'],
    ['3/3', 'Review'],
  ] as const) {
    await box.locator(`input[placeholder^="${says}"]`).waitFor();
    await box.getByText(`(${step})`).waitFor();
    await snap?.(`step ${step}`);
    await box.page().keyboard.press('Enter');
  }
}

async function seeInStore({ page, workbench, home }: Stage): Promise<void> {
  await workbench.notification('Pushed local/iris:v1').waitFor();
  assert(existsSync(path.join(home, 'store', 'iris', 'index.json')));
  await expand(workbench.treeItem(/^version v1 of local\/iris/));
  await page.getByRole('treeitem', { name: /^file iris\.onnx/ }).waitFor();
  await expand(workbench.treeItem(/^Metadata, /));
  await page.getByRole('treeitem', { name: 'name: iris' }).waitFor();
}

/** Opens a branch unless it is open. */
async function expand(row: Locator): Promise<void> {
  await row.waitFor();
  if ((await row.getAttribute('aria-expanded')) !== 'true') await row.locator('.monaco-tl-twistie').click();
}

async function inspectArtifact({ workbench, snap }: Stage): Promise<void> {
  await workbench.clearNotifications();
  const row = workbench.treeItem(/^version v1 of local\/iris/);
  await row.hover();
  await row.locator('a[aria-label="Inspect Model"]').click();
  const view = workbench.webview();
  await view.getByRole('heading', { name: 'iris', exact: true }).waitFor();
  await view.getByRole('button', { name: 'Pull…' }).waitFor();
  await view.getByRole('heading', { name: 'Operators' }).waitFor();
  await snap('top');
  await view.getByRole('heading', { name: 'Operators' }).scrollIntoViewIfNeeded();
  await view.getByText('Manifest', { exact: true }).click();
}

async function inspectFile({ workbench }: Stage): Promise<void> {
  await openExplorer(workbench);
  await workbench.explorerRow('iris.onnx').click({ button: 'right' });
  await workbench.choose('Open Model Viewer');
  const view = workbench.webview();
  await view.getByRole('button', { name: 'Push…' }).waitFor();
  await view.getByText('model', { exact: true }).first().waitFor();
}

/** The step's own title is there: a key that is pressed earlier is lost between two steps. */
async function atStep({ page }: Stage, step: number): Promise<void> {
  await page.locator('.quick-input-title', { hasText: `(${step}/3)` }).waitFor();
}

async function pushAgain(stage: Stage): Promise<void> {
  const { page, workbench, snap } = stage;
  await rightClickPush(stage, 'iris.onnx');
  await workbench.quickPickRow('local/iris:v2').waitFor();
  await snap('only the review');
  await page.keyboard.press('Enter');
  await workbench.treeItem(/^version v2 of local\/iris/).waitFor();
}

async function seeTagThatExists(stage: Stage): Promise<void> {
  const { page, workbench } = stage;
  await startPush(stage, 'iris.onnx');
  await page.keyboard.press('Enter');
  await atStep(stage, 2);
  await workbench.quickPickRow('v3').waitFor();
  await workbench.quickInput().fill('v1');
  await workbench.quickPickRow('exists, names sha256:').waitFor();
  await stage.snap('tag that exists');
  await page.keyboard.press('Escape');
}

/** The port that it would take is not free: another one is offered, and is where it then is. */
async function serveLocalStore({ page, workbench, snap }: Stage): Promise<void> {
  await workbench.clearNotifications();
  const blocker = await occupy(DEFAULT_SERVE_PORT);
  await workbench.runCommand('OMLMD: Focus on Local Store View');
  await workbench.runCommand('OMLMD: Serve Local Store…');
  await workbench.quickPickRow('Pull Only').waitFor();
  await snap('what others may do');
  await page.keyboard.press('Enter');
  const taken = workbench.notification(`Port ${DEFAULT_SERVE_PORT} is not free`);
  await taken.waitFor();
  await snap('port is taken');
  await taken.getByRole('button', { name: 'Use a Free Port' }).click();
  const row = workbench.treeItem(/^The local store is served at 127\.0\.0\.1:\d+/);
  await row.waitFor();
  const host = /127\.0\.0\.1:\d+/.exec((await row.textContent()) ?? '')?.[0];
  assert.deepEqual(await fetch(`http://${host}/v2/iris/tags/list`).then((answer) => answer.json()), {
    name: 'iris',
    tags: ['v1', 'v2'],
  });
  await workbench.notification('read-only').getByRole('button', { name: 'Copy Address' }).waitFor();
  await snap('served');
  await row.hover();
  await row.locator('a[aria-label="Stop Serving Local Store"]').click();
  await row.waitFor({ state: 'detached' });
  await assert.rejects(fetch(`http://${host}/v2/`));
  blocker?.close();
}

/** Takes a port unless somebody has it already. */
async function occupy(port: number): Promise<Server | undefined> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server.unref()));
  });
}

async function signIn({ page, workbench, snap }: Stage, host: string): Promise<void> {
  await workbench.clearNotifications();
  await workbench.runCommand('OMLMD: Add Registry…');
  await workbench.quickInput().fill(host);
  await snap('typed host');
  await page.keyboard.press('Enter');
  await workbench.notification(`${host} takes logins`).getByText('Sign In…').click();
  await typeLogin(page.locator('.quick-input-widget'), 'wrong');
  await page.getByText('did not take this login').first().waitFor();
  await snap('refused login');
  await typeLogin(page.locator('.quick-input-widget'), PASSWORD);
  await page.getByText(`Signed in to ${host} as ${USER}`).first().waitFor();
}

async function typeLogin(box: Locator, password: string): Promise<void> {
  await box.locator('input[placeholder="User name"]').fill(USER);
  await box.page().keyboard.press('Enter');
  await box.locator('input[type="password"]').fill(password);
  await box.page().keyboard.press('Enter');
}

async function pushToRegistry(stage: Stage, host: string): Promise<void> {
  const { page, workbench, snap } = stage;
  await startPush(stage, 'iris.onnx');
  await workbench.quickInput().fill(`${host}/team/iris`);
  await snap('typed repository');
  await page.keyboard.press('Enter');
  await workbench.quickPickRow('v1').waitFor();
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget input[placeholder^="Review"]').waitFor();
  await page.keyboard.press('Enter');
  await workbench.notification(`Pushed ${host}/team/iris:v1`).waitFor();
}

async function browseRegistry({ workbench }: Stage, host: string): Promise<void> {
  await workbench.activityBarItem('OMLMD').click();
  await expand(workbench.treeItem(`registry ${host}`));
  await expand(workbench.treeItem(`repository ${host}/team/iris`));
  await expand(workbench.treeItem(`version v1 of ${host}/team/iris`));
  await workbench
    .treeItem(/^file iris\.onnx/)
    .last()
    .waitFor();
}

async function pullFromRegistry(stage: Stage, host: string): Promise<void> {
  const { workbench, workspace } = stage;
  await workbench.clearNotifications();
  await pull(stage, host);
  await workbench.notification('Pulled').waitFor();
  const pulled = readFileSync(path.join(workspace, 'models', 'team', 'iris', 'v1', 'iris.onnx'));
  assert.deepEqual(pulled, readFileSync(path.join(workspace, 'iris.onnx')));
}

async function pullOntoAnother(stage: Stage, host: string): Promise<void> {
  const { page, workbench, workspace, snap } = stage;
  const file = path.join(workspace, 'models', 'team', 'iris', 'v1', 'iris.onnx');
  writeFileSync(file, 'mine');
  await workbench.clearNotifications();
  await pull(stage, host);
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText('other files of the same name').waitFor();
  await snap('question about the file');
  assert.equal(readFileSync(file, 'utf8'), 'mine');
  await dialog.getByRole('button', { name: 'Replace' }).click();
  await workbench.notification('Pulled').waitFor();
  assert.deepEqual(readFileSync(file), readFileSync(path.join(workspace, 'iris.onnx')));
}

/** *Pull…* on the tag, into the folder that is proposed. */
async function pull({ page, workbench, snap }: Stage, host: string): Promise<void> {
  await workbench.treeItem(`version v1 of ${host}/team/iris`).click({ button: 'right' });
  await workbench.menuShown();
  await snap('menu of a tag');
  await workbench.choose('Pull…');
  await workbench.quickPickRow('models/team/iris/v1').waitFor();
  await snap('folder');
  await page.keyboard.press('Enter');
}

async function deleteAsks({ page, workbench, snap }: Stage, host: string): Promise<void> {
  await workbench.clearNotifications();
  await workbench.treeItem(`version v1 of ${host}/team/iris`).click({ button: 'right' });
  await workbench.choose('Delete…');
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText(`Delete ${host}/team/iris:v1?`).waitFor();
  await snap('question');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await workbench.treeItem(`version v1 of ${host}/team/iris`).waitFor({ state: 'detached' });
  await workbench.treeItem(`Nothing in ${host}/team/iris has a tag`).waitFor();
}

async function cancelPush(stage: Stage, host: string): Promise<void> {
  const { page, workbench, workspace, snap } = stage;
  await workbench.clearNotifications();
  await writeSafetensors(
    path.join(workspace, 'long.safetensors'),
    Array.from({ length: 5_000_000 }, Math.random),
  );
  await startPush(stage, 'long.safetensors');
  await workbench.quickInput().fill(`${host}/team/long`);
  await page.keyboard.press('Enter');
  await workbench.quickPickRow('v1').waitFor();
  await page.keyboard.press('Enter');
  await atStep(stage, 3);
  await page.keyboard.press('Enter');
  const progress = workbench.notification(`Pushing to ${host}/team/long`);
  await progress.filter({ hasText: HOW_FAR }).waitFor();
  // Not by its icon: the badge on it turns, and what moves takes no click.
  await workbench.runCommand('OMLMD: Focus on Registries View');
  await page.locator('.sidebar .message', { hasText: HOW_FAR }).waitFor();
  await page.locator('.sidebar').getByRole('button', { name: 'Cancel Transfer…' }).waitFor();
  await snap('a push under way');
  await progress.getByRole('button', { name: 'Cancel' }).click();
  const canceled = workbench.notification('was canceled. What has arrived whole stays');
  await canceled.waitFor();
  await snap('canceled');
  const tags = await fetch(`http://${host}/v2/team/long/tags/list`);
  assert.equal(tags.status, 404);
  await canceled.getByRole('button', { name: 'Resume' }).click();
  await workbench.notification(`Pushed ${host}/team/long:v1`).waitFor();
}

/** Bytes, rate and time left. */
const HOW_FAR = /MB of 20\.0 MB · .*\/s · .* left/;

async function confirmDangerous(stage: Stage): Promise<void> {
  const { page, workbench, workspace, home, snap } = stage;
  writeFileSync(path.join(workspace, 'scorer.pkl'), DANGEROUS_PICKLE);
  await startPush(stage, 'scorer.pkl');
  await page.keyboard.press('Enter');
  await workbench.quickPickRow('first version').waitFor();
  await page.keyboard.press('Enter');
  await workbench.quickPickRow('Push Anyway…').waitFor();
  await workbench.quickPickRow('Edit as .omlmd.yaml').and(page.locator('.focused')).waitFor();
  await page.locator('.quick-input-widget input[placeholder*="critical finding"]').waitFor();
  await snap('review of a dangerous model');
  await workbench.quickPickRow('Push Anyway…').click();
  const dialog = page.locator('.monaco-dialog-box');
  await dialog.getByText('can run code').waitFor();
  await snap('question');
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'hidden' });
  // The review is back, and has the keyboard.
  await page.locator('.quick-input-widget input:focus').waitFor();
  await page.keyboard.press('Escape');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  assert(!existsSync(path.join(home, 'store', 'scorer')));
}

/** A name that would be HTML, and that would turn the line around. */
const HOSTILE_NAME = '<img src=x onerror=alert(1)><b>iris</b>\u202e';

async function inspectHostile({ page, workbench, workspace }: Stage): Promise<void> {
  await writeSafetensors(path.join(workspace, 'hostile.safetensors'), [1], { name: HOSTILE_NAME });
  await openExplorer(workbench);
  await workbench.explorerRow('hostile.safetensors').click({ button: 'right' });
  await workbench.choose('Open Model Viewer');
  const view = workbench.webview();
  await view.getByRole('heading', { name: '<img src=x onerror=alert(1)><b>iris</b>\\u202e' }).waitFor();
  assert.equal(await view.locator('img, b').count(), 0);
  assert.equal(await page.locator('.monaco-dialog-box').count(), 0);
}

/** Milliseconds until the picture of a walkthrough's step has faded in; nothing in the page says when. */
const PICTURE_SHOWS_MS = 1200;

async function seeWalkthrough({ page, workbench, snap }: Stage): Promise<void> {
  await page.keyboard.press('Control+b');
  await workbench.runCommand('Welcome: Open Walkthrough...');
  await workbench.quickInput().fill('artifact');
  await workbench.quickPickRow('Your first model as an OCI artifact').click();
  await page.getByText('Press Enter three times').first().waitFor();
  for (const step of [
    'Push a model of yours',
    'See what was read from it',
    'Say more about it',
    'Share it',
  ]) {
    await sleep(PICTURE_SHOWS_MS);
    await snap(`before ${step}`);
    await page.getByRole('button', { name: step }).first().click();
  }
  await sleep(PICTURE_SHOWS_MS);
}
