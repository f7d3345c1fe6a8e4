import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as scenario from '../../e2e/support/scenarios';
import { Sipp } from '../../e2e/support/sipp';

/** What a carrier saw of its calls, told by nobody but SIPp. */
export interface Witness {
  /** Call-IDs of the calls that it was given a 200 for. */
  readonly answered: readonly string[];
}

export interface WitnessOptions {
  /** Address of a switch. */
  readonly sip: string;
  readonly number: string;
  readonly calls: number;
  /** Calls a second. */
  readonly rate: number;
}

/** Milliseconds that it waits for what should come next, in a call that may have lost its switch. */
const PATIENCE_MS = 6_000;

/** Has SIPp place calls of random length, whatever becomes of them, and tells which were answered. */
export async function carrierCalls({ sip, number, calls, rate }: WitnessOptions): Promise<Witness> {
  const carrier = await Sipp.start({
    scenario: scenario
      .callerHangsUp('random')
      .replace(
        '<recv response="200" rrs="true"></recv>',
        '<recv response="200" rrs="true"><action><log message="answered [call_id]"/></action></recv>',
      ),
    remote: sip,
    service: number,
    calls,
    rate,
    limit: 3_000,
    timeoutSeconds: Math.ceil(calls / rate) + 60,
    args: [
      ...['-recv_timeout', String(PATIENCE_MS), '-max_retrans', '5', '-max_invite_retrans', '5'],
      ...['-trace_logs', '-log_file', 'seen.log'],
    ],
  });
  await carrier.exited;
  const file = join(carrier.folder, 'seen.log');
  const lines = existsSync(file) ? readFileSync(file, 'latin1').split('\n') : [];
  if (lines.length === 0) throw new Error(`a carrier saw nothing: ${carrier.output().slice(-2_000)}`);
  await carrier.stop();
  const answered = new Set(lines.flatMap((line) => /answered (\S+)/.exec(line)?.[1] ?? []));
  return { answered: [...answered] };
}
