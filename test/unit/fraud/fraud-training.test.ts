import { trainOnCalls } from '../../../src/commands/fraud-training';
import { parseModel, signalsFrom } from '../../../src/fraud';
import type { TrainingCall } from '../../../src/storage';
import { START, randomFrom } from './support';

const TRAINING = { id: 'own', kind: 'logistic', most: 10_000 } as const;

/** Calls of ten sellers over ten days, one in ten of them fraud that repeats itself. */
async function* calls(count: number, over: Partial<TrainingCall> = {}): AsyncGenerator<TrainingCall> {
  const random = randomFrom(4);
  for (let n = 0; n < count; n++) {
    const fraud = random() < 0.1;
    yield {
      callId: `call-${n}`,
      sellerId: `seller-${Math.floor(random() * 10)}`,
      receivedAt: START + (n * 10 * 86_400_000) / count,
      signals: { caller_1h: fraud ? 3 + random() * 20 : random() * 4, attestation_a: random() < 0.5 ? 1 : 0 },
      fraud,
      ...over,
    };
  }
}

test('a model of one’s own calls, judged by later ones of other sellers', async () => {
  const trained = await trainOnCalls(calls(6_000), TRAINING);
  if (!trained.ok) throw new Error(trained.reason);
  expect(trained.judgedBy).toMatch(/^\d+ later calls of other sellers$/);
  expect(trained.model).toMatchObject({
    id: 'own',
    kind: 'logistic',
    trainedOn: expect.stringMatching(/^\d+ calls of this exchange within 10 days$/) as unknown,
  });
  expect(trained.model.metrics['rocAuc']).toBeGreaterThan(0.9);
  const parsed = parseModel(JSON.parse(JSON.stringify(trained.model)));
  if (!parsed.ok) throw new Error(parsed.reason);
  const { model } = parsed;
  expect(model.score(signalsFrom({ caller_1h: 20 }))).toBeGreaterThan(0.8);
  expect(model.score(signalsFrom({ caller_1h: 0 }))).toBeLessThan(0.3);
});

test('one seller alone: judged by later calls', async () => {
  const trained = await trainOnCalls(calls(6_000, { sellerId: 'only' }), TRAINING);
  expect(trained).toMatchObject({ ok: true, judgedBy: '1800 later calls' });
});

test('no more calls are taken in than asked for', async () => {
  const trained = await trainOnCalls(calls(6_000, { sellerId: 'only' }), { ...TRAINING, most: 4_000 });
  expect(trained).toMatchObject({ ok: true, judgedBy: '1200 later calls' });
});

test('too few calls, and it is said how many there must be', async () => {
  const trained = await trainOnCalls(calls(500), TRAINING);
  expect(trained).toEqual({
    ok: false,
    reason: expect.stringMatching(
      /^\d+ calls are confirmed as fraud and \d+ known as honest; 200 and 2000/,
    ) as unknown,
  });
  expect(await trainOnCalls(calls(3_000, { fraud: false }), TRAINING)).toMatchObject({ ok: false });
});

test('fraud that ended long ago cannot judge a model', async () => {
  async function* early(): AsyncGenerator<TrainingCall> {
    for await (const call of calls(6_000)) yield { ...call, fraud: call.receivedAt < START + 86_400_000 };
  }
  expect(await trainOnCalls(early(), TRAINING)).toMatchObject({
    ok: false,
    reason: expect.stringMatching(/could not be judged/) as unknown,
  });
});
