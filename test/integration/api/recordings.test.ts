import { createHash, randomBytes } from 'node:crypto';
import { createApiKey, failRecording, listAudit, noteRecording } from '../../../src/storage';
import { readWav } from '../../../src/recordings';
import { until } from '../../support/until';
import { openMarket } from './support/market-bodies';
import type { Answer, TestApi } from './support/test-api';
import { startTestApi } from './support/test-api';
import { recordingBasics, recordingShelf, storeRecording } from './support/test-recordings';

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi();
  await openMarket(api);
});
afterAll(() => api.close());
beforeEach(() => api.database.empty('recordings, outbox'));

const path = (id: string): string => `/api/v1/recordings/${id}`;

/** Octets of an answer, with its head. */
async function listen(id: string, headers: Record<string, string> = {}, key = api.admin) {
  const response = await fetch(`${api.url}${path(id)}/audio`, { headers: { 'X-API-Key': key, ...headers } });
  return {
    status: response.status,
    headers: response.headers,
    octets: Buffer.from(await response.arrayBuffer()),
  };
}

async function wavOf(audio: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  const of = {
    encoding: 'PCMU' as const,
    size: audio.length,
    read: (from: number, to: number) => [audio.subarray(from, to)] as unknown as AsyncIterable<Buffer>,
  };
  for await (const piece of readWav(of)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function allowListening(sides: Record<string, boolean>): Promise<void> {
  const body = { recording: { mode: 'off', ...sides } };
  const answer = await api.ask('PATCH', '/api/v1/campaigns/campaign', { body });
  expect(answer.status).toBe(200);
}

const idsOf = (answer: Answer): string[] =>
  (answer.body['items'] as { id: string }[] | undefined)?.map(({ id }) => id) ?? [];

test('a recording is found by what it is of, and shows on what it rests and how loud it is', async () => {
  const now = Date.now();
  const older = await storeRecording(api.pool, { startedAt: now - 60_000, callId: 'other-call' });
  const { id, audio } = await storeRecording(api.pool, { startedAt: now });
  const message = await storeRecording(api.pool, {
    startedAt: now - 1_000,
    kind: 'voicemail',
    buyerId: null,
  });
  const list = async (query: string): Promise<string[]> =>
    idsOf(await api.ask('GET', `/api/v1/recordings?${query}`));
  expect(await list('')).toEqual([id, message.id, older.id]);
  expect(await list('callId=other-call')).toEqual([older.id]);
  expect(await list('kind=voicemail')).toEqual([message.id]);
  expect(await list('buyerId=buyer&campaignId=campaign&state=saved')).toEqual([id, older.id]);
  expect(await list(`fromTime=${now - 1_000}&toTime=${now}`)).toEqual([message.id]);
  const first = await api.ask('GET', '/api/v1/recordings?limit=2');
  expect(await list(`limit=2&cursor=${String(first.body['nextCursor'])}`)).toEqual([older.id]);
  const one = await api.ask('GET', path(id));
  expect(one.headers.get('etag')).toBe(`"${String(one.body['version'])}"`);
  expect(one.body).toMatchObject({
    state: 'saved',
    sha256: createHash('sha256').update(audio).digest('hex'),
    eraseAfter: now + 90 * 86_400_000,
    consent: { needs: 'one_party', citation: 'N.Y. Penal Law §250.00', caller: { states: ['NY'] } },
    waveform: { stepMs: 100, caller: [12], other: [34] },
    legalHold: false,
  });
});

test('the audio is a WAV file of which any part can be had', async () => {
  const { id, audio } = await storeRecording(api.pool, {}, randomBytes(200_000));
  const wav = await wavOf(audio);
  const whole = await listen(id);
  expect(whole.status).toBe(200);
  expect(whole.octets.equals(wav)).toBe(true);
  expect(Object.fromEntries(whole.headers)).toMatchObject({
    'content-type': 'audio/wav',
    'accept-ranges': 'bytes',
    'content-length': `${wav.length}`,
    'cache-control': 'private, no-cache',
    'content-disposition': `inline; filename="${id}.wav"`,
  });
  const etag = whole.headers.get('etag') ?? '';
  const ranges: [string, number, number][] = [
    ['bytes=0-57', 0, 58],
    ['bytes=0-0', 0, 1],
    ['bytes=50-70000', 50, 70_001],
    ['bytes=131000-', 131_000, wav.length],
    ['bytes=-5000', wav.length - 5_000, wav.length],
    ['bytes=199000-999999999', 199_000, wav.length],
    ['bytes=-999999999', 0, wav.length],
  ];
  for (const [range, from, to] of ranges) {
    const part = await listen(id, { Range: range, 'If-Range': etag });
    expect([range, part.status, part.headers.get('content-range')]).toEqual([
      range,
      206,
      `bytes ${from}-${to - 1}/${wav.length}`,
    ]);
    expect(part.octets.equals(wav.subarray(from, to))).toBe(true);
  }
  for (const range of ['bytes=', 'bytes=9-8', 'bytes=a-b', 'seconds=1-2', 'bytes=0-1,4-5']) {
    expect([range, (await listen(id, { Range: range })).status]).toEqual([range, 200]);
  }
  expect((await listen(id, { Range: 'bytes=0-1', 'If-Range': '"another"' })).octets).toHaveLength(wav.length);
  for (const range of [`bytes=${wav.length}-`, 'bytes=-0']) {
    const none = await listen(id, { Range: range });
    expect([none.status, none.headers.get('content-range')]).toEqual([416, `bytes */${wav.length}`]);
    expect(JSON.parse(none.octets.toString())).toMatchObject({ code: 'range_not_satisfiable' });
  }
  const known = await listen(id, { 'If-None-Match': etag });
  expect([known.status, known.octets.length]).toEqual([304, 0]);
});

test('who listens is written down, each time', async () => {
  const { id } = await storeRecording(api.pool);
  await listen(id);
  await listen(id, { Range: 'bytes=0-99' });
  const key = await api.keyWith('recordings:read', 'recordings:write', '*:read');
  // Who reads everything does not hear everything.
  expect((await listen(id, {}, key)).status).toBe(403);
  const listens = async () =>
    (await listAudit(api.pool, 100, { action: 'listenToRecording' })).filter(
      ({ subject }) => subject?.id === id,
    );
  await until(
    'both listens are in the audit log',
    async () => (await listens()).filter(({ status }) => status < 300).length === 2,
  );
  const entries = await listens();
  expect(entries.map(({ subject }) => subject?.kind)).toEqual(entries.map(() => 'recordings'));
  expect(entries.map(({ actor }) => actor.kind)).toEqual(entries.map(() => 'key'));
});

test('buyers and sellers hear what their campaign lets them, and nothing of others', async () => {
  const buyer = await createApiKey(api.pool, 'buyer-account', 'b', ['*']);
  const seller = await createApiKey(api.pool, 'seller-account', 's', ['*']);
  const carrier = await createApiKey(api.pool, 'carrier-account', 'c', ['*']);
  const { id } = await storeRecording(api.pool);
  const other = await storeRecording(api.pool, { buyerAccountId: 'somebody', sellerId: 'somebody' });
  const seenBy = async (key: string) => idsOf(await api.ask('GET', '/api/v1/recordings', { key }));
  const heardBy = async (key: string, one = id) => (await listen(one, {}, key)).status;
  await allowListening({});
  for (const key of [buyer, seller]) {
    expect(await seenBy(key)).toEqual([]);
    expect(await heardBy(key)).toBe(404);
  }
  await allowListening({ buyersListen: true });
  expect(await seenBy(buyer)).toEqual([id]);
  expect(await heardBy(buyer)).toBe(200);
  expect(await heardBy(buyer, other.id)).toBe(404);
  expect(await seenBy(seller)).toEqual([]);
  const seen = await api.ask('GET', path(id), { key: buyer });
  expect(seen.body).toMatchObject({ buyerId: 'buyer', targetId: 'target', sellerId: null });
  for (const hidden of ['consent', 'nodeId', 'keyId', 'holdReason'])
    expect(seen.body).not.toHaveProperty(hidden);
  await allowListening({ buyersListen: false, sellersListen: true });
  expect(await heardBy(buyer)).toBe(404);
  expect(await heardBy(seller)).toBe(200);
  expect((await api.ask('GET', path(id), { key: seller })).body).toMatchObject({
    ...{ sellerId: 'seller-account', buyerId: null, targetId: null },
  });
  expect((await api.ask('GET', '/api/v1/recordings', { key: carrier })).status).toBe(403);
  // Nor do they hold or erase anything.
  const gone = await api.ask('DELETE', `${path(id)}?reason=x`, { key: seller });
  expect(gone.status).toBe(403);
});

test('what is erased nobody hears; what is held for a claim nobody erases', async () => {
  const { id } = await storeRecording(api.pool);
  const hold = await api.ask('PATCH', path(id), { body: { legalHold: true, reason: 'claim 17' } });
  expect(hold.body).toMatchObject({ legalHold: true, holdReason: 'claim 17', version: 2 });
  const refused = await api.ask('DELETE', `${path(id)}?reason=asked`);
  expect([refused.status, refused.body['code']]).toEqual([409, 'legal_hold']);
  expect((await api.ask('PATCH', path(id), { body: { legalHold: true } })).status).toBe(400);
  const stale = await api.ask('PATCH', path(id), {
    body: { legalHold: false },
    headers: { 'If-Match': '"1"' },
  });
  expect(stale.status).toBe(412);
  const lifted = await api.ask('PATCH', path(id), { body: { legalHold: false } });
  expect(lifted.body).toMatchObject({ legalHold: false, holdReason: null });
  expect((await api.ask('DELETE', path(id))).status).toBe(400);
  const nobody = await api.ask('DELETE', `${path('nobody')}?reason=asked`);
  expect([nobody.status, nobody.body['code']]).toEqual([404, 'recording_not_found']);
  expect((await api.ask('DELETE', `${path(id)}?reason=asked`)).status).toBe(204);
  expect((await api.ask('GET', path(id))).body).toMatchObject({
    ...{ state: 'erased', eraseReason: 'asked', sha256: null, waveform: null, keyId: null },
  });
  const silent = await listen(id);
  expect(JSON.parse(silent.octets.toString())).toMatchObject({ status: 404, code: 'recording_has_no_audio' });
  expect((await api.ask('PATCH', path(id), { body: { legalHold: true, reason: 'late' } })).status).toBe(404);
});

test('what is not there yet, never was, or is not as it was sealed', async () => {
  const going = recordingBasics();
  const lost = recordingBasics();
  await noteRecording(api.pool, going, 'PCMU');
  await failRecording(api.pool, lost, 'PCMU', 'the disk is too slow');
  expect(JSON.parse((await listen(going.id)).octets.toString())).toMatchObject({
    code: 'recording_not_over',
  });
  expect(JSON.parse((await listen(lost.id)).octets.toString())).toMatchObject({
    code: 'recording_has_no_audio',
  });
  const { id } = await storeRecording(api.pool, {}, randomBytes(200_000));
  const file = recordingShelf.objects.get(id) as Buffer;
  file[70_000] = (file[70_000] as number) ^ 1;
  // The first chunk is as it was; the second breaks the answer off, rather than be heard.
  await expect(listen(id)).rejects.toThrow();
  const told = await listen(id, { Range: 'bytes=66000-66100' });
  expect([told.status, JSON.parse(told.octets.toString())]).toMatchObject([
    503,
    { code: 'recording_damaged' },
  ]);
  recordingShelf.objects.delete(id);
  const away = await listen(id);
  expect([away.status, JSON.parse(away.octets.toString())]).toMatchObject([
    503,
    { code: 'recording_not_here' },
  ]);
});
