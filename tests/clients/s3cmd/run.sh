#!/usr/bin/env bash
# What people do with s3cmd, by signatures of version 4 and of version 2.
. "$(dirname "$0")/../lib/rp.sh"

host=${RP_ENDPOINT#*://}
write_config() {
  cat >"$1" <<CONF
[default]
access_key = $RP_ACCESS_KEY
secret_key = $RP_SECRET
host_base = $host
host_bucket = $host
use_https = False
bucket_location = US
signature_v2 = $2
multipart_chunk_size_mb = 5
max_retries = 1
CONF
}
write_config v4.conf False
write_config v2.conf True
bucket=s3://$RP_BUCKET

for version in v4 v2; do
  s3cmd() { command s3cmd --config "$version.conf" --no-progress "$@"; }
  top=$bucket/$version

  try "$version: put and get of a small and a 12 MB file"
  rm -rf tree back
  random_file small.png 30000
  random_file large.mp4 12000000
  s3cmd put --acl-public --mime-type image/png --add-header 'Cache-Control: max-age=60' small.png "$top/small.png"
  s3cmd put large.mp4 "$top/large ü+%41.mp4"
  s3cmd get --force "$top/large ü+%41.mp4" back.mp4
  cmp large.mp4 back.mp4

  try "$version: ls, du, info"
  contains "$(s3cmd ls)" "$bucket" "buckets"
  contains "$(s3cmd ls --recursive "$top/")" "12000000" "objects"
  contains "$(s3cmd du "$top/")" "12030000" "usage"
  info=$(s3cmd info "$top/small.png")
  contains "$info" "image/png" "type"
  contains "$info" "MD5 sum:   $(md5sum <small.png | cut -d' ' -f1)" "ETag"
  contains "$info" "anon" "ACL: *anon* may read"
  s3cmd info "$bucket" >/dev/null

  try "$version: setacl"
  url=$RP_REDIRECTOR/$RP_BUCKET/$version/small.png
  equal "$(curl -sL -o /dev/null -w '%{http_code}' "$url")" 200 "status of a public object"
  s3cmd setacl --acl-private "$top/small.png"
  equal "$(curl -sL -o /dev/null -w '%{http_code}' "$url")" 403 "status of a private object"

  try "$version: signurl"
  curl -sSf "$(s3cmd signurl "$top/small.png" +60)" -o back.png
  cmp small.png back.png

  try "$version: cp, mv, modify"
  s3cmd cp "$top/small.png" "$top/copy.png"
  s3cmd mv "$top/copy.png" "$top/moved.png"
  s3cmd modify --add-header 'Cache-Control: max-age=99' "$top/moved.png"
  s3cmd get --force "$top/moved.png" back.png
  cmp small.png back.png

  try "$version: sync up, again, and down"
  for n in $(seq 12); do random_file "tree/d$((n % 3))/file $n.bin" $((n * 999)); done
  s3cmd sync tree/ "$top/tree/" >/dev/null
  equal "$(s3cmd sync tree/ "$top/tree/" | grep -c upload: || true)" 0 "uploads of a second sync"
  rm "tree/d1/file 1.bin"
  s3cmd sync --delete-removed tree/ "$top/tree/" >/dev/null
  mkdir back
  s3cmd sync "$top/tree/" back/ >/dev/null
  diff -r tree back

  try "$version: del, one and all"
  s3cmd del "$top/small.png"
  refused "get of what was deleted" s3cmd get "$top/small.png" gone.png
  s3cmd del --recursive --force "$top/" >/dev/null
  equal "$(s3cmd ls --recursive "$top/")" "" "objects left"

  try "$version: mb and rb"
  s3cmd mb "$bucket-s3cmd-$version"
  s3cmd rb "$bucket-s3cmd-$version"
done

echo "all passed"
