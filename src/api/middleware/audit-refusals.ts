import type { RequestHandler } from 'express';
import type { AuditTrail } from '../../storage';
import { actorOf } from '../../storage';
import { kindOf, NOBODY } from '../audit-note';
import type { ClientAddress } from '../client-address';
import { provenCaller } from './authenticate';
import { contextOf, whenOver } from './request-context';

/** Statuses of who did not prove who they are, and of who may not. */
const REFUSED = new Set([401, 403]);

/** Writes down who was refused what is audited; how much of one caller, the audit log itself bounds. */
export function auditRefusals(trail: Pick<AuditTrail, 'refused'>, addressOf: ClientAddress): RequestHandler {
  return (request, response, next) => {
    const { id, place } = contextOf(request);
    const { route, values } = place;
    if (route && route.audited !== false) {
      whenOver(request, () => {
        if (!REFUSED.has(response.statusCode)) return;
        const caller = provenCaller(request);
        trail.refused({
          actor: caller ? actorOf(caller) : NOBODY,
          action: route.operationId,
          subject: { kind: kindOf(route), id: values?.[0] },
          status: response.statusCode,
          requestId: id,
          address: addressOf(request),
        });
      });
    }
    next();
  };
}
