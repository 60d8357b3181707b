// The part of axios that the examples use, over node's own fetch, so that they run where nothing was installed.
// As axios does: objects travel as JSON, JSON answers are parsed, any status outside 2xx is an error with `response`.
'use strict';

async function request(method, url, data, { baseURL = '', headers = {} } = {}) {
  const sent = new Headers(headers);
  if (data !== undefined && !sent.has('content-type')) sent.set('content-type', 'application/json');
  const answer = await fetch(baseURL + url, {
    method,
    headers: sent,
    body: data === undefined ? undefined : JSON.stringify(data),
  });
  const text = await answer.text();
  const isJson = (answer.headers.get('content-type') || '').includes('json');
  const response = { status: answer.status, headers: Object.fromEntries(answer.headers), data: isJson ? JSON.parse(text) : text };
  if (answer.ok) return response;
  throw Object.assign(new Error(`Request failed with status code ${answer.status}`), { response });
}

function create(defaults = {}) {
  const merged = (given = {}) => ({ ...defaults, ...given, headers: { ...defaults.headers, ...given.headers } });
  return {
    get: (url, config) => request('GET', url, undefined, merged(config)),
    post: (url, data, config) => request('POST', url, data, merged(config)),
    delete: (url, config) => request('DELETE', url, undefined, merged(config)),
  };
}

module.exports = { ...create(), create };
