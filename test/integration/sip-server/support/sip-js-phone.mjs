import { createInterface } from 'node:readline';
import { Inviter, Registerer, SessionState, UserAgent } from 'sip.js';
import { WebSocket } from 'ws';

/**
 * A phone of sip.js without audio: `node sip-js-phone.mjs URL [USERNAME PASSWORD]`. It registers, answers
 * who calls it, and says what happens, one line each; told `reconnect`, `call URI` or `bye` on standard
 * input, it does so.
 */
globalThis.WebSocket = WebSocket;

const SDP =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n';
const [, , server, authorizationUsername, authorizationPassword] = process.argv;
const say = (line) => process.stdout.write(`${line}\n`);
let session;

const userAgent = new UserAgent({
  uri: UserAgent.makeURI('sip:agent@dce.invalid'),
  transportOptions: { server, keepAliveInterval: 1 },
  contactName: 'agent',
  ...(authorizationPassword === undefined ? {} : { authorizationUsername, authorizationPassword }),
  logBuiltinEnabled: false,
  sessionDescriptionHandlerFactory: () => ({
    close: () => undefined,
    getDescription: async () => ({ body: SDP, contentType: 'application/sdp' }),
    hasDescription: (type) => type === 'application/sdp',
    holdModifier: async (description) => description,
    rollbackDescription: async () => undefined,
    sendDtmf: () => false,
    setDescription: async () => undefined,
  }),
  delegate: {
    onInvite: (invitation) => {
      take(invitation);
      say('ringing');
      void invitation.accept();
    },
    onConnect: () => say('connected'),
    onDisconnect: () => say('disconnected'),
  },
});

function take(taken) {
  session = taken;
  taken.stateChange.addListener((state) => say(state === SessionState.Terminated ? 'over' : state));
}

await userAgent.start();
const registerer = new Registerer(userAgent, { expires: 600 });
registerer.stateChange.addListener((state) => say(state));
await registerer.register();

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const [verb, uri] = line.split(' ');
    if (verb === 'call') {
      const inviter = new Inviter(userAgent, UserAgent.makeURI(uri));
      take(inviter);
      void inviter.invite();
    } else if (verb === 'bye') void session.bye();
    else if (verb === 'reconnect') {
      void userAgent.transport
        .disconnect()
        .then(() => userAgent.transport.connect())
        .then(() => session.invite());
    }
  })
  .on('close', () => process.exit(0));
