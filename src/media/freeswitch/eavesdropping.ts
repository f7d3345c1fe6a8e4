import type { Monitoring, MonitorMode } from '../media-engine';
import { MediaUnavailable } from '../media-engine';
import type { FreeswitchLeg } from './freeswitch-leg';

/** Commands of the application: who is spoken to. The buyer's channel is listened to: 2 speaks to it, 3 to both. */
const COMMANDS: Readonly<Record<MonitorMode, string>> = { listen: '0', whisper: '2', barge: '3' };
const LEAVE = '*';

/**
 * A supervisor's channel that listens to the buyer's. It hears both, as what goes to the buyer is what the
 * caller says. Its keys mean nothing: only we say whom it speaks to.
 */
export class Eavesdropping implements Monitoring {
  readonly #supervisor: FreeswitchLeg;
  readonly #onEnd: () => void;
  #mode: MonitorMode = 'listen';
  #over = false;

  private constructor(supervisor: FreeswitchLeg, onEnd: () => void) {
    this.#supervisor = supervisor;
    this.#onEnd = onEnd;
  }

  static async begin(
    supervisor: FreeswitchLeg,
    buyer: FreeswitchLeg,
    mode: MonitorMode,
    onEnd: () => void,
  ): Promise<Eavesdropping> {
    const { channel } = supervisor;
    await channel.command('uuid_setvar', channel.uuid, 'eavesdrop_enable_dtmf', 'false');
    const monitoring = new Eavesdropping(supervisor, onEnd);
    void channel.run('eavesdrop', buyer.channel.uuid).then(
      () => monitoring.#end(),
      () => monitoring.#end(),
    );
    await monitoring.change(mode);
    return monitoring;
  }

  get mode(): MonitorMode {
    return this.#mode;
  }

  change(mode: MonitorMode): Promise<void> {
    if (this.#over) return Promise.reject(new MediaUnavailable('nobody listens any more'));
    this.#mode = mode;
    this.#supervisor.channel.tell({ 'eavesdrop-command': COMMANDS[mode] });
    return Promise.resolve();
  }

  stop(): void {
    if (this.#over) return;
    this.#supervisor.channel.tell({ 'eavesdrop-command': LEAVE });
    this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#onEnd();
  }
}
