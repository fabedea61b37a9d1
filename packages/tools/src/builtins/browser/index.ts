export { type BrowserOptions, browser } from './browser.ts';
export { type ExtractedPage, extractPage } from './extract-page.ts';
export {
  checkUrl,
  type FetchedPage,
  FetchRefused,
  type GuardedFetchOptions,
  guardedFetch,
  isPublicAddress,
  type Resolve,
} from './guarded-fetch.ts';
