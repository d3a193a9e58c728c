import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { pull, pullAsked } from '../../../src/extension/commands/pull.ts';
import { pullMetadataFile } from '../../../src/extension/metadata-files/pull-metadata-file.ts';
import type { Services } from '../../../src/extension/services.ts';
import { extensionUnderTest, ownServices, temporaryFolder, writeModel } from './support.ts';

const name = `pull-findings-${Date.now()}`;
const EVIL = "cos\nsystem\n(S'true'\ntR.";

interface Said {
  readonly message: string;
  readonly modal: boolean;
  readonly detail: string;
}

/** Answers the warnings of VS Code in a person's place, and keeps what they said. */
class Person {
  readonly said: Said[] = [];
  readonly #ask = vscode.window.showWarningMessage;

  constructor(answer: string | undefined, before: () => unknown = () => undefined) {
    const show = async (message: string, ...rest: readonly unknown[]) => {
      const [first] = rest;
      const { modal = false, detail = '' } =
        typeof first === 'object' && first !== null ? (first as vscode.MessageOptions) : {};
      this.said.push({ message, modal, detail });
      await before();
      return rest.find((button) => button === answer);
    };
    // Parsed boundary: the function has overloads.
    vscode.window.showWarningMessage = show as typeof vscode.window.showWarningMessage;
  }

  leaves(): void {
    vscode.window.showWarningMessage = this.#ask;
  }
}

describe('a pull of a model in which something dangerous was found', () => {
  const folder = temporaryFolder();
  const reference = `local/${name}:bad`;
  let services: Services;
  let person: Person;

  const asked = async (answer: string | undefined, what: string, into: string) => {
    person = new Person(answer);
    const { parseLocation } = await services.core();
    return pullAsked(services, parseLocation(what), into);
  };
  const modals = () => person.said.filter(({ modal }) => modal);

  before(async () => {
    await extensionUnderTest().activate();
    services = ownServices();
    const bad = vscode.Uri.file(path.join(folder.path, 'bad.pkl'));
    const worse = vscode.Uri.file(path.join(folder.path, 'worse.pkl'));
    writeFileSync(bad.fsPath, EVIL);
    writeFileSync(worse.fsPath, EVIL.replace('os', 'posix'));
    const options = { destination: reference, allowUnsafe: true };
    await vscode.commands.executeCommand('omlmd.push', bad, [bad, worse], options);
    const good = await writeModel(folder.path, 'good.safetensors');
    await vscode.commands.executeCommand('omlmd.push', good, [good], { destination: `local/${name}:good` });
  });
  afterEach(() => person.leaves());
  after(() => folder.remove());

  it('asks before anything is there, and leaves nothing where the person does not want it', async () => {
    const into = path.join(folder.path, 'none');
    assert.equal(await asked(undefined, reference, into), undefined);
    const [question] = modals();
    assert.match(question?.detail ?? '', /^critical: (bad|worse)\.pkl: .*more\)$/);
    assert.equal(person.said.length, 1);
    assert(!existsSync(into));
  });

  it('goes on where the person says so, and tells the worst again', async () => {
    const into = path.join(folder.path, 'anyway');
    const result = await asked('Pull Anyway', reference, into);
    assert(result?.files.some(({ title }) => title === 'bad.pkl'));
    assert(existsSync(path.join(into, 'bad.pkl')));
    assert.equal(modals().length, 1);
    for (let tries = 0; tries < 50 && person.said.length < 2; tries += 1) await sleep(20);
    assert.match(person.said.at(-1)?.message ?? '', /^Pulled .*: \d+ files\. (bad|worse)\.pkl: .*more\)$/);
  });

  it('is of what the person was asked about, though its tag has moved', async () => {
    const moving = `local/${name}:moving`;
    const push = (file: string) => {
      const uri = vscode.Uri.file(path.join(folder.path, file));
      const options = { destination: moving, allowUnsafe: true };
      return vscode.commands.executeCommand('omlmd.push', uri, [uri], options);
    };
    await push('bad.pkl');
    person = new Person('Pull Anyway', () => push('worse.pkl'));
    const { parseLocation } = await services.core();
    const into = path.join(folder.path, 'moving');
    await pullAsked(services, parseLocation(moving), into);
    assert(existsSync(path.join(into, 'bad.pkl')));
    assert(!existsSync(path.join(into, 'worse.pkl')));
  });

  it('is over where the person cancels while the models are looked into', async () => {
    const of = (_location: unknown, signal: AbortSignal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    // Parsed boundary: nothing else of the findings is used.
    const slow = { ...services, findings: { of } } as unknown as Services;
    const { parseLocation } = await services.core();
    person = new Person(undefined);
    const into = path.join(folder.path, 'canceled');
    const pulling = pullAsked(slow, parseLocation(reference), into);
    services.transfers.all[0]?.cancel();
    assert.equal(await pulling, undefined);
    assert.deepEqual(person.said, []);
    assert(!existsSync(into));
  });

  it('asks nothing about another model', async () => {
    const result = await asked(undefined, `local/${name}:good`, path.join(folder.path, 'good'));
    assert(result);
    assert.deepEqual(person.said, []);
  });

  it('asks on a metadata file too', async () => {
    const file = path.join(folder.path, 'lens', 'bad.omlmd.yaml');
    await vscode.workspace.fs.createDirectory(vscode.Uri.file(path.dirname(file)));
    writeFileSync(file, `artifact:\n  reference: ${reference}\n`);
    person = new Person(undefined);
    assert.equal(await pullMetadataFile(services, vscode.Uri.file(file)), undefined);
    assert.equal(modals().length, 1);
    assert(!existsSync(path.join(folder.path, 'lens', 'bad.pkl')));
    person.leaves();
    person = new Person('Pull Anyway');
    assert(await pullMetadataFile(services, vscode.Uri.file(file)));
    assert(existsSync(path.join(folder.path, 'lens', 'bad.pkl')));
  });

  it('asks no program, and tells the person', async () => {
    person = new Person(undefined);
    const into = path.join(folder.path, 'program');
    assert(await pull(services, reference, { folder: into }));
    assert.equal(modals().length, 0);
    assert.match(person.said[0]?.message ?? '', /^critical: (bad|worse)\.pkl: .*more\)$/);
  });

  it('tells what was found before it failed', async () => {
    const { dataFolder, inspectArtifact, parseLocation } = await services.core();
    const shelf = vscode.Uri.file(path.join(folder.path, 'shelf'));
    await vscode.workspace.fs.createDirectory(shelf);
    const flavor = 'flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    data: ../../.ssh\n';
    writeFileSync(path.join(shelf.fsPath, 'MLmodel'), flavor);
    await writeModel(shelf.fsPath, 'lost.safetensors', [Date.now()]);
    const partly = `local/${name}:partly`;
    const options = { destination: partly, allowUnsafe: true };
    await vscode.commands.executeCommand('omlmd.push', shelf, [shelf], options);
    const report = await inspectArtifact(await services.context(), parseLocation(partly), { models: false });
    const lost = report.files.find(({ title }) => title === 'lost.safetensors');
    const hash = lost?.digest.slice('sha256:'.length) ?? '';
    const blobs = readdirSync(dataFolder(process.env), { recursive: true, withFileTypes: true });
    for (const blob of blobs.filter((entry) => entry.name === hash))
      rmSync(path.join(blob.parentPath, blob.name));
    const into = path.join(folder.path, 'partly');
    person = new Person(undefined);
    await assert.rejects(pull(services, partly, { folder: into }), /it is not there/);
    assert.match(person.said[0]?.message ?? '', /^critical: MLmodel: flavors\.python_function\.data: /);
  });
});
