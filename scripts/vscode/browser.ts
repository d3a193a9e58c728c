import path from 'node:path';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from './chromium.ts';
import type { Sandbox } from './sandbox.ts';
import type { Server } from './server.ts';

/** A headless Chromium that reaches loopback only. */
export interface Browser {
  readonly context: BrowserContext;
  readonly page: Page;
  /** URLs off loopback that the page asked for and did not get. */
  readonly blocked: readonly string[];
}

/** The size that the screenshots are judged at. */
const VIEWPORT = { width: 1280, height: 800 };

const CHROMIUM_OPTIONS = [
  '--no-sandbox', // Chromium refuses to run as root with it, and CI containers are root
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const LOOPBACK = /^(127\.0\.0\.1|localhost)$/;

export async function openBrowser(sandbox: Sandbox): Promise<Browser> {
  const context = await chromium.launchPersistentContext(path.join(sandbox.folder, 'chromium'), {
    executablePath: findChromium(),
    headless: true,
    viewport: VIEWPORT,
    args: CHROMIUM_OPTIONS,
  });
  const blocked: string[] = [];
  await context.route(
    (url) => /^(http|ws)/.test(url.protocol) && !LOOPBACK.test(url.hostname),
    (route) => {
      blocked.push(route.request().url());
      return route.abort();
    },
  );
  return { context, page: context.pages()[0] ?? (await context.newPage()), blocked };
}

/** Server options under which the workbench obeys {@link testsUrl}. They also switch off notification toasts. */
export const TEST_DRIVER = ['--vscode-option', 'enable-smoke-test-driver'];

export function folderUrl(server: Server, folder: string): string {
  const url = new URL(server.origin);
  url.searchParams.set('folder', folder);
  return url.href;
}

/**
 * The workbench as development host of the extension in `extension`, running the suite that `tests` exports.
 * Desktop VS Code takes these two as command-line flags; a web workbench takes them from its `payload` parameter.
 */
export function testsUrl(server: Server, folder: string, extension: string, tests: string): string {
  const remote = (file: string) => `vscode-remote://${server.authority}${file}`;
  const url = new URL(folderUrl(server, folder));
  const payload = [
    ['extensionDevelopmentPath', remote(extension)],
    ['extensionTestsPath', remote(tests)],
  ];
  url.searchParams.set('payload', JSON.stringify(payload));
  return url.href;
}
