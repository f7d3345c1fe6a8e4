/**
 * How well fraud is told from honest calls, on calls that were made up for it: nobody publishes real
 * ones with their truth. The models are those that are shipped; the exchange they are judged on has
 * other publishers, mixes, rates and strengths than those they were trained on, and one kind of fraud
 * that these did not have. Prints tables, and as its last line one JSON object. Nothing here is a pass
 * or fail.
 */
import { ModelShelf } from '../../../src/fraud';
import type { FraudModelFile, FraudModels } from '../../../src/fraud';
import { SHIPPED_MODELS } from '../../../src/fraud/shipped-models';
import { collectJudged } from './collect';
import type { Figures } from './judge';
import { detectionOf, effectOf, judge, POLICY, scoresOf } from './judge';
import { measureFraudScore } from './measure-score';
import { PATTERNS } from './world';
import { HELD_OUT, UNSEEN } from './worlds';

function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

function modelsOf(file: FraudModelFile): FraudModels {
  return new ModelShelf().of(new Map([[file.id, { id: file.id, status: 'active', model: file }]]));
}

const share = (value: number): string => `${(100 * value).toFixed(1)} %`.padStart(8);
const dollars = (value: number): string => `$${Math.round(value).toLocaleString('en-US')}`;
const round = (value: number, digits = 4): number => Number(value.toFixed(digits));

const began = performance.now();
const judged = collectJudged(HELD_OUT);
const { rows, labels } = judged.data;
const frauds = labels.reduce((sum, label) => sum + label, 0);
print('The calls are synthetic: made up by a seeded generator, with fraud injected into them. What is found');
print('here says how the parts work together and how they compare, not what share of real fraud is found.');
print(`${rows} calls of an exchange that no model was trained on, ${frauds} of them fraud.`);
print();

const [gbdt, logistic] = SHIPPED_MODELS as readonly [FraudModelFile, FraudModelFile];
const contenders = [
  { name: 'rules', scores: scoresOf(judged) },
  { name: logistic.id, scores: scoresOf(judged, modelsOf(logistic)) },
  { name: gbdt.id, scores: scoresOf(judged, modelsOf(gbdt)) },
].map((one) => ({ ...one, figures: judge(one.scores, judged) }));

print('                      ROC-AUC   PR-AUC  recall at 1 % and 0.1 % false positives');
for (const { name, figures } of contenders) {
  const { rocAuc, prAuc, recallAtFpr1, recallAtFpr01 } = figures;
  print(
    `${name.padEnd(20)} ${rocAuc.toFixed(4).padStart(8)} ${prAuc.toFixed(4).padStart(8)}  ${share(recallAtFpr1)} ${share(recallAtFpr01)}`,
  );
}
print();
print(`recall by pattern at 1 % / 0.1 %   ${contenders.map(({ name }) => name.padStart(20)).join('')}`);
for (const [n, pattern] of PATTERNS.entries()) {
  const cells = contenders.map(({ figures }) => {
    const { at1, at01 } = figures.patterns[n] as Figures['patterns'][number];
    return `${share(at1)} /${share(at01)}`.padStart(20);
  });
  const note = pattern === UNSEEN ? '  (never trained on)' : '';
  print(`${pattern.padEnd(35)}${cells.join('')}${note}`);
}

const shipped = contenders[2] as (typeof contenders)[number];
print();
print(`${shipped.name} at the usual thresholds`);
const effects = Object.fromEntries(
  Object.entries(POLICY).map(([level, threshold]) => [level, effectOf(shipped.scores, judged, threshold)]),
) as Record<keyof typeof POLICY, ReturnType<typeof effectOf>>;
for (const [level, effect] of Object.entries(effects)) {
  print(
    `${level.padEnd(10)} ${share(effect.fraud)} of frauds, ${share(effect.honest)} of honest calls;` +
      ` payouts saved ${dollars(effect.saved)} of ${dollars(effect.atStake)},` +
      ` margins lost ${dollars(effect.lost)} of ${dollars(effect.earned)}`,
  );
}
print();
print('attacks seen (score of a block), and how soon: median of those seen');
const detections = detectionOf(shipped.scores, judged, POLICY.block);
for (const { pattern, attacks, seen, medianCalls, medianMinutes } of detections) {
  print(
    `${(PATTERNS[pattern] as string).padEnd(22)} ${share(seen)} of ${String(attacks).padStart(2)} attacks,` +
      ` after ${String(medianCalls).padStart(3)} calls, ${medianMinutes.toFixed(0).padStart(4)} minutes`,
  );
}
const { p50Us, p99Us } = measureFraudScore();
print();
print(`reading the signals and scoring: p50 ${p50Us.toFixed(1)} µs, p99 ${p99Us.toFixed(1)} µs`);

const { figures } = shipped;
print(
  JSON.stringify({
    rocAuc: round(figures.rocAuc),
    prAuc: round(figures.prAuc),
    recallAtFpr1: round(figures.recallAtFpr1),
    recallAtFpr01: round(figures.recallAtFpr01),
    rules: summary(contenders[0]?.figures as Figures),
    logistic: summary(contenders[1]?.figures as Figures),
    recallAtFpr1ByPattern: byPattern(({ at1 }) => at1),
    recallAtFpr01ByPattern: byPattern(({ at01 }) => at01),
    unseenPattern: UNSEEN,
    blockFpr: round(effects.block.honest, 5),
    blockRecall: round(effects.block.fraud),
    savedDollars: Math.round(effects.block.saved),
    lostDollars: Math.round(effects.block.lost),
    attacksSeen: round(
      detections.reduce((sum, { seen, attacks }) => sum + seen * attacks, 0) /
        detections.reduce((sum, { attacks }) => sum + attacks, 0),
    ),
    fraudP50Us: round(p50Us, 1),
    fraudP99Us: round(p99Us, 1),
    calls: rows,
    frauds,
    model: shipped.name,
    synthetic: true,
    seconds: Math.round((performance.now() - began) / 1_000),
  }),
);

function summary({ patterns: _, ...rest }: Figures): Record<string, number> {
  return Object.fromEntries(Object.entries(rest).map(([name, value]) => [name, round(value as number)]));
}

function byPattern(of: (figures: Figures['patterns'][number]) => number): Record<string, number> {
  return Object.fromEntries(
    PATTERNS.map((name, n) => [name, round(of(figures.patterns[n] as Figures['patterns'][number]))]),
  );
}
