// Gets code-server and a browser ready, so that the first test run does not have to.
import { findChromium } from './chromium.ts';
import { installCodeServer } from './code-server.ts';

console.log(`code-server: ${installCodeServer().entry}`);
console.log(`browser: ${findChromium()}`);
