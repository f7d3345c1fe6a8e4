import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { freePort } from '../../../src/provision';
import { freePort as quietPort } from '../../support/free-port';

test('the wanted port when it is free, else another', async () => {
  const wanted = await quietPort();
  expect(await freePort(wanted)).toBe(wanted);
  expect(await freePort()).toBeGreaterThan(0);
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = squatter.address() as AddressInfo;
    const other = await freePort(port);
    expect(other).not.toBe(port);
    expect(other).toBeGreaterThan(0);
  } finally {
    await new Promise((resolve) => squatter.close(resolve));
  }
});
