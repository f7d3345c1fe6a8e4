import { createHash } from 'node:crypto';
import type { Context, Span, SpanOptions } from '@opentelemetry/api';
import { INVALID_SPAN_CONTEXT, ROOT_CONTEXT, trace, TraceFlags } from '@opentelemetry/api';

/** The names of a call's trace and of the span that is all of the call, in hexadecimal (W3C Trace Context §3.2.2). */
export interface CallTraceIds {
  readonly traceId: string;
  readonly spanId: string;
}

const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;

/** Whether a trace is kept; undefined before tracing has started, when calls cost nothing of it. */
let isKept: ((traceId: string) => boolean) | undefined;
/** What the next span is to be called, which is begun in the same breath. */
let next: CallTraceIds | undefined;

/**
 * They follow from the call's own id: whoever knows the call adds to its trace, in whichever process and however
 * much later, and finds it, with nothing handed on.
 */
export function callTraceIds(callId: string): CallTraceIds {
  const digits = createHash('sha256').update(`call ${callId}`, 'utf8').digest('hex');
  return {
    traceId: digits.slice(0, TRACE_DIGITS),
    spanId: digits.slice(TRACE_DIGITS, TRACE_DIGITS + SPAN_DIGITS),
  };
}

/** Begins the span that is all of a call. */
export function startCallSpan(tracer: string, callId: string, name: string, options: SpanOptions): Span {
  if (!isKept) return trace.wrapSpanContext(INVALID_SPAN_CONTEXT);
  next = callTraceIds(callId);
  try {
    return trace.getTracer(tracer).startSpan(name, { ...options, root: true }, ROOT_CONTEXT);
  } finally {
    next = undefined;
  }
}

/** The context of what is done for a call beside it: children of its span. */
export function callContext(callId: string): Context {
  if (!isKept) return ROOT_CONTEXT;
  const ids = callTraceIds(callId);
  const traceFlags = isKept(ids.traceId) ? TraceFlags.SAMPLED : TraceFlags.NONE;
  return trace.setSpanContext(ROOT_CONTEXT, { ...ids, traceFlags, isRemote: true });
}

/** Names the spans of calls; others get names of their own. */
export function namingCalls<Ids extends { generateTraceId(): string; generateSpanId(): string }>(
  others: Ids,
): { generateTraceId(): string; generateSpanId(): string } {
  return {
    generateTraceId: () => next?.traceId ?? others.generateTraceId(),
    generateSpanId: () => next?.spanId ?? others.generateSpanId(),
  };
}

/** @param kept - whether a trace is kept, the same in every process */
export function keepCallTraces(kept: (traceId: string) => boolean): void {
  isKept = kept;
}
