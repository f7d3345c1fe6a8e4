import type { CarriedLeg, Sale } from '../../domain';
import { numberInUri } from '../../domain';

/** A call over the trunks of carriers. */
export interface CarriedCall {
  readonly callId: string;
  /** UTC epoch milliseconds: its answer. */
  readonly at: number;
  /** Milliseconds of conversation. */
  readonly connectedMs: number;
  /** Over which it came in. */
  readonly trunkId: string;
  /** The number that was called, in E.164. */
  readonly dialled: string;
  readonly sale: Pick<Sale, 'target'> | null;
  /** Its legs, as they were metered; null where they follow from the conversation. */
  readonly carried: readonly CarriedLeg[] | null;
}

/**
 * The legs of a call that were answered, in the order of their answers. Where none were metered, a sold call had
 * two, both as long as its conversation: the way in over its trunk to the number that was dialled, and the way out
 * over the trunk of its target, where it names one, to the number in its address. One that nobody bought had none.
 */
export function carriedLegs(call: CarriedCall): readonly CarriedLeg[] {
  const { sale, carried, trunkId, dialled, at: answeredAt, connectedMs: durationMs } = call;
  if (carried) return carried;
  if (!sale) return [];
  const { target } = sale;
  const inbound = { direction: 'inbound', trunkId, number: dialled, answeredAt, durationMs } as const;
  const number = target.trunkId === undefined ? undefined : numberInUri(target.uri);
  if (target.trunkId === undefined || number === undefined) return [inbound];
  return [inbound, { direction: 'outbound', trunkId: target.trunkId, number, answeredAt, durationMs }];
}
