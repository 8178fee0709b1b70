# frozen_string_literal: true

# What the Ruby tests need; see ../lib/rp.py for the RP_* settings.
require "aws-sdk-s3"
require "digest"
require "net/http"
require "stringio"
require "tempfile"

BUCKET = ENV.fetch("RP_BUCKET")
MIB = 1024 * 1024

# Mastodon's settings: path style, five seconds to connect and to read, no retries.
def client(**more)
  Aws::S3::Client.new(
    endpoint: ENV.fetch("RP_ENDPOINT"), region: "us-east-1", force_path_style: true,
    access_key_id: ENV.fetch("RP_ACCESS_KEY"), secret_access_key: ENV.fetch("RP_SECRET"),
    http_open_timeout: 5, http_read_timeout: 5, http_idle_timeout: 5, retry_limit: 0, **more
  )
end

def equal(actual, expected, what)
  raise "#{what}: #{expected.inspect[0, 300]} expected, #{actual.inspect[0, 300]} came" unless actual == expected
end

def same_bytes(actual, expected, what)
  raise "#{what}: other bytes came, #{actual.bytesize} for #{expected.bytesize}" unless actual.b == expected.b
end

def refused(error, status)
  yield
rescue Aws::S3::Errors::ServiceError => e
  equal([e.code, e.context.http_response.status_code], [error, status], "error")
else
  raise "#{error} expected, and the call was accepted"
end

# Bytes that look random and are the same for the same seed.
def content(size, seed = 0)
  Random.new(seed + size).bytes(size)
end

# Yields the path of a file with those bytes.
def with_file(bytes)
  Tempfile.create("rockpool", binmode: true) do |file|
    file.write(bytes)
    file.flush
    yield file.path
  end
end

# As a browser reads: follows redirects.
def browse(url, headers = {}, hops = 5)
  uri = URI(url)
  answer = Net::HTTP.start(uri.host, uri.port) { |http| http.get(uri.request_uri, headers) }
  return answer unless answer.is_a?(Net::HTTPRedirection) && hops.positive?

  browse(URI.join(url, answer["location"]).to_s, headers, hops - 1)
end

def world(key)
  browse("#{ENV.fetch('RP_REDIRECTOR')}/#{BUCKET}/#{key}")
end

TESTS = {}
def test(name, &body)
  TESTS[name] = body
end

def run
  failed = TESTS.select { |name, _| name.include?(ENV.fetch("RP_ONLY", "")) }.reject do |name, body|
    began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    body.call
    puts format("ok %s (%.2f s)", name, Process.clock_gettime(Process::CLOCK_MONOTONIC) - began)
    true
  rescue StandardError => e
    puts "FAILED #{name}: #{e.full_message(highlight: false)}"
    false
  end
  puts "#{TESTS.size - failed.size} passed, #{failed.size} failed #{failed.keys}"
  exit(failed.empty? ? 0 : 1)
end
