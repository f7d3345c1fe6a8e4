import type { Command } from 'commander';
import { Option } from 'commander';
import type { Clock, FraudModelRow } from '../domain';
import type { FraudModelFile } from '../fraud';
import { SHIPPED_MODELS } from '../fraud';
import type { CommandDeed } from './command-record';
import { recorded } from './command-record';
import { trainOnCalls } from './fraud-training';
import { countUpTo } from './option-values';
import type { Database } from '../storage';
import {
  changedFields,
  listFraudModels,
  putFraudModel,
  readTrainingCalls,
  setFraudModelStatus,
} from '../storage';

export interface FraudCommandParts {
  readonly withDatabase: (work: (database: Database) => Promise<void>) => Promise<void>;
  readonly say: (line: string) => void;
  readonly clock: Clock;
}

interface TrainOptions {
  readonly kind: FraudModelFile['kind'];
  readonly days: number;
  readonly most: number;
}

const DAY_MS = 86_400_000;
const MAX_CALLS = 500_000;

/** `dce fraud …`: models that score calls. */
export function addFraudCommands(program: Command, parts: FraudCommandParts): void {
  const { say } = parts;
  const count = countUpTo(MAX_CALLS);
  const fraud = program.command('fraud').description('models that score calls: list, try, promote, train');
  fraud
    .command('models')
    .description('list the models that there are, and how they did on calls they were not trained on')
    .action(() => parts.withDatabase((database) => showModels(database, say)));
  for (const [name, status, description] of [
    ['promote', 'active', 'let a model decide; the one that did is retired'],
    ['try', 'shadow', 'let a model score beside, without effect'],
    ['retire', 'retired', 'let a model score no more; without an active one the rules decide'],
  ] as const) {
    fraud
      .command(`${name} <model>`)
      .description(description)
      .action((id: string) =>
        recorded(parts.withDatabase, `fraud ${name}`, modelDeed(id, status), (database) =>
          setStatus(database, say, id, status),
        ),
      );
  }
  fraud
    .command('train')
    .description('train a model on calls of this exchange that people have looked at; it is tried beside')
    .addOption(
      new Option('--kind <kind>', 'trees, or coefficients').choices(['gbdt', 'logistic']).default('gbdt'),
    )
    .option('--days <n>', 'how far back', count, 90)
    .option('--most <n>', 'calls taken in at most', count, 300_000)
    .action((options: TrainOptions) =>
      recorded(
        parts.withDatabase,
        'fraud train',
        { changes: changedFields(undefined, { ...options }) },
        (database) => train(database, parts, options),
      ),
    );
}

function modelDeed(id: string, status: FraudModelRow['status']): CommandDeed {
  return { subject: { kind: 'models', id }, changes: { status: { after: status } } };
}

async function showModels(database: Database, say: (line: string) => void): Promise<void> {
  const stored = await listFraudModels(database);
  for (const { id, status, kind, trainedOn, metrics } of stored)
    say(lineOf(id, status, kind, trainedOn, metrics));
  for (const { id, kind, trainedOn, metrics } of SHIPPED_MODELS) {
    if (!stored.some((one) => one.id === id)) say(lineOf(id, 'shipped', kind, trainedOn, metrics));
  }
  if (!stored.some(({ status }) => status === 'active')) say('no model is active: the rules decide');
}

function lineOf(
  id: string,
  status: string,
  kind: string | null,
  trainedOn: string | null,
  metrics: Readonly<Record<string, number>> | null,
): string {
  const figures = Object.entries(metrics ?? {}).map(([name, value]) => `${name} ${value}`);
  return [`${id}  ${status}  ${kind ?? ''}`, trainedOn ?? '', figures.join(', ')]
    .filter(Boolean)
    .join('\n    ');
}

async function setStatus(
  database: Database,
  say: (line: string) => void,
  id: string,
  status: FraudModelRow['status'],
): Promise<void> {
  const shipped = SHIPPED_MODELS.find((model) => model.id === id);
  if (shipped) await putFraudModel(database, id, shipped);
  await setFraudModelStatus(database, id, status);
  say(`${id} is ${status}`);
}

async function train(
  database: Database,
  { say, clock }: FraudCommandParts,
  { kind, days, most }: TrainOptions,
): Promise<void> {
  const now = clock.now();
  // The time to the second: no two trainings of a kind end up with one name.
  const id = `${kind}-${new Date(now).toISOString().slice(0, 19).replace(/[-:T]/g, '')}`;
  const calls = readTrainingCalls(database, now - days * DAY_MS, most);
  const trained = await trainOnCalls(calls, { id, kind, most });
  if (!trained.ok) throw new Error(trained.reason);
  const { model, judgedBy } = trained;
  await putFraudModel(database, id, model);
  say(lineOf(id, 'shadow', kind, `${model.trainedOn}; judged by ${judgedBy}`, model.metrics));
  say(`try it for a while, then:  dce fraud promote ${id}`);
}
