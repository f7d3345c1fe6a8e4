import { render } from 'preact';
import { ApiClient } from './api/api-client';
import { Phone } from './phone';
import { App } from './ui/app';
import { ErrorBoundary } from './ui/error-boundary';

const root = document.getElementById('phone');
if (root === null) throw new Error('the page has no place for the phone');

const phone = new Phone(
  new ApiClient('/api/v1/phone', (url, init) => fetch(url, init)),
  `${location.origin.replace(/^http/, 'ws')}/ws/v1/?EIO=4&transport=websocket`,
);
render(
  <ErrorBoundary>
    <App phone={phone} />
  </ErrorBoundary>,
  root,
);
void phone.start();
