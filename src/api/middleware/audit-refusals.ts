import type { RequestHandler } from 'express';
import type { AuditTrail } from '../../storage';
import { AuditNote, noteOf } from '../audit-note';
import type { ClientAddress } from '../client-address';
import { problemOf } from '../problem';
import { provenCaller } from './authenticate';
import { contextOf, whenOver } from './request-context';

/** Statuses of who did not prove who they are, and of who may not. */
const REFUSED = new Set([401, 403]);

/**
 * Writes down who was refused what is audited, and who showed a wrong proof; how much of one caller, the audit log
 * itself bounds.
 */
export function auditRefusals(trail: Pick<AuditTrail, 'refused'>, addressOf: ClientAddress): RequestHandler {
  return (request, response, next) => {
    const { route } = contextOf(request).place;
    if (route && (route.audited !== false || route.access === 'open')) {
      // Now: a connection that was broken off has no address any more.
      const address = addressOf(request);
      whenOver(request, () => {
        const { statusCode: status } = response;
        const note = noteOf(request);
        const isWrongProof = note?.isGuess === true && status >= 400 && status < 500;
        if (!isWrongProof && !(route.audited !== false && REFUSED.has(status))) return;
        const caller = provenCaller(request);
        const problem = problemOf(response);
        const said = note ?? new AuditNote(request);
        trail.refused(said.refusal({ route, request, caller, address, status, problem }));
      });
    }
    next();
  };
}
