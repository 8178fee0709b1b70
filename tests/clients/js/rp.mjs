// What the JavaScript tests need; see ../lib/rp.py for the RP_* settings.
import { createRequire } from "node:module";
import { createHash } from "node:crypto";
import { deepStrictEqual } from "node:assert";

// The packages lie below target/, not beside this file.
const require = createRequire(`${process.env.RP_JS_ROOT}/package.json`);
export const s3 = require("@aws-sdk/client-s3");
export const { Upload } = require("@aws-sdk/lib-storage");
export const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");

export const env = process.env;
export const Bucket = env.RP_BUCKET;
export const MIB = 1024 * 1024;

export function client(more = {}) {
  return new s3.S3Client({
    endpoint: env.RP_ENDPOINT,
    region: "us-east-1",
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: env.RP_ACCESS_KEY, secretAccessKey: env.RP_SECRET },
    ...more,
  });
}

// Bytes that look random and are the same for the same seed.
export function content(size, seed = "") {
  const blocks = [];
  for (let n = 0; n * 64 < size; n++) blocks.push(createHash("sha512").update(`${seed}/${n}`).digest());
  return Buffer.concat(blocks).subarray(0, size);
}

export const equal = (actual, expected, what) => deepStrictEqual(actual, expected, `${what}: ${shown(expected)} expected, ${shown(actual)} came`);

export function sameBytes(actual, expected, what) {
  if (!Buffer.from(actual).equals(expected)) throw new Error(`${what}: other bytes came, ${actual.length} for ${expected.length}`);
}

const shown = (value) => JSON.stringify(value)?.slice(0, 300);

export async function refused(name, status, promise) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    equal([error.name, error.$metadata?.httpStatusCode], [name, status], "error");
    return error;
  }
  throw new Error(`${name} expected, and the call was accepted: ${shown(answer)}`);
}

export async function bytes(answer) {
  return Buffer.from(await answer.Body.transformToByteArray());
}

const tests = [];
export const test = (name, body) => tests.push([name, body]);

export async function run() {
  const failed = [];
  for (const [name, body] of tests.filter(([name]) => name.includes(env.RP_ONLY ?? ""))) {
    const began = Date.now();
    try {
      await body();
      console.log(`ok ${name} (${(Date.now() - began) / 1000} s)`);
    } catch (error) {
      failed.push(name);
      console.log(`FAILED ${name}`, error);
    }
  }
  console.log(`${tests.length - failed.length} passed, ${failed.length} failed ${failed}`);
  process.exit(failed.length || !tests.length ? 1 : 0);
}
