import type { Config } from '../config';
import { defined } from '../domain';
import type { MediaEngine, PromptStore } from '../media';
import { MediasoupEngine, PassthroughEngine } from '../media';
import { findMediasoupWorker } from '../provision';
import type { Logger } from '../telemetry';

/**
 * The media engine of the configuration.
 * @param prompts - what it may play
 * @param qualityWanted - whether anybody watches how calls without browsers do
 * @throws Error in one line that says what to do
 */
export async function openMedia(
  config: Config,
  log: Logger,
  prompts: PromptStore,
  qualityWanted: () => boolean = () => false,
): Promise<MediaEngine> {
  if (config.media.engine === 'passthrough') return new PassthroughEngine();
  const workerBin = findMediasoupWorker();
  if (workerBin === undefined) {
    throw new Error('the media worker is missing: npm start builds it, or set DCE_MEDIASOUP_WORKER_BIN');
  }
  return MediasoupEngine.start({
    workerBin,
    workers: config.media.workers,
    prompts,
    listenAddress: config.media.listenAddress,
    ...defined({ announcedAddress: config.media.announcedAddress, webRtcPort: config.media.webrtcPort }),
    portRange: [config.media.portMin, config.media.portMax],
    webRtcPorts: config.media.webrtcPorts,
    webRtcTcp: config.media.webrtcTcp,
    qualityWanted,
    rtpTimeoutMs: config.media.rtpTimeoutMs,
    webRtcTimeoutMs: config.media.webrtcTimeoutMs,
    oneWayAfterMs: config.media.oneWayAfterMs,
    onWorkerDied: (pid) => log.error({ workerPid: pid }, 'a media worker died and is replaced'),
  });
}
