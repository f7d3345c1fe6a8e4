/** SIPp scenarios as small pieces. Each tag of a scenario is one line of the call's ladder. */

const SDP = `v=0
      o=peer 53655765 2353687637 IN IP[local_ip_type] [local_ip]
      s=-
      c=IN IP[media_ip_type] [media_ip]
      t=0 0
      m=audio [media_port] RTP/AVP 0 8 101
      a=rtpmap:0 PCMU/8000
      a=rtpmap:8 PCMA/8000
      a=rtpmap:101 telephone-event/8000
      a=fmtp:101 0-15
      a=ptime:20`;

function scenario(name: string, steps: readonly string[]): string {
  return `<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="${name}">
${steps.join('\n')}
</scenario>
`;
}

function send(message: string, attributes = ''): string {
  return `<send ${attributes}><![CDATA[

      ${message.trim()}

    ]]></send>`;
}

const recv = (what: string, attributes = ''): string => `<recv ${what} ${attributes}></recv>`;
const pause = (ms: number | 'random'): string =>
  ms === 'random' ? '<pause distribution="uniform" min="0" max="1500"/>' : `<pause milliseconds="${ms}"/>`;

/* ---- the caller's side (a carrier) ---- */

const CALLER_HEADERS = `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]`;
const CALLER_FROM = 'From: <sip:+1212345[caller]@[local_ip]:[local_port]>;tag=[pid]SIPp[call_number]';

function invite(extra = '', sdp = true): string {
  return send(
    `INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      ${CALLER_HEADERS}
      ${CALLER_FROM}
      To: <sip:[service]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 INVITE
      Contact: <sip:carrier@[local_ip]:[local_port];transport=[transport]>
      Max-Forwards: 70
      ${extra}${extra === '' ? '' : '\n      '}${sdp ? 'Content-Type: application/sdp\n      ' : ''}Content-Length: [len]

      ${sdp ? SDP : ''}`,
    'retrans="500"',
  );
}

const ACK_200 = send(`ACK [next_url] SIP/2.0
      ${CALLER_HEADERS}
      ${CALLER_FROM}
      To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
      [routes]
      Call-ID: [call_id]
      CSeq: 1 ACK
      Max-Forwards: 70
      Content-Length: 0
`);

const ACK_FAILURE = send(`ACK sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      [last_Via:]
      ${CALLER_FROM}
      To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
      Call-ID: [call_id]
      CSeq: 1 ACK
      Max-Forwards: 70
      Content-Length: 0
`);

const callerBye = (sequence: number): string =>
  send(
    `BYE [next_url] SIP/2.0
      ${CALLER_HEADERS}
      ${CALLER_FROM}
      To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
      [routes]
      Call-ID: [call_id]
      CSeq: ${sequence} BYE
      Max-Forwards: 70
      Content-Length: 0
`,
    'retrans="500"',
  );
const CALLER_BYE = callerBye(2);

/** A new offer in the call, and its answer, in which `expected` must stand. */
const reInvite = (sequence: number, direction: string, expected: string): string[] => [
  send(
    `INVITE [next_url] SIP/2.0
      ${CALLER_HEADERS}
      ${CALLER_FROM}
      To: <sip:[service]@[remote_ip]:[remote_port]>[peer_tag_param]
      [routes]
      Call-ID: [call_id]
      CSeq: ${sequence} INVITE
      Contact: <sip:carrier@[local_ip]:[local_port];transport=[transport]>
      Max-Forwards: 70
      Content-Type: application/sdp
      Content-Length: [len]

      ${SDP}
      a=${direction}
`,
    'retrans="500"',
  ),
  recv('response="100"', 'optional="true"'),
  `<recv response="200"><action><ereg regexp="a=${expected}" search_in="body" check_it="true" assign_to="1"/><log message="[$1]"/></action></recv>`,
  ACK_200.replace('CSeq: 1 ACK', `CSeq: ${sequence} ACK`),
];

const CANCEL = send(
  `CANCEL sip:[service]@[remote_ip]:[remote_port] SIP/2.0
      [last_Via:]
      ${CALLER_FROM}
      To: <sip:[service]@[remote_ip]:[remote_port]>
      Call-ID: [call_id]
      CSeq: 1 CANCEL
      Max-Forwards: 70
      Content-Length: 0
`,
  'retrans="500"',
);

const OK = send(`SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:peer@[local_ip]:[local_port];transport=[transport]>
      Content-Length: 0
`);

const PROVISIONALS = [
  recv('response="100"', 'optional="true"'),
  recv('response="180"', 'optional="true"'),
  recv('response="183"', 'optional="true"'),
];
const ANSWERED = [...PROVISIONALS, recv('response="200"', 'rrs="true"'), ACK_200];

/** Calls, talks for a while, hangs up. */
export const callerHangsUp = (talkMs: number | 'random', extra = ''): string =>
  scenario('caller hangs up', [
    invite(extra),
    ...ANSWERED,
    pause(talkMs),
    CALLER_BYE,
    recv('response="200"'),
  ]);

/** Talks, puts the call on hold, takes it up again, and hangs up (RFC 3264 §8.4). */
export const callerHolds = (holdMs: number): string =>
  scenario('caller holds', [
    invite(),
    ...ANSWERED,
    pause(300),
    ...reInvite(2, 'inactive', 'inactive'),
    pause(holdMs),
    ...reInvite(3, 'sendrecv', 'sendrecv'),
    pause(300),
    callerBye(4),
    recv('response="200"'),
  ]);

/** Calls, and waits for the other side's BYE. */
export const callerWaitsForBye = (): string =>
  scenario('caller waits for BYE', [invite(), ...ANSWERED, recv('request="BYE"', 'timeout="60000"'), OK]);

/** The switch changes what flows within the call, and is told yes (RFC 3261 §14.2). */
const REOFFERED = [
  recv('request="INVITE"', 'timeout="120000"'),
  send(
    `SIP/2.0 200 OK
      [last_Via:]
      [last_From:]
      [last_To:]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:peer@[local_ip]:[local_port];transport=[transport]>
      Content-Type: application/sdp
      Content-Length: [len]

      ${SDP}`,
    'retrans="500"',
  ),
  recv('request="ACK"'),
];

/** Calls, is put on hold by the switch and taken up again, and waits for the other side's BYE. */
export const callerIsHeld = (): string =>
  scenario('caller is held', [
    invite(),
    ...ANSWERED,
    ...REOFFERED,
    ...REOFFERED,
    recv('request="BYE"', 'timeout="120000"'),
    OK,
  ]);

/** Calls, is answered, and is never heard of again: its BYE was lost. */
export const callerVanishes = (): string => scenario('caller vanishes', [invite(), ...ANSWERED]);

/** Where the switch wants audio to be sent, written to the scenario's log. */
const MEDIA_ADDRESS = `<action><ereg regexp="m=audio ([0-9]+) " search_in="body" check_it="false" assign_to="1,2"/><ereg regexp="c=IN IP4 ([0-9.]+)" search_in="body" check_it="false" assign_to="3,4"/><log message="media [$4]:[$2]"/></action>`;

/**
 * Calls with audio of the test's own (`tone_port`), and hangs up when it is told to: by a MESSAGE with its
 * Call-ID, which the test sends. The switch may hang up first, and may offer anew meanwhile.
 */
export const callerUntilTold = (extra = ''): string =>
  scenario('caller until told', [
    invite(extra),
    recv('response="100"', 'optional="true"'),
    recv('response="180"', 'optional="true"'),
    `<recv response="183" optional="true">${MEDIA_ADDRESS}</recv>`,
    `<recv response="200" rrs="true">${MEDIA_ADDRESS}</recv>`,
    ACK_200,
    '<nop><action><log message="up [call_id]"/></action></nop>',
    '<label id="3"/>',
    recv('request="BYE"', 'optional="true" next="4"'),
    recv('request="INVITE"', 'optional="true" next="5"'),
    recv('request="MESSAGE"', 'timeout="120000"'),
    CALLER_BYE,
    recv('response="200"', 'next="6"'),
    '<label id="4"/>',
    `<nop><action><log message="bye"/></action></nop>`,
    OK.replace('<send ', '<send next="6" '),
    '<label id="5"/>',
    respond(200, 'OK', true),
    recv('request="ACK"', 'next="3"'),
    '<label id="6"/>',
    pause(1),
    '<Reference variables="1,3"/>',
  ]).replaceAll('[media_port]', '[tone_port]');

/** Calls and expects to be refused with this status. */
export const callerIsRefused = (status: number, expectHeader = ''): string =>
  scenario('caller is refused', [
    invite(),
    ...PROVISIONALS,
    `<recv response="${status}">${expectHeader === '' ? '' : `<action><ereg regexp="${expectHeader}" search_in="msg" check_it="true" assign_to="1"/><log message="[$1]"/></action>`}</recv>`,
    ACK_FAILURE,
  ]);

/** Calls and gets no answer of any kind. */
export const callerIsIgnored = (): string =>
  scenario('caller is ignored', [
    invite().replace('retrans="500" ', ''),
    `<recv response="100" optional="true" next="9"></recv>`,
    `<recv response="403" timeout="2000" ontimeout="1" next="9"></recv>`,
    `<label id="9"/>`,
    // Any response fails the call: nothing further will come.
    recv('response="699"', 'timeout="100"'),
    `<label id="1"/>`,
    pause(1),
  ]);

/** Calls, waits for ringback (a repeated 180 counts once) and a while more, and gives up by CANCEL. */
export const callerCancels = (rings: number, thenMs: number): string =>
  scenario('caller cancels', [
    invite(),
    recv('response="100"'),
    ...Array.from({ length: rings }, () => recv('response="180"')),
    ...(thenMs > 0 ? [pause(thenMs)] : []),
    CANCEL,
    // What was under way when the CANCEL left may arrive first, and the 200 is the CANCEL's own.
    recv('response="180"', 'optional="true"'),
    recv('response="200"'),
    recv('response="180"', 'optional="true"'),
    recv('response="487"'),
    ACK_FAILURE,
  ]);

/** Its CANCEL and our 200 cross: it acknowledges what it no longer wants, and hangs up (RFC 3261 §9.1, §15). */
export const callerCancelsAcrossAnswer = (): string =>
  scenario('caller cancels across answer', [
    invite(),
    ...PROVISIONALS,
    recv('response="200"', 'rrs="true"'),
    // In flight before the 200 was seen.
    CANCEL,
    // The transaction was answered: its CANCEL changes nothing (RFC 3261 §9.2).
    recv('response="200"'),
    ACK_200,
    CALLER_BYE,
    recv('response="200"'),
  ]);

/* ---- the buyer's side ---- */

function respond(status: number, reason: string, sdp: boolean): string {
  return send(
    `SIP/2.0 ${status} ${reason}
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]B[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:buyer@[local_ip]:[local_port];transport=[transport]>
      ${sdp ? 'Content-Type: application/sdp\n      ' : ''}Content-Length: [len]

      ${sdp ? SDP : ''}`,
    status >= 200 ? 'retrans="500"' : '',
  );
}

/**
 * Takes the INVITE and keeps what later messages need: the Contact to send to ($1), the From to answer
 * to ($2), and the CSeq for a final response that comes after other requests ($9).
 */
const INVITED = `<recv request="INVITE"><action>
        <ereg regexp="sip:[^>;]*" search_in="hdr" header="Contact:" assign_to="1"/>
        <ereg regexp="[^ ].*" search_in="hdr" header="From:" assign_to="2"/>
        <ereg regexp="[0-9]+ INVITE" search_in="hdr" header="CSeq:" assign_to="9"/>
      </action></recv>
      <Reference variables="1,2,9"/>`;
/** An INVITE that was repeated across the answer changes nothing: tests run with short timers, and machines pause. */
const ACKED = `<label id="7"/>
      ${recv('request="INVITE"', 'optional="true" next="7"')}
      ${recv('request="ACK"')}`;

/** Rings, answers after a while, and waits for BYE. */
export const buyerAnswers = (ringMs = 20, early = false): string =>
  scenario('buyer answers', [
    INVITED,
    early ? respond(183, 'Session Progress', true) : respond(180, 'Ringing', false),
    pause(ringMs),
    respond(200, 'OK', true),
    ACKED,
    recv('request="BYE"', 'timeout="120000"'),
    OK,
  ]);

/** Rings, answers after a while, is put on hold by the switch and taken up again, and waits for BYE. */
export const buyerIsHeld = (ringMs: number): string =>
  scenario('buyer is held', [
    INVITED,
    respond(180, 'Ringing', false),
    pause(ringMs),
    respond(200, 'OK', true),
    ACKED,
    ...REOFFERED,
    ...REOFFERED,
    recv('request="BYE"', 'timeout="120000"'),
    OK,
  ]);

/** Answers, talks, and hangs up. */
export const buyerHangsUp = (talkMs: number): string =>
  scenario('buyer hangs up', [
    INVITED,
    respond(180, 'Ringing', false),
    respond(200, 'OK', true),
    ACKED,
    pause(talkMs),
    send(
      `BYE [$1] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From: <sip:buyer@[local_ip]:[local_port]>;tag=[pid]B[call_number]
      To: [$2]
      Call-ID: [call_id]
      CSeq: 1 BYE
      Max-Forwards: 70
      Content-Length: 0
`,
      'retrans="500"',
    ),
    recv('response="200"'),
  ]);

/** Refuses every call with this status. */
export const buyerRefuses = (status: number, reason: string): string =>
  scenario('buyer refuses', [INVITED, respond(status, reason, false), ACKED]);

/** Takes the INVITE and says nothing, not even 100. */
export const buyerSilent = (): string => scenario('buyer silent', [INVITED, pause(120_000)]);

/** Rings for ever and obeys the CANCEL. */
export const buyerRingsOn = (): string =>
  scenario('buyer rings on', [
    INVITED,
    respond(180, 'Ringing', false),
    recv('request="CANCEL"', 'timeout="60000"'),
    OK,
    send(`SIP/2.0 487 Request Terminated
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]B[call_number]
      [last_Call-ID:]
      CSeq: [$9]
      Content-Length: 0
`),
    ACKED,
  ]);

/** Rings, and on CANCEL answers 200 to the INVITE all the same: the crossing that costs money. */
export const buyerAnswersAcrossCancel = (): string =>
  scenario('buyer answers across cancel', [
    INVITED,
    respond(180, 'Ringing', false),
    recv('request="CANCEL"', 'timeout="60000"'),
    respond(200, 'OK', true).replace('[last_CSeq:]', 'CSeq: [$9]'),
    ACKED,
    recv('request="BYE"', 'timeout="10000"'),
    OK,
  ]);
