import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { heard, hears, hearsSuch } from '../../support/browser/hearing';
import type { BrowserKind } from '../../support/browser/open-browser';
import { openBrowser } from '../../support/browser/open-browser';

/** Calls itself: what its microphone hears comes back by RTP and is played. */
const ECHO = `<!doctype html><audio id="far" autoplay></audio><script>
  async function call() {
    const near = new RTCPeerConnection();
    const far = new RTCPeerConnection();
    near.onicecandidate = ({ candidate }) => candidate && far.addIceCandidate(candidate);
    far.onicecandidate = ({ candidate }) => candidate && near.addIceCandidate(candidate);
    far.ontrack = ({ streams }) => { document.getElementById('far').srcObject = streams[0]; };
    const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
    microphone.getTracks().forEach((track) => near.addTrack(track, microphone));
    await near.setLocalDescription(await near.createOffer());
    await far.setRemoteDescription(near.localDescription);
    await far.setLocalDescription(await far.createAnswer());
    await near.setRemoteDescription(far.localDescription);
  }
</script><button id="call" onclick="call()">Call</button>`;

let server: Server;
beforeAll(async () => {
  server = createServer((_request, response) => response.setHeader('Content-Type', 'text/html').end(ECHO));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
});
afterAll(() => new Promise((closed) => server.close(closed)));

/** What the phone's tests believe must be able to be false. */
test.each<BrowserKind>(['chromium', 'firefox'])(
  '%s hears what its microphone is given, and nothing while its audio is muted',
  async (kind) => {
    const browser = await openBrowser(kind, { fakeMicTone: 1_000 });
    try {
      const page = await browser.newPage();
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      expect(await heard(page)).toMatchObject({ hertz: 0, rms: 0 });
      await page.click('#call');
      await hears(page, 1_000);
      await page.evaluate('void (document.getElementById("far").muted = true)');
      await hearsSuch(page, 'nothing', ({ rms }) => rms === 0);
    } finally {
      await browser.close();
    }
  },
);
