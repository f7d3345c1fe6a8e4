import type { PhoneIdentity } from '../../storage';
import type { AgentPresence, PhoneServices } from './services';

/** Somebody to whom a call may be transferred. */
export interface Colleague {
  readonly kind: 'agent' | 'team' | 'target';
  readonly id: string;
  readonly name: string;
  readonly sipUri: string;
  presence?: AgentPresence;
}

/** Of one buyer, so many of each kind are shown. */
const MOST = 500;

/** Who else answers calls of the agent's buyer, by name. */
export async function colleaguesOf(
  { market, presences, domain }: PhoneServices,
  { agentId, buyerId }: Pick<PhoneIdentity, 'agentId' | 'buyerId'>,
): Promise<Colleague[]> {
  const active = <T extends { readonly status: string }>(all: readonly T[]): T[] =>
    all.filter(({ status }) => status === 'active').slice(0, MOST);
  const agents = active(market.agentsOfBuyer(buyerId)).filter(({ id }) => id !== agentId);
  const states = await presences.of(agents.map(({ id }) => id));
  const colleagues: Colleague[] = [
    ...agents.map(({ id, name, username }) => {
      const presence = states.get(id);
      const one = { kind: 'agent', id, name, sipUri: `sip:${username}@${domain}` } as const;
      return presence ? { ...one, presence } : one;
    }),
    ...active(market.teamsOfBuyer(buyerId)).map(
      ({ id, name }) => ({ kind: 'team', id, name, sipUri: `sip:team~${id}@${domain}` }) as const,
    ),
    // Softphone targets are agents and teams over again.
    ...active(market.targetsOfBuyer(buyerId))
      .filter(({ kind }) => kind !== 'softphone')
      .map(({ id, name }) => ({ kind: 'target', id, name, sipUri: `sip:target~${id}@${domain}` }) as const),
  ];
  return colleagues.sort((a, b) => a.name.localeCompare(b.name));
}
