# frozen_string_literal: true

# What Mastodon does with its S3 client: saves, downloads, suspends, prunes, backs up, renames.
require_relative "rp"

S3 = client
CACHE = "public, max-age=315576000, immutable"
THRESHOLD = { multipart_threshold: 15 * MIB }.freeze
STYLES = %w[original small].freeze

def key_of(style, id = "111/222/333")
  "cache/media_attachments/files/#{id}/#{style}/0123456789abcdef.png"
end

def md5(body)
  Digest::MD5.base64digest(body)
end

test "saves an attachment of two styles with ACL, cache header and MD5" do
  STYLES.each_with_index do |style, n|
    body = content(200_000, n)
    S3.delete_object(bucket: BUCKET, key: key_of(style))
    S3.put_object(
      bucket: BUCKET, key: key_of(style), body: body, acl: "public-read", cache_control: CACHE,
      content_type: "image/png", content_md5: md5(body)
    )
    head = S3.head_object(bucket: BUCKET, key: key_of(style))
    equal([head.content_type, head.cache_control, head.content_length], ["image/png", CACHE, 200_000], "headers")
    same_bytes(world(key_of(style)).body, body, "what the world reads")
  end
end

test "saves from a file, as kt-paperclip does" do
  with_file(content(3 * MIB)) do |path|
    object = Aws::S3::Resource.new(client: S3).bucket(BUCKET).object("from-file.png")
    object.upload_file(path, **THRESHOLD, acl: "public-read", cache_control: CACHE, content_type: "image/png")
    equal(object.exists?, true, "exists?")
    equal(object.content_length, 3 * MIB, "length")
  end
end

test "uploads a video above the threshold in parts of 5 MiB by ten threads" do
  body = content((23 * MIB) + 7)
  with_file(body) do |path|
    object = Aws::S3::Resource.new(client: S3).bucket(BUCKET).object("video.mp4")
    headers = { acl: "public-read", cache_control: CACHE, content_type: "video/mp4" }
    object.upload_file(path, **THRESHOLD, **headers, thread_count: 10)
  end
  head = S3.head_object(bucket: BUCKET, key: "video.mp4")
  equal([head.content_type, head.content_length, head.etag[/-\d+/]], ["video/mp4", body.bytesize, "-5"], "headers")
  equal(head.cache_control, CACHE, "cache control")
  same_bytes(S3.get_object(bucket: BUCKET, key: "video.mp4").body.read, body, "body")
  same_bytes(world("video.mp4").body, body, "what the world reads")
end

test "uploads a stream by multipart" do
  body = content(12 * MIB)
  object = Aws::S3::Resource.new(client: S3).bucket(BUCKET).object("stream.zip")
  options = { acl: "private", content_type: "application/zip", thread_count: 10, part_size: 5 * MIB }
  object.upload_stream(options) { |out| out << body }
  same_bytes(object.get.body.read, body, "body")
end

test "downloads by HEAD of the first part and ranges that are one byte too long" do
  head = S3.head_object(bucket: BUCKET, key: "video.mp4", part_number: 1)
  object = Aws::S3::Resource.new(client: S3).bucket(BUCKET).object("video.mp4")
  expected = object.get.body.read
  first_part = (head.parts_count || 1) > 1 ? 5 * MIB : expected.bytesize
  equal(head.content_length, first_part, "length of part 1 of #{head.parts_count.inspect}")
  %w[auto get_range single_request].each do |mode|
    Tempfile.create("rockpool", binmode: true) do |file|
      object.download_file(file.path, mode: mode, **(mode == "get_range" ? { chunk_size: 5 * MIB } : {}))
      same_bytes(File.binread(file.path), expected, "body by #{mode}")
    end
  end
  size = expected.bytesize
  last = S3.get_object(bucket: BUCKET, key: "video.mp4", range: "bytes=#{size - 10}-#{size}")
  equal(last.content_range, "bytes #{size - 10}-#{size - 1}/#{size}", "a range one byte past the end")
end

test "suspends and unsuspends an account" do
  STYLES.each { |style| S3.put_object_acl(bucket: BUCKET, key: key_of(style), acl: "private") }
  equal(STYLES.map { |style| world(key_of(style)).code }, %w[403 403], "statuses when suspended")
  held = { bucket: BUCKET, key: key_of("small"), expires_in: 600 }
  url = Aws::S3::Presigner.new(client: S3).presigned_url(:get_object, **held)
  same_bytes(browse(url).body, content(200_000, 1), "a held medium by its presigned URL")
  STYLES.each { |style| S3.put_object_acl(bucket: BUCKET, key: key_of(style), acl: "public-read") }
  equal(STYLES.map { |style| world(key_of(style)).code }, %w[200 200], "statuses when unsuspended")
  refused("NoSuchKey", 404) { S3.put_object_acl(bucket: BUCKET, key: "absent.png", acl: "private") }
end

test "deletes a thousand keys quietly within the time of a read timeout" do
  keys = (0...1000).map { |n| format("cache/accounts/avatars/%03d/original/%016x.png", n, n) }
  writers = keys.each_slice(125).map do |some|
    Thread.new { some.each { |key| S3.put_object(bucket: BUCKET, key: key, body: key) } }
  end
  writers.each(&:join)
  began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  answer = S3.delete_objects(bucket: BUCKET, delete: { objects: keys.map { |key| { key: key } }, quiet: true })
  took = Process.clock_gettime(Process::CLOCK_MONOTONIC) - began
  equal([answer.deleted.size, answer.errors.size], [0, 0], "a quiet answer")
  equal(S3.list_objects_v2(bucket: BUCKET, prefix: "cache/accounts/").key_count, 0, "what is left")
  puts format("   1000 keys deleted in %.2f s", took)
  raise "1000 keys took #{took} s, and Mastodon waits for 5" if took > 4
end

test "remove-orphans pages with start-after" do
  keys = (0...25).map { |n| format("preview_cards/images/%03d/original/x.png", n) }
  keys.each { |key| S3.put_object(bucket: BUCKET, key: key, body: "x", acl: "public-read") }
  found = []
  last = nil
  loop do
    page = S3.list_objects_v2(bucket: BUCKET, prefix: "preview_cards/", start_after: last, max_keys: 10).contents
    break if page.empty?

    found.concat(page.map(&:key))
    raise "the listing goes in circles" if found.size > 25

    last = found.last
  end
  equal(found, keys, "keys")
end

test "upgrade storage-schema copies and deletes" do
  S3.put_object(
    bucket: BUCKET, key: "old/a b+c.png", body: "renamed", acl: "public-read", content_type: "image/png",
    cache_control: CACHE
  )
  resource = Aws::S3::Resource.new(client: S3).bucket(BUCKET)
  resource.object("old/a b+c.png").move_to(resource.object("cache/new.png"), acl: "public-read")
  equal(resource.object("old/a b+c.png").exists?, false, "the old one exists")
  head = S3.head_object(bucket: BUCKET, key: "cache/new.png")
  equal([head.content_type, head.cache_control], ["image/png", CACHE], "headers of the new one")
  equal(world("cache/new.png").body, "renamed", "what the world reads")
end

test "backs up privately, with a link for an hour" do
  key = "backups/dumps/000/000/001/original/archive-20261123000000-#{'0' * 32}.zip"
  S3.put_object(bucket: BUCKET, key: key, body: "zip", acl: "private", content_type: "application/zip")
  equal(world(key).code, "403", "status for the world")
  object = Aws::S3::Resource.new(client: S3).bucket(BUCKET).object(key)
  equal(browse(object.presigned_url(:get, expires_in: 3600)).body, "zip", "by its link")
  link = object.presigned_url(:get, expires_in: 3600, response_content_disposition: "attachment")
  equal(browse(link)["content-disposition"], "attachment", "disposition")
end

test "the option S3_SIGNATURE_VERSION=s3: signatures of version 2" do
  old = client(signature_version: "s3")
  body = content(50_000, 2)
  old.put_object(
    bucket: BUCKET, key: "v2/one two.png", body: body, acl: "public-read", cache_control: CACHE,
    content_type: "image/png", content_md5: md5(body)
  )
  range = old.get_object(bucket: BUCKET, key: "v2/one two.png", range: "bytes=0-9")
  same_bytes(range.body.read, body[0, 10], "a range")
  equal(old.head_object(bucket: BUCKET, key: "v2/one two.png").content_length, 50_000, "length")
  old.put_object_acl(bucket: BUCKET, key: "v2/one two.png", acl: "private")
  equal(old.list_objects_v2(bucket: BUCKET, prefix: "v2/").contents.map(&:key), ["v2/one two.png"], "listing")
  with_file(content(16 * MIB)) do |path|
    Aws::S3::Resource.new(client: old).bucket(BUCKET).object("v2/video.mp4").upload_file(path, **THRESHOLD)
  end
  equal(old.head_object(bucket: BUCKET, key: "v2/video.mp4").content_length, 16 * MIB, "length of the video")
  both = [{ key: "v2/one two.png" }, { key: "v2/video.mp4" }]
  old.delete_objects(bucket: BUCKET, delete: { objects: both, quiet: true })
  equal(old.list_objects_v2(bucket: BUCKET, prefix: "v2/").key_count, 0, "what is left")
end

test "a wrong MD5 stores nothing" do
  refused("BadDigest", 400) do
    S3.put_object(bucket: BUCKET, key: "wrong.png", body: "right", content_md5: md5("wrong"))
  end
  equal(Aws::S3::Resource.new(client: S3).bucket(BUCKET).object("wrong.png").exists?, false, "exists?")
end

test "deletes what is gone" do
  2.times { S3.delete_object(bucket: BUCKET, key: key_of("original")) }
  refused("NoSuchKey", 404) { S3.get_object(bucket: BUCKET, key: key_of("original")) }
end

run
