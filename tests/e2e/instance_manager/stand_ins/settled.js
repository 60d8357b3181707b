// Loaded with --require: where a document waits half a minute for containers, this waits until no instance of the
// gateway is still starting. Other timers are left as they are: node's own fetch has some.
'use strict';
const HALF_A_MINUTE = 30000;
const { setTimeout: timer } = globalThis;

globalThis.settled = async function settled() {
  for (;;) {
    const answer = await fetch(`${process.env.GATEWAY_URL}/api/v1/instances`, {
      headers: { 'x-api-key': process.env.GATEWAY_KEY },
    });
    const { instances } = await answer.json();
    if (instances.every((each) => each.memory_status !== 'start')) return;
    await new Promise((resolve) => timer(resolve, 50));
  }
};

globalThis.setTimeout = (then, after, ...more) =>
  after === HALF_A_MINUTE ? void globalThis.settled().then(then) : timer(then, after, ...more);
