import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { freePort } from '../../../src/provision';

test('the wanted port when it is free, else another', async () => {
  const wanted = await freePort();
  const again = await freePort(wanted);
  expect(again).toBe(wanted);
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
