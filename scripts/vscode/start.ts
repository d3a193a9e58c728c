// `npm start`: VS Code in the browser, on loopback, with the packaged extension and a copy of the sample folder.
// OMLMD_PORT chooses the port. Runs until Ctrl-C; leaves nothing behind.
import { exitOnSignals } from '../../test/support/processes.ts';
import { folderUrl } from './browser.ts';
import { installCodeServer } from './code-server.ts';
import { makeSandbox } from './sandbox.ts';
import { installVsix, startServer } from './server.ts';
import { packageExtension } from './vsix.ts';

exitOnSignals();
const codeServer = installCodeServer();
const vsix = await packageExtension();
const sandbox = makeSandbox();
process.once('exit', sandbox.remove);
await installVsix(codeServer, sandbox, vsix);
const port = process.env.OMLMD_PORT === undefined ? undefined : Number(process.env.OMLMD_PORT);
const server = await startServer(codeServer, sandbox, { port });
console.log(`VS Code with OMLMD: ${folderUrl(server, sandbox.workspace)}`);
console.log('Ctrl-C ends it.');
await server.exited;
