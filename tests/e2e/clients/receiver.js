// A customer's webhook endpoint as Node programs have it: the body is parsed first and written again for the check,
// so this holds only as long as the gateway writes JSON the way JSON.stringify does.
// Takes what is signed under SECRET, refuses the rest; prints its port, then one line of JSON for each request.
'use strict';
const crypto = require('node:crypto');
const http = require('node:http');

function isGenuine(signature, body) {
  const right = crypto.createHmac('sha256', process.env.SECRET).update(JSON.stringify(body)).digest('hex');
  return signature.length === right.length && crypto.timingSafeEqual(Buffer.from(signature), Buffer.from(right));
}

const server = http.createServer(async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  const genuine = isGenuine(request.headers['x-webhook-signature'] || '', body);
  response.writeHead(genuine ? 200 : 401).end();
  console.log(JSON.stringify({ genuine, body }));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
