import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { configSchema } from '../../../src/config';
import { xmlFault } from './well-formed';

const ROOT = join(__dirname, '../../..');
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const files = ['deploy', 'freeswitch'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.xml'))
    .map((name) => `${folder}/${name}`),
);

/** `name="…" value="…"` of a FreeSWITCH file. */
function parameters(path: string): Map<string, string> {
  const pairs = read(path).matchAll(/<param name="([^"]+)" value="([^"]*)"\/>/g);
  return new Map([...pairs].map(([, name = '', value = '']) => [name, value]));
}

test.each([
  ['<a><b></a></b>', 'closes'],
  ['<a>', 'not closed'],
  ['<a/><b/>', 'second root'],
  ['<a b="1" b="2"/>', 'twice'],
  ['<a b=1/>', 'not XML'],
  ['<a>1 & 2</a>', 'not XML'],
  ['<!-- a -- b --><a/>', 'not XML'],
  ['<a/>words', 'outside'],
  ['', 'no root'],
])('the check itself refuses %j', (text, why) => {
  expect(xmlFault(text)).toContain(why);
});

test.each(files)('%s is well-formed', (path) => {
  expect(xmlFault(read(path))).toBeUndefined();
});

test('every file that FreeSWITCH includes is there, and every file is included', () => {
  const included = [
    ...['freeswitch/freeswitch.xml', 'freeswitch/vars.xml', 'freeswitch/autoload/*.xml'],
    ...['freeswitch/sip_profiles/*.xml', 'freeswitch/dialplan/*.xml'],
  ].map((pattern) => new RegExp(`^${pattern.replace(/\./g, '\\.').replace('*', '[^/]+')}$`));
  for (const pattern of included) expect(files.some((file) => pattern.test(file))).toBe(true);
  const owned = files.filter((file) => !file.startsWith('deploy/'));
  expect(owned.filter((file) => !included.some((pattern) => pattern.test(file)))).toEqual([]);
});

test('a variable that FreeSWITCH expands is one that vars.xml sets', () => {
  const set = new Set([...read('freeswitch/vars.xml').matchAll(/data="(\w+)=/g)].map(([, name]) => name));
  const used = files.flatMap((file) => [...read(file).matchAll(/\$\$\{(\w+)\}/g)].map(([, name]) => name));
  expect(used.length).toBeGreaterThan(0);
  expect(used.filter((name) => !set.has(name))).toEqual([]);
});

test('FreeSWITCH keeps off the ports of the SIP server and of the switch', () => {
  const { media, sip } = configSchema.parse({});
  const core = parameters('freeswitch/autoload/switch.conf.xml');
  const profile = parameters('freeswitch/sip_profiles/drachtio_mrf.xml');
  expect(Number(core.get('rtp-end-port'))).toBeLessThan(media.portMin);
  expect(Number(core.get('rtp-start-port'))).toBeLessThan(Number(core.get('rtp-end-port')));
  expect(sip.listen.map((text) => text.split(':').at(-1))).not.toContain(profile.get('sip-port'));
});

test('the event socket and the SIP profile are for the switch alone, and the lists they name exist', () => {
  const socket = parameters('freeswitch/autoload/event_socket.conf.xml');
  expect(socket.get('listen-ip')).toBe('$${dce_event_address}');
  expect(socket.get('password')).toBe('$${dce_secret}');
  const list = /<list name="(\w+)" default="deny">/.exec(read('freeswitch/autoload/acl.conf.xml'))?.[1];
  expect(list).toBeDefined();
  const profile = parameters('freeswitch/sip_profiles/drachtio_mrf.xml');
  for (const user of [socket, profile]) expect(user.get('apply-inbound-acl')).toBe(list);
});

test('what the switch relies on when it tells FreeSWITCH what to do', () => {
  const profile = parameters('freeswitch/sip_profiles/drachtio_mrf.xml');
  // Its engine names one codec in each offer, and holds peers by itself.
  expect(profile.get('renegotiate-codec-on-reinvite')).toBe('true');
  expect(profile.get('disable-hold')).toBe('true');
  const codecs = /data="dce_codecs=([\w,]+)"/.exec(read('freeswitch/vars.xml'))?.[1];
  expect(codecs?.split(',')).toEqual(expect.arrayContaining(['OPUS', 'G722', 'PCMU', 'PCMA']));
  const plan = read('freeswitch/dialplan/media.xml');
  for (const set of ['hangup_after_bridge=false', 'park_after_bridge=true', 'playback_terminators=none']) {
    expect(plan).toContain(`data="${set}"`);
  }
  const { media } = configSchema.parse({});
  expect(Number(profile.get('rtp-timeout-sec')) * 1_000).toBeGreaterThan(media.rtpTimeoutMs);
});

test("the profile's calls go to a context of the dialplan, which hands them to drachtio-fsmrf", () => {
  const context = parameters('freeswitch/sip_profiles/drachtio_mrf.xml').get('context');
  const plan = read('freeswitch/dialplan/media.xml');
  expect(plan).toContain(`<context name="${context}">`);
  // What drachtio-fsmrf sends with its INVITE (its lib/mediaserver.js).
  const library = read('node_modules/drachtio-fsmrf/lib/mediaserver.js');
  expect(library).toContain("'X-esl-outbound'");
  expect(library).toContain('drachtio-fsmrf:${uuid}');
  expect(plan).toContain('<action application="socket" data="${sip_h_X-esl-outbound} async full"/>');
  expect(plan).toContain('expression="^drachtio-fsmrf:"');
});

test('drachtio-server is told nothing that the switch does not expect', () => {
  const conf = read('deploy/drachtio.conf.xml');
  const { sip } = configSchema.parse({});
  expect(conf).toContain(`<admin port="${sip.drachtio.port}" `);
  expect(conf).toContain(`<t1>${sip.t1Ms}</t1>`);
});
