// What Misskey does: since 2025.3 with checksums only when required, its forks with the SDK's default.
import { Readable } from "node:stream";
import { Bucket, MIB, Upload, bytes, client, content, env, equal, refused, s3, sameBytes, test } from "./rp.mjs";

const MODES = {
  "when required": { requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" },
  "by default": {},
};

for (const [mode, config] of Object.entries(MODES)) {
  const misskey = client({ region: "auto", ...config });
  const prefix = `misskey ${mode}`.replaceAll(" ", "-");

  async function upload(Key, Body, more = {}) {
    const done = new Upload({
      client: misskey,
      partSize: 8 * MIB,
      params: {
        Bucket,
        Key,
        Body,
        ContentType: "image/webp",
        CacheControl: "max-age=31536000, immutable",
        ContentDisposition: `inline; filename="a.webp"; filename*=UTF-8''%E7%8C%AB.webp`,
        ACL: "public-read",
        ...more,
      },
    });
    return done.done();
  }

  async function isThere(Key, body) {
    const answer = await misskey.send(new s3.GetObjectCommand({ Bucket, Key }));
    equal(answer.ContentType, "image/webp", "type");
    equal(answer.CacheControl, "max-age=31536000, immutable", "cache control");
    equal(answer.ContentDisposition, `inline; filename="a.webp"; filename*=UTF-8''%E7%8C%AB.webp`, "disposition");
    equal(answer.ContentEncoding, undefined, "content encoding");
    sameBytes(await bytes(answer), body, "body");
    const world = await fetch(`${env.RP_REDIRECTOR}/${Bucket}/${Key}`);
    equal(world.status, 200, "status for the world");
    sameBytes(Buffer.from(await world.arrayBuffer()), body, "body for the world");
  }

  test(`misskey ${mode}: a thumbnail from a buffer`, async () => {
    const body = content(20_000, mode);
    await upload(`${prefix}/thumbnail-1.webp`, body);
    await isThere(`${prefix}/thumbnail-1.webp`, body);
  });

  test(`misskey ${mode}: 8 MiB and a byte in parts that run in parallel`, async () => {
    const body = content(20 * MIB + 1, mode);
    await upload(`${prefix}/large.webp`, body);
    await isThere(`${prefix}/large.webp`, body);
  });

  test(`misskey ${mode}: a stream of unknown length`, async () => {
    const body = content(9 * MIB, `${mode} stream`);
    const chunks = Array.from({ length: 90 }, (_, n) => body.subarray(n * 104858, (n + 1) * 104858));
    await upload(`${prefix}/stream.webp`, Readable.from(chunks.filter((chunk) => chunk.length)));
    await isThere(`${prefix}/stream.webp`, body);
    await upload(`${prefix}/short.webp`, Readable.from([body.subarray(0, 1000)]));
    await isThere(`${prefix}/short.webp`, body.subarray(0, 1000));
  });

  test(`misskey ${mode}: PutObject from a stream of known length`, async () => {
    const body = content(300_000, `${mode} known`);
    const chunks = [body.subarray(0, 100_000), body.subarray(100_000)];
    const Key = `${prefix}/known.bin`;
    await misskey.send(
      new s3.PutObjectCommand({ Bucket, Key, Body: Readable.from(chunks), ContentLength: body.length }),
    );
    const answer = await misskey.send(new s3.GetObjectCommand({ Bucket, Key }));
    equal(answer.ContentEncoding, undefined, "content encoding");
    sameBytes(await bytes(answer), body, "body");
  });

  test(`misskey ${mode}: an empty file`, async () => {
    await upload(`${prefix}/empty.webp`, Buffer.alloc(0));
    await isThere(`${prefix}/empty.webp`, Buffer.alloc(0));
  });

  test(`misskey ${mode}: deletes, also what is gone`, async () => {
    const Key = `${prefix}/thumbnail-1.webp`;
    for (let turn = 0; turn < 2; turn++) {
      const answer = await misskey.send(new s3.DeleteObjectCommand({ Bucket, Key }));
      equal(answer.$metadata.httpStatusCode, 204, "status");
    }
    await refused("NoSuchKey", 404, misskey.send(new s3.GetObjectCommand({ Bucket, Key })));
  });

  test(`misskey ${mode}: DeleteObjects and PutObjectAcl, which carry a checksum in either mode`, async () => {
    const Keys = ["1 a", "2 ü+%41", "3 <&>"].map((name) => `${prefix}/bulk/${name}`);
    for (const Key of Keys) await misskey.send(new s3.PutObjectCommand({ Bucket, Key, Body: Key }));
    await misskey.send(new s3.PutObjectAclCommand({ Bucket, Key: Keys[0], ACL: "private" }));
    equal((await fetch(`${env.RP_REDIRECTOR}/${Bucket}/${encodeURI(Keys[0])}`)).status, 403, "status of a private one");
    const gone = await misskey.send(
      new s3.DeleteObjectsCommand({ Bucket, Delete: { Objects: Keys.map((Key) => ({ Key })) } }),
    );
    equal(gone.Deleted.map((entry) => entry.Key).sort(), Keys, "what was deleted");
    equal(gone.Errors, undefined, "errors");
    const left = await misskey.send(new s3.ListObjectsV2Command({ Bucket, Prefix: `${prefix}/bulk/` }));
    equal(left.KeyCount, 0, "what is left");
  });
}
