/**
 * How long it takes to decide on one core, and of what that is made: whole decisions (number,
 * compliance, fraud, eligibility, auction, ring plan, trace) with 10, 100 and 1,000 eligible buyers, the
 * last among 100,000 standing bids of one campaign; bids settled and bids priced a second; compliance
 * and fraud by themselves; changes of bids. Prints tables, and as its last line one JSON object.
 * Nothing here is a pass or fail.
 */
import { measureCompliance } from './compliance';
import { everybody, everybodyModified, national, regional } from './decision/loads';
import type { Figures, Load } from './decision/measure-decisions';
import { measureDecisions } from './decision/measure-decisions';
import { measureUpdates } from './decision/measure-updates';
import { measureFraudScore } from './fraud/measure-score';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function row(name: string, standing: number, { eligible }: Load, figures: Figures): void {
  const cells = [
    name.padEnd(10),
    String(standing).padStart(8),
    String(eligible).padStart(8),
    figures.p50Us.toFixed(1).padStart(7),
    figures.p99Us.toFixed(1).padStart(7),
    figures.maxUs.toFixed(0).padStart(7),
    figures.perSecond.toFixed(0).padStart(11),
    String(figures.heapPerMillion).padStart(14),
  ];
  print(cells.join('  '));
}

function measure(name: string, standing: number, load: Load): Figures {
  const figures = measureDecisions(load);
  row(name, standing, load, figures);
  return figures;
}

print('bids        standing  eligible   p50 µs   p99 µs   max µs  decisions/s  heap bytes per 1,000,000');
const ten = measure('few', 10, regional(10, 10, 100_000));
const hundred = measure('some', 100, regional(100, 100, 100_000));
const thousand = measure('regional', 100_000, regional(1_000, 100_000, 100_000));
const settled = measure('national', 100_000, national(1_000, 100_000, 20_000));
const priced = measure('everybody', 10_000, everybody(10_000, 10_000));
const modified = measure('modified', 10_000, everybodyModified(10_000, 2_000));

const bidsPerSecond = Math.round(settled.perSecond * 100_000);
const rankedPerSecond = Math.round(priced.perSecond * 10_000);
const modifiedPerSecond = Math.round(modified.perSecond * 10_000);
print('');
print(`bids settled a second: ${bidsPerSecond}`);
print('  whole decisions of "national": each of its 100,000 bids stands, wants every state, and passes area');
print('  code, attestation, schedule and tag, 32 bids an operation; 99,000 end at the reserve price');
print(`bids priced and ranked a second: ${rankedPerSecond}, with two modifiers each ${modifiedPerSecond}`);
print('  whole decisions of "everybody": each of its 10,000 bids is looked at alone, weighed and ranked');
const bidUpdatesPerSecond = Math.round(measureUpdates());
print(`bid updates a second among 100,000 standing bids: ${bidUpdatesPerSecond}`);
const complianceChecksPerSecond = Math.round(measureCompliance());
print(`compliance: ${complianceChecksPerSecond} calls screened a second`);
const fraud = measureFraudScore();
print(`fraud: a call is scored in ${fraud.p50Us.toFixed(1)} µs (p50), ${fraud.p99Us.toFixed(1)} µs (p99)`);

const round = (value: number): number => Math.round(value * 10) / 10;
print(
  JSON.stringify({
    p50Us: round(thousand.p50Us),
    p99Us: round(thousand.p99Us),
    bidsPerSecond,
    complianceChecksPerSecond,
    fraudP99Us: round(fraud.p99Us),
    bidUpdatesPerSecond,
    decisionsPerSecond: Math.round(thousand.perSecond),
    p50Us10: round(ten.p50Us),
    p99Us10: round(ten.p99Us),
    p50Us100: round(hundred.p50Us),
    p99Us100: round(hundred.p99Us),
    maxUs: Math.round(thousand.maxUs),
    heapBytesPerMillion: thousand.heapPerMillion,
    bidsRankedPerSecond: rankedPerSecond,
    bidsModifiedPerSecond: modifiedPerSecond,
  }),
);
