#!/usr/bin/env bash
# What people do with rclone: move their media in and out, check it, copy within, purge.
. "$(dirname "$0")/../lib/rp.sh"

cat >rclone.conf <<CONF
[pool]
type = s3
provider = Other
endpoint = $RP_ENDPOINT
access_key_id = $RP_ACCESS_KEY
secret_access_key = $RP_SECRET
acl = public-read
chunk_size = 5Mi
upload_cutoff = 6Mi

[pool-v2]
type = s3
provider = Other
endpoint = $RP_ENDPOINT
access_key_id = $RP_ACCESS_KEY
secret_access_key = $RP_SECRET
v2_auth = true
CONF
rclone() { command rclone --config rclone.conf --retries 1 --low-level-retries 1 --stats 0 "$@"; }
remote=pool:$RP_BUCKET

try "sync of a directory up"
for n in $(seq 40); do random_file "media/accounts/avatars/$((n % 4))/original/picture $n.webp" $((n * 700)); done
random_file media/video.mp4 17000000
random_file media/empty.txt 0
printf x >"media/odd äöü 日本 😀 %41+'!()*.txt"
rclone sync media "$remote/media"
equal "$(rclone lsf -R --files-only "$remote/media" | wc -l)" 43 "objects"

try "check, and a sync that has nothing to do"
rclone check media "$remote/media"
rclone check --download media "$remote/media"
contains "$(rclone sync -v media "$remote/media" 2>&1)" "There was nothing to transfer" "second sync"

try "sync after changes, with deletions"
rm media/video.mp4
random_file media/late.png 5000
rclone sync media "$remote/media"
rclone check media "$remote/media"

try "sync of the bucket down"
rclone sync --multi-thread-streams 4 "$remote/media" back
diff -r media back

try "modification times travel as metadata"
touch -d '2020-02-02 02:02:02 UTC' media/late.png
rclone copy media "$remote/media"
contains "$(TZ=UTC rclone lsl "$remote/media/late.png")" "2020-02-02 02:02:02" "modification time"

try "copy and move within the bucket"
rclone copy "$remote/media/accounts" "$remote/copy"
rclone check "$remote/media/accounts" "$remote/copy"
rclone moveto "$remote/copy/avatars/0/original/picture 4.webp" "$remote/moved.webp"
equal "$(rclone lsf "$remote/moved.webp")" moved.webp "the moved object"
equal "$(rclone lsf -R --files-only "$remote/copy" | wc -l)" 39 "objects left behind"

try "streams of unknown length, and reading"
seq 50000 | rclone rcat "$remote/stream.txt"
equal "$(rclone cat "$remote/stream.txt" | sha256sum)" "$(seq 50000 | sha256sum)" "the stream"
seq 50000 >stream.txt
equal "$(rclone cat --offset 100000 --count 5 "$remote/stream.txt")" \
  "$(head -c 100005 stream.txt | tail -c 5)" "five bytes of it"

try "links, size, tree"
curl -sSf "$(rclone link --expire 1h "$remote/stream.txt")" | cmp - <(seq 50000)
contains "$(rclone size "$remote/copy")" "39" "size"

try "signatures of version 2"
rclone copy media/late.png "pool-v2:$RP_BUCKET/v2"
equal "$(rclone cat "pool-v2:$RP_BUCKET/v2/late.png" | sha256sum)" "$(sha256sum <media/late.png)" "body by version 2"
equal "$(rclone lsf "pool-v2:$RP_BUCKET/v2")" late.png "listing by version 2"

try "delete, purge, another bucket"
rclone delete "$remote/copy"
equal "$(rclone lsf -R --files-only "$remote/copy")" "" "objects left"
rclone mkdir "$remote-rclone"
rclone copy media/accounts "$remote-rclone/accounts"
rclone purge "$remote-rclone"
equal "$(rclone lsf pool: | grep -c "^$RP_BUCKET-rclone/" || true)" 0 "the purged bucket"
rclone cleanup "$remote"

echo "all passed"
