// The in-host suite in desktop VS Code, which `npm run test:desktop` downloads, or that of VSCODE_EXE.
import { defineConfig } from '@vscode/test-cli';

export default defineConfig({
  files: 'out/vscode-tests/*.test.cjs',
  workspaceFolder: 'test/vscode/workspace',
  mocha: { ui: 'bdd', timeout: 20_000 },
  ...(process.env.VSCODE_EXE === undefined ? {} : { useInstallation: { fromPath: process.env.VSCODE_EXE } }),
});
