import { randomInt } from 'node:crypto';
import { chaosRun } from './money/run';

/** `npm run chaos:money` is the long run of this. */
const CALLS = 500;

test('calls while everything is killed, stopped and cut off: none lost, none charged twice, the books balance', async () => {
  const seed = randomInt(1, 2 ** 31);
  const told: string[] = [`seed ${seed}`];
  const report = await chaosRun({ calls: CALLS, rate: 25, gapMs: 700, seed, say: (line) => told.push(line) });
  const { calls, lost, doubled, imbalanceMicros, wrong } = report;
  if (wrong.length > 0) throw new Error([...wrong, ...told, report.output.slice(-20_000)].join('\n'));
  expect({ lost, doubled, imbalanceMicros }).toEqual({ lost: 0, doubled: 0, imbalanceMicros: 0 });
  expect(calls).toBeGreaterThanOrEqual(CALLS);
  expect(report.deeds.kills).toBeGreaterThan(2);
}, 300_000);
