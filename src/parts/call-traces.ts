import type { Span } from '@opentelemetry/api';
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { CallEvent } from '../signaling';
import { callContext, startCallSpan } from '../telemetry';

/** The spans of a call that is up. */
interface CallSpans {
  readonly whole: Span;
  /** Of the target that rings. */
  ring: Span | undefined;
}

const TRACER = 'dce.calls';

/**
 * Traces calls by their news: one span from the INVITE to the end, and within it the decision and each target that
 * rang. The worker adds the settlement. No number of a person is told, and without tracing it is nothing.
 */
export class CallTraces {
  readonly #calls = new Map<string, CallSpans>();

  onCall(event: CallEvent): void {
    if (event.type === 'call.received') {
      this.#begin(event);
      return;
    }
    const spans = this.#calls.get(event.callId);
    if (spans) this.#goOn(spans, event);
  }

  /** Calls whose span goes on. */
  get size(): number {
    return this.#calls.size;
  }

  #begin({ callId, at, attempt }: Extract<CallEvent, { type: 'call.received' }>): void {
    const whole = startCallSpan(TRACER, callId, 'call', {
      kind: SpanKind.SERVER,
      startTime: at,
      attributes: {
        'dce.call_id': callId,
        'dce.trunk_id': attempt.trunkId,
        'dce.origin': attempt.origin,
        'dce.attestation': attempt.attestation ?? 'none',
      },
    });
    // Of a trace that is not kept nothing more is made.
    if (whole.isRecording()) this.#calls.set(callId, { whole, ring: undefined });
  }

  #goOn(spans: CallSpans, event: Exclude<CallEvent, { type: 'call.received' }>): void {
    const { whole } = spans;
    const { at } = event;
    switch (event.type) {
      case 'call.decided':
        this.#decided(event);
        break;
      case 'call.ringing':
        spans.ring?.end(at);
        spans.ring = this.#child(event.callId, 'ring', at, {
          'dce.target_id': event.target.targetId,
          'dce.buyer_id': event.target.buyerId,
          'dce.attempt': event.attempt,
        });
        break;
      case 'call.ring_failed': {
        const came = { 'dce.outcome': event.outcome, 'dce.sip_status': event.sipStatus };
        if (spans.ring) endRing(spans, at, came);
        // It was not rung at all.
        else whole.addEvent('target left out', { ...came, 'dce.target_id': event.target.targetId }, at);
        break;
      }
      case 'call.answered':
        endRing(spans, at, { 'dce.outcome': 'answered' });
        whole.addEvent('answered', { 'dce.pdd_ms': event.pddMs }, at);
        break;
      case 'call.ended':
        this.#ended(spans, event);
        break;
      case 'call.quality':
      case 'call.refused':
        break;
      default:
        whole.addEvent(event.type.slice('call.'.length), {}, at);
    }
  }

  #decided({
    callId,
    at,
    decision,
    decisionMicroseconds,
  }: Extract<CallEvent, { type: 'call.decided' }>): void {
    const { campaignId, fraud, bids } = decision.trace;
    const span = this.#child(callId, 'decide', at - decisionMicroseconds / 1_000, {
      'dce.outcome': decision.ok ? 'sold' : decision.reason,
      'dce.bids': bids.total,
      ...(decision.ok ? { 'dce.targets': decision.plan.length } : {}),
      ...(campaignId === undefined ? {} : { 'dce.campaign_id': campaignId }),
      ...(fraud ? { 'dce.fraud_score': fraud.score } : {}),
    });
    span.end(at);
  }

  #ended(spans: CallSpans, { callId, record }: Extract<CallEvent, { type: 'call.ended' }>): void {
    const { whole } = spans;
    this.#calls.delete(callId);
    endRing(spans, record.endedAt, { 'dce.outcome': 'canceled' });
    whole.setAttributes({
      'dce.state': record.state,
      'dce.reason': record.reason,
      'dce.sip_status': record.sipStatus,
      'dce.connected_ms': record.connectedMs,
    });
    if (record.state === 'failed') whole.setStatus({ code: SpanStatusCode.ERROR, message: record.reason });
    whole.end(record.endedAt);
  }

  #child(
    callId: string,
    name: string,
    startTime: number,
    attributes: Readonly<Record<string, string | number>>,
  ): Span {
    return trace.getTracer(TRACER).startSpan(name, { startTime, attributes }, callContext(callId));
  }
}

function endRing(spans: CallSpans, at: number, came: Readonly<Record<string, string | number>>): void {
  spans.ring?.setAttributes(came);
  spans.ring?.end(at);
  spans.ring = undefined;
}

/** Adds what the worker did about a call's money to the call's trace. */
export function traceSettlement(callId: string, outcome: string, from: number, to: number): void {
  trace
    .getTracer(TRACER)
    .startSpan(
      'settle',
      {
        kind: SpanKind.CONSUMER,
        startTime: from,
        attributes: { 'dce.call_id': callId, 'dce.outcome': outcome },
      },
      callContext(callId),
    )
    .end(to);
}
