import { newUser, signedIn, testAccess } from '../support/test-access';
import type { TestApi } from '../support/test-api';
import { startTestApi } from '../support/test-api';

let api: TestApi;
let token: string;

beforeAll(async () => {
  api = await startTestApi({}, (pool) => testAccess(pool));
  token = (await signedIn(api, (await newUser(api)).email)).accessToken;
});
afterAll(async () => {
  expect(api.switch.bugs).toEqual([]);
  await api.close();
});

test('no id and no query is a bug', async () => {
  for (const path of ['/auth/sessions/', '/users/', '/keys/', '/oauth-clients/', '/auth/oidc/']) {
    for (const id of ['%00', '%ff', "';--", '%F0%9F%98%80', 'a'.repeat(65), '__proto__']) {
      const method = path.includes('sessions') ? 'DELETE' : 'GET';
      const end = path.includes('oidc') ? '/callback?code=x&state=%00&more=1' : '';
      const headers = { Authorization: `Bearer ${token}` };
      const { status } = await api.ask(method, `/api/v1${path}${id}${end}`, { key: null, headers });
      expect([path, id, status]).toEqual([path, id, 400]);
    }
  }
});
