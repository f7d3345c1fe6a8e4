import { randomInt } from 'node:crypto';
import { chaosRun } from './run';

/**
 * `npm run chaos:money [-- --calls N --seed S --rate R]`: ten thousand calls while everything is killed.
 * Ends with 1 when a call was lost, charged twice, or anything else is not as it must be.
 */
const print = (line: string): void => void process.stdout.write(`${line}\n`);

function option(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const value = Number(process.argv[at + 1]);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name}: a whole number from 1 on`);
  return value;
}

async function main(): Promise<void> {
  const seed = option('seed', randomInt(1, 2 ** 31));
  const began = Date.now();
  print(`seed ${seed}`);
  const say = (line: string): void =>
    print(`${String(Math.round((Date.now() - began) / 1_000)).padStart(5)} s  ${line}`);
  const report = await chaosRun({
    calls: option('calls', 10_000),
    rate: option('rate', 60),
    gapMs: option('gap', 1_500),
    seed,
    say,
  });
  const { calls, lost, doubled, imbalanceMicros, deeds, figures, wrong } = report;
  print('');
  const rows: [string, number][] = [
    ['calls that carriers were given an answer for', calls],
    ['lost', lost],
    ['charged twice', doubled],
    ['debits less credits, micro-units', imbalanceMicros],
    ['kill -9', deeds.kills],
    ['stopped for a while', deeds.pauses],
    ['cut off', deeds.cuts],
    ...Object.entries(figures).map(([name, value]): [string, number] => [name.replaceAll('_', ' '), value]),
  ];
  for (const [name, value] of rows) print(`${name.padEnd(46)} ${String(value).padStart(14)}`);
  for (const line of wrong) print(`WRONG  ${line}`);
  if (wrong.length > 0) print(report.output);
  print(`seed ${seed}`);
  print(JSON.stringify({ calls, lost, doubled, imbalanceMicros, kills: deeds.kills, seed }));
  process.exit(lost + doubled + imbalanceMicros + wrong.length === 0 ? 0 : 1);
}

void main();
