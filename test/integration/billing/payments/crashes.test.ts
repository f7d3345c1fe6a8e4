import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { trialBalance } from '../../../../src/billing';
import { BILLING_ROOMS, CompiledSources } from '../../../support/compiled-sources';
import { until } from '../../../support/until';
import { HOUR, PaymentRoom } from './support/payment-room';

const PROCESS = 'test/integration/billing/payments/support/keeper-process.ts';

let room: PaymentRoom;
let compiled: CompiledSources;

beforeAll(async () => {
  compiled = new CompiledSources([...BILLING_ROOMS, PROCESS]);
  room = await PaymentRoom.open();
});
afterAll(async () => {
  compiled.remove();
  await room.close();
});
afterEach(() => room.reset());

function start(when: 'while it waits' | 'before commit'): ChildProcess {
  const args = [compiled.path(PROCESS), room.own.url, String(room.stripe.port), when];
  return spawn(process.execPath, args, { env: compiled.env, stdio: 'inherit' });
}

test.each(['while it waits', 'before commit'] as const)(
  'whoever asked is killed when the card is charged (%s): one top-up in the end',
  async (when) => {
    const before = await room.wallet();
    const { id } = await room.charge(50);
    if (when === 'while it waits') room.stripe.fates.push('made, hang');
    const child = start(when);
    const ended = once(child, 'exit');
    await until('the card is charged', () => room.stripe.charged.length === 1);
    if (when === 'while it waits') child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    expect(await room.get(id)).toMatchObject({ state: 'pending', transactionId: null, providerRef: null });
    expect(await room.wallet()).toBe(before);

    room.ahead = HOUR;
    await Promise.all([room.keeper(), room.keeper()].map((keeper) => keeper.run()));
    expect(await room.get(id)).toMatchObject({ state: 'succeeded' });
    expect(room.stripe.charged).toHaveLength(1);
    expect((await room.wallet()) - before).toBe(50_000_000);
    expect((await room.posted()).filter((key) => key.startsWith('top_up') && key.includes(id))).toHaveLength(
      1,
    );
    expect(await trialBalance(room.db)).toMatchObject({ imbalanceMicros: 0n, wrongBalances: 0 });
  },
);

test('nobody asks for a payment while another has it in hand', async () => {
  room.stripe.fates.push('made, hang');
  await room.charge(50);
  const child = start('while it waits');
  const ended = once(child, 'exit');
  await until('the card is charged', () => room.stripe.charged.length === 1);
  await room.keeper().run();
  expect(room.stripe.requests).toHaveLength(1);
  child.kill('SIGKILL');
  await ended;
});
