import { isTalking } from '../core/call-machine';
import type { Phone } from '../phone';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';
import { Icon } from './icons';

/** What concerns the whole page, below its header. */
export function Banners({ phone, state }: { readonly phone: Phone; readonly state: PhoneState }) {
  return (
    <div class="banners">
      <ConnectionBanner state={state} />
      {!state.soundAllowed && (
        <div class="banner warn" role="status">
          <Icon name="sound" />
          <p>{TEXT.banner.silentRing}</p>
          <button type="button" class="button small" onClick={() => phone.sounds.unlock()}>
            {TEXT.banner.allowSound}
          </button>
        </div>
      )}
      {state.notice !== undefined && (
        <div class="banner warn" role="alert" data-testid="notice">
          <Icon name="alert" />
          <p>
            {state.notice.kind === 'microphone_gone'
              ? `${TEXT.trouble[state.notice.trouble].what} ${TEXT.trouble[state.notice.trouble].mend}`
              : TEXT.notice[state.notice.kind]}
          </p>
          <button
            type="button"
            class="tool"
            aria-label={TEXT.notice.dismiss}
            onClick={() => phone.dismissNotice()}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
    </div>
  );
}

function ConnectionBanner({ state: { connection, call } }: { readonly state: PhoneState }) {
  if (connection.phase === 'online' || connection.phase === 'offline') return null;
  // The first attempt is not worth a word.
  if (!connection.again && connection.phase === 'connecting' && connection.attempt < 2) return null;
  const talking = isTalking(call);
  return (
    <div class="banner bad" data-testid="banner-connection">
      <span class="spinner" aria-hidden="true" />
      <p>
        <strong>{connection.again ? TEXT.banner.reconnecting : TEXT.banner.connecting}</strong>{' '}
        {connection.phase === 'waiting' && connection.attempt > 1
          ? TEXT.banner.trouble[connection.trouble]
          : talking
            ? TEXT.banner.inCall
            : TEXT.banner.idle}
      </p>
    </div>
  );
}
