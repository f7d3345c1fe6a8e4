import { isIP } from 'node:net';
import type { Agent, AgentGroup, E164, Target, Team } from '../../domain';
import { agentGroupOf, parsePhoneNumber } from '../../domain';
import { userPart } from '../sip-uri';

/** Whom a call may be handed to: people of the buyer, or another of its targets. */
export type Place =
  | { readonly kind: 'agents'; readonly group: AgentGroup; readonly targetId: string | undefined }
  | { readonly kind: 'target'; readonly target: Target };

export type PlaceResult =
  { readonly ok: true; readonly place: Place } | { readonly ok: false; readonly status: 403 | 404 };

/** What is known of buyers and their people. */
export interface BuyerDirectory {
  agent(id: string): Agent | undefined;
  agentByUsername(username: string): Agent | undefined;
  team(id: string): Team | undefined;
  target(id: string): Target | undefined;
  targetsOfBuyer(buyerId: string): readonly Target[];
}

/** Whether two places are the same people, or the same target. */
export function isSamePlace(a: Place, b: Place): boolean {
  if (a.kind === 'agents') {
    return b.kind === 'agents' && a.group.kind === b.group.kind && a.group.id === b.group.id;
  }
  return b.kind === 'target' && a.target.id === b.target.id;
}

/** Prefixes of user parts that name what is no agent. An agent's username has no tilde. */
const NAMED = /^(team|target)~([A-Za-z0-9_.~-]{1,64})$/;
const NOT_THERE: PlaceResult = { ok: false, status: 404 };
const NOT_YOURS: PlaceResult = { ok: false, status: 403 };

/**
 * Where an address leads that somebody of a buyer named: `sip:USERNAME@DOMAIN`, `sip:team~ID@DOMAIN`,
 * `sip:target~ID@DOMAIN` (an IP address may stand for the domain), or the number or URI of one of its targets. What
 * belongs to another buyer is as little there as what does not exist.
 *
 * @param domain - of the exchange, in lower case
 */
export function findPlace(
  uri: string,
  buyerId: string,
  domain: string,
  directory: BuyerDirectory,
): PlaceResult {
  const user = userPart(uri)?.user;
  const exact = directory.targetsOfBuyer(buyerId).find((target) => sameUri(target.uri, uri));
  if (exact) return placeOfTarget(exact);
  if (user === undefined) return NOT_THERE;
  const host = hostOf(uri);
  // Phones that were given the address of a node in the domain's stead write that.
  const here = host === domain || isIP(host.replace(/^\[|\]$/g, '')) !== 0;
  // Usernames may be digits: a colleague's goes before a number.
  const agent = here ? directory.agentByUsername(user.toLowerCase()) : undefined;
  if (agent?.buyerId === buyerId && agent.status === 'active') {
    return agents({ kind: 'agent', id: agent.id }, undefined);
  }
  const number = parsePhoneNumber(user);
  if (number.ok) {
    const target = directory.targetsOfBuyer(buyerId).find((known) => {
      const dialled = userPart(known.uri);
      const parsed = dialled && parsePhoneNumber(dialled.user);
      return known.status === 'active' && parsed?.ok === true && parsed.number === number.number;
    });
    // A number elsewhere would be dialled at the exchange's cost.
    return target ? placeOfTarget(target) : NOT_YOURS;
  }
  if (!here) return NOT_YOURS;
  const [, kind, id = ''] = NAMED.exec(user) ?? [];
  if (kind === 'team') {
    const team = directory.team(id);
    if (team?.buyerId !== buyerId || team.status !== 'active') return NOT_THERE;
    return agents({ kind: 'team', id }, undefined);
  }
  if (kind === 'target') {
    const target = directory.target(id);
    return target?.buyerId === buyerId ? placeOfTarget(target) : NOT_THERE;
  }
  return NOT_THERE;
}

/** Whom people of the exchange hand a call to, by what they call it. */
export type TransferTo =
  | { readonly kind: 'target' | 'agent' | 'team'; readonly id: string }
  | { readonly kind: 'number'; readonly number: E164 }
  | { readonly kind: 'address'; readonly uri: string };

/** Where that leads: within the buyer who has the call, as for whoever hands it on by phone. */
export function placeNamed(to: TransferTo, buyerId: string, directory: BuyerDirectory): PlaceResult {
  if (to.kind === 'number') {
    // No username looks like a number with its plus sign.
    return findPlace(`sip:${to.number}@invalid`, buyerId, 'invalid', directory);
  }
  // Names of the exchange are said by their kind and id.
  if (to.kind === 'address') return findPlace(to.uri, buyerId, 'invalid', directory);
  const { kind, id } = to;
  if (kind === 'agent') {
    const agent = directory.agent(id);
    if (agent?.buyerId !== buyerId || agent.status !== 'active') return NOT_THERE;
    return agents({ kind, id }, undefined);
  }
  return findPlace(`sip:${kind}~${id}@invalid`, buyerId, 'invalid', directory);
}

function placeOfTarget(target: Target): PlaceResult {
  if (target.status !== 'active') return NOT_THERE;
  if (target.kind !== 'softphone') return { ok: true, place: { kind: 'target', target } };
  const group = agentGroupOf(target.uri);
  return group ? agents(group, target.id) : NOT_THERE;
}

function agents(group: AgentGroup, targetId: string | undefined): PlaceResult {
  return { ok: true, place: { kind: 'agents', group, targetId } };
}

/** Scheme and host in any letter case; nothing else may differ. */
function sameUri(a: string, b: string): boolean {
  return normal(a) === normal(b);
}

function normal(uri: string): string {
  const at = uri.lastIndexOf('@');
  const scheme = uri.slice(0, uri.indexOf(':') + 1);
  if (at < 0) return uri.toLowerCase();
  return scheme.toLowerCase() + uri.slice(scheme.length, at) + uri.slice(at).toLowerCase();
}

function hostOf(uri: string): string {
  const at = uri.lastIndexOf('@');
  return /^@(\[[^\]]*\]|[^:;?]*)/.exec(uri.slice(at))?.[1]?.toLowerCase() ?? '';
}
