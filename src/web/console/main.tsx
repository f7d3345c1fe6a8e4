import { render } from 'preact';
import { ApiClient } from './api/client';
import { amongTabs } from './api/one-at-a-time';
import { App } from './app';
import { ErrorBoundary } from './ui/error-boundary';

const root = document.getElementById('console');
if (root === null) throw new Error('the page has no place for the console');

const api = new ApiClient('/api/v1', (url, init) => fetch(url, init), amongTabs);
render(
  <ErrorBoundary>
    <App api={api} />
  </ErrorBoundary>,
  root,
);
