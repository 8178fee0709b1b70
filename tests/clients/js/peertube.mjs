// What PeerTube does: HLS files, proxied ranges, privacy changes, prefix deletes, presigned downloads, staging.
import { Bucket, MIB, Upload, bytes, client, content, env, equal, getSignedUrl, refused, s3, sameBytes, test } from "./rp.mjs";

const peertube = client({ requestChecksumCalculation: "WHEN_REQUIRED", responseChecksumValidation: "WHEN_REQUIRED" });
const prefix = "hls/6e0b8f9f-0000-4000-8000-a1b2c3d4e5f6/";
const video = content(12 * MIB, "video");

async function listAll(Prefix) {
  const found = [];
  let ContinuationToken;
  do {
    const page = await peertube.send(new s3.ListObjectsV2Command({ Bucket, Prefix, ContinuationToken, MaxKeys: 2 }));
    found.push(...(page.Contents ?? []).map((entry) => entry.Key));
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken);
  return found;
}

test("peertube stores a video and its playlist", async () => {
  const upload = new Upload({
    client: peertube,
    partSize: 5 * MIB,
    queueSize: 4,
    leavePartsOnError: true,
    params: { Bucket, Key: `${prefix}720.mp4`, Body: video, ACL: "public-read" },
  });
  await upload.done();
  for (const name of ["master.m3u8", "720.m3u8", "segments-sha256.json", "thumb.jpg"]) {
    await peertube.send(new s3.PutObjectCommand({ Bucket, Key: prefix + name, Body: name, ACL: "public-read" }));
  }
  equal((await listAll(prefix)).length, 5, "objects");
});

test("peertube's player reads ranges across the redirect, from another origin", async () => {
  const headers = { Range: "bytes=1000000-1999999", Origin: "https://peertube.example" };
  const answer = await fetch(`${env.RP_REDIRECTOR}/${Bucket}/${prefix}720.mp4`, { headers });
  equal(answer.status, 206, "status");
  equal(answer.headers.get("content-range"), `bytes 1000000-1999999/${video.length}`, "Content-Range");
  const allowed = answer.headers.get("access-control-allow-origin");
  equal(["*", headers.Origin].includes(allowed), true, `CORS: ${allowed}`);
  sameBytes(Buffer.from(await answer.arrayBuffer()), video.subarray(1000000, 2000000), "body");
});

test("peertube proxies a private video by ranges", async () => {
  const head = await peertube.send(new s3.HeadObjectCommand({ Bucket, Key: `${prefix}720.mp4` }));
  equal(head.ContentLength, video.length, "length");
  const Range = `bytes=${video.length - 100}-`;
  const answer = await peertube.send(new s3.GetObjectCommand({ Bucket, Key: `${prefix}720.mp4`, Range }));
  equal(answer.ContentRange, `bytes ${video.length - 100}-${video.length - 1}/${video.length}`, "Content-Range");
  sameBytes(await bytes(answer), video.subarray(-100), "body");
  await refused("NoSuchKey", 404, peertube.send(new s3.GetObjectCommand({ Bucket, Key: `${prefix}absent.mp4` })));
});

test("peertube makes a video private and public again", async () => {
  const world = async (name) => (await fetch(`${env.RP_REDIRECTOR}/${Bucket}/${prefix}${name}`)).status;
  for (const [ACL, status] of [["private", 403], ["public-read", 200]]) {
    for (const Key of await listAll(prefix)) await peertube.send(new s3.PutObjectAclCommand({ Bucket, Key, ACL }));
    equal([await world("720.mp4"), await world("master.m3u8")], [status, status], ACL);
  }
});

test("peertube hands out downloads by presigned URL", async () => {
  const command = new s3.GetObjectCommand({
    Bucket,
    Key: `${prefix}720.mp4`,
    ResponseContentDisposition: `attachment; filename="my video.mp4"; filename*=UTF-8''my%20video.mp4`,
  });
  const url = await getSignedUrl(peertube, command, { expiresIn: 24 * 3600 });
  const answer = await fetch(url, { headers: { Range: "bytes=0-99" } });
  equal(answer.status, 206, "status");
  equal(answer.headers.get("content-disposition"), command.input.ResponseContentDisposition, "disposition");
  sameBytes(Buffer.from(await answer.arrayBuffer()), video.subarray(0, 100), "body");
});

test("a presigned PUT, in either checksum mode", async () => {
  for (const [name, signer] of [["required", peertube], ["default", client()]]) {
    const Key = `presigned/${name}`;
    const url = await getSignedUrl(signer, new s3.PutObjectCommand({ Bucket, Key, ContentType: "image/png" }));
    const put = await fetch(url, { method: "PUT", body: `body ${name}`, headers: { "Content-Type": "image/png" } });
    equal(put.status, 200, `${name}: status, ${await put.text()}`);
    const answer = await signer.send(new s3.GetObjectCommand({ Bucket, Key }));
    equal((await bytes(answer)).toString(), `body ${name}`, "body");
  }
});

test("peertube moves a file out of its staging place", async () => {
  await peertube.send(new s3.PutObjectCommand({ Bucket, Key: "staging/up load.mp4", Body: "staged", ACL: "private" }));
  const CopySource = `${Bucket}/${encodeURIComponent("staging/up load.mp4")}`;
  const copy = { Bucket, Key: `${prefix}moved.mp4`, CopySource, ACL: "public-read" };
  await peertube.send(new s3.CopyObjectCommand({ ...copy, MetadataDirective: "REPLACE", ContentType: "video/mp4" }));
  const head = await peertube.send(new s3.HeadObjectCommand({ Bucket, Key: copy.Key }));
  equal([head.ContentType, head.ContentLength], ["video/mp4", 6], "the copy");
  const upload = { Bucket, Key: `${prefix}joined.mp4` };
  const { UploadId } = await peertube.send(new s3.CreateMultipartUploadCommand(upload));
  const Parts = [];
  for (const [PartNumber, CopySourceRange] of [[1, "bytes=0-2"], [2, "bytes=3-5"]]) {
    const part = { ...upload, UploadId, PartNumber, CopySource, CopySourceRange };
    const { CopyPartResult } = await peertube.send(new s3.UploadPartCopyCommand(part));
    Parts.push({ PartNumber, ETag: CopyPartResult.ETag });
  }
  await peertube.send(new s3.CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts } }));
  equal((await bytes(await peertube.send(new s3.GetObjectCommand(upload)))).toString(), "staged", "joined parts");
});

test("peertube prunes uploads that were left behind", async () => {
  const keys = ["stale/1", "stale/2", "stale/3"];
  for (const Key of keys) await peertube.send(new s3.CreateMultipartUploadCommand({ Bucket, Key }));
  let markers = {}, seen = [];
  do {
    const page = await peertube.send(
      new s3.ListMultipartUploadsCommand({ Bucket, Prefix: "stale/", MaxUploads: 2, ...markers }),
    );
    for (const { Key, UploadId } of page.Uploads ?? []) {
      seen.push(Key);
      await peertube.send(new s3.AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    }
    markers = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
    if (!page.IsTruncated) break;
  } while (true);
  equal(seen, keys, "uploads");
});

test("a live playlist is overwritten, and readers see the newest", async () => {
  const Key = `${prefix}live.m3u8`;
  for (let turn = 0; turn < 10; turn++) {
    await peertube.send(new s3.PutObjectCommand({ Bucket, Key, Body: `#EXTM3U ${turn}`, ACL: "public-read" }));
    const world = await fetch(`${env.RP_REDIRECTOR}/${Bucket}/${Key}`);
    equal(await world.text(), `#EXTM3U ${turn}`, "playlist");
  }
});

test("peertube deletes a video by its prefix", async () => {
  const keys = await listAll(prefix);
  await Promise.all(keys.map((Key) => peertube.send(new s3.DeleteObjectCommand({ Bucket, Key }))));
  equal(await listAll(prefix), [], "what is left");
});
