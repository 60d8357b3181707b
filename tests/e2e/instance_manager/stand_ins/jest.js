// The part of Jest that the documents use, over node:test: loaded with --require, its words are globals as there.
// A failed expectation fails its test, and a failed test the process.
'use strict';
const assert = require('node:assert/strict');
const runner = require('node:test');

function test(name, body, timeout) {
  runner.test(name, { timeout: timeout || 60000 }, body);
}

function expect(actual) {
  return {
    toBe: (expected) => assert.equal(actual, expected),
    toBeDefined: () => assert.notEqual(actual, undefined),
    toBeGreaterThanOrEqual: (least) => assert.ok(actual >= least, `${actual} is less than ${least}`),
    toContain: (part) => assert.ok(actual.includes(part), `${JSON.stringify(actual)} has no ${part}`),
  };
}

Object.assign(globalThis, { describe: runner.describe, test, it: test, expect, afterAll: runner.after });
