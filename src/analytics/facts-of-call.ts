import { classifyNumber, placeOf } from '../compliance';
import type { E164 } from '../domain';
import type { CallFact, CountedCall } from '../storage';

const NUMBER = /^\+[1-9]\d{6,14}$/;
const NO_MONEY = { revenue: 0, payout: 0, fees: 0, taxes: 0, carrierCost: 0 };
const NO_CALL = {
  calls: 0,
  connected: 0,
  offered: 0,
  reached: 0,
  answered: 0,
  converted: 0,
  rang: 0,
  pddMs: 0,
  connectedMs: 0,
};

/** Everything that an ended call adds to the figures: itself first, then what it is to others. Pure. */
export function factsOf(call: CountedCall): CallFact[] {
  const { callId, receivedAt, trunkId, carrierAccount, campaignId, sellerId, settled, revisions } = call;
  const { answered, firstRingAt, connectedMs, rung, money } = call;
  const [first] = rung;
  const taker = answered && call.buyerId !== null;
  const buyer = {
    buyerId: taker ? call.buyerId : (first?.buyerId ?? null),
    buyerAccount: taker ? call.buyerAccount : (first?.accountId ?? null),
  };
  const [own, ...foreign] = money;
  const common = {
    callId,
    receivedAt,
    campaignId,
    sellerId,
    trunkId,
    carrierAccount,
    state: stateOf(call),
    settled,
    revisions,
  };
  const { currency, ...ownMoney } = own ?? { ...NO_MONEY, currency: call.campaignCurrency };
  const rungItself = rung.find(({ buyerId }) => buyerId === buyer.buyerId);
  const facts: Omit<CallFact, 'n'>[] = [
    {
      ...common,
      ...buyer,
      currency,
      ...ownMoney,
      calls: 1,
      connected: answered || rung.some(({ reached }) => reached) ? 1 : 0,
      offered: taker || first !== undefined ? 1 : 0,
      reached: taker || rungItself?.reached === true ? 1 : 0,
      answered: answered ? 1 : 0,
      converted: (own?.revenue ?? 0) > 0 ? 1 : 0,
      rang: firstRingAt === null ? 0 : 1,
      pddMs: firstRingAt === null ? 0 : Math.max(0, firstRingAt - receivedAt),
      connectedMs: answered ? connectedMs : 0,
    },
    ...foreign.map(({ currency: other, ...amounts }) => ({
      ...common,
      ...buyer,
      ...NO_CALL,
      currency: other,
      ...amounts,
    })),
    ...rung
      .filter(({ buyerId }) => buyerId !== buyer.buyerId)
      .map(({ buyerId, accountId, reached }) => ({
        ...common,
        ...NO_CALL,
        ...NO_MONEY,
        buyerId,
        buyerAccount: accountId,
        currency,
        offered: 1,
        reached: reached ? 1 : 0,
      })),
  ];
  return facts.map((fact, n) => ({ ...fact, n }));
}

/** Where the caller is, as bids target it; null when unknown. What was once found out stays. */
function stateOf({ knownState, caller, claimedState, claimedZip }: CountedCall): string | null {
  if (knownState !== null) return knownState;
  const number = caller !== null && NUMBER.test(caller) ? classifyNumber(caller as E164) : undefined;
  return placeOf(number, claimedState ?? undefined, claimedZip ?? undefined).state ?? null;
}
