import { Exchange } from '../e2e/support/exchange';
import { openMarket } from '../e2e/support/market';
import { freePort } from '../e2e/support/processes';
import type { GuessRun, RegisterRun } from '../support/registration-load';
import { RegistrationLoad } from '../support/registration-load';

/**
 * Ten thousand phones on one node, each on a WebSocket of its own: what they take to register, what it takes
 * when all of them register again at once, and whether they notice that passwords are being guessed meanwhile.
 */

const PHONES = 10_000;
const AT_ONCE = 200;
const ATTACKERS = 20;
const VICTIMS = 10;
const GUESSES = 200;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function printRun(name: string, run: RegisterRun): void {
  const figures = [
    `${run.granted}`.padStart(9),
    run.perSecond.toFixed(0).padStart(9),
    run.cpuMicrosPerRegister.toFixed(0).padStart(18),
    `${run.p99Ms.toFixed(0)} ms`.padStart(10),
  ];
  const others = Object.entries(run.others).map(([answer, count]) => `${count} got ${answer}`);
  print(`${name.padEnd(44)}${figures.join('')}  ${others.join(', ')}`.trimEnd());
}

async function main(): Promise<void> {
  const port = await freePort();
  const exchange = await Exchange.start({
    listen: [`ws:127.0.0.1:${port}`],
    env: { DCE_MEDIA_ENGINE: 'passthrough' },
  });
  let load: RegistrationLoad | undefined;
  try {
    await openMarket(exchange);
    load = await RegistrationLoad.prepare(exchange, `ws://127.0.0.1:${port}`, PHONES);
    const bytesPerConnection = await load.connect();
    print(`${'REGISTER'.padEnd(44)}  granted  a second  CPU µs for each  99th perc.`);
    const first = await load.register(AT_ONCE);
    printRun('the first time, with a challenge each', first);
    const again = await load.register(AT_ONCE);
    printRun(`again, ${AT_ONCE} at once`, again);
    const storm = await load.register(PHONES);
    printRun('again, all at once', storm);
    const { attacked, guesses } = await attack(load);
    printRun('again, while passwords are guessed', attacked);
    print(
      `${guesses.guesses} guesses from ${ATTACKERS} addresses at ${VICTIMS} agents: ${guesses.tried} looked at, ${guesses.lockedOut} locked out, ${guesses.gotIn} got in`,
    );
    print(`${load.connected} connections stand, of ${(bytesPerConnection / 1_024).toFixed(1)} KB each`);
    print(
      JSON.stringify({
        registrations: load.connected,
        registersPerSecond: Math.round(storm.perSecond),
        cpuMicrosPerRegister: Math.round(storm.cpuMicrosPerRegister),
        bytesPerConnection: Math.round(bytesPerConnection),
        lockedOut: guesses.lockedOut,
      }),
    );
    const runs = [first, again, storm, attacked];
    if (runs.some((run) => run.granted < PHONES) || load.connected < PHONES || guesses.gotIn > 0) {
      throw new Error('some phones were not granted what they are due, or somebody got in');
    }
  } finally {
    load?.close();
    await exchange.stop();
  }
}

/** Guesses from several addresses, while every phone registers again. */
async function attack(load: RegistrationLoad): Promise<{ attacked: RegisterRun; guesses: GuessRun }> {
  for (let victim = 0; victim < VICTIMS; victim++) await load.setPassword(victim, 'known to nobody');
  const [attacked, ...runs] = await Promise.all([
    load.register(AT_ONCE),
    ...Array.from({ length: ATTACKERS }, (_, attacker) => load.guess(attacker % VICTIMS, attacker, GUESSES)),
  ]);
  const sum = (of: (run: GuessRun) => number): number => runs.reduce((all, run) => all + of(run), 0);
  return {
    attacked,
    guesses: {
      guesses: sum((run) => run.guesses),
      tried: sum((run) => run.tried),
      lockedOut: sum((run) => run.lockedOut),
      gotIn: sum((run) => run.gotIn),
    },
  };
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
});
