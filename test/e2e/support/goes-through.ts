import type { Exchange } from './exchange';
import { NUMBER } from './market';
import * as scenario from './scenarios';
import { Sipp } from './sipp';

/** Whether a caller comes through now. */
export async function goesThrough(exchange: Exchange): Promise<boolean> {
  const carrier = await Sipp.start({
    scenario: scenario.callerHangsUp(100),
    remote: exchange.sip,
    service: NUMBER,
    calls: 1,
    timeoutSeconds: 5,
  });
  const code = await carrier.exited;
  await carrier.stop();
  return code === 0;
}
