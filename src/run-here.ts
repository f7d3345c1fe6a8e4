import { readFileSync } from 'node:fs';
import type { Config } from './config';
import { runDemo } from './demo/run-demo';
import { isClaimed } from './provision';
import type { RunFile } from './start';
import { Exchange, runFilePath } from './start';
import type { Logger } from './telemetry';
import { createLogger } from './telemetry';
import { untilTold } from './parts/until-told';

type Say = (line: string) => void;

/** `dce start`: opens the exchange, says where it is, and closes it when told. */
export async function runStart(config: Config, log: Logger, say: Say): Promise<void> {
  const exchange = new Exchange(config, log, say);
  // From now on: what is being started when Ctrl-C comes is stopped too.
  let over = false;
  const told = untilTold({ again: () => exchange.leave() }).then(() => (over = true));
  const file = await exchange.start();
  // As a function: what a promise changes, the compiler takes for constant.
  const isOver = (): boolean => over;
  if (!isOver()) {
    announce(file, say);
    await told;
  }
  say('closing: calls that are up may end first; press Ctrl-C again to leave at once');
  await exchange.stop();
}

function announce(file: RunFile, say: Say): void {
  say('');
  say('The exchange is open.');
  say(`  send calls to   sip:${file.number}@${udpAddress(file)}`);
  say(`  API             ${file.apiUrl}/api/v1`);
  say(`  its docs        ${file.apiUrl}/docs`);
  say(`  console         ${file.apiUrl}/console`);
  if (file.admin)
    say(`  sign in as      ${file.admin.email}   (the password lies in ${file.admin.passwordFile})`);
  say(`  admin key       ${file.apiKey}   (header X-API-Key)`);
  say('  see it work     npm run demo');
  if (file.phone && file.sip.some((address) => /^wss?\//.test(address))) {
    const { username, password, number } = file.phone;
    say(`  phone page      ${file.apiUrl}/phone   (user ${username}, password ${password})`);
    say(`  it rings for    sip:${number}@${udpAddress(file)}`);
  }
  say('');
}

/** `dce demo`: one call through the exchange that runs on this data folder, or through one started for it. */
export async function runDemoHere(config: Config, say: Say): Promise<void> {
  const running = findRunning(config.dataDir);
  const own = running
    ? undefined
    : new Exchange(config, createLogger({ level: 'warn', component: 'switch' }), say);
  const stop = new AbortController();
  void untilTold({ again: () => own?.leave() }).then(() => stop.abort());
  try {
    const file = running ?? (await own?.start());
    if (!file) throw new Error('no exchange runs');
    if (stop.signal.aborted) return;
    await runDemo(
      {
        apiUrl: file.apiUrl,
        apiKey: file.apiKey,
        sipAddress: udpAddress(file),
        number: file.number,
        buyerPorts: file.buyerPorts,
      },
      say,
      stop.signal,
    );
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    say('the demo was interrupted');
  } finally {
    await own?.stop(0);
  }
}

/** Address that takes SIP over UDP, e.g. `127.0.0.1:5060`. */
function udpAddress({ sip }: RunFile): string {
  return (sip.find((address) => address.startsWith('udp/')) ?? sip[0] ?? '').replace(/^\w+\//, '');
}

/** The exchange that runs on this data folder, if one does and it is open. */
function findRunning(dataDir: string): RunFile | undefined {
  if (!isClaimed(dataDir)) return undefined;
  try {
    const file = JSON.parse(readFileSync(runFilePath(dataDir), 'utf8')) as Partial<RunFile>;
    return file.apiUrl === undefined ? undefined : (file as RunFile);
  } catch {
    return undefined;
  }
}
