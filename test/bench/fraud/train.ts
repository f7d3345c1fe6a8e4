/**
 * Trains the models that are shipped, on made-up exchanges, and writes them where the product reads
 * them. The same sources give the same files. What they are judged by (`npm run bench:fraud`) is
 * another exchange, which this never looks at.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FraudModelFile } from '../../../src/fraud';
import { trainModel } from '../../../src/fraud/train';
import { collectTraining } from './collect';
import { TRAINING_WORLDS, UNSEEN } from './worlds';

/** From `.cache/bench/test/bench/fraud`, where this is compiled to, the sources of the product. */
const DATA = join(__dirname, '../../../../../src/fraud/data');
const VERSION = '2026-11';

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const { train, validation } = collectTraining(TRAINING_WORLDS);
print(
  `${train.rows} calls to train on, ${validation.data.rows} of later days and other publishers to validate`,
);
const trainedOn =
  `${TRAINING_WORLDS.length} synthetic exchanges (${TRAINING_WORLDS.map(({ name }) => name).join(', ')}), ` +
  `${train.rows} calls; without the pattern ${UNSEEN}`;
for (const kind of ['gbdt', 'logistic'] as const) {
  const id = `${kind}-${VERSION}`;
  const began = performance.now();
  const model = trainModel(train, validation.data, { id, kind, trainedOn });
  print(`${id} in ${Math.round((performance.now() - began) / 1_000)} s: ${JSON.stringify(model.metrics)}`);
  write(`model-${kind}.json`, model);
}

/** Lists of numbers on one line each: what changed shows in a comparison, and no line for each number. */
function write(name: string, model: FraudModelFile): void {
  const text = JSON.stringify(model, null, 1).replace(/\[[^[\]{}]*\]/g, (list) => list.replace(/\s+/g, ''));
  writeFileSync(join(DATA, name), `${text}\n`);
}
