import type { PresenceState } from './api/api-types';
import type { EndedBy } from './core/call-machine';
import type { CallCard } from './core/card';
import type { ConnectionTrouble } from './core/connection-machine';
import type { TroubleCode } from './core/troubles';
import type { SignedOutWhy } from './state';

/** Every word that the page says. */
export const TEXT = {
  product: 'DCE Phone',
  title: { idle: 'DCE Phone', incoming: 'Incoming call', inCall: 'In a call · DCE Phone' },
  starting: 'Starting the phone',
  startingAgain: 'The exchange does not answer. The phone starts as soon as it does.',

  signIn: {
    heading: 'Sign in to take calls',
    username: 'User name',
    password: 'Password',
    submit: 'Sign in',
    busy: 'Signing in',
    why: {
      fresh: undefined,
      expired: 'Your session has ended. Please sign in again.',
      signed_out: 'You are signed out. Calls go to your colleagues.',
      taken_over: 'Your phone was opened in another tab, and is closed here.',
    } satisfies Record<SignedOutWhy, string | undefined>,
    failed: {
      credentials: 'User name and password do not match. Check both and try again.',
      no_answer: 'The exchange does not answer. Check your network, then try again.',
      other: 'Signing in did not work. Try again in a moment.',
    },
    locked: (seconds: number | undefined) =>
      seconds === undefined
        ? 'Too many attempts. Wait a few minutes, then try again.'
        : `Too many attempts. Try again in ${seconds < 90 ? `${Math.ceil(seconds)} seconds` : `${Math.ceil(seconds / 60)} minutes`}.`,
  },
  otherTab: {
    heading: 'Your phone is open in another tab',
    text: 'One tab at a time takes calls, so that no call rings twice.',
    talking: 'A call is up there. Finish it there first; then the phone can be used here.',
    here: 'Use it here',
  },

  header: { sound: 'Sound', help: 'Keyboard help', signOut: 'Sign out', status: 'Status' },
  status: { available: 'Available', away: 'Away' },
  presence: {
    offline: 'Offline',
    available: 'Available',
    ringing: 'Ringing',
    on_call: 'In a call',
    wrap_up: 'Wrapping up',
    away: 'Away',
  } satisfies Record<PresenceState, string>,

  banner: {
    reconnecting: 'Reconnecting…',
    connecting: 'Connecting…',
    connected: 'Connected',
    inCall: 'You may lose sound for a moment. The call is kept.',
    idle: 'No calls can reach you until the connection is back.',
    trouble: {
      network: 'The exchange cannot be reached. Check your network.',
      refused: 'The exchange refused this phone. It tries again by itself.',
      api: 'The exchange does not answer. It tries again by itself.',
    } satisfies Record<ConnectionTrouble, string>,
    silentRing: 'Your browser keeps this page silent until you click on it.',
    allowSound: 'Let it ring',
  },

  idle: {
    available: 'Ready for calls',
    availableText: 'The next call rings here.',
    away: 'You are away',
    awayText: 'Calls go to your colleagues until you are available again.',
    wrapUp: 'Wrapping up',
    wrapUpText: (left: string) => `Calls reach you again in ${left}.`,
    wrapUpOpen: 'Calls reach you again when you are ready.',
    onCall: 'In a call on another phone',
    onCallText: 'Your other phone has the call. This one waits for the next.',
    offline: 'Not connected',
    offlineText: 'Calls cannot reach you yet.',
    checkMicrophone: 'Check your microphone before the first call',
    waiting: (count: number) => (count === 1 ? '1 caller waits' : `${count} callers wait`),
  },

  monitoring: {
    listen: 'Listening in: nobody hears you',
    whisper: 'Whispering: the agent hears you',
    barge: 'Both hear you',
    heading: (campaign: string) => `Listening to ${campaign}`,
  },
  recording: {
    pause: 'Pause recording',
    resume: (left: string) => `Resume recording (${left})`,
    paused: 'What is said now is not recorded',
  },

  card: {
    from: (place: string) => `From ${place}`,
    number: 'Number',
    numberHidden: {
      ringing: 'Shown after you answer',
      learning: '…',
      learned: 'Not shown for this campaign',
    },
    state: 'State',
    price: 'Price',
    unnamed: 'Call',
  },
  incoming: {
    heading: 'Incoming call',
    answer: 'Answer',
    decline: 'Decline',
    answering: 'Answering',
  },
  call: {
    talking: 'Talking',
    held: 'On hold',
    callerHeld: 'The caller is on hold',
    transferring: 'Transferring',
    holding: 'Changing',
    heldByPeer: 'The caller has put you on hold',
    restoring: 'Restoring the call',
    muted: 'Muted',
    hangUp: 'Hang up',
    mute: 'Mute',
    unmute: 'Unmute',
    hold: 'Hold',
    resume: 'Resume',
    keypad: 'Keypad',
    transfer: 'Transfer',
    silent: 'No sound arrives from the caller. If it stays so, ask them to call again.',
    timer: 'Time in this call',
    sent: 'Keys pressed',
  },
  quality: {
    name: 'Sound quality',
    words: ['No sound', 'Bad', 'Poor', 'Good', 'Very good'],
    details: 'Figures',
    loss: 'Lost',
    jitter: 'Jitter',
    rtt: 'Round trip',
    you: 'You hear',
    sent: 'Your voice',
    caller: 'Caller’s line',
    unknown: '–',
  },
  transfer: {
    heading: 'Transfer this call',
    search: 'Name or number',
    to: 'To',
    blind: 'Transfer now',
    consult: 'Ask first',
    cancel: 'Cancel',
    back: 'Back to the caller',
    complete: 'Hand over the call',
    nobody: 'Nobody found. Type a whole number to call it.',
    number: (number: string) => `Call ${number}`,
    kinds: { agent: 'Colleague', team: 'Team', target: 'Other', number: 'Number' },
    transferring: (name: string) => `Transferring to ${name}`,
    transferringText: 'The caller hears music. If nobody answers, you get the call back.',
    ringing: (name: string) => `Calling ${name}`,
    ringingText: 'The caller hears music meanwhile.',
    consulting: (name: string) => `Talking to ${name}`,
    consultingText: 'The caller does not hear you.',
    completing: (name: string) => `Handing over to ${name}`,
    over: (name: string) => `${name} is not on the line any more`,
    overText: 'The caller is still on hold.',
    failed: (name: string, status: number) => `${name} ${why(status)}. You still have the caller.`,
    consultFailed: (name: string, status: number) => `${name} ${why(status)}.`,
  },
  ended: {
    by: {
      caller: 'The caller hung up',
      agent: 'You hung up',
      declined: 'You declined the call',
      missed: 'Missed call',
      elsewhere: 'Answered by a colleague',
      transferred: 'Handed over',
      lost: 'The call was lost',
      failed: 'The call could not be answered',
    } satisfies Record<EndedBy, string>,
    text: {
      missed: 'It rang here, and then went on to somebody else.',
      declined: 'It goes on to somebody else.',
      elsewhere: 'Nothing is left for you to do.',
      lost: 'The connection broke off for too long.',
      failed: 'Your browser could not start the sound. Check your microphone in Sound.',
    } as Partial<Record<EndedBy, string>>,
    disposition: 'How did it go?',
    once: 'Said once: it may be billed.',
    saving: 'Saving',
    saved: 'Saved',
    saveFailed: 'Not saved. Choose again.',
    ready: 'Ready for calls',
    close: 'Close',
    nextIn: (left: string) => `Next call in ${left} at the earliest`,
    duration: 'Talked',
  },
  today: {
    heading: 'Today',
    answered: 'Answered',
    missed: 'Missed',
    talked: 'Talked',
    none: 'No calls yet today.',
    outcome: { answered: 'Answered', missed: 'Missed' },
    calls: 'Calls today',
    how: (campaign: string, time: string) => `How did ${campaign} at ${time} go?`,
    choose: 'How did it go?',
  },
  colleagues: 'Colleagues',

  sound: {
    heading: 'Sound',
    microphone: 'Microphone',
    speaker: 'Speaker',
    ring: 'Ring sounds on',
    default: 'System default',
    unnamed: (index: number) => `Device ${index}`,
    level: 'Microphone level',
    speak: 'Say a few words: the bar should move.',
    works: 'Your microphone works.',
    start: 'Check the microphone',
    stop: 'End the check',
    tryRing: 'Play the ring',
    outputFixed: 'This browser sounds where the system does.',
    notify: 'Show notifications of calls',
    notifyOn: 'Notifications of calls are shown.',
    notifyDenied: 'Notifications are blocked. Allow them in the browser’s settings of this site.',
    close: 'Done',
  },
  trouble: {
    denied: {
      what: 'The microphone is blocked.',
      mend: 'Click the icon beside the address, allow the microphone, then try again.',
    },
    no_microphone: { what: 'No microphone was found.', mend: 'Plug in a headset, then try again.' },
    in_use: {
      what: 'The microphone cannot be opened.',
      mend: 'Close other programs that use it, then try again.',
    },
    insecure: {
      what: 'The browser gives no microphone to this address.',
      mend: 'Open the page by its https address.',
    },
    media: {
      what: 'The microphone does not work.',
      mend: 'Plug it in again or choose another one, then try again.',
    },
  } satisfies Record<TroubleCode, { what: string; mend: string }>,
  notice: {
    status_failed: 'Your status was not changed. Try again in a moment.',
    microphone_changed: 'The microphone was unplugged. Another one is used now.',
    disposition_failed: 'How the call went was not saved. Choose again.',
    in_call: 'You are in a call. End it first, then sign out.',
    recording_failed: 'The recording goes on as it was. Try again.',
    hold_failed: 'The exchange did not change the hold. Try again.',
    expires: 'Your session has ended. You sign in again after this call.',
    dismiss: 'Put away',
  },
  help: {
    heading: 'Keyboard',
    close: 'Close',
    use: 'Use single keys',
    keys: [
      ['A', 'Answer'],
      ['D', 'Decline'],
      ['M', 'Mute, and again to speak'],
      ['H', 'Hold, and again to resume'],
      ['K', 'Keypad; then 0–9, * and #'],
      ['T', 'Transfer'],
      ['P', 'Pause the recording, and again to go on'],
      ['E', 'End the call'],
      ['R', 'Ready after a call'],
      ['Esc', 'Close what lies open; leave a transfer'],
      ['?', 'This list'],
    ],
  },
  crash: {
    heading: 'The page has stopped',
    text: 'Something unforeseen happened. Load the page again; a call that is up ends.',
    reload: 'Load again',
  },
} as const;

/** What a status of SIP says of somebody who was called. */
function why(status: number): string {
  switch (status) {
    case 404:
    case 403:
    case 416:
      return 'cannot be called from here';
    case 480:
    case 430:
      return 'is not available';
    case 486:
    case 600:
      return 'is busy';
    case 603:
      return 'declined';
    case 408:
    case 487:
      return 'did not answer';
    case 0:
      return 'hung up';
    default:
      return 'could not be reached';
  }
}

/** What a call is called. */
export function callHeading({ campaign, monitoring }: CallCard): string {
  const name = campaign || TEXT.card.unnamed;
  return monitoring === undefined ? name : TEXT.monitoring.heading(name);
}

/** A call in one line, for notifications and announcements. */
export function callTitle(card: CallCard): string {
  return [callHeading(card), card.state].filter((part) => part !== undefined).join(', ');
}
