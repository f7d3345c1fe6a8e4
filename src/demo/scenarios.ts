/** SIPp scenarios of the demo: a carrier that speaks a tone, a buyer who lets it ring, one who answers. */

const message = (text: string, attributes = ''): string =>
  `<send ${attributes}><![CDATA[\n\n${text}\n]]></send>`;
const scenario = (name: string, ...steps: string[]): string =>
  `<?xml version="1.0" encoding="ISO-8859-1" ?>\n<scenario name="${name}">\n${steps.join('\n')}\n</scenario>\n`;

const VIA = 'Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]';

function carrierHeaders(caller: string, method: string, sequence: number, toTag: string): string {
  return `${VIA}
From: "Demo caller" <sip:${caller}@[local_ip]:[local_port]>;tag=[pid]demo[call_number]
To: <sip:[service]@[remote_ip]:[remote_port]>${toTag}
Call-ID: [call_id]
CSeq: ${sequence} ${method}
Contact: <sip:${caller}@[local_ip]:[local_port]>
Max-Forwards: 70`;
}

/** Calls the demo number, streams a tone, and hangs up after `talkMs`. */
export function carrierScenario(caller: string, toneFile: string, talkMs: number): string {
  return scenario(
    'demo carrier',
    message(
      `INVITE sip:[service]@[remote_ip]:[remote_port] SIP/2.0
${carrierHeaders(caller, 'INVITE', 1, '')}
Content-Type: application/sdp
Content-Length: [len]

v=0
o=carrier 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [rtpstream_audio_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
a=ptime:20
`,
      'retrans="500"',
    ),
    '<recv response="100" optional="true"></recv>',
    '<recv response="180" optional="true"></recv>',
    '<recv response="183" optional="true"></recv>',
    '<recv response="200" rrs="true"></recv>',
    message(`ACK [next_url] SIP/2.0
${carrierHeaders(caller, 'ACK', 1, '[peer_tag_param]')}
[routes]
Content-Length: 0
`),
    `<nop><action><exec rtp_stream="${toneFile},-1,0,PCMU/8000"/></action></nop>`,
    `<pause milliseconds="${talkMs}"/>`,
    message(
      `BYE [next_url] SIP/2.0
${carrierHeaders(caller, 'BYE', 2, '[peer_tag_param]')}
[routes]
Content-Length: 0
`,
      'retrans="500"',
    ),
    '<recv response="200"></recv>',
  );
}

function response(status: string, body: string, cseq = '[last_CSeq:]'): string {
  return message(
    `SIP/2.0 ${status}
[last_Via:]
[last_From:]
[last_To:];tag=[pid]buyer[call_number]
[last_Call-ID:]
${cseq}
Contact: <sip:buyer@[local_ip]:[local_port]>
${body}`,
    status.startsWith('1') ? '' : 'retrans="500"',
  );
}

const NO_BODY = 'Content-Length: 0\n';
const ANSWER = `Content-Type: application/sdp
Content-Length: [len]

v=0
o=buyer 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0 101
a=rtpmap:0 PCMU/8000
a=rtpmap:101 telephone-event/8000
`;
const PLAIN_OK = message(`SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0
`);

/** Rings and never answers. */
export const SILENT_BUYER = scenario(
  'demo buyer who does not answer',
  '<recv request="INVITE"></recv>',
  response('180 Ringing', NO_BODY),
  '<recv request="CANCEL" timeout="60000"></recv>',
  PLAIN_OK,
  response('487 Request Terminated', NO_BODY, 'CSeq: [cseq] INVITE'),
  '<recv request="ACK"></recv>',
);

/** Rings, answers, and talks until the other side hangs up; SIPp echoes the audio. */
export const ANSWERING_BUYER = scenario(
  'demo buyer who answers',
  '<recv request="INVITE"></recv>',
  response('180 Ringing', NO_BODY),
  '<pause milliseconds="800"/>',
  response('200 OK', ANSWER),
  '<recv request="ACK"></recv>',
  '<recv request="BYE" timeout="60000"></recv>',
  PLAIN_OK,
);
